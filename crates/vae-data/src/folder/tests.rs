//! Folders of small pictures, in every arrangement, right and wrong.

use std::fs;

use image::{GrayImage, Luma};
use tempfile::TempDir;

use super::*;
use crate::error::chain;

/// A folder of pictures of 3 x 2 pixels, each filled with the grey that is given with its name.
fn folder(pictures: &[(&str, u8)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, grey) in pictures {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_pixel(2, 3, Luma([*grey])).save(path).unwrap();
    }
    dir
}

/// The grey of each image.
fn greys(set: &Dataset) -> Vec<u8> {
    set.images().column(0).to_vec()
}

/// `count` pictures of each class, each of another grey.
fn classes(count: u8) -> TempDir {
    let names: Vec<(String, u8)> = ["b", "a", "c"]
        .into_iter()
        .zip(0..)
        .flat_map(|(class, i)| (0..count).map(move |n| (format!("{class}/{n:03}.png"), i * count + n)))
        .collect();
    folder(&names.iter().map(|(name, grey)| (name.as_str(), *grey)).collect::<Vec<_>>())
}

fn error(dir: &TempDir) -> String {
    chain(&load(dir.path(), 1).unwrap_err())
}

#[test]
fn subfolders_are_classes_in_the_order_of_their_names() {
    let Folder { splits, classes, .. } = load(classes(12).path(), 1).unwrap();
    assert_eq!(classes, ["a", "b", "c"]);
    let (images, labels) = (greys(&splits.train), splits.train.labels().unwrap());
    // Made in the order b, a, c, twelve of each.
    assert!(images.iter().zip(labels).all(|(grey, &label)| [1, 0, 2][usize::from(grey / 12)] == label));
    assert_eq!((splits.train.height(), splits.train.width()), (3, 2));
}

#[test]
fn a_sixth_of_each_class_is_set_apart_to_test_with() {
    let Folder { splits, .. } = load(classes(20).path(), 1).unwrap();
    let count = |set: &Dataset, label| set.labels().unwrap().iter().filter(|&&l| l == label).count();
    for label in 0..3 {
        assert_eq!((count(&splits.train, label), count(&splits.test, label)), (17, 3));
    }
    let mut together = [greys(&splits.train), greys(&splits.test)].concat();
    together.sort_unstable();
    assert_eq!(together, (0..60).collect::<Vec<u8>>());
}

#[test]
fn a_seed_always_sets_the_same_pictures_apart_and_another_seed_others() {
    let dir = classes(30);
    let test = |seed| greys(&load(dir.path(), seed).unwrap().splits.test);
    assert_eq!(test(1), test(1));
    assert_ne!(test(1), test(2));
}

#[test]
fn pictures_without_subfolders_have_no_labels() {
    let dir = folder(&[("2.png", 2), ("1.jpg", 1), ("3.jpeg", 3)]);
    let Folder { splits, classes, .. } = load(dir.path(), 1).unwrap();
    assert_eq!((splits.train.len(), splits.test.len(), classes.len()), (2, 1, 0));
    assert!(splits.train.labels().is_none());
}

#[test]
fn folders_named_train_and_test_are_taken_as_they_are() {
    let dir = folder(&[("train/x/1.png", 1), ("train/y/2.png", 2), ("test/x/3.png", 3), ("test/y/4.png", 4)]);
    let Folder { splits, classes, .. } = load(dir.path(), 1).unwrap();
    assert_eq!((greys(&splits.train), greys(&splits.test)), (vec![1, 2], vec![3, 4]));
    assert_eq!(classes, ["x", "y"]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let dir = classes(30);
    let read_by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| load(dir.path(), 1).unwrap())
    };
    assert_eq!(read_by(1), read_by(3));
}

#[test]
fn hidden_files_are_ignored() {
    let dir = folder(&[("1.png", 1), ("2.png", 2)]);
    fs::write(dir.path().join(".DS_Store"), "x").unwrap();
    assert_eq!(load(dir.path(), 1).unwrap().splits.train.len(), 1);
}

#[test]
fn a_picture_of_another_size_is_named_with_both_sizes() {
    let dir = folder(&[("1.png", 1), ("2.png", 2)]);
    GrayImage::new(5, 4).save(dir.path().join("3.png")).unwrap();
    let error = error(&dir);
    assert!(error.contains("3.png: expected") && error.contains("1.png"), "{error}");
    assert!(error.contains("3 x 2") && error.contains("4 x 5"), "{error}");
}

