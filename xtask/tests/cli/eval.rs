//! `eval`: the numbers of a model on test images.

use std::env;

use serde_json::Value;

use crate::project::Project;

fn report(project: &Project, arguments: &str) -> Value {
    let ended = project.run(&format!("eval --json {arguments}")).succeeds();
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

#[test]
fn the_json_has_the_documented_keys() {
    let report = report(&Project::trained(), "--run a");
    assert!(["neg_elbo", "reconstruction", "kl"].iter().all(|key| report[key].is_f64()), "{report}");
    assert!(report["images"].as_u64().is_some_and(|images| images > 0), "{report}");
    assert_eq!((&report["data"], &report["images"]), (&"digits:300".into(), &50.into()));
    assert_eq!(report["model"], "a/model.safetensors");
}

#[test]
fn the_loss_is_the_sum_of_its_two_terms() {
    let report = report(&Project::trained(), "--run a");
    let number = |key| report[key].as_f64().expect("a number");
    let sum = number("reconstruction") + number("kl");
    assert!((number("neg_elbo") - sum).abs() < 1e-9 * sum, "{report}");
}

#[test]
fn the_text_has_the_three_numbers() {
    let ended = Project::trained().run("eval --run a").succeeds();
    for name in ["-ELBO", "reconstruction", "KL", "nats"] {
        assert!(ended.stdout.contains(name), "{name}: {}", ended.stdout);
    }
}

#[test]
fn the_same_seed_measures_the_same_number() {
    let project = Project::trained();
    assert_eq!(report(&project, "--run a --seed 3"), report(&project, "--run a --seed 3 --threads 1"));
}

#[test]
fn another_seed_is_another_draw() {
    let project = Project::trained();
    let [a, b] = [3, 4].map(|seed| report(&project, &format!("--run a --seed {seed}"))["neg_elbo"].as_f64());
    assert_ne!(a, b);
}

#[test]
fn a_model_is_measured_on_the_requested_data() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    let report = report(&project, "--run a --data images");
    assert_eq!(report["images"], 20);
    assert!(report["data"].as_str().is_some_and(|data| data.ends_with("images")), "{report}");
}

#[test]
fn measuring_needs_no_training_images() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    for part in ["images-idx3", "labels-idx1"] {
        std::fs::remove_file(project.path("images").join(format!("train-{part}-ubyte"))).expect("a file");
    }
    let ended = project.run("eval --run a --data images").succeeds();
    assert!(ended.stderr.contains("images, 20 test images of 28 x 28"), "{}", ended.stderr);
}

#[test]
fn test_images_of_mnist_are_recognised() {
    let Some(directory) = env::var_os("VAE_DATA").filter(|value| !value.is_empty()) else {
        println!("skipped: VAE_DATA names no directory with MNIST");
        return;
    };
    let project = Project::trained();
    let mut command = project.command("eval --json --run a --data");
    command.arg(directory);
    let ended = project.start(command).wait().succeeds();
    assert!(ended.stdout.contains(r#""data":"mnist""#), "{}", ended.stdout);
}

#[test]
fn images_of_another_size_are_refused_with_both_sizes() {
    let project = Project::trained();
    project.write_images("small", 14, 12);
    project.run("eval --run a --data small").fails_saying(&["784 pixels", "168 (14 x 12)"]);
}

#[test]
fn a_run_and_a_model_at_once_are_wrong_usage() {
    Project::new().run("eval --run a --model b").exits_with(2);
}
