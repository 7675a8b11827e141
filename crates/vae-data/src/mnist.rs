//! MNIST, and whatever else lies in a directory under MNIST's file names: images and labels, to train on and to test.
//!
//! Fashion-MNIST, Kuzushiji-MNIST and many a private data set come in these four files, so [`load`] takes images of any
//! size. Whether the files hold MNIST itself is another question, and [`verify()`] answers it.

#[cfg(feature = "mnist")]
mod convert;
mod files;
mod verify;

use std::path::Path;

use ndarray::Array2;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::idx::{self, IdxArray};
use crate::splits::{Split, Splits};

#[cfg(feature = "download")]
pub(crate) use files::{FILES, FileSpec};
pub(crate) use files::{Part, find, names, stem};
pub use verify::{FileCheck, FileState, TEST_FINGERPRINT, TRAIN_FINGERPRINT, verify};
#[cfg(feature = "download")]
pub(crate) use verify::{check, content_sha256};

/// Loads training and test set from the four IDX files of a directory.
///
/// A file may have either of the names in use, `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, with or without
/// `.gz`, and may be plain or gzip whatever its name; of several, the first in this order is taken, plain names first.
/// All four files are needed. They are read in parallel.
///
/// # Errors
/// [`DataError::MissingFile`] with the names that were looked for; [`DataError::File`] and [`DataError::Rank`] for a
/// file that is not what it should be; [`DataError::LabelCount`] and [`DataError::SplitSizes`] for files that do not
/// belong together.
pub fn load(dir: &Path) -> Result<Splits, DataError> {
    Splits::load(|split| load_split(dir, split))
}

/// Loads the training or the test set alone, from its two files, as [`load`] loads both.
///
/// # Errors
/// Those of [`load`] that concern one set.
pub fn load_split(dir: &Path, split: Split) -> Result<Dataset, DataError> {
    let (images, labels) = rayon::join(|| read(dir, split, Part::Images), || read(dir, split, Part::Labels));
    assemble(images?, labels?)
}

/// Finds and reads one of the four files.
fn read(dir: &Path, split: Split, part: Part) -> Result<IdxArray, DataError> {
    let stem = stem(split, part);
    let path = find(dir, stem).ok_or_else(|| DataError::MissingFile {
        dir: dir.to_owned(),
        what: format!("{} {}", if split == Split::Train { "training" } else { "test" }, part.name()),
        names: names(stem).into(),
    })?;
    let array = idx::read(&path)?;
    let (expected, found) = (part.rank(), array.shape.len());
    if found == expected {
        Ok(array)
    } else {
        Err(DataError::Rank { path, what: part.name(), expected, found })
    }
}

/// Images (N, height, width) and labels (N) as a data set.
fn assemble(images: IdxArray, labels: IdxArray) -> Result<Dataset, DataError> {
    let [count, height, width] = images.shape[..] else { unreachable!("`read` checked the rank") };
    let images = Array2::from_shape_vec((count, height * width), images.data)
        .expect("an IDX array has as many elements as its shape says");
    Dataset::new(images, Some(labels.data), height, width)
}

#[cfg(test)]
mod tests;
