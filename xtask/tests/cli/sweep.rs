//! `sweep`: variants, trained with several seeds and compared.

use serde_json::Value;

use crate::project::{Project, SMALL};

/// Two variants with different numbers of latent dimensions.
const PLAN: &str = "\
seeds = [0, 1]
preset = \"reference\"
[base]
data = { source = \"digits\", digits = 300, validation = 20 }
training.epochs = 2
[[variant]]
name = \"narrow\"
model = { hidden = [16], latent = 3 }
[[variant]]
name = \"wide | narrow\"
model.hidden = [16]
model.latent = 5
";

/// Very few drawn digits, and one epoch.
const TINY: &str = "--data digits --digits 300 --validation 20 --epochs 1";

/// A project with [`PLAN`] in `plan.toml`.
fn planned() -> Project {
    let project = Project::new();
    project.write("plan.toml", PLAN);
    project
}

/// The JSON that a sweep prints.
fn report(project: &Project, arguments: &str) -> Value {
    let ended = project.run(&format!("sweep --json {arguments}")).succeeds();
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

/// Expects that a sweep is refused before it trains anything.
fn is_refused(project: &Project, arguments: &str, parts: &[&str]) {
    project.run(&format!("sweep {arguments} --run s")).fails_saying(parts);
    assert!(project.files("s").is_empty(), "{arguments} left {:?}", project.files("s").keys());
}

#[test]
fn a_plan_leaves_a_run_for_each_variant_and_seed() {
    let project = planned();
    project.run("sweep plan.toml --run s").succeeds();
    for variant in ["narrow", "wide___narrow"] {
        for seed in [0, 1] {
            let config = project.toml(format!("s/{variant}/seed-{seed}/config.toml"));
            assert_eq!(config["training"]["seed"].as_integer(), Some(seed));
            assert_eq!(config["training"]["epochs"].as_integer(), Some(2));
            assert_eq!(config["training"]["batch"].as_integer(), Some(64));
            let latent = if variant == "narrow" { 3 } else { 5 };
            assert_eq!(config["model"]["latent"].as_integer(), Some(latent));
        }
    }
    assert_eq!(project.files("s").len(), 4 * 4);
}

#[test]
fn variants_trained_on_other_data_are_measured_on_the_same_test_images() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let plan = format!("{PLAN}[[variant]]\nname = \"more\"\ndata.source = \"digits,images\"\n");
    project.write("plan.toml", plan);
    let report = report(&project, "plan.toml --seeds 0 --hidden 16 --run s");
    assert_eq!((report["data"].as_str(), report["images"].as_u64()), (Some("digits:300"), Some(50)));
    let source = project.toml("s/more/seed-0/config.toml")["data"]["source"].as_str().map(str::to_owned);
    assert!(source.is_some_and(|source| source.starts_with("digits:300,")));
}

#[test]
fn a_run_of_a_sweep_is_the_run_that_train_makes() {
    let project = planned();
    project.run("sweep plan.toml --run s").succeeds();
    project.run(&format!("train --preset reference {SMALL} --seed 1 --run a")).succeeds();
    for file in ["checkpoint.safetensors", "config.toml"] {
        let [a, b] = ["a", "s/narrow/seed-1"].map(|run| project.read(format!("{run}/{file}")));
        assert!(a == b, "{file} differs");
    }
    let [a, b] = ["a", "s/narrow/seed-1"].map(|run| {
        let path = project.path(format!("{run}/model.safetensors"));
        // 'train' also fits a prior to the finished model.
        let vae = vae_train::ModelFile::read(&path, None).expect("a model").vae;
        vae.with_prior(vae_core::Prior::Standard, 0).expect("the model without it")
    });
    assert_eq!(a.parameters(), b.parameters());
}

#[test]
fn the_numbers_are_those_of_eval() {
    let project = planned();
    project.write_images("images", 28, 28);
    let report = report(&project, "plan.toml --data images --run s");
    let ended = project.run("eval --json --run s/narrow/seed-1 --data images").succeeds();
    let eval: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    for term in ["neg_elbo", "reconstruction", "kl"] {
        assert_eq!(report["variants"][0][term]["values"][1], eval[term], "{term}");
    }
}

#[test]
fn the_table_has_the_variants_in_the_order_of_the_plan() {
    let project = planned();
    let ended = project.run("sweep plan.toml --run s --out table.md").succeeds();
    let rows: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), 4, "{}", ended.stdout);
    assert!(rows[2].starts_with("| narrow | model.hidden = [16], model.latent = 3 | "), "{}", rows[2]);
    assert!(rows[3].starts_with(r"| wide \| narrow | "), "{}", rows[3]);
    assert!(rows[2].matches('±').count() == 3 && ended.stdout.contains("seeds 0, 1"), "{}", ended.stdout);
    assert_eq!(project.text("table.md"), ended.stdout);
}

