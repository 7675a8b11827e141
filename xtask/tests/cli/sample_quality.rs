//! `eval --samples`: the quality of what a model draws from its prior, as numbers.

use std::env;

use serde_json::Value;
use vae_core::{Vae, VaeConfig};
use vae_train::{Annotations, ModelFile};

use crate::project::Project;

fn report(project: &Project, arguments: &str) -> Value {
    let ended = project.run(&format!("eval --json {arguments}")).succeeds();
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

/// Changes what the model in `a` was trained on.
fn rename_data(project: &Project, data: Option<&str>) {
    let mut model = ModelFile::read(&project.path("a/model.safetensors"), None).expect("the model of a run");
    model.data = data.map(str::to_owned);
    project.write("a/model.safetensors", model.to_bytes());
}

#[test]
fn samples_are_measured_beside_training_images() {
    let report = report(&Project::with_classifier(), "--run a --samples 200 --seed 4");
    for set in ["samples", "training"] {
        let number = |key| report[set][key].as_f64().expect("a number");
        assert_eq!(report[set]["images"], 200);
        assert!(number("frechet") > 0.0, "{report}");
        assert!(["precision", "recall", "confident"].iter().all(|key| (0.0..=1.0).contains(&number(key))));
    }
    let better = |key| report["training"][key].as_f64() > report["samples"][key].as_f64();
    // The small model hardly makes digits.
    assert!(!better("frechet") && better("precision") && better("recall"), "{report}");
    let nearest = |set: &str| report[set]["nearest_training_image"].as_f64().expect("a distance");
    assert!(nearest("samples") > 0.0 && nearest("test") > 0.0, "{report}");
    assert_eq!((&report["data"], &report["prior"]), (&"digits:300".into(), &"mixture:6:full".into()));
    let protocol = &report["method"];
    assert_eq!((&report["seed"], &protocol["neighbours"]), (&4.into(), &3.into()));
    assert_eq!((&protocol["manifold_images"], &protocol["nearest_among"]), (&50.into(), &300.into()));
}

#[test]
fn the_numbers_are_the_same_with_any_number_of_threads() {
    let project = Project::with_classifier();
    let [one, three] =
        [1, 3].map(|n| report(&project, &format!("--run a --samples 150 --seed 2 --threads {n}")));
    assert_eq!(one, three);
    assert_ne!(one["samples"], report(&project, "--run a --samples 150 --seed 3")["samples"]);
}

#[test]
fn the_table_has_a_row_for_each_set_and_names_the_protocol() {
    let ended = Project::with_classifier().run("eval --run a --samples 120").succeeds();
    for part in [
        "120 samples of the prior mixture:6:full, seed 0",
        "\nsamples ",
        "\ntraining images ",
        "\ntest images ",
    ] {
        assert!(ended.stdout.contains(part), "expected {part:?} in {}", ended.stdout);
    }
    for part in ["digits:300", "50 test images", "128 features", "3 neighbours", "0.9", "300 training images"]
    {
        assert!(ended.stdout.contains(part), "expected {part:?} in {}", ended.stdout);
    }
}

#[test]
fn a_number_of_samples_is_not_needed() {
    let report = report(&Project::with_classifier(), "--run a --samples");
    assert_eq!((&report["samples"]["images"], &report["training"]["images"]), (&10_000.into(), &300.into()));
}

#[test]
fn a_model_of_anything_but_digits_is_refused() {
    let project = Project::with_classifier();
    rename_data(&project, Some("fashion"));
    project.run("eval --run a --samples").fails_saying(&[
        "cannot be measured",
        "digits",
        "images of fashion",
    ]);
    project.run("eval --run a --samples --data digits").fails_saying(&["digits", "images of fashion"]);
}

#[test]
fn data_other_than_digits_are_refused() {
    let project = Project::with_classifier();
    project.write_images("images", 28, 28);
    project.run("eval --run a --samples --data images").fails_saying(&["cannot be measured", "images of /"]);
}

#[test]
fn a_model_of_unknown_data_is_measured_on_the_requested_digits() {
    let project = Project::with_classifier();
    rename_data(&project, None);
    let report = report(&project, "--run a --samples 100 --data digits");
    assert!(report["data"].as_str().is_some_and(|data| data.starts_with("digits")), "{report}");
}

#[test]
fn a_model_of_another_image_size_is_refused_with_both_sizes() {
    let project = Project::with_classifier();
    let config = VaeConfig { input: 6, hidden: vec![4], latent: 2, ..VaeConfig::default() };
    let vae = Vae::new(config, 0).expect("a small model");
    let annotations = Annotations::default();
    let model = ModelFile {
        vae,
        data: None,
        binarization: Default::default(),
        height: 2,
        width: 3,
        seed: None,
        epoch: None,
        annotations,
    };
    project.write("m.safetensors", model.to_bytes());
    project.run("eval --model m.safetensors --samples").fails_saying(&["28 x 28", "2 x 3"]);
}

#[test]
fn without_the_classifier_the_error_names_its_file() {
    Project::trained().run("eval --run a --samples 100").fails_saying(&["classifier.safetensors"]);
}

#[test]
fn mnists_training_images_are_close_to_its_test_images_and_confidently_read() {
    let Some(directory) = env::var_os("VAE_DATA").filter(|value| !value.is_empty()) else {
        println!("skipped: VAE_DATA names no directory with MNIST");
        return;
    };
    let project = Project::new();
    project.ship(&["model.safetensors", "classifier.safetensors"]);
    let mut command = project.command("eval --json --samples 2000 --data");
    command.arg(directory);
    let ended = project.start(command).wait().succeeds();
    let report: Value = serde_json::from_str(&ended.stdout).expect("one JSON object");
    let number = |set: &str, key| report[set][key].as_f64().expect("a number");
    assert_eq!(report["data"], "mnist");
    // The shipped model draws digits, and N(0, I) is not where its codes lie.
    assert!(number("samples", "frechet") < 8.0 && number("samples", "confident") > 0.9, "{report}");
    let mut command = project.command("eval --json --samples 2000 --prior standard --data");
    command.arg(env::var_os("VAE_DATA").unwrap_or_default());
    let ended = project.start(command).wait().succeeds();
    let standard: Value = serde_json::from_str(&ended.stdout).expect("one JSON object");
    let frechet = standard["samples"]["frechet"].as_f64().expect("a number");
    assert!(frechet > 2.0 * number("samples", "frechet"), "{standard}");
    assert!(number("training", "frechet") < 8.0 && number("training", "confident") > 0.94, "{report}");
    assert!(number("training", "precision") > 0.8 && number("training", "recall") > 0.8, "{report}");
    // Test images are no copies of training images.
    assert!((3.0..6.0).contains(&number("test", "nearest_training_image")), "{report}");
}
