//! An array of `numpy.save` as a data set.
//!
//! ```text
//! NAME.npy         (N, H, W), or (N, D): square images if D is a square, else one row; of u8 in 0..=255, bool,
//!                  or f32 or f64 in [0, 1], which become bytes: 255 times the value, rounded
//! NAME_labels.npy  (N) integers in 0..=255, if there is such a file
//! ```
//!
//! A sixth of the images, of each class if there are labels, is set apart to test with.

mod header;
mod read;

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};

use self::{
    header::Element,
    read::{RawArray, read},
};
use crate::{
    dataset::Dataset,
    error::{DataError, FormatError},
    splits::Splits,
    test_share::is_test,
};

/// Whether a path has the name of an array.
pub fn is_named_as_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Loads the images of a file, and their labels from `NAME_labels.npy` beside it if that exists.
///
/// `seed` decides which images are set apart to test with. Images come in the order of the file. It may have 1 GiB.
///
/// # Errors
/// [`DataError::File`] for a file that is not such an array: see [`FormatError::Npy`], [`FormatError::NpyLength`] and
/// [`FormatError::NpyValue`]. [`DataError::LabelCount`] for labels of another number.
pub fn load(path: &Path, seed: u64) -> Result<Splits, DataError> {
    let in_file = |error| DataError::file(path, error);
    let array = read(path).map_err(in_file)?;
    let (height, width) = image_size(&array.shape).map_err(in_file)?;
    let images = bytes(array).map_err(in_file)?;
    let labels = labels_path(path)
        .filter(|path| path.exists())
        .map(|path| read(&path).and_then(labels).map_err(|error| DataError::file(&path, error)));
    let labels = labels.transpose()?;
    if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != images.nrows()) {
        return Err(DataError::LabelCount { images: images.nrows(), labels: labels.len() });
    }
    let of_all = labels.clone().unwrap_or_else(|| vec![0; images.nrows()]);
    let is_test = is_test(of_all, seed);
    let part = |test: bool| {
        let indices: Vec<usize> = (0..images.nrows()).filter(|&index| is_test[index] == test).collect();
        let labels = labels.as_ref().map(|labels| indices.iter().map(|&index| labels[index]).collect());
        Dataset::new(images.select(Axis(0), &indices), labels, height, width)
    };
    Splits::new(part(false)?, part(true)?)
}

/// `dir/a.npy` ─► `dir/a_labels.npy`
fn labels_path(path: &Path) -> Option<PathBuf> {
    let mut name = path.file_stem()?.to_owned();
    name.push("_labels.npy");
    Some(path.with_file_name(name))
}

/// Height and width of the images of an array.
fn image_size(shape: &[usize]) -> Result<(usize, usize), FormatError> {
    let size = match *shape {
        [_, pixels] => match pixels.isqrt() {
            side if side * side == pixels => (side, side),
            _ => (1, pixels),
        },
        [_, height, width] => (height, width),
        _ => return Err(FormatError::npy("images of shape (N, D) or (N, H, W)", shape_text(shape))),
    };
    if shape.contains(&0) {
        return Err(FormatError::npy("at least one image of one pixel", shape_text(shape)));
    }
    Ok(size)
}

/// The images, (N, D).
fn bytes(array: RawArray) -> Result<Array2<u8>, FormatError> {
    const RANGE: &str = "floats between 0 (black) and 1 (white)";
    let unit = |value: f64, row, column| {
        if (0.0..=1.0).contains(&value) {
            Ok((value * 255.0).round() as u8)
        } else {
            Err(FormatError::NpyValue { expected: RANGE, value, row, column })
        }
    };
    match array.element {
        Element::Unsigned(1) => array.map(|bytes, _, _| Ok(bytes[0])),
        Element::Bool => array.map(|bytes, row, column| match bytes[0] {
            0 => Ok(0),
            1 => Ok(255),
            other => {
                let (expected, value) = ("bool of 0 or 1", f64::from(other));
                Err(FormatError::NpyValue { expected, value, row, column })
            }
        }),
        Element::Float(_) => array.map(|bytes, row, column| unit(float(bytes), row, column)),
        Element::Unsigned(_) | Element::Signed(_) => {
            Err(FormatError::npy("elements of type u8, bool, f32 or f64", array.element.to_string()))
        }
    }
}

/// Labels, (N).
fn labels(array: RawArray) -> Result<Vec<u8>, FormatError> {
    if array.shape.len() != 1 {
        return Err(FormatError::npy("labels of shape (N,)", shape_text(&array.shape)));
    }
    let element = array.element;
    let labels = array.map(|bytes, row, column| {
        let value = match element {
            Element::Unsigned(_) => unsigned(bytes) as f64,
            Element::Signed(_) => signed(bytes) as f64,
            Element::Bool => f64::from(bytes[0]),
            Element::Float(_) => {
                return Err(FormatError::npy("labels of an integer type", element.to_string()));
            }
        };
        let label = (0.0..=255.0).contains(&value).then_some(value as u8);
        label.ok_or(FormatError::NpyValue { expected: "labels between 0 and 255", value, row, column })
    })?;
    Ok(labels.into_raw_vec_and_offset().0)
}

/// The number in the little-endian bytes of an `f32` or `f64`.
fn float(bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("floats of 4 or 8 bytes only"),
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (unsigned(bytes) << unused) as i64 >> unused
}

/// `(3, 28, 28)`, as Python writes it.
fn shape_text(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
    format!("({}{})", sides.join(", "), if shape.len() == 1 { "," } else { "" })
}

#[cfg(test)]
mod tests;