#[test]
fn a_grid_has_a_variant_for_every_combination() {
    let project = Project::new();
    let over = "--over model.latent=2,3 --over model.hidden=[8],[16,8]";
    let report = report(&project, &format!("{TINY} {over} --run s"));
    let names: Vec<&str> =
        report["variants"].as_array().expect("variants").iter().filter_map(|v| v["name"].as_str()).collect();
    assert_eq!(
        names,
        ["latent=2,hidden=[8]", "latent=2,hidden=[16,8]", "latent=3,hidden=[8]", "latent=3,hidden=[16,8]"]
    );
    assert_eq!(report["seeds"], serde_json::json!([0]));
    assert!(project.path("s/latent=3,hidden=[16,8]/seed-0/model.safetensors").exists());
}

#[test]
fn the_flag_for_seeds_overrides_the_plan() {
    let project = planned();
    let report = report(&project, "plan.toml --run s --seeds 7");
    assert_eq!(report["seeds"], serde_json::json!([7]));
    assert!(project.path("s/narrow/seed-7").exists() && !project.path("s/narrow/seed-0").exists());
}

#[test]
fn a_finished_sweep_trains_nothing_and_prints_the_same_table() {
    let project = planned();
    let first = project.run("sweep plan.toml --run s").succeeds();
    let before = project.files("s");
    let second = project.run("sweep plan.toml --run s").succeeds();
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(second.stderr.matches("already finished").count(), 4, "{}", second.stderr);
    assert!(project.files("s") == before);
}

