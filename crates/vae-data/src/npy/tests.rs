//! Small arrays in every accepted form, and damaged ones.

use std::fs;

use proptest::prelude::{any, prop_assert, proptest};
use tempfile::TempDir;

use super::*;
use crate::error::chain;

/// A file of version 1, as `numpy.save` writes it.
fn npy(descr: &str, fortran_order: bool, shape: &str, elements: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    with_header(&format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"), elements)
}

fn with_header(header: &str, elements: &[u8]) -> Vec<u8> {
    let mut header = header.to_owned();
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), elements].concat()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn load_bytes(bytes: &[u8]) -> Result<Splits, DataError> {
    load_with_labels(bytes, None)
}

fn load_with_labels(bytes: &[u8], labels: Option<&[u8]>) -> Result<Splits, DataError> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.npy");
    fs::write(&path, bytes).unwrap();
    if let Some(labels) = labels {
        fs::write(dir.path().join("x_labels.npy"), labels).unwrap();
    }
    load(&path, 1)
}

/// All images, sorted, whichever part they are in.
fn all(splits: &Splits) -> Vec<Vec<u8>> {
    let sets = [&splits.train, &splits.test];
    let mut all: Vec<_> = sets
        .iter()
        .flat_map(|set| set.images().outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    all
}

fn error(bytes: &[u8]) -> String {
    chain(&load_bytes(bytes).unwrap_err())
}

#[test]
fn bytes_of_two_and_of_three_dimensions_are_images() {
    let pixels: Vec<u8> = (0..24).collect();
    let splits = load_bytes(&npy("|u1", false, "(4, 2, 3)", &pixels)).unwrap();
    assert_eq!(
        (splits.train.height(), splits.train.width(), splits.train.len(), splits.test.len()),
        (2, 3, 3, 1)
    );
    assert_eq!(all(&splits)[1], [6, 7, 8, 9, 10, 11]);
    let splits = load_bytes(&npy("|u1", false, "(6, 4)", &pixels)).unwrap();
    assert_eq!((splits.train.height(), splits.train.width()), (2, 2));
    let splits = load_bytes(&npy("|u1", false, "(4, 6)", &pixels)).unwrap();
    assert_eq!((splits.train.height(), splits.train.width()), (1, 6));
}

#[test]
fn floats_are_rounded_to_bytes() {
    let values = [0.0, 1.0, 0.5, 0.25, 0.001, 0.002];
    let expected = [[0, 1], [0, 255], [128, 64]];
    assert_eq!(all(&load_bytes(&npy("<f4", false, "(3, 2)", &floats(&values))).unwrap()), expected);
    let double: Vec<u8> = values.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
    assert_eq!(all(&load_bytes(&npy("<f8", false, "(3, 2)", &double)).unwrap()), expected);
    let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    assert_eq!(all(&load_bytes(&npy(">f4", false, "(3, 2)", &big)).unwrap()), expected);
    assert_eq!(
        all(&load_bytes(&npy("|b1", false, "(2, 2)", &[0, 1, 1, 1])).unwrap()),
        [[0, 255], [255, 255]]
    );
}

#[test]
fn fortran_order_gives_the_same_images() {
    // numpy.asfortranarray(numpy.arange(24).reshape(4, 2, 3)).tobytes('A')
    let pixels = [0, 6, 12, 18, 3, 9, 15, 21, 1, 7, 13, 19, 4, 10, 16, 22, 2, 8, 14, 20, 5, 11, 17, 23];
    let plain: Vec<u8> = (0..24).collect();
    let load = |order, pixels: &[u8]| load_bytes(&npy("|u1", order, "(4, 2, 3)", pixels)).unwrap();
    assert_eq!(load(true, &pixels), load(false, &plain));
}

#[test]
fn values_that_are_no_pixels_are_named_by_row_and_column() {
    for (value, text) in [(1.5, "1.5"), (-0.1, "-0.1"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let mut values = [0.5; 12];
        values[7] = value;
        let error = error(&npy("<f4", false, "(4, 3)", &floats(&values)));
        assert!(error.contains(&format!("found {text}")) && error.contains("row 2, column 1"), "{error}");
        assert!(error.contains("x.npy") && error.contains("between 0 (black) and 1 (white)"), "{error}");
    }
}

#[test]
fn labels_lie_beside_the_images() {
    let images = npy("|u1", false, "(12, 1)", &(0..12).collect::<Vec<u8>>());
    let wide: Vec<u8> = (0..12_i64).flat_map(|i| (3 + i % 2).to_le_bytes()).collect();
    let Splits { train, test } = load_with_labels(&images, Some(&npy("<i8", false, "(12,)", &wide))).unwrap();
    for set in [&train, &test] {
        let labels = set.labels().unwrap();
        assert!(set.images().iter().zip(labels).all(|(pixel, label)| 3 + pixel % 2 == *label));
        assert!(labels.contains(&3) && labels.contains(&4));
    }
    let refused = |descr, shape, bytes: &[u8]| {
        chain(&load_with_labels(&images, Some(&npy(descr, false, shape, bytes))).unwrap_err())
    };
    assert!(refused("|u1", "(11,)", &[0; 11]).contains("for each of 12 images, found 11"));
    assert!(refused("|u1", "(12, 1)", &[0; 12]).contains("labels of shape (N,)"));
    assert!(refused("|i1", "(12,)", &[255; 12]).contains("between 0 and 255, found -1"));
    assert!(refused("<f4", "(12,)", &[0; 48]).contains("integer"));
}

#[test]
fn shapes_and_types_that_are_no_images_are_refused() {
    for (descr, shape, elements, expected) in [
        ("|u1", "(4,)", 4, "found (4,)"),
        ("|u1", "()", 1, "found ()"),
        ("|u1", "(1, 2, 2, 1)", 4, "found (1, 2, 2, 1)"),
        ("|u1", "(0, 4)", 0, "at least one image"),
        ("|u1", "(4, 0)", 0, "at least one image"),
        ("<i8", "(1, 1)", 8, "found i64"),
        ("<u2", "(1, 1)", 2, "found u16"),
        ("<f2", "(1, 1)", 2, "u8, bool, f32 or f64"),
        ("|O", "(1, 1)", 8, "u8, bool, f32 or f64"),
        ("<c8", "(1, 1)", 8, "u8, bool, f32 or f64"),
        ("", "(1, 1)", 8, "u8, bool, f32 or f64"),
    ] {
        let error = error(&npy(descr, false, shape, &vec![0; elements]));
        assert!(error.contains(expected), "{descr} {shape}: {error}");
    }
}

#[test]
fn lengths_other_than_announced_are_refused_before_memory_is_asked_for() {
    for shape in ["(3, 4)", "(3, 6)", "(9999999999, 9999999999)", "(18446744073709551615, 2)"] {
        let error = error(&npy("|u1", false, shape, &[0; 13]));
        assert!(error.contains("according to the .npy header, found 141"), "{shape}: {error}");
    }
    let error = error(&npy("|u1", false, "(99999999999999999999, 2)", &[0; 13]));
    assert!(error.contains("a number of elements"), "{error}");
}

#[test]
fn damaged_headers_are_refused() {
    let rest = "'fortran_order': False, 'shape': (1, 1)";
    for (header, expected) in [
        (String::new(), r#"expected "{""#),
        ("{}".to_owned(), "the keys descr"),
        (format!("{{'descr': '|u1', {rest}"), r#"expected "}""#),
        (format!("{{'descr': '|u1', {rest}}} more"), "the end of the header"),
        (format!("{{'descr': '|u1', {rest}, {rest}}}"), "fortran_order twice"),
        (format!("{{'descr': '|u1', 'x': 1, {rest}}}"), "the keys descr"),
        (format!("{{'descr': [('a', '<f4')], {rest}}}"), "a text in quotes"),
        (format!("{{'descr': 'é', {rest}}}"), "u8, bool"),
        ("{'descr': '|u1', 'fortran_order': 0, 'shape': (1, 1)}".to_owned(), "True or False"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 1)}".to_owned(), "a number of elements"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}".to_owned(), r#"expected ")""#),
        (
            format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({})}}", "1, ".repeat(65)),
            "at most 64",
        ),
    ] {
        let error = error(&with_header(&header, &[0]));
        assert!(error.contains(expected) && error.lines().count() == 1, "{header}: {error}");
    }
}

#[test]
fn other_files_are_recognised() {
    let good = npy("|u1", false, "(2, 2)", &[0; 4]);
    let with = |at: usize, byte| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    assert!(error(b"").contains("empty"));
    assert!(error(b"<!doctype html>").contains("page"));
    assert!(error(b"PK\x03\x04 and more").contains(".npz"));
    assert!(error(b"P5 2 2 255 ....").contains("other bytes"));
    assert!(error(&with(6, 4)).contains("found 4.0"));
    assert!(error(&with(7, 1)).contains("found 1.1"));
    let mut long = good.clone();
    long.splice(6..10, [2, 0, 0xff, 0xff, 0xff, 0xff]);
    assert!(error(&long).contains("at most 65536 bytes"));
}

#[test]
fn later_versions_of_the_format_are_read() {
    let mut bytes = npy("|u1", false, "(2, 2)", &[1, 2, 3, 4]);
    let length = u32::from(u16::from_le_bytes([bytes[8], bytes[9]])).to_le_bytes();
    for version in [2, 3] {
        let mut later = bytes.clone();
        later.splice(6..10, [&[version, 0][..], &length].concat());
        assert_eq!(all(&load_bytes(&later).unwrap()), [[1, 2], [3, 4]]);
    }
    bytes.truncate(9);
    assert!(error(&bytes).contains("the end of the file"));
}

#[test]
fn every_truncation_is_refused() {
    let good = npy("|u1", false, "(2, 2)", &[1, 2, 3, 4]);
    assert!((0..good.len()).all(|length| load_bytes(&good[..length]).is_err()));
}

proptest! {
    #[test]
    fn no_damage_panics(at in 0_usize..140, byte in any::<u8>()) {
        let mut bytes = npy("<f4", true, "(2, 1, 1)", &floats(&[0.5, 0.25]));
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        if let Ok(splits) = load_bytes(&bytes) {
            prop_assert!(splits.train.len() <= 2);
        }
    }
}
