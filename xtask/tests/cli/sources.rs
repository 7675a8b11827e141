//! `--data` beyond a single directory: named data sets, several sources, images without labels, transposed images; and
//! that the data recorded in a model is found again.

use std::{env, fs};

use vae_data::{Split, idx::IdxArray, mnist};

use crate::project::{Project, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, offline};

/// A very short training on the data that follows.
const TRAIN: &str = "train --hidden 16 --latent 3 --epochs 1 --validation 20 --run a --data";

/// The data that is recorded in the run `a`.
fn recorded(project: &Project) -> String {
    let source = &project.toml("a/config.toml")["data"]["source"];
    source.as_str().expect("a text").to_owned()
}

/// The −ELBO of the run `a` on the data in these arguments, or on the data that it was trained on.
fn neg_elbo(project: &Project, arguments: &str) -> f64 {
    let ended = project.run(&format!("eval --json --run a {arguments}")).succeeds();
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    report["neg_elbo"].as_f64().expect("a number")
}

/// Writes the images of [`Project::write_images`] with the file names of EMNIST.
fn write_emnist(project: &Project, part: &str, height: usize, width: usize) {
    let directory = format!("data/emnist-{part}");
    project.write_images(&directory, height, width);
    for (name, own) in [
        (TRAIN_IMAGES, "train-images-idx3-ubyte"),
        (TRAIN_LABELS, "train-labels-idx1-ubyte"),
        (TEST_IMAGES, "test-images-idx3-ubyte"),
        (TEST_LABELS, "test-labels-idx1-ubyte"),
    ] {
        let at = |name: &str| project.path(format!("{directory}/{name}"));
        fs::rename(at(name), at(&format!("emnist-{part}-{own}"))).expect("a file of its own name");
    }
}

/// Exchanges rows and columns of the images of a directory.
fn transpose(project: &Project, directory: &str) {
    for (split, name) in [(Split::Train, TRAIN_IMAGES), (Split::Test, TEST_IMAGES)] {
        let set = mnist::load_split(&project.path(directory), split).expect("images").transposed();
        let shape = vec![set.len(), set.height(), set.width()];
        let data = set.images().iter().copied().collect();
        project.write(format!("{directory}/{name}"), IdxArray { shape, data }.to_bytes());
    }
}

#[test]
fn images_of_any_size_are_learned() {
    for (height, width) in [(8, 8), (16, 20)] {
        let project = Project::new();
        project.write_images("images", height, width);
        project.run(&format!("{TRAIN} images")).succeeds();
        assert!(neg_elbo(&project, "").is_finite());
        project.run("grid --run a --out x.png").succeeds();
    }
}

#[test]
fn a_known_set_is_taken_from_its_directory_by_its_name() {
    for name in ["fashion-mnist", "kmnist"] {
        let project = Project::new();
        project.write_images(&format!("data/{name}"), 28, 28);
        let ended = project.run(&format!("{TRAIN} {name}")).succeeds();
        assert!(ended.stderr.contains(&format!("data: {name}, 60 training and 20 test")), "{}", ended.stderr);
        assert_eq!(recorded(&project), name);
        assert_eq!(neg_elbo(&project, ""), neg_elbo(&project, &format!("--data data/{name}")));
    }
}

#[test]
fn an_alias_is_recorded_by_its_full_name() {
    let project = Project::new();
    project.write_images("data/fashion-mnist", 28, 28);
    project.run(&format!("{TRAIN} fashion")).succeeds();
    assert_eq!(recorded(&project), "fashion-mnist");
}

#[test]
fn emnist_is_transposed_by_its_name() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    write_emnist(&project, "letters", 20, 14);
    let ended = project.run(&format!("{TRAIN} emnist-letters")).succeeds();
    assert!(ended.stderr.contains("of 14 x 20"), "{}", ended.stderr);
    assert_eq!(neg_elbo(&project, ""), neg_elbo(&project, "--data images:transposed"));
}

#[test]
fn a_known_set_that_cannot_be_downloaded_has_no_fallback() {
    for name in ["kmnist", "emnist-digits"] {
        let project = Project::new();
        let mut command = project.command(&format!("{TRAIN} {name}"));
        offline(&mut command);
        let message = project.start(command).wait().fails();
        for part in [&format!("{name} is not available")[..], "--data digits", "no mirror delivered"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!project.path("a").exists());
    }
}

#[test]
fn a_known_set_without_its_labels_is_not_complete() {
    let project = Project::new();
    project.write_images("data/kmnist", 28, 28);
    fs::remove_file(project.path("data/kmnist").join(TEST_LABELS)).expect("labels");
    let mut command = project.command(&format!("{TRAIN} kmnist"));
    offline(&mut command);
    project.start(command).wait().fails_saying(&["kmnist is not available", "found no test labels", "MD5"]);
}

