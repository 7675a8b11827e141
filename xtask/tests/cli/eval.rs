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
fn the_json_has_what_a_quoted_number_needs() {
    let project = Project::trained();
    let report = report(&project, "--run a --seed 4");
    for (key, expected) in [
        ("draws", 1.into()),
        ("split", "test".into()),
        ("seed", 4.into()),
        ("likelihood", "bernoulli".into()),
        ("protocol", "grey".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ] as [(&str, Value); 6]
    {
        assert_eq!(report[key], expected, "{key}");
    }
    let number = |key: &str| report[key].as_f64().expect("a number");
    let bits = number("neg_elbo") / (784.0 * std::f64::consts::LN_2);
    assert!((number("bits_per_dim") - bits).abs() < 1e-12, "{report}");
    assert!(number("standard_error") > 0.0 && number("standard_error") < number("neg_elbo"), "{report}");
    assert!(report["active_units"].as_u64().is_some_and(|units| units <= 3), "{report}");
    // The digests are those that a receipt has.
    let nll: Value =
        serde_json::from_str(&project.run("eval --json --run a --nll 1").succeeds().stdout).expect("JSON");
    for key in ["data_sha256", "model_sha256"] {
        assert!(report[key].as_str().is_some_and(|digest| digest.len() == 64), "{key}: {report}");
        assert_eq!(report[key], nll[key], "{key}");
    }
}

#[test]
fn more_draws_are_averaged_and_named() {
    let project = Project::trained();
    let [one, many] =
        [1, 20].map(|draws| report(&project, &format!("--run a --prior standard --draws {draws}")));
    assert_eq!(report(&project, "--run a --prior standard"), one);
    assert_eq!(many["draws"], 20);
    let number = |report: &Value, key: &str| report[key].as_f64().expect("a number");
    assert_ne!(number(&many, "neg_elbo"), number(&one, "neg_elbo"));
    // Under N(0, I) the KL term does not depend on the draw.
    assert!((number(&many, "kl") - number(&one, "kl")).abs() < 1e-6 * number(&one, "kl"), "{many} {one}");
    assert_eq!(report(&project, "--run a --prior standard --draws 20 --threads 1"), many);
    let text = project.run("eval --run a --draws 3").succeeds().stdout;
    assert!(text.contains("mean of 3 draws of z ± standard error over images"), "{text}");
    project.run("eval --run a --draws 0").exits_with(2);
    project.run("eval --run a --draws 2 --nll 5").exits_with(2);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_many_draws_with_130() {
    let project = Project::trained();
    let mut running = project.start(project.command("eval --run a --split train --draws 10000"));
    running.wait_for_note("10 000 draws");
    running.signal("INT");
    let ended = running.wait().exits_with(130);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("stopped"), "{}", ended.stderr);
}

#[test]
fn training_images_are_measured_when_they_are_asked_for() {
    let project = Project::trained();
    let [train, test] = ["train", "test"].map(|split| report(&project, &format!("--run a --split {split}")));
    assert_eq!((&train["split"], &train["images"]), (&"train".into(), &300.into()));
    assert_eq!((&test["split"], &test["images"]), (&"test".into(), &50.into()));
    assert_ne!(train["data_sha256"], test["data_sha256"]);
    let text = project.run("eval --run a --split train").succeeds().stdout;
    assert!(text.starts_with("300 training images of digits:300"), "{text}");
    let nll = project.run("eval --run a --split train --nll 2 --images 60").succeeds().stdout;
    assert!(nll.starts_with("60 training images of digits:300"), "{nll}");
    project
        .run("eval --run a --split train --nll 2 --images 301")
        .refuses_usage_saying(&["at most 300, the training images"]);
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
    for name in ["-ELBO", "reconstruction", "KL", "nats", " ± ", "bits per pixel", "active latents", " of 3"]
    {
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
