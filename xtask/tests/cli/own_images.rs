//! A model is measured and shown on the images that it was trained on. Where they are not there, the command fails and
//! says what to do: numbers of other images look like any others.

use std::fs;

use crate::{
    photos::write_digits,
    project::{Project, TEST_IMAGES, offline},
};

/// The commands that need the model's own images.
const COMMANDS: [&str; 8] = [
    "eval",
    "eval --nll 2",
    "generate --like 1",
    "generate --like 1 --split train",
    "grid --kind reconstructions",
    "encode",
    "annotate",
    "fit-prior --prior mixture:2 --epochs 1",
];

/// A project with `m.safetensors`, a model that names `data` as its own, or none.
fn project_with_model_of(data: Option<&str>) -> Project {
    let project = Project::with_module();
    let data = data.map_or(String::new(), |data| format!("--data {data}"));
    project
        .run(&format!("import module.safetensors --activation relu {data} --out m.safetensors"))
        .succeeds();
    project
}

fn assert_fails_and_says(data: Option<&str>, parts: &[&str]) {
    let project = project_with_model_of(data);
    let before = project.files(".");
    for command in COMMANDS {
        let mut call = project.command(&format!("{command} --model m.safetensors"));
        offline(&mut call);
        project.start(call).wait().fails_saying(parts);
    }
    assert!(project.files(".") == before, "a command that fails leaves everything as it was");
}

#[test]
fn a_model_of_mnist_is_not_measured_on_other_images() {
    assert_fails_and_says(
        Some("mnist"),
        &["trained on mnist", "not on this machine", "cargo xtask data fetch mnist", "--data digits"],
    );
}

#[test]
fn one_missing_source_of_several_is_named() {
    assert_fails_and_says(
        Some("digits,kmnist"),
        &["trained on digits,kmnist", "cargo xtask data fetch kmnist"],
    );
}

#[test]
fn a_model_that_names_no_data_needs_a_flag() {
    assert_fails_and_says(None, &["does not name the data", "--data"]);
    assert_fails_and_says(Some("auto"), &["'auto' is a choice", "--data"]);
}

#[test]
fn other_images_are_taken_if_they_are_named() {
    let project = project_with_model_of(Some("mnist"));
    for command in COMMANDS {
        let ended = project.run(&format!("{command} --model m.safetensors --data digits:300")).succeeds();
        assert!(ended.stderr.contains("data: digits:300"), "{command}: {}", ended.stderr);
    }
}

#[test]
fn a_photo_of_a_model_without_its_images_has_no_range_and_says_why() {
    let project = project_with_model_of(Some("mnist"));
    write_digits(&project, "photo.png", 1, 8);
    let mut call = project.command("generate --image photo.png --model m.safetensors");
    offline(&mut call);
    let ended = project.start(call).wait().succeeds();
    let expected =
        "no reference range of -ELBO: the model was trained on mnist: mnist is not on this machine";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

#[test]
fn images_that_changed_since_the_training_are_refused_unless_they_are_named() {
    let project = Project::new();
    project.write_images("images", 12, 10);
    project
        .run("train --data images --hidden 8 --latent 2 --epochs 1 --fit-prior standard --run a")
        .succeeds();
    project.run("eval --run a").succeeds();
    let images = project.read(format!("images/{TEST_IMAGES}"));
    let mut changed = images.clone();
    *changed.last_mut().expect("a pixel") ^= 1;
    project.write(format!("images/{TEST_IMAGES}"), &changed);
    project.run("eval --run a").fails_saying(&[
        "/images, or their labels, are not those",
        "changed since",
        "--data /",
    ]);
    project.run("grid --kind reconstructions --run a").fails_saying(&["changed since"]);
    project.run("eval --run a --data images").succeeds();
    // What was measured last is what counts from then on.
    project.run("annotate --run a --data images").succeeds();
    project.run("eval --run a").succeeds();
}

#[test]
fn images_that_are_gone_are_named() {
    let project = Project::new();
    project.write_images("images", 12, 10);
    project
        .run("train --data images --hidden 8 --latent 2 --epochs 1 --fit-prior standard --run a")
        .succeeds();
    fs::rename(project.path("images"), project.path("moved")).expect("another name");
    project.run("eval --run a").fails_saying(&["trained on ", "/images", "no such directory", "--data"]);
    project.run("eval --run a --data moved").succeeds();
}
