//! `data` and `--data`: sources of images, and invalid data directories.

use std::{env, ffi::OsString};

use vae_data::idx::IdxArray;

use crate::project::{Project, TEST_IMAGES, TRAIN_IMAGES, TRAIN_LABELS, offline};

/// A very short training on the four files in `images`.
const TRAIN: &str = "train --data images --hidden 16 --latent 3 --epochs 1 --validation 20 --run a";

/// A project with one invalid file in the directory `images`.
fn spoiled(name: &str, bytes: &[u8]) -> Project {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.write(format!("images/{name}"), bytes);
    project
}

/// The valid bytes of a file of `images`.
fn valid(name: &str) -> Vec<u8> {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.read(format!("images/{name}"))
}

fn real_mnist() -> Option<OsString> {
    let directory = env::var_os("VAE_DATA").filter(|value| !value.is_empty());
    if directory.is_none() {
        println!("skipped: VAE_DATA names no directory with MNIST");
    }
    directory
}

#[test]
fn a_directory_of_idx_files_is_trained_on() {
    let project = Project::new();
    project.write_images("images", 20, 14);
    let ended = project.run(TRAIN).succeeds();
    assert!(ended.stderr.contains("60 training and 20 test images of 20 x 14"), "{}", ended.stderr);
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    Project::new().run(TRAIN).refuses_usage_saying(&["images", "neither a name", "nor a directory"]);
}

#[test]
fn an_empty_directory_is_named() {
    let project = Project::new();
    project.write("images/.keep", b"");
    project.run(TRAIN).fails_saying(&["images", "found no training images", TRAIN_IMAGES]);
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let project = Project::new();
    project.write("images", b"");
    project.run(TRAIN).fails_saying(&["images"]);
}

#[test]
fn an_empty_file_is_named() {
    spoiled(TRAIN_IMAGES, b"").run(TRAIN).fails_saying(&[TRAIN_IMAGES, "empty"]);
}

#[test]
fn a_truncated_file_is_named_with_both_lengths() {
    let bytes = valid(TEST_IMAGES);
    let (whole, half) = (bytes.len(), bytes.len() / 2);
    spoiled(TEST_IMAGES, &bytes[..half]).run(TRAIN).fails_saying(&[
        TEST_IMAGES,
        &format!("expected {whole} bytes"),
        &format!("found {half}"),
    ]);
}

#[test]
fn bytes_after_the_last_image_are_refused() {
    let mut bytes = valid(TRAIN_IMAGES);
    let whole = bytes.len();
    bytes.extend([0; 1000]);
    spoiled(TRAIN_IMAGES, &bytes)
        .run(TRAIN)
        .fails_saying(&[TRAIN_IMAGES, &format!("expected {whole} bytes")]);
}

#[test]
fn a_header_that_promises_more_than_there_is_is_refused() {
    let mut bytes = valid(TRAIN_IMAGES);
    bytes[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    spoiled(TRAIN_IMAGES, &bytes).run(TRAIN).fails_saying(&[TRAIN_IMAGES, "expected at most"]);
}

#[test]
fn other_first_bytes_are_named() {
    let mut bytes = valid(TRAIN_LABELS);
    bytes[0] = 0x50;
    spoiled(TRAIN_LABELS, &bytes).run(TRAIN).fails_saying(&[TRAIN_LABELS, "begins with 00 00", "50 00"]);
}

#[test]
fn an_html_page_with_the_name_of_an_archive_is_recognised() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    std::fs::remove_file(project.path("images").join(TRAIN_IMAGES)).expect("a file that is there");
    let name = format!("{TRAIN_IMAGES}.gz");
    project.write(format!("images/{name}"), b"<!DOCTYPE html><title>404</title>");
    project.run(TRAIN).fails_saying(&[&name, "HTML"]);
}

#[test]
fn a_wrong_number_of_labels_is_refused_with_both_numbers() {
    let labels = IdxArray { shape: vec![59], data: vec![1; 59] };
    spoiled(TRAIN_LABELS, &labels.to_bytes()).run(TRAIN).fails_saying(&["images", "60 images", "59 labels"]);
}

#[test]
fn labels_in_place_of_images_are_refused() {
    spoiled(TRAIN_IMAGES, &valid(TRAIN_LABELS)).run(TRAIN).fails_saying(&[
        TRAIN_IMAGES,
        "3 dimensions",
        "found 1",
    ]);
}

#[test]
fn test_images_of_another_size_are_refused() {
    let other = IdxArray { shape: vec![20, 14, 14], data: vec![0; 20 * 14 * 14] };
    spoiled(TEST_IMAGES, &other.to_bytes()).run(TRAIN).fails_saying(&["images", "28 x 28", "14 x 14"]);
}

#[test]
fn a_wrong_directory_in_the_environment_is_an_error() {
    let project = Project::new();
    let mut command = project.command("train --data auto --epochs 1 --run a");
    command.env("VAE_DATA", "missing");
    project.start(command).wait().fails_saying(&["VAE_DATA", "missing", TRAIN_IMAGES]);
}

