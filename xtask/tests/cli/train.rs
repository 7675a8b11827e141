//! `train`: the files of a run, the sources of its settings, and how to repeat it.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use vae_train::Preset;

use crate::project::{Project, SMALL};

/// The lines of `metrics.jsonl`.
fn metrics(project: &Project, run: &str) -> Vec<serde_json::Map<String, Value>> {
    let text = project.text(format!("{run}/metrics.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

/// The training set's −ELBO over the epochs of a run.
fn losses(project: &Project, run: &str) -> Vec<f64> {
    let line = |line: &serde_json::Map<String, Value>| line["train_neg_elbo"].as_f64().expect("a number");
    metrics(project, run).iter().map(line).collect()
}

#[test]
fn a_run_leaves_its_files_and_pictures_and_nothing_else() {
    let project = Project::trained();
    let names: Vec<String> = project.files("a").keys().map(|path| path.display().to_string()).collect();
    let expected = [
        "a/checkpoint.safetensors",
        "a/config.toml",
        "a/metrics.jsonl",
        "a/model.safetensors",
        "a/pictures/curves.png",
        "a/pictures/reconstructions.png",
        "a/pictures/samples.png",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_epoch_leaves_a_line_with_exactly_the_documented_keys() {
    let documented = [
        "epoch",
        "images_per_second",
        "learning_rate",
        "train_kl",
        "train_neg_elbo",
        "train_reconstruction",
        "train_seconds",
        "validation_kl",
        "validation_neg_elbo",
        "validation_reconstruction",
    ];
    let metrics = metrics(&Project::trained(), "a");
    assert_eq!(metrics.len(), 2);
    for (i, line) in metrics.iter().enumerate() {
        let keys: BTreeSet<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(documented));
        assert_eq!(line["epoch"], i + 1);
        assert!(line.values().all(Value::is_number), "{line:?}");
    }
}

#[test]
fn a_loss_is_the_sum_of_its_two_terms() {
    for line in metrics(&Project::trained(), "a") {
        let number = |key: String| line[&key].as_f64().expect("a number");
        for part in ["train", "validation"] {
            let sum = number(format!("{part}_reconstruction")) + number(format!("{part}_kl"));
            assert!((number(format!("{part}_neg_elbo")) - sum).abs() < 1e-9 * sum, "{line:?}");
        }
    }
}

#[test]
fn the_configuration_of_a_run_repeats_it_to_the_byte() {
    let project = Project::trained();
    project.run("train --config a/config.toml --run b").succeeds();
    assert_eq!(project.read("b/model.safetensors"), project.read("a/model.safetensors"));
    assert_eq!(project.read("b/config.toml"), project.read("a/config.toml"));
}

/// A `config.toml` of the first version 0.1.0. It does not have the keys that were added later; their defaults must not
/// change the run.
const FIRST_CONFIG: &str = r#"
[data]
source = "digits"
validation = 20
digits = 300

[model]
hidden = [16]
latent = 3
activation = "relu"

[optimizer]
name = "adam"
learning_rate = 0.003
schedule = "cosine"
beta1 = 0.9
beta2 = 0.999
epsilon = 1e-8

[training]
epochs = 2
batch = 96
beta = 1.0
seed = 0
keep = "best"
"#;

#[test]
fn the_configuration_of_an_old_run_repeats_it_to_the_byte() {
    let project = Project::trained();
    project.write("old.toml", FIRST_CONFIG);
    // Only the presets of that version, because a later preset may set a key that the file does not have.
    for preset in ["quick", "example", "reference"] {
        project.run(&format!("train --preset {preset} --config old.toml --run {preset}")).succeeds();
        let [old, now] = [preset, "a"].map(|run| project.read(format!("{run}/model.safetensors")));
        assert!(old == now, "{preset}");
    }
}

#[test]
fn another_seed_makes_another_model() {
    let project = Project::trained();
    project.run("train --config a/config.toml --seed 1 --run b").succeeds();
    assert_ne!(project.read("b/model.safetensors"), project.read("a/model.safetensors"));
}

#[test]
fn one_and_three_threads_make_the_same_model() {
    let project = Project::new();
    for threads in ["1", "3"] {
        project.run(&format!("train {SMALL} --run {threads} --threads {threads}")).succeeds();
    }
    assert_eq!(project.read("1/model.safetensors"), project.read("3/model.safetensors"));
}

#[test]
fn a_flag_overrides_the_file_and_the_file_overrides_the_preset() {
    let project = Project::new();
    project.write("mine.toml", "[data]\nvalidation = 20\n[model]\nlatent = 5\n[training]\nbatch = 50\n");
    let flags = "--data digits --digits 300 --epochs 1 --latent 3";
    project.run(&format!("train --preset reference --config mine.toml {flags} --run a")).succeeds();
    let config = project.toml("a/config.toml");
    let preset = Preset::from_name("reference").expect("a preset").config();
    assert_eq!(config["model"]["latent"].as_integer(), Some(3));
    assert_eq!(config["training"]["batch"].as_integer(), Some(50));
    let hidden: Vec<usize> = config["model"]["hidden"].clone().try_into().expect("widths");
    assert_eq!(hidden, preset.model.hidden);
}

#[test]
fn several_hidden_layers_are_separated_by_commas() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --run a").replace("--hidden 16", "--hidden 16,8")).succeeds();
    let hidden: Vec<i64> =
        project.toml("a/config.toml")["model"]["hidden"].clone().try_into().expect("widths");
    assert_eq!(hidden, [16, 8]);
}

#[test]
fn every_optimizer_learns_and_is_recorded() {
    let project = Project::new();
    for name in vae_core::MethodKind::ALL.map(vae_core::MethodKind::name) {
        let flags =
            format!("--optimizer {name} --schedule exponential --warmup 0.5 --gamma 0.5 --gamma-epochs 1");
        project.run(&format!("train {SMALL} --run {name} {flags} --clip-norm 100")).succeeds();
        let optimizer = &project.toml(format!("{name}/config.toml"))["optimizer"];
        assert_eq!(optimizer["name"].as_str(), Some(name));
        assert_eq!(optimizer["clip_norm"].as_float(), Some(100.0));
        let losses = losses(&project, name);
        assert!(losses[1] < losses[0], "{name}: {losses:?}");
    }
}

#[test]
fn every_activation_learns_and_its_model_is_read_back() {
    let project = Project::new();
    for activation in vae_core::Activation::ALL {
        let small = SMALL.replace("--activation relu", "");
        project.run(&format!("train {small} --run {activation} --activation {activation}")).succeeds();
        project.run(&format!("eval --run {activation} --data digits")).succeeds();
        let losses = losses(&project, activation.name());
        assert!(losses[1] < losses[0], "{activation}: {losses:?}");
    }
}

#[test]
fn a_run_records_the_data_that_it_found() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let mut command =
        project.command("train --data auto --hidden 16 --latent 3 --epochs 1 --validation 20 --run a");
    command.env("VAE_DATA", "images");
    project.start(command).wait().succeeds();
    let path = fs::canonicalize(project.path("images")).expect("the directory");
    let source = project.toml("a/config.toml")["data"]["source"].as_str().map(str::to_owned);
    assert_eq!(source.map(|source| fs::canonicalize(source).expect("a directory")), Some(path));
}

#[test]
fn runs_without_a_name_are_numbered() {
    let project = Project::new();
    for _ in 0..2 {
        project.run(&format!("train {SMALL}")).succeeds();
    }
    for name in ["quick-digits-16-3-relu-1", "quick-digits-16-3-relu-2"] {
        assert!(project.path("runs").join(name).join("model.safetensors").exists(), "{name}");
    }
}

#[test]
fn a_second_training_in_the_same_directory_is_refused() {
    let project = Project::trained();
    project.run(&format!("train {SMALL} --run a --seed 1")).fails_saying(&[
        "a already holds a run",
        "--resume",
        "--run",
    ]);
}

#[test]
fn a_refused_training_changes_nothing() {
    let project = Project::trained();
    let before = project.files("a");
    project.run(&format!("train {SMALL} --run a --seed 1")).exits_with(1);
    assert_eq!(project.files("a"), before);
}

#[test]
fn more_held_out_images_than_there_are_is_refused() {
    let project = Project::new();
    project
        .run("train --data digits --digits 300 --validation 300 --run a")
        .refuses_usage_saying(&["fewer than 300 validation images", "found 300"]);
}

#[test]
fn without_held_out_images_the_last_weights_are_kept() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --run a").replace("--validation 20", "--validation 0")).succeeds();
    assert!(metrics(&project, "a")[1]["validation_neg_elbo"].is_null());
    assert_eq!(
        vae_train::ModelFile::read(&project.path("a/model.safetensors"), None).expect("a model").epoch,
        Some(2)
    );
}

#[test]
fn augmentation_is_recorded_drawn_and_learned_from() {
    let project = Project::trained();
    let flags = "--rotate 10 --zoom 0.1 --shift 1.5 --shear 5 --elastic 34,3 --flip-horizontal 0.25";
    project.run(&format!("train {SMALL} {flags} --run b")).succeeds();
    let augmentation = &project.toml("b/config.toml")["augmentation"];
    let settings = [
        ("rotation_degrees", 10.0),
        ("scale", 0.1),
        ("shift_pixels", 1.5),
        ("shear_degrees", 5.0),
        ("elastic_alpha", 34.0),
        ("elastic_sigma", 3.0),
        ("flip_horizontal", 0.25),
        ("flip_vertical", 0.0),
    ];
    for (setting, expected) in settings {
        assert_eq!(augmentation[setting].as_float(), Some(expected), "{setting}");
    }
    assert!(project.path("b/pictures/augmented.png").exists());
    assert_ne!(project.read("b/model.safetensors"), project.read("a/model.safetensors"));
}

#[test]
fn a_folder_of_pictures_is_learned_and_measured() {
    let project = Project::new();
    for (class, grey) in [("dark", 30), ("light", 220)] {
        for i in 0..12_u8 {
            let picture = vae_viz::image_grid(
                ndarray::Array2::from_elem((1, 30), f32::from(grey + i) / 255.0).view(),
                (5, 6),
                &vae_viz::GridStyle { rows: 1, cols: 1, ..vae_viz::GridStyle::default() },
                None,
            );
            let bytes = picture.expect("a picture").to_png(&[]).expect("a PNG");
            project.write(format!("mine/{class}/{i}.png"), bytes);
        }
    }
    project.run("train --data mine --validation 4 --hidden 8 --latent 2 --epochs 1 --run a").succeeds();
    let ended = project.run("eval --run a --json").succeeds();
    assert!(
        ended.stdout.contains("\"images\": 4") || ended.stdout.contains("\"images\":4"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_run_whose_codes_say_nothing_says_so_at_its_end_with_what_would_help() {
    let project = Project::new();
    let settings =
        "--data digits --digits 300 --hidden 16 --latent 3 --epochs 12 --validation 20 --fit-prior standard";
    let ended =
        project.run(&format!("train {settings} --beta 1000 --lr 0.003 --batch 16 --run a")).succeeds();
    let warning = ended.stderr.lines().last().unwrap_or_default();
    assert!(warning.starts_with("warning: the KL term ended at "), "{}", ended.stderr);
    assert!(warning.contains("a smaller --beta than 1000, more --epochs"), "{warning}");
    let ended = project.run(&format!("train {settings} --beta 0.3 --lr 0.003 --batch 16 --run b")).succeeds();
    assert!(!ended.stderr.contains("KL term"), "{}", ended.stderr);
}