#[test]
fn pictures_of_any_size_are_brought_to_the_size_asked_for() {
    let dir = folder(&[("a/1.png", 1), ("a/2.png", 2), ("b/3.png", 3)]);
    GrayImage::from_pixel(50, 40, Luma([9])).save(dir.path().join("b/4.png")).unwrap();
    let Folder { splits: Splits { train, test }, .. } = load_resized(dir.path(), 1, (6, 5)).unwrap();
    assert_eq!((train.height(), train.width(), test.height(), test.width()), (6, 5, 6, 5));
    let mut all = [greys(&train), greys(&test)].concat();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 9]);
    let error = load_resized(dir.path(), 1, (0, 5)).unwrap_err();
    assert!(matches!(error, DataError::ResizedSize { height: 0, width: 5, images: 4, .. }), "{error}");
}

#[test]
fn labels_have_the_names_of_the_subfolders() {
    let Folder { splits, .. } = load(classes(12).path(), 1).unwrap();
    for set in [&splits.train, &splits.test] {
        assert_eq!([0, 1, 2].map(|label| set.class_names().name_of(label)), ["a", "b", "c"]);
    }
}

#[test]
fn pictures_in_colour_are_counted() {
    let dir = folder(&[("1.png", 1), ("2.png", 2)]);
    image::RgbImage::from_pixel(2, 3, image::Rgb([255, 0, 0])).save(dir.path().join("3.png")).unwrap();
    assert_eq!(load(dir.path(), 1).unwrap().coloured, 1);
}

#[test]
fn whether_the_test_set_was_divided_off_is_told() {
    assert!(load(classes(12).path(), 1).unwrap().is_divided);
    let dir = folder(&[("train/1.png", 1), ("test/1.png", 1)]);
    assert!(!load(dir.path(), 1).unwrap().is_divided);
}

#[test]
fn the_first_of_several_errors_is_reported() {
    let dir = folder(&[("000.png", 1)]);
    (1..50).for_each(|n| fs::write(dir.path().join(format!("{n:03}.png")), "none").unwrap());
    // Number 1 is read first, unless it is set apart to test with: then 2 is.
    let error = error(&dir);
    assert!(error.contains("001.png") || error.contains("002.png"), "{error}");
}

#[test]
fn a_file_that_is_not_a_picture_is_named() {
    let dir = folder(&[("a/1.png", 1), ("a/2.png", 2)]);
    fs::write(dir.path().join("a/notes.txt"), "x").unwrap();
    assert!(error(&dir).contains("notes.txt: expected a PNG or JPEG picture"), "{}", error(&dir));
}

#[test]
fn a_picture_beside_classes_is_refused() {
    let dir = folder(&[("a/1.png", 1), ("loose.png", 2)]);
    assert!(error(&dir).contains("loose.png: expected a folder"), "{}", error(&dir));
}

#[test]
fn folders_below_classes_are_refused() {
    let dir = folder(&[("a/b/1.png", 1)]);
    assert!(error(&dir).contains("b: expected a picture, found a folder"), "{}", error(&dir));
}

#[test]
fn a_folder_beside_train_and_test_is_refused() {
    let dir = folder(&[("train/1.png", 1), ("test/1.png", 1), ("validation/1.png", 1)]);
    assert!(error(&dir).contains("validation: expected nothing but"), "{}", error(&dir));
}

#[test]
fn a_test_set_of_other_classes_is_refused() {
    let dir = folder(&[("train/a/1.png", 1), ("test/b/1.png", 1)]);
    assert!(error(&dir).contains("(a), found b"), "{}", error(&dir));
}

#[test]
fn more_classes_than_labels_are_refused() {
    let dir = TempDir::new().unwrap();
    (0..257).for_each(|class| fs::create_dir(dir.path().join(format!("{class}"))).unwrap());
    assert!(error(&dir).contains("at most 256 classes, found 257"), "{}", error(&dir));
}

#[test]
fn a_folder_without_pictures_is_refused() {
    assert!(matches!(load(TempDir::new().unwrap().path(), 1), Err(DataError::NoPictures { .. })));
}

#[test]
fn a_missing_folder_is_named() {
    let dir = TempDir::new().unwrap();
    let error = chain(&load(&dir.path().join("none"), 1).unwrap_err());
    assert!(error.starts_with("cannot read ") && error.contains("none: "), "{error}");
}

#[test]
fn folders_of_pictures_are_distinguished_from_those_of_idx_files() {
    assert!(is_folder(folder(&[("a/1.png", 1)]).path()) && is_folder(folder(&[("1.png", 1)]).path()));
    let dir = folder(&[("1.png", 1)]);
    fs::write(dir.path().join("train-images-idx3-ubyte.gz"), "x").unwrap();
    assert!(!is_folder(dir.path()));
    assert!(!is_folder(TempDir::new().unwrap().path()) && !is_folder(&dir.path().join("none")));
}
