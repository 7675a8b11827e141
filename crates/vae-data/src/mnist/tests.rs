//! The module's behaviour, one fact a test: well-formed input first, then one malformed input for each error.

use std::{env, fs, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::error::FormatError;

/// An array filled with one byte.
fn array(shape: &[usize], byte: u8) -> IdxArray {
    IdxArray { shape: shape.to_vec(), data: vec![byte; shape.iter().product()] }
}

/// A directory with three images of 2 x 5 to train on and two to test.
fn directory() -> TempDir {
    let dir = TempDir::new().unwrap();
    put(&dir, "train-images-idx3-ubyte", &array(&[3, 2, 5], 11));
    put(&dir, "train-labels-idx1-ubyte", &array(&[3], 1));
    put(&dir, "t10k-images-idx3-ubyte", &array(&[2, 2, 5], 22));
    put(&dir, "t10k-labels-idx1-ubyte", &array(&[2], 2));
    dir
}

fn put(dir: &TempDir, name: &str, array: &IdxArray) {
    fs::write(dir.path().join(name), array.to_bytes()).unwrap();
}

fn rename(dir: &TempDir, from: &str, to: &str) {
    fs::rename(dir.path().join(from), dir.path().join(to)).unwrap();
}

#[test]
fn images_of_any_size_load_with_their_labels() {
    let Splits { train, test } = load(directory().path()).unwrap();
    assert_eq!((train.len(), train.height(), train.width()), (3, 2, 5));
    assert_eq!((test.len(), test.height(), test.width()), (2, 2, 5));
    assert_eq!((train.images()[[2, 9]], test.images()[[1, 9]]), (11, 22));
    assert_eq!((train.labels(), test.labels()), (Some(&[1, 1, 1][..]), Some(&[2, 2][..])));
}

#[test]
fn a_split_loaded_alone_is_that_of_both() {
    let dir = directory();
    let both = load(dir.path()).unwrap();
    assert_eq!(load_split(dir.path(), Split::Train).unwrap(), both.train);
    assert_eq!(load_split(dir.path(), Split::Test).unwrap(), both.test);
}

#[test]
fn a_split_loaded_alone_needs_no_file_of_the_other() {
    let dir = directory();
    fs::remove_file(dir.path().join("train-images-idx3-ubyte")).unwrap();
    fs::write(dir.path().join("train-labels-idx1-ubyte"), "damaged").unwrap();
    assert_eq!(load_split(dir.path(), Split::Test).unwrap().len(), 2);
}

#[test]
fn names_with_hyphen_and_dot_may_be_mixed() {
    let dir = directory();
    rename(&dir, "train-images-idx3-ubyte", "train-images.idx3-ubyte");
    rename(&dir, "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte.gz");
    assert_eq!(load(dir.path()).unwrap(), load(directory().path()).unwrap());
}

#[test]
fn a_missing_test_set_is_named_with_all_the_names_it_could_have() {
    let dir = directory();
    fs::remove_file(dir.path().join("t10k-images-idx3-ubyte")).unwrap();
    let message = load(dir.path()).unwrap_err().to_string();
    let expected = "found no test images, looked for t10k-images-idx3-ubyte, t10k-images.idx3-ubyte, \
                    t10k-images-idx3-ubyte.gz, t10k-images.idx3-ubyte.gz";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn images_need_no_labels() {
    let dir = directory();
    fs::remove_file(dir.path().join("train-labels-idx1-ubyte")).unwrap();
    let splits = load(dir.path()).unwrap();
    assert_eq!((splits.train.labels(), splits.test.labels()), (None, Some(&[2, 2][..])));
}

#[test]
fn labels_must_be_valid_if_there_are_any() {
    let dir = directory();
    fs::write(dir.path().join("train-labels-idx1-ubyte"), "").unwrap();
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, DataError::File { source: FormatError::Empty, .. }), "{error}");
}

#[test]
fn the_error_of_the_first_file_is_reported() {
    let dir = TempDir::new().unwrap();
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::MissingFile { what, .. } if what == "training images"), "{error}");
}

#[test]
fn labels_in_place_of_images_are_refused() {
    let dir = directory();
    put(&dir, "train-images-idx3-ubyte", &array(&[3], 1));
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, DataError::Rank { what: "images", expected: 3, found: 1, .. }), "{error}");
}

#[test]
fn a_label_missing_is_refused() {
    let dir = directory();
    put(&dir, "t10k-labels-idx1-ubyte", &array(&[1], 2));
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, DataError::LabelCount { images: 2, labels: 1 }), "{error}");
}

#[test]
fn a_test_set_of_another_image_size_is_refused() {
    let dir = directory();
    put(&dir, "t10k-images-idx3-ubyte", &array(&[2, 5, 2], 22));
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(error, DataError::SplitSizes { train: (2, 5), test: (5, 2) }), "{error}");
}

#[test]
fn a_damaged_file_is_named() {
    let dir = directory();
    let path = dir.path().join("t10k-labels-idx1-ubyte");
    fs::write(&path, "<!DOCTYPE html><title>404</title>").unwrap();
    let error = load(dir.path()).unwrap_err();
    assert!(
        matches!(&error, DataError::File { path: found, source: FormatError::Page } if *found == path),
        "{error}"
    );
}

#[test]
fn the_real_mnist_has_its_known_size_and_first_digits() {
    let Some(dir) = env::var_os("VAE_DATA").filter(|dir| !dir.is_empty()).map(PathBuf::from) else {
        println!("skipped: VAE_DATA names no directory with MNIST to load");
        return;
    };
    let Splits { train, test } = load(&dir).unwrap();
    assert_eq!((train.len(), test.len(), train.height(), train.width()), (60_000, 10_000, 28, 28));
    assert_eq!(train.labels().unwrap()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(test.labels().unwrap()[..5], [7, 2, 1, 0, 4]);
}
