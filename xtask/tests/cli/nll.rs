//! `eval --nll`: log p(x) by importance sampling, and its receipts.

use serde_json::Value;

use crate::project::Project;

fn report(project: &Project, arguments: &str) -> Value {
    let ended = project.run(&format!("eval --json {arguments}")).succeeds();
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

/// Changes one number or text of a receipt.
fn change(project: &Project, from: &str, key: &str, value: impl Into<Value>, to: &str) {
    let mut receipt: Value = serde_json::from_str(&project.text(from)).expect("JSON");
    assert!(!receipt[key].is_null(), "no {key} in {receipt}");
    receipt[key] = value.into();
    project.write(to, receipt.to_string());
}

#[test]
fn the_json_has_the_numbers_and_what_they_depend_on() {
    let project = Project::trained();
    let report = report(&project, "--run a --nll 150 --images 20 --seed 4");
    for key in ["nll", "standard_error", "neg_elbo", "reconstruction", "kl", "effective_samples"] {
        assert!(report[key].as_f64().is_some_and(|number| number > 0.0), "{key}: {report}");
    }
    for (key, expected) in [
        ("samples", 150.into()),
        ("images", 20.into()),
        ("seed", 4.into()),
        ("latent", 3.into()),
        ("protocol", "grey".into()),
        ("likelihood", "bernoulli".into()),
        ("data", "digits:300".into()),
        ("model", "a/model.safetensors".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
    ] as [(&str, Value); 9]
    {
        assert_eq!(report[key], expected, "{key}");
    }
    for key in ["data_sha256", "model_sha256"] {
        assert!(report[key].as_str().is_some_and(|digest| digest.len() == 64), "{key}: {report}");
    }
    assert!(report["active_units"].as_u64().is_some_and(|units| units <= 3), "{report}");
    assert_eq!(report["kl_per_latent"].as_array().map(Vec::len), Some(3));
    let bounds = report["bounds"].as_array().expect("bounds");
    let samples: Vec<_> = bounds.iter().filter_map(|bound| bound["samples"].as_u64()).collect();
    assert_eq!(samples, [1, 10, 100, 150]);
    assert_eq!(bounds[3]["nll"], report["nll"]);
    assert!(report.get("against").is_none());
}

#[test]
fn the_text_has_every_bound_and_the_latents() {
    let ended = Project::trained().run("eval --run a --nll 100 --images 10").succeeds();
    for part in
        ["grey pixels", "K = 1 ", "K = 10 ", "K = 100 ", " ± ", "-ELBO", "effective", "active", " of 3"]
    {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_receipt() {
    let project = Project::trained();
    let with = |threads| report(&project, &format!("--run a --nll 300 --images 9 --threads {threads}"));
    assert_eq!(with(1), with(2));
}

#[test]
fn all_test_images_are_used_if_no_number_is_given() {
    assert_eq!(report(&Project::trained(), "--run a --nll 2")["images"], 50);
}

#[test]
fn a_receipt_holds_the_json_object_and_is_compared_with() {
    let project = Project::trained();
    let first = report(&project, "--run a --nll 20 --images 9 --receipt first.json");
    assert_eq!(serde_json::from_str::<Value>(&project.text("first.json")).expect("JSON"), first);

    let same = report(&project, "--run a --nll 20 --images 9 --against first.json");
    assert_eq!(same["against"]["nll"], 0.0);
    assert_eq!(same["against"]["model_sha256"], first["model_sha256"]);

    let other = report(&project, "--run a --nll 20 --images 9 --seed 1 --against first.json");
    let number = |report: &Value, key: &str| report[key].as_f64().expect("a number");
    let difference = number(&other, "nll") - number(&first, "nll");
    assert!(difference != 0.0 && (number(&other["against"], "nll") - difference).abs() < 1e-12);

    let text = project.run("eval --run a --nll 20 --images 9 --against first.json").succeeds().stdout;
    assert!(text.contains("difference from a/model.safetensors") && text.contains("+0.000"), "{text}");
}

#[test]
fn a_receipt_of_an_earlier_version_names_no_split_and_is_of_test_images() {
    let project = Project::trained();
    project.run("eval --run a --nll 20 --images 9 --receipt first.json").succeeds();
    let mut receipt: Value = serde_json::from_str(&project.text("first.json")).expect("JSON");
    assert_eq!(receipt.as_object_mut().and_then(|receipt| receipt.remove("split")), Some("test".into()));
    project.write("earlier.json", receipt.to_string());
    project.run("eval --run a --nll 20 --images 9 --against earlier.json").succeeds();
}

#[test]
fn a_receipt_of_something_else_is_refused() {
    let project = Project::trained();
    project.run("eval --run a --nll 20 --images 9 --receipt first.json").succeeds();
    change(&project, "first.json", "data_sha256", "0".repeat(64), "data.json");
    change(&project, "first.json", "protocol", "dynamic", "protocol.json");
    change(&project, "first.json", "likelihood", "gaussian", "likelihood.json");
    for (arguments, parts) in [
        ("--nll 21 --images 9 --against first.json", ["K = 20", "K = 21"]),
        ("--nll 20 --images 8 --against first.json", ["9 images", "8 images"]),
        (
            "--nll 20 --images 9 --against data.json",
            ["test images of digits:300 (000000000000", "no comparison"],
        ),
        ("--nll 20 --images 9 --split train --against first.json", ["test images of", "training images of"]),
        ("--nll 20 --images 9 --against protocol.json", ["dynamic pixels", "grey pixels"]),
        ("--nll 20 --images 9 --against likelihood.json", ["gaussian likelihood", "bernoulli likelihood"]),
    ] {
        let [first, second] = parts;
        project.run(&format!("eval --run a {arguments}")).fails_saying(&[".json", first, second]);
    }
    let ended = project.run("eval --run a --nll 20 --images 9 --against none.json");
    ended.fails_saying(&["none.json"]);
    project.write("wrong.json", "{}");
    let ended = project.run("eval --run a --nll 20 --images 9 --against wrong.json");
    ended.fails_saying(&["wrong.json", "not a receipt"]);
}

#[test]
fn a_receipt_that_cannot_be_written_is_refused_before_the_work() {
    let project = Project::trained();
    let ended = project.run("eval --run a --nll 20 --receipt no/first.json");
    assert!(ended.stdout.is_empty());
    ended.fails_saying(&["no/first.json", "directory"]);
}

#[test]
fn more_images_than_there_are_are_refused_with_their_number() {
    Project::trained().run("eval --run a --nll 5 --images 51").refuses_usage_saying(&["51", "at most 50"]);
}

#[test]
fn images_of_another_size_are_refused_with_both_sizes() {
    let project = Project::trained();
    project.write_images("small", 14, 12);
    project.run("eval --run a --data small --nll 5").fails_saying(&["784 pixels", "168 (14 x 12)"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_an_evaluation_with_130_and_no_receipt() {
    let project = Project::trained();
    let mut running = project.start(project.command("eval --run a --nll 1000000 --receipt a/first.json"));
    running.wait_for_note("1 000 000 samples");
    running.signal("INT");
    let ended = running.wait().exits_with(130);
    assert!(ended.stdout.is_empty());
    assert!(
        ended.stderr.contains("stopped after ") && ended.stderr.contains("of 50 images"),
        "{}",
        ended.stderr
    );
    assert!(!project.path("a/first.json").exists());
}
