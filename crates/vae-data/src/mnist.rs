//! MNIST's layout: a directory of four IDX files, with images and labels to train on and to test on.
//!
//! Many private data sets come in these four files, so [`load`] takes images of any size, with or without labels. The
//! published ones, MNIST among them, are in [`known`](crate::known).

#[cfg(feature = "mnist")]
mod convert;
mod files;
mod survey;

use std::path::{Path, PathBuf};

use ndarray::Array2;

use self::files::locate;
use crate::{
    dataset::Dataset,
    error::DataError,
    idx::{self, IdxArray},
    splits::{Split, Splits},
};

pub use self::survey::{Survey, survey};
pub(crate) use self::{
    files::{FILES, FileKind, find, stem},
    survey::survey_named,
};

/// [`Dataset::fingerprint`] of MNIST's training set, to recognise it in any data that is loaded.
pub const TRAIN_FINGERPRINT: &str = "e7a85365ac4a5edf3c05a2a4becbfa8fc12f0a34d1c634775808dcbfb4906030";

/// [`Dataset::fingerprint`] of MNIST's test set.
pub const TEST_FINGERPRINT: &str = "6e70a09374fde91a7e29f51c7587e758589a98de83d43e6ba93e7ba8f8d67e94";

/// Loads training and test set from the IDX files of a directory.
///
/// A file may have either of the names in use, `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, with or
/// without `.gz`, and may be plain or gzip whatever its name; if there are several, plain names are preferred, then
/// those with a hyphen. A set without a file of labels is unlabelled. The files are read in parallel.
///
/// # Errors
/// [`DataError::MissingFile`] with the names that were looked for; [`DataError::File`] and [`DataError::Rank`] for a
/// file whose content is wrong; [`DataError::LabelCount`] and [`DataError::SplitSizes`] for files that do not belong
/// together.
pub fn load(dir: &Path) -> Result<Splits, DataError> {
    Splits::load(|split| load_split(dir, split))
}

/// Loads the training or the test set alone, from its files, as [`load`] loads both.
///
/// # Errors
/// Those of [`load`] that concern one set.
pub fn load_split(dir: &Path, split: Split) -> Result<Dataset, DataError> {
    load_named(dir, split, stem, Labels::Optional)
}

/// Whether a set must have labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Labels {
    /// A set without labels is accepted.
    Optional,
    /// A set without labels is incomplete.
    Required,
}

/// [`load_split`] with the file names of `stem`.
pub(crate) fn load_named(
    dir: &Path,
    split: Split,
    stem: impl Fn(Split, FileKind) -> String + Sync,
    labels: Labels,
) -> Result<Dataset, DataError> {
    let path = |kind| locate(dir, split, kind, &stem(split, kind));
    let read_labels = || match (path(FileKind::Labels), labels) {
        (Err(DataError::MissingFile { .. }), Labels::Optional) => Ok(None),
        (path, _) => read(path?, FileKind::Labels).map(Some),
    };
    let (images, labels) = rayon::join(|| read(path(FileKind::Images)?, FileKind::Images), read_labels);
    assemble(images?, labels?)
}

/// Reads one of the four files.
fn read(path: PathBuf, kind: FileKind) -> Result<IdxArray, DataError> {
    let array = idx::read(&path)?;
    kind.check_rank(&path, &array.shape)?;
    Ok(array)
}

/// Images (N, height, width) and labels (N) as a data set.
fn assemble(images: IdxArray, labels: Option<IdxArray>) -> Result<Dataset, DataError> {
    let [count, height, width] = images.shape[..] else { unreachable!("`read` checked the rank") };
    let images = Array2::from_shape_vec((count, height * width), images.data)
        .expect("an IDX array has as many elements as its shape says");
    Dataset::new(images, labels.map(|labels| labels.data), height, width)
}

#[cfg(test)]
mod tests;
