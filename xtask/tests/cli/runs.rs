//! Names of runs, `runs`, `runs compare`, and what a finished run says when it is resumed.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    png::size,
    project::{Project, SMALL},
};

/// The flags of [`SMALL`] that leave the model of the preset `example` as it is.
const EXAMPLE: &str = "--preset example --data digits --digits 300 --epochs 1 --validation 20";

/// A project with the runs `a` and `b` below `runs/`, of which `b` is newer and has another seed and four epochs.
fn with_two_runs() -> Project {
    let project = Project::new();
    project.run(&format!("train {SMALL} --name a")).succeeds();
    let other = SMALL.replace("--epochs 2", "--epochs 4");
    project.run(&format!("train {other} --name b --seed 1 --schedule constant")).succeeds();
    project
}

fn json(project: &Project, arguments: &str) -> Value {
    let ended = project.run(arguments).succeeds();
    serde_json::from_str(&ended.stdout).expect("a JSON object")
}

/// The line of the list about a run.
fn line(project: &Project, name: &str) -> String {
    let ended = project.run("runs").succeeds();
    let of_run = |line: &&str| line.split(' ').next() == Some(name);
    let found = ended.stdout.lines().find(of_run).map(str::to_owned);
    found.unwrap_or_else(|| panic!("no {name} in {}", ended.stdout))
}

#[test]
fn a_run_is_named_after_the_preset_and_what_differs_from_it() {
    let project = Project::new();
    for (flags, name) in [
        (EXAMPLE.to_owned(), "example-digits-1"),
        (EXAMPLE.to_owned(), "example-digits-2"),
        (format!("{EXAMPLE} --seed 3 --lr 1e-4"), "example-digits-3"),
        (format!("{EXAMPLE} --hidden 20,10 --latent 2"), "example-digits-20-10-2-1"),
        (format!("{EXAMPLE} --latent 2 --likelihood gaussian:0.3"), "example-digits-400-2-gaussian-0.3-1"),
    ] {
        project.run(&format!("train {flags}")).succeeds();
        assert!(project.path("runs").join(name).join("model.safetensors").exists(), "{name}");
    }
}

#[test]
fn a_run_gets_the_name_that_was_asked_for_and_keeps_it() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --name my-run_2.0")).succeeds();
    assert!(project.path("runs/my-run_2.0/model.safetensors").exists());
    project
        .run(&format!("train {SMALL} --name my-run_2.0"))
        .fails_saying(&["my-run_2.0 already holds a run"]);
    project.write("runs/notes/file", "");
    project.run(&format!("train {SMALL} --name notes")).fails_saying(&["runs/notes exists and is not a run"]);
    let ended = project.run("train --resume --name my-run_2.0").succeeds();
    assert!(ended.stdout.contains("my-run_2.0 is finished"), "{}", ended.stdout);
}

#[test]
fn a_name_that_is_a_path_is_wrong_usage() {
    let project = Project::new();
    for name in ["a/b", "..", ".a", "pictures"] {
        let ended = project.run(&format!("train {SMALL} --name {name}")).exits_with(2);
        assert!(ended.stderr.contains("--name"), "{}", ended.stderr);
    }
    assert!(!project.path("runs").exists());
}

#[test]
fn runs_are_listed_newest_first_with_data_model_epochs_and_loss() {
    let project = with_two_runs();
    let ended = project.run("runs").succeeds();
    let names: Vec<&str> = ended.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["name", "b", "a"]);
    let metrics = project.text("runs/a/metrics.jsonl");
    let losses = metrics.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        line["validation_neg_elbo"].as_f64().expect("a loss")
    });
    let best = losses.fold(f64::INFINITY, f64::min);
    let line = line(&project, "a");
    for part in ["digits:300", "784-16-3", "2/2", &format!("{best:.2}"), "finished"] {
        assert!(line.contains(part), "expected {part} in {line}");
    }
    let found = json(&project, "runs --json");
    assert_eq!(found["runs"][0]["name"], "b");
    assert_eq!(found["runs"][1]["best"]["neg_elbo"].as_f64(), Some(best));
    assert_eq!(found["runs"][1]["state"], "finished");
    assert_eq!(found["runs"][1]["config"]["model"]["latent"], 3);
    assert!(found["runs"][1]["last_write"].as_str().is_some_and(|time| time.ends_with('Z')));
}

#[test]
fn without_runs_the_list_is_empty_and_no_error() {
    let project = Project::new();
    let ended = project.run("runs").succeeds();
    assert!(ended.stdout.is_empty() && ended.stderr.contains("no runs in runs yet"), "{}", ended.stderr);
    assert_eq!(json(&project, "runs --json")["runs"], Value::Array(Vec::new()));
}