#[test]
fn mnist_in_the_directory_of_another_set_is_refused() {
    let Some(directory) = env::var_os("VAE_DATA").filter(|value| !value.is_empty()) else {
        println!("skipped: VAE_DATA names no directory with MNIST");
        return;
    };
    let project = Project::new();
    for entry in fs::read_dir(directory).expect("the directory of MNIST") {
        let entry = entry.expect("an entry of the directory");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        project.write(format!("data/kmnist/{name}"), fs::read(entry.path()).expect("a file of MNIST"));
    }
    project.run(&format!("{TRAIN} kmnist")).fails_saying(&["data/kmnist", "holds MNIST, not kmnist"]);
}

#[test]
fn images_without_labels_are_learned_measured_and_drawn() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    for name in [TRAIN_LABELS, TEST_LABELS] {
        fs::remove_file(project.path("images").join(name)).expect("labels");
    }
    let ended = project.run(&format!("{TRAIN} images")).succeeds();
    assert!(ended.stderr.contains("20 test images of 20 x 14, without labels"), "{}", ended.stderr);
    assert!(neg_elbo(&project, "").is_finite());
    project.run("grid --run a --kind reconstructions --out x.png").succeeds();
    project.run("grid --run a --out y.png").succeeds();
}

#[test]
fn labels_may_be_any_byte() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    let labels = IdxArray { shape: vec![60], data: (196..=255).collect() };
    project.write(format!("images/{TRAIN_LABELS}"), labels.to_bytes());
    project.run(&format!("{TRAIN} images")).succeeds();
}

#[test]
fn transposed_images_are_learned_upright() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    project.write_images("turned", 20, 14);
    transpose(&project, "turned");
    let ended = project.run(&format!("{TRAIN} turned:transposed")).succeeds();
    assert!(ended.stderr.contains("of 20 x 14"), "{}", ended.stderr);
    assert!(recorded(&project).ends_with("/turned:transposed"), "{}", recorded(&project));
    assert_eq!(neg_elbo(&project, ""), neg_elbo(&project, "--data images"));
}

#[test]
fn a_run_on_transposed_images_is_resumed_with_them() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    project.run(&format!("{TRAIN} images:transposed --schedule constant")).succeeds();
    project.run("train --run a --resume --epochs 2").succeeds();
    project.run("train --run a --resume --epochs 3 --data images").fails_saying(&["cannot resume a"]);
}

#[test]
fn several_sources_are_joined_and_found_again() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.write_images("data/kmnist", 28, 28);
    let ended = project.run(&format!("{TRAIN} images,kmnist,digits:300 --schedule constant")).succeeds();
    assert!(ended.stderr.contains("420 training and 90 test images of 28 x 28"), "{}", ended.stderr);
    let source = recorded(&project);
    assert!(source.ends_with("/images,kmnist,digits:300"), "{source}");
    let ended = project.run("eval --run a --json").succeeds();
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((&report["data"], &report["images"]), (&source.into(), &90.into()));
    project.run("grid --run a --kind reconstructions --out x.png").succeeds();
    project.run("train --run a --resume --epochs 2").succeeds();
}

#[test]
fn a_run_is_not_resumed_with_its_sources_in_another_order() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.run(&format!("{TRAIN} images,digits:300 --schedule constant")).succeeds();
    project
        .run("train --run a --resume --epochs 2 --data digits:300,images")
        .fails_saying(&["cannot resume a"]);
}

#[test]
fn sources_with_images_of_different_sizes_are_named() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    project.run(&format!("{TRAIN} digits:300,images")).fails_saying(&[
        "28 x 28 in digits",
        "20 x 14 in ",
        "/images",
    ]);
    assert!(!project.path("a").exists());
}

#[test]
fn joined_images_have_labels_only_if_each_source_has_them() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let ended = project.run(&format!("{TRAIN} images,digits:300")).succeeds();
    assert!(!ended.stderr.contains("without labels"), "{}", ended.stderr);
    fs::remove_file(project.path("images").join(TRAIN_LABELS)).expect("labels");
    let ended = project.run(&format!("{TRAIN} images,digits:300").replace("run a", "run b")).succeeds();
    assert!(ended.stderr.contains("without labels"), "{}", ended.stderr);
}

#[test]
fn a_directory_may_have_a_comma_in_its_name() {
    let project = Project::new();
    project.write_images("mine,yours", 28, 28);
    project.run(&format!("{TRAIN} mine,yours,digits:300")).succeeds();
    assert!(recorded(&project).ends_with("/mine,yours,digits:300"), "{}", recorded(&project));
    assert!(neg_elbo(&project, "").is_finite());
}

#[test]
fn the_missing_one_of_several_sources_is_named() {
    let project = Project::new();
    project.run(&format!("{TRAIN} digits,emnits")).refuses_usage_saying(&[
        "emnits",
        "neither a name",
        "nor a directory of IDX files",
    ]);
}

#[test]
fn a_mistyped_source_is_an_error_before_another_is_downloaded() {
    let project = Project::new();
    project.run(&format!("{TRAIN} kmnist,emnits")).refuses_usage_saying(&["emnits", "neither a name"]);
    assert!(!project.path("data/kmnist").exists());
}

#[test]
fn nothing_between_two_commas_is_refused() {
    let ended = Project::new().run(&format!("{TRAIN} digits,,digits"));
    ended.refuses_usage_saying(&["digits,,digits", "found nothing"]);
}
