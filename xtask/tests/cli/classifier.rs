//! `classifier`: the classifier that `generate` applies to its images.

use std::{env, fs, path::Path};

use vae_train::{ClassifierFile, accuracy};

use crate::project::Project;

fn shipped() -> ClassifierFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/classifier.safetensors");
    ClassifierFile::read(&path).expect("the shipped classifier")
}

#[test]
fn a_classifier_is_written_with_its_data_and_seed() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let ended = project.run("classifier --data images --epochs 2 --hidden 8,6 --seed 3 --out c").succeeds();
    assert!(ended.stdout.contains("784-8-6-10"), "{}", ended.stdout);
    let file = ClassifierFile::read(&project.path("c")).expect("the classifier");
    assert!(file.data.ends_with("images") && file.seed == 3, "{file:?}");
}

#[test]
fn the_same_seed_trains_the_same_bytes_with_any_number_of_threads() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    for (threads, out) in [(1, "one"), (3, "three")] {
        let call = format!("classifier --data images --epochs 2 --threads {threads} --out {out}");
        project.run(&call).succeeds();
    }
    assert!(project.read("one") == project.read("three"));
}

#[test]
fn the_shipped_classifier_has_the_accuracy_that_it_states() {
    let Some(directory) = env::var_os("VAE_DATA").filter(|value| !value.is_empty()) else {
        println!("skipped: VAE_DATA names no directory with MNIST");
        return;
    };
    let test = vae_data::mnist::load_split(Path::new(&directory), vae_data::Split::Test).expect("MNIST");
    let file = shipped();
    let found = accuracy(&file.classifier, &test).expect("labelled test images");
    assert!(found >= 0.97 && (found - file.accuracy).abs() < 1e-4, "{found} instead of {}", file.accuracy);
}

#[test]
fn the_shipped_classifier_is_small() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/classifier.safetensors");
    assert!(fs::metadata(path).expect("the shipped classifier").len() < 450_000);
}