#[test]
fn without_held_out_images_the_loss_is_that_of_the_training_images() {
    let project = Project::new();
    let flags = SMALL.replace("--validation 20", "--validation 0");
    project.run(&format!("train {flags} --name a")).succeeds();
    assert!(line(&project, "a").contains("  train "), "{}", line(&project, "a"));
}

#[test]
fn a_damaged_run_is_listed_with_what_is_wrong_and_hides_no_other() {
    type Damage = fn(&Project);
    let cases: [(Damage, &[&str]); 9] = [
        (|p| p.write("runs/b/config.toml", "[model]\nlatnt = 3\n"), &["config.toml", "latnt"]),
        (|p| fs::remove_file(p.path("runs/b/config.toml")).expect("a file"), &["config.toml is missing"]),
        (
            |p| fs::remove_file(p.path("runs/b/model.safetensors")).expect("a file"),
            &["model.safetensors is missing"],
        ),
        (|p| p.write("runs/b/model.safetensors", b"half"), &["model.safetensors", "not a complete"]),
        (
            |p| {
                let whole = p.read("runs/b/checkpoint.safetensors");
                p.write("runs/b/checkpoint.safetensors", &whole[..whole.len() / 2]);
            },
            &["checkpoint.safetensors", "not a complete"],
        ),
        (|p| p.write("runs/b/metrics.jsonl", "{\"epoch\": 1,"), &["metrics.jsonl", "line 1"]),
        (|p| p.write("runs/b/metrics.jsonl", [0xff, 0xfe, 0]), &["metrics.jsonl"]),
        (|p| p.write("runs/b/metrics.jsonl", ""), &["metrics.jsonl ends at epoch 0", "is at 4"]),
        (
            |p| {
                fs::remove_file(p.path("runs/b/config.toml")).expect("a file");
                fs::create_dir(p.path("runs/b/config.toml")).expect("a directory");
            },
            &["config.toml"],
        ),
    ];
    let project = with_two_runs();
    let whole = project.files("runs/b");
    for (damage, parts) in cases {
        damage(&project);
        let line = line(&project, "b");
        for part in [&["damaged"], parts].concat() {
            assert!(line.contains(part), "expected {part} in {line}");
        }
        assert!(self::line(&project, "a").contains("finished"));
        let found = json(&project, "runs --json");
        let runs = found["runs"].as_array().expect("a list");
        assert!(runs.iter().any(|run| run["name"] == "b" && run["state"] == "damaged"), "{found}");
        fs::remove_dir_all(project.path("runs/b")).expect("a directory");
        for (path, bytes) in &whole {
            project.write(path, bytes);
        }
    }
}

#[test]
fn what_is_no_run_is_not_listed() {
    let project = with_two_runs();
    project.run("runs compare a b").succeeds();
    project.write("runs/notes/file", "");
    project.write("runs/file", "");
    assert!(project.path("runs/pictures").exists());
    let found = json(&project, "runs --json");
    assert_eq!(found["runs"].as_array().map(Vec::len), Some(2), "{found}");
}

#[test]
fn a_run_that_is_not_done_is_stopped() {
    let project = with_two_runs();
    let config = project.text("runs/b/config.toml").replace("epochs = 4", "epochs = 9");
    project.write("runs/b/config.toml", config);
    let line = line(&project, "b");
    assert!(line.contains("4/9") && line.contains("stopped"), "{line}");
}

#[test]
fn the_runs_of_a_sweep_are_counted_and_listed_on_request() {
    let project = Project::new();
    let settings = SMALL.replace("--latent 3", "");
    project.run(&format!("sweep {settings} --over latent=2,3 --seeds 0,1")).succeeds();
    let ended = project.run("runs").succeeds();
    assert_eq!(ended.stdout.trim_end(), "sweep sweep: 4 runs of 2 variants; --all lists them");
    let found = json(&project, "runs --all --json");
    let names: BTreeSet<&str> =
        found["runs"].as_array().expect("a list").iter().filter_map(|run| run["name"].as_str()).collect();
    assert_eq!(names.len(), 4);
    assert!(
        names.contains("sweep/latent=2/seed-1") || names.contains("sweep/model.latent=2/seed-1"),
        "{names:?}"
    );
    let names: Vec<&str> = names.into_iter().collect();
    project.run(&format!("runs compare {} {}", names[0], names[3])).succeeds();
}