#[test]
fn another_seed_trains_only_what_is_missing() {
    let project = planned();
    project.run("sweep plan.toml --run s").succeeds();
    let ended = project.run("sweep plan.toml --run s --seeds 0,1,2").succeeds();
    assert_eq!(ended.stderr.matches("already finished").count(), 4, "{}", ended.stderr);
    assert!(project.path("s/narrow/seed-2/model.safetensors").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_ends_with_130_and_continues_to_the_same_bytes() {
    const LONG: &str = "sweep --data digits --digits 4000 --hidden 16 --batch 4 --epochs 2 --validation 20 \
         --over model.latent=2,3";
    let project = Project::new();
    let mut running = project.start(project.command(&format!("{LONG} --run s")));
    running.wait_for(&project.path("s/latent=2/seed-0/checkpoint.safetensors"));
    running.signal("INT");
    let ended = running.wait().exits_with(130);
    assert!(ended.stderr.contains("repeat the command to continue"), "{}", ended.stderr);
    assert!(!project.path("s/latent=3").exists());
    project.run(&format!("{LONG} --run s")).succeeds();
    project.run(&format!("{LONG} --run straight")).succeeds();
    for variant in ["latent=2", "latent=3"] {
        for file in ["model.safetensors", "checkpoint.safetensors"] {
            let [a, b] = ["s", "straight"].map(|run| project.read(format!("{run}/{variant}/seed-0/{file}")));
            assert!(a == b, "{variant}/{file} differs");
        }
    }
}

#[test]
fn a_variant_with_changed_settings_is_refused_before_anything_is_trained() {
    let project = planned();
    project.run("sweep plan.toml --run s").succeeds();
    project.write("plan.toml", PLAN.replace("model.latent = 5", "model.latent = 6"));
    let before = project.files("s");
    project.run("sweep plan.toml --run s --seeds 5,0").fails_saying(&[
        "wide | narrow",
        "model.latent = 5",
        "cannot go on with 6",
    ]);
    assert!(project.files("s") == before);
}

#[test]
fn a_diverged_variant_is_a_result_and_the_others_are_trained() {
    let project = Project::new();
    // With so many layers and such large steps, the gradient is not finite at the second step.
    let deep = ["64"; 8].join(",");
    let report = report(
        &project,
        &format!(
            "{TINY} --latent 3 --activation relu --beta 1 --batch 4 --lr 1 --schedule constant --over \
             model.hidden=[{deep}],[16] --run s"
        ),
    );
    let [first, second] = [0, 1].map(|i| &report["variants"][i]);
    assert_eq!(first["diverged"], 1);
    assert!(first["neg_elbo"].is_null() && second["difference"].is_null(), "{report}");
    assert!(second["neg_elbo"]["mean"].is_f64(), "{report}");
}

#[test]
fn a_wrong_plan_is_named_with_its_variant() {
    let project = planned();
    for (from, to, parts) in [
        ("model.latent = 5", "model.latnt = 5", &["unknown field `latnt`", "wide"][..]),
        ("model.latent = 5", "model.latent = \"five\"", &["invalid type", "wide"]),
        ("model.latent = 5", "model.latent = 0", &["latent", "wide"]),
        ("model.latent = 5", "training.seed = 5", &["training.seed", "wide"]),
        ("training.epochs = 2", "training.epoch = 2", &["base", "unknown field `epoch`"]),
        ("wide | narrow", "narrow", &["two variants", "narrow"]),
        ("seeds = [0, 1]", "seeds = []", &["seeds"]),
        ("seeds = [0, 1]", "seeds = [1, 1]", &["seeds"]),
        ("\"reference\"", "\"slow\"", &["preset", "slow"]),
        ("validation = 20", "validation = 300", &["fewer than 300 validation images"]),
    ] {
        assert!(PLAN.contains(from));
        project.write("wrong.toml", PLAN.replace(from, to));
        is_refused(&project, "wrong.toml", parts);
    }
    project.write("wrong.toml", "seeds = [0]\n");
    is_refused(&project, "wrong.toml", &["wrong.toml", "[[variant]]"]);
}

#[test]
fn a_table_that_cannot_be_written_is_refused_before_the_training() {
    is_refused(&planned(), "plan.toml --out missing/table.md", &["missing"]);
}

#[test]
fn a_sweep_in_the_directory_of_a_run_is_refused() {
    let project = Project::trained();
    project.write("plan.toml", PLAN);
    let before = project.files("a");
    project.run("sweep plan.toml --run a").fails_saying(&["a already holds a run"]);
    assert!(project.files("a") == before);
}

#[test]
fn a_sweep_without_variants_or_with_an_unknown_setting_is_wrong_usage() {
    let project = planned();
    for arguments in [
        "",
        "plan.toml --over model.latent=2",
        "--over model.latent",
        "--over latnt=2",
        "--over model.latnt=2",
        "--over latent=2 --latent 3",
        "--over latent=2 --over model.latent=3",
        "--over momentum=0.5,0.9",
        "--over latent=2 --momentum 0.5",
        "--over fit-prior=standard",
        "--over lr=0.1,-1",
        "--over latent=2 --seeds 1,1",
        "--over model.latent=many",
        "--over model.latent=2 --seeds 0 --seed 1",
    ] {
        project.run(&format!("sweep --run s {arguments}")).exits_with(2);
    }
    assert!(!project.path("s").exists());
}

#[test]
fn a_setting_has_the_name_of_its_flag() {
    let project = Project::new();
    let report = report(&project, &format!("{TINY} --hidden 16 --over latent=2 --over lr=1e-3,3e-3 --run s"));
    let variants = report["variants"].as_array().expect("variants");
    let names: Vec<&str> = variants.iter().filter_map(|variant| variant["name"].as_str()).collect();
    assert_eq!(names, ["latent=2,lr=1e-3", "latent=2,lr=3e-3"]);
    let optimizer = &project.toml("s/latent=2,lr=1e-3/seed-0/config.toml")["optimizer"];
    assert_eq!(optimizer["learning_rate"].as_float(), Some(1e-3));
}

#[test]
fn an_unknown_setting_is_answered_with_those_that_exist() {
    for (setting, parts) in [
        ("latnt=2", ["did you mean 'latent'?", "hidden, latent, activation"]),
        ("model.latnt=2", ["did you mean 'model.latent'?", "model.hidden, model.latent"]),
    ] {
        Project::new().run(&format!("sweep --over {setting} --run s")).refuses_usage_saying(&parts);
    }
}

#[test]
fn a_wrong_value_of_over_is_named_with_its_flag() {
    let ended = Project::new().run(&format!("sweep {TINY} --over lr=0.1,-1 --run s"));
    ended.refuses_usage_saying(&["lr=-1", "--lr (optimizer.learning_rate) must be above 0"]);
}

#[test]
fn a_flag_that_one_variant_uses_is_no_mistake() {
    let project = Project::new();
    let over = "--over optimizer=sgd,adam --momentum 0.5";
    project.run(&format!("sweep {TINY} --hidden 8 --latent 2 {over} --run s")).succeeds();
}

#[test]
fn a_sweep_of_nothing_is_told_of_both_ways() {
    Project::new().run("sweep").refuses_usage_saying(&["--over latent=8,16", "plan"]);
    let help = Project::new().run("sweep --help").succeeds().stdout;
    assert!(!help.contains("--fit-prior <"), "{help}");
}
