//! Invalid configurations, settings and model files: exit status 1, and one line with the error and the file. (For data
//! directories see `data`.)

use crate::project::{Project, SMALL};

#[test]
fn a_configuration_that_is_missing_is_named() {
    Project::new().run("train --config missing.toml").fails_saying(&["cannot read missing.toml"]);
}

#[test]
fn the_cause_of_a_failure_is_named_once() {
    let message = Project::new().run("train --config missing.toml").fails();
    assert_eq!(message.matches("os error").count(), 1, "{message}");
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let project = Project::new();
    project.write("c.toml", "[training]\nbatch = 10\nepoch = 3\n");
    let message = project.run("train --config c.toml").fails();
    assert!(["c.toml", "line 3", "epoch"].iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn a_configuration_that_is_not_toml_is_named() {
    let project = Project::new();
    project.write("c.toml", "<!doctype html>");
    let message = project.run("train --config c.toml").fails();
    assert!(["c.toml", "line 1"].iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn a_configuration_that_is_a_directory_is_named() {
    let project = Project::new();
    project.write("c.toml/file", b"");
    project.run("train --config c.toml").fails_saying(&["c.toml", "expected a file"]);
}

/// Trains with a setting that is out of range, and expects that it is named and that no run is left.
fn out_of_range(section: &str, setting: &str) {
    let project = Project::new();
    project.write(
        "c.toml",
        format!("[data]\nsource = \"digits\"\ndigits = 300\nvalidation = 20\n[{section}]\n{setting}\n"),
    );
    let field = setting.split(' ').next().expect("a key");
    project.run("train --config c.toml --run a").fails_saying(&[field]);
    assert!(project.files("a").is_empty(), "{setting} left {:?}", project.files("a").keys());
}

#[test]
fn a_batch_of_zero_images_in_a_configuration_is_refused() {
    out_of_range("training", "batch = 0");
}

#[test]
fn no_epochs_in_a_configuration_are_refused() {
    out_of_range("training", "epochs = 0");
}

#[test]
fn a_negative_weight_of_the_kl_term_is_refused() {
    out_of_range("training", "beta = -1.0");
}

#[test]
fn no_latents_in_a_configuration_are_refused() {
    out_of_range("model", "latent = 0");
}

#[test]
fn an_empty_layer_in_a_configuration_is_refused() {
    out_of_range("model", "hidden = [16, 0]");
}

#[test]
fn an_unknown_activation_in_a_configuration_is_refused() {
    out_of_range("model", "activation = \"step\"");
}

#[test]
fn a_model_with_too_many_parameters_is_refused() {
    let project = Project::new();
    project
        .run("train --data digits --digits 300 --hidden 1000000 --run a")
        .refuses_usage_saying(&["parameters", "limit"]);
}

#[test]
fn a_learning_rate_that_is_not_above_zero_is_refused() {
    for rate in ["0", "-1", "nan", "inf"] {
        Project::new()
            .run(&format!("train {SMALL} --run a --lr={rate}"))
            .refuses_usage_saying(&["--lr (optimizer.learning_rate)", "above 0"]);
    }
}

#[test]
fn settings_of_the_optimizer_out_of_range_are_refused() {
    for setting in [
        "warmup_epochs = -1.0",
        "gamma = 1.5",
        "gamma_epochs = 0",
        "clip_norm = -1.0",
        "beta1 = 1.0",
        "epsilon = 0.0",
    ] {
        out_of_range("optimizer", setting);
    }
}

#[test]
fn an_unknown_optimizer_or_likelihood_in_a_configuration_is_named_with_its_line_and_the_known_ones() {
    let project = Project::new();
    project.write("c.toml", "[optimizer]\nname = \"newton\"\n");
    project.run("train --config c.toml").fails_saying(&["c.toml: line 2", "newton", "adamw", "rmsprop"]);
    project.write("c.toml", "[model]\nlikelihood = \"poisson\"\n");
    project.run("train --config c.toml").fails_saying(&["c.toml: line 2", "poisson", "gaussian:SIGMA"]);
}

#[test]
fn an_unknown_schedule_in_a_configuration_is_named_with_its_line_and_the_known_ones() {
    let project = Project::new();
    project.write("c.toml", "[optimizer]\nschedule = \"sawtooth\"\n");
    project.run("train --config c.toml").fails_saying(&[
        "c.toml: line 2",
        "sawtooth",
        "cosine",
        "exponential",
    ]);
}

#[test]
fn a_warm_up_longer_than_the_run_is_refused() {
    Project::new().run(&format!("train {SMALL} --run a --warmup 2")).refuses_usage_saying(&[
        "--warmup (optimizer.warmup_epochs)",
        "below --epochs (training.epochs)",
        "found 2",
    ]);
}

#[test]
fn a_run_below_a_file_is_refused() {
    let project = Project::new();
    project.write("file", b"kept");
    project.run(&format!("train {SMALL} --run file/a")).fails_saying(&["file/a"]);
    assert_eq!(project.read("file"), b"kept");
}

#[test]
fn a_run_in_place_of_a_file_is_refused() {
    let project = Project::new();
    project.write("file", b"kept");
    project.run(&format!("train {SMALL} --run file")).fails_saying(&["file"]);
    assert_eq!(project.read("file"), b"kept");
}

/// Skipped for a user who may write everywhere.
#[cfg(unix)]
#[test]
fn a_run_in_a_read_only_directory_is_refused() {
    use std::{
        fs::{Permissions, set_permissions, write},
        os::unix::fs::PermissionsExt,
    };

    let project = Project::new();
    project.write("closed/file", b"");
    set_permissions(project.path("closed"), Permissions::from_mode(0o555)).expect("the permissions");
    if write(project.path("closed/probe"), b"").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    for run in ["closed", "closed/a"] {
        project.run(&format!("train {SMALL} --run {run}")).fails_saying(&[run, "denied"]);
    }
}

/// Measures a model file with these bytes and expects an error.
fn model_error(bytes: &[u8], parts: &[&str]) {
    let project = Project::new();
    project.write("m.safetensors", bytes);
    project
        .run("eval --data digits --model m.safetensors")
        .fails_saying(&[&["m.safetensors"], parts].concat());
}

#[test]
fn a_model_that_is_missing_is_named() {
    Project::new().run("eval --model m.safetensors").fails_saying(&["cannot read m.safetensors"]);
}

#[test]
fn a_model_that_is_a_directory_is_named() {
    let project = Project::new();
    project.write("m.safetensors/file", b"");
    project.run("eval --model m.safetensors").fails_saying(&["m.safetensors", "expected a file"]);
}

#[test]
fn an_empty_model_is_named() {
    model_error(b"", &["not a safetensors file"]);
}

#[test]
fn an_html_page_in_place_of_a_model_is_named() {
    model_error(b"<!doctype html><html><title>404 Not Found</title></html>", &["not a safetensors file"]);
}

#[test]
fn a_model_cut_short_anywhere_is_named() {
    let bytes = Project::trained().read("a/model.safetensors");
    for length in [4, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        model_error(&bytes[..length], &["not a safetensors file"]);
    }
}

#[test]
fn a_checkpoint_is_not_a_model() {
    let bytes = Project::trained().read("a/checkpoint.safetensors");
    model_error(&bytes, &["activation"]);
}

#[test]
fn a_model_without_its_facts_loads_if_they_are_given() {
    let project = Project::trained();
    let model = vae_train::ModelFile::read(&project.path("a/model.safetensors"), None).expect("a model");
    let mut facts = vae_core::weights::Facts::new();
    facts.insert("who".to_owned(), "somebody".to_owned());
    let tensors = model.vae.parameters().iter();
    let tensors = tensors.map(|(name, shape, values)| (name.to_owned(), shape, values));
    project.write("bare.safetensors", vae_core::weights::to_safetensors(tensors, facts));
    project.run("grid --model bare.safetensors").fails_saying(&["bare.safetensors", "--activation"]);
    project.run("grid --model bare.safetensors --activation relu --out x.png").succeeds();
}