#[test]
fn a_comparison_shows_the_settings_that_differ_and_only_these() {
    let project = with_two_runs();
    let ended = project.run("runs compare a runs/b").succeeds();
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["a", "runs/b"]);
    let settings: Vec<&str> =
        rows.iter().filter_map(|row| row.first().copied()).filter(|key| key.contains('.')).collect();
    assert_eq!(settings, ["optimizer.schedule", "training.epochs", "training.seed"]);
    assert!(rows.contains(&vec!["training.seed", "0", "1"]));
    assert!(rows.contains(&vec!["epochs", "2/2", "4/4"]));
    assert!(!ended.stdout.contains("not comparable"), "{}", ended.stdout);
    let picture = ended.stdout.lines().last().and_then(|line| line.strip_prefix("curves: "));
    let picture = picture.expect("a picture");
    assert!(picture.starts_with("runs/pictures/compare-a-"), "{picture}");
    size(&project.read(picture));
}

#[test]
fn losses_of_different_likelihoods_protocols_or_data_are_marked_as_not_comparable() {
    let project = with_two_runs();
    for (name, flags, reason) in [
        ("c", "--likelihood gaussian:0.3", "likelihoods (bernoulli, gaussian:0.3)"),
        ("d", "--binarize dynamic", "protocols (grey pixels, dynamic pixels)"),
        ("e", "--digits 400", "data (digits:300, digits:400)"),
    ] {
        let small =
            if flags.contains("--digits") { SMALL.replace("--digits 300", "") } else { SMALL.to_owned() };
        project.run(&format!("train {small} --name {name} {flags}")).succeeds();
        let ended = project.run(&format!("runs compare a {name}")).succeeds();
        assert!(
            ended.stdout.contains(&format!("not comparable: the -ELBOs are of different {reason}")),
            "{}",
            ended.stdout
        );
        let found = json(&project, &format!("runs compare a {name} --json"));
        assert_eq!(found["not_comparable"].as_array().map(Vec::len), Some(1), "{found}");
    }
}

#[test]
fn a_comparison_with_a_run_that_does_not_exist_names_it() {
    let project = with_two_runs();
    project.run("runs compare a missing").fails_saying(&["no run \"missing\""]);
    project.run("runs compare a").exits_with(2);
}

#[test]
fn a_comparison_with_a_damaged_run_says_what_is_wrong() {
    let project = with_two_runs();
    project.write("runs/b/config.toml", "?");
    project.write("runs/b/metrics.jsonl", "?");
    let ended = project.run("runs compare a b").succeeds();
    assert!(ended.stdout.contains("b: damaged: config.toml"), "{}", ended.stdout);
}

#[test]
fn a_finished_run_says_so_and_how_to_go_on() {
    let project = with_two_runs();
    let before = project.files("runs");
    let ended = project.run("train --resume --run runs/b").succeeds();
    let command = "train --run runs/b --resume --epochs 8";
    assert!(ended.stdout.contains("4 of 4 epochs are done"), "{}", ended.stdout);
    assert!(ended.stdout.contains(command), "{}", ended.stdout);
    assert_eq!(project.files("runs"), before);
    project.run(command).succeeds();
    assert!(line(&project, "b").contains("8/8"));
}

#[test]
fn a_finished_run_without_one_of_its_pictures_gets_it_again() {
    let project = with_two_runs();
    let before = project.files("runs");
    fs::remove_file(project.path("runs/b/pictures/samples.png")).expect("a picture");
    project.run("train --resume --run runs/b").succeeds();
    assert_eq!(project.files("runs"), before);
}

#[test]
fn a_longer_cosine_is_refused_with_the_command_that_starts_anew() {
    let project = with_two_runs();
    let ended = project.run("train --resume --name a").succeeds();
    assert!(
        ended.stdout.contains("cosine") && ended.stdout.contains("--config runs/a/config.toml --epochs 4"),
        "{}",
        ended.stdout
    );
    let call = "train --resume --name a --epochs 5";
    let command = "train --config runs/a/config.toml --epochs 5";
    project.run(call).fails_saying(&[
        "half a cosine over its 2 epochs",
        "over 5 epochs",
        command,
        "--schedule constant",
    ]);
    project.run(&format!("{command} --name c")).succeeds();
    assert!(line(&project, "c").contains("5/5"));
}

#[test]
fn a_run_is_found_by_its_name() {
    let project = with_two_runs();
    let ended = project.run("grid --run a").succeeds();
    assert_eq!(ended.stdout.trim_end(), "runs/a/pictures/samples.png");
}
