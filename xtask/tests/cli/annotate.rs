//! The annotations of a model file: `train` writes them at the end of a run, `annotate` writes them into other files.

use vae_train::{Annotations, ModelFile};

use crate::project::{Project, SMALL};

const MODEL: &str = "a/model.safetensors";

fn model(project: &Project) -> ModelFile {
    ModelFile::read(&project.path(MODEL), None).expect("the model of a run")
}

#[test]
fn the_model_of_a_finished_run_has_classes_and_a_range_of_losses() {
    let Annotations { classes, neg_elbo, images } = model(&Project::trained()).annotations;
    assert_eq!(classes.expect("the classes").names(), "0 to 9");
    assert_eq!(neg_elbo.expect("the range").data, "digits:300");
    assert_eq!(images.expect("their digests").data, "digits:300");
}

#[test]
fn resuming_a_finished_run_changes_no_byte() {
    let project = Project::trained();
    let before = project.read(MODEL);
    project.run(&format!("train {SMALL} --run a --resume")).succeeds();
    assert!(project.read(MODEL) == before);
}

#[test]
fn resuming_for_more_epochs_measures_again() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --schedule constant --run a")).succeeds();
    let before = model(&project).annotations;
    project.run("train --run a --resume --epochs 4").succeeds();
    let after = model(&project).annotations;
    assert!(after.classes.is_some() && after != before);
}

#[test]
fn annotating_a_stripped_file_restores_the_bytes_that_training_wrote() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.run("train --data images --hidden 16 --latent 3 --epochs 1 --validation 5 --run a").succeeds();
    let before = project.read(MODEL);
    let mut stripped = model(&project);
    stripped.annotations = Annotations::default();
    project.write(MODEL, stripped.to_bytes());
    let ended = project.run("annotate --run a").succeeds();
    assert!(ended.stdout.starts_with("a/model.safetensors: classes 0 to 9, -ELBO "), "{}", ended.stdout);
    assert!(project.read(MODEL) == before);
}

#[test]
fn a_file_that_does_not_name_its_data_needs_the_flag() {
    let project = Project::trained();
    let anonymous = ModelFile { data: None, ..model(&project) };
    project.write(MODEL, anonymous.to_bytes());
    project.run("annotate --run a").fails_saying(&["trained on", "--data"]);
    project.write_images("images", 28, 28);
    project.run("annotate --run a --data images").succeeds();
    assert_eq!(model(&project).data, None);
}

#[test]
fn data_of_another_size_leaves_the_file_as_it_was() {
    let project = Project::trained();
    project.write_images("small", 14, 12);
    let before = project.read(MODEL);
    project.run("annotate --run a --data small").fails_saying(&["784 pixels", "168 (14 x 12)"]);
    assert!(project.read(MODEL) == before);
}

#[test]
fn invalid_annotations_are_an_error_that_names_the_file() {
    let project = Project::trained();
    // The replacement has the same length, so that the header of the file stays valid.
    let mut bytes = project.read(MODEL);
    let key = b"class_posteriors\":\"{\\\"data";
    let at = bytes.windows(key.len()).position(|window| window == key).expect("the key") + key.len();
    bytes[at - 1] = b'o';
    project.write(MODEL, bytes);
    project.run("grid --run a").fails_saying(&["a/model.safetensors", "class_posteriors"]);
}

#[test]
fn the_shipped_model_is_changed_only_if_it_is_named() {
    let project = Project::trained();
    project.write("data/model.safetensors", project.read(MODEL));
    std::fs::remove_dir_all(project.path("a")).expect("a run");
    project
        .run("annotate --data digits")
        .fails_saying(&["there is no run", "--model data/model.safetensors"]);
    project.run("annotate --data digits:300 --model data/model.safetensors").succeeds();
}