#[test]
fn other_images_are_not_mistaken_for_mnist() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let mut command = project.command("train --data mnist --epochs 1 --run a");
    command.env("VAE_DATA", "images");
    project.start(command).wait().fails_saying(&["images", "images other than MNIST", "--data"]);
}

#[test]
fn real_mnist_is_recorded_by_its_name_in_any_directory() {
    let Some(directory) = real_mnist() else { return };
    let project = Project::new();
    let flags = "--hidden 8 --latent 2 --batch 1000 --epochs 1 --run a";
    let mut command = project.command(&format!("train {flags} --data"));
    command.arg(directory);
    project.start(command).wait().succeeds();
    assert_eq!(project.toml("a/config.toml")["data"]["source"].as_str(), Some("mnist"));
}

#[test]
fn real_mnist_is_verified() {
    let Some(directory) = real_mnist() else { return };
    let project = Project::new();
    let mut command = project.command("data verify");
    command.env("VAE_DATA", directory);
    let ended = project.start(command).wait().succeeds();
    assert_eq!(ended.stdout.matches("matches the published checksum").count(), 4, "{}", ended.stdout);
}

#[test]
fn a_directory_without_mnist_is_not_verified() {
    let project = Project::new();
    project
        .run("data verify --dir missing")
        .fails_saying(&["missing does not hold mnist", "data fetch mnist"]);
}

#[test]
fn other_images_are_not_verified() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let ended = project.run("data verify --dir images").exits_with(1);
    assert_eq!(ended.stdout.matches("expected SHA-256").count(), 4, "{}", ended.stdout);
}

#[test]
fn several_data_sets_are_verified_each_in_its_directory() {
    let project = Project::new();
    project.write_images("data/kmnist", 28, 28);
    let ended = project.run("data verify kmnist fashion").exits_with(1);
    assert!(ended.stdout.contains("kmnist in data/kmnist"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("complete IDX file").count(), 4, "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("missing").count(), 4, "{}", ended.stdout);
    ended.fails_saying(&["data/fashion-mnist does not hold fashion-mnist", "data fetch fashion-mnist"]);
}

#[test]
fn a_packed_file_of_another_md5_is_not_verified() {
    let project = Project::new();
    project.write("data/kmnist/t10k-labels-idx1-ubyte.gz", [0x1f, 0x8b, 8, 0]);
    let ended = project.run("data verify kmnist").exits_with(1);
    let expected = "t10k-labels-idx1-ubyte: expected MD5 7320c461ea6c1c855c0b718fb2a4b134, found ";
    assert!(ended.stdout.contains(expected), "{}", ended.stdout);
}

#[test]
fn a_file_in_the_way_of_a_download_is_named() {
    let project = Project::new();
    project.write_images("data/fashion-mnist", 28, 28);
    let before = project.files("data");
    project.run("data fetch fashion-mnist").fails_saying(&[TRAIN_IMAGES, "MD5 8d4fb7e6", "move it away"]);
    assert!(project.files("data") == before);
}

#[test]
fn a_download_without_an_answer_names_the_servers() {
    let project = Project::new();
    for (set, address) in [
        ("mnist", "ossci-datasets"),
        ("fashion", "fashion-mnist.s3-website"),
        ("emnist-letters", "biometrics.nist.gov/cs_links/EMNIST/gzip.zip"),
    ] {
        let mut command = project.command(&format!("data fetch {set}"));
        offline(&mut command);
        let message = project.start(command).wait().fails();
        assert!(message.contains("no mirror delivered") && message.contains(address), "{message}");
    }
}

#[test]
fn the_list_names_every_source_even_without_mnist() {
    let ended = Project::new().run("data list").succeeds();
    for source in ["VAE_DATA", "data/mnist", "fashion-mnist", "kmnist", "emnist-byclass", "digits", "DIR"] {
        assert!(ended.stdout.contains(source), "{source}: {}", ended.stdout);
    }
}

#[test]
fn the_list_has_number_size_and_directory_of_the_images() {
    let project = Project::new();
    project.write_images("data/kmnist", 20, 14);
    let ended = project.run("data list").succeeds();
    let expected = "60 training and 20 test images of 20 x 14 in data/kmnist";
    assert!(ended.stdout.contains(expected), "{}", ended.stdout);
}

#[test]
fn the_list_has_the_command_that_fetches_a_missing_data_set() {
    let project = Project::new();
    std::fs::create_dir_all(project.path("data/kmnist")).expect("a directory");
    let ended = project.run("data list").succeeds();
    for name in ["kmnist", "fashion-mnist"] {
        let expected = format!("not in data/{name}; 'cargo xtask data fetch {name}' downloads it");
        assert!(ended.stdout.contains(&expected), "{}", ended.stdout);
    }
}

#[test]
fn the_list_has_the_error_of_an_invalid_data_set() {
    let project = Project::new();
    project.write_images("data/kmnist", 20, 14);
    project.write(format!("data/kmnist/{TEST_IMAGES}"), b"<html>");
    let ended = project.run("data list").succeeds();
    assert!(ended.stdout.contains(&format!("data/kmnist/{TEST_IMAGES}: ")), "{}", ended.stdout);
}
