//! A folder of PNG and JPEG pictures as a data set.
//!
//! ```text
//! dir/a/*.png, dir/b/*.jpg            a class a subfolder; a sixth of each is set apart to test with
//! dir/train/a/*.png, dir/test/a/*.png classes, and training and test set apart already
//! dir/*.png, dir/train/*.png          no classes, no labels
//! ```
//!
//! The subfolders, sorted by name, are labels 0, 1, …. Pictures become grey bytes, 0 for black, without a change of
//! contrast or polarity. All must have one size. No file is skipped silently: any that is not a picture is an error,
//! except those whose names begin with a dot, which systems create.

mod list;

use std::path::{Path, PathBuf};

use ndarray::Array2;
use rayon::prelude::*;

use self::list::{Listing, Sample};
use crate::{
    content::DEFAULT_MAX_BYTES,
    dataset::Dataset,
    error::DataError,
    order::{all, fisher_yates},
    picture,
    splits::Splits,
    stream::stream,
};

/// One in this many pictures of a class is set apart to test with, and at least one if there are two or more.
const TEST_SHARE: usize = 6;

/// The purpose of this module's streams.
const PURPOSE: &[u8; 8] = b"datafold";

/// The pictures of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The images, labelled if there are classes.
    pub splits: Splits,
    /// The names of the subfolders, in the order of the labels. Empty if there are none.
    pub classes: Vec<String>,
}

/// Loads all pictures, PNG and JPEG, below a directory: see the [module](self) for the arrangements of folders.
///
/// `seed` decides which pictures are set apart to test with, unless there are folders `train` and `test`. Pictures come
/// class by class, in the order of their names. All together they may have 1 GiB of pixels.
///
/// # Errors
/// [`DataError::NoPictures`], [`DataError::Stray`], [`DataError::TooManyClasses`], [`DataError::PictureSizes`],
/// [`DataError::TooManyPixels`], and [`DataError::File`] for a file that is not a picture or cannot be read.
pub fn load(dir: &Path, seed: u64) -> Result<Folder, DataError> {
    let folders = ["train", "test"].map(|name| dir.join(name));
    let (classes, train, test) = if folders.iter().all(|folder| folder.is_dir()) {
        list::expect_only(dir, &folders)?;
        let [train, test] = [Listing::of(&folders[0])?, Listing::of(&folders[1])?];
        test.expect_classes_of(&train)?;
        (train.classes, train.samples, test.samples)
    } else {
        let Listing { classes, samples, .. } = Listing::of(dir)?;
        let (train, test) = divide(samples, seed);
        (classes, train, test)
    };
    let Some(Sample { path, .. }) = train.first().or(test.first()) else {
        return Err(DataError::NoPictures { dir: dir.to_owned() });
    };
    let first = First { path, size: read(path)?.dim() };
    let pixels = ((train.len() + test.len()) as u64).saturating_mul((first.size.0 * first.size.1) as u64);
    if pixels > DEFAULT_MAX_BYTES {
        return Err(DataError::TooManyPixels {
            dir: dir.to_owned(),
            limit: DEFAULT_MAX_BYTES,
            found: pixels,
        });
    }
    let set = |samples: &[Sample]| first.set(samples, !classes.is_empty());
    let splits = Splits::new(set(&train)?, set(&test)?)?;
    Ok(Folder { splits, classes })
}

/// Whether a directory looks like one for [`load`] rather than one of IDX files: it holds folders or files with the
/// names of pictures, and no name with `idx` in it.
pub fn is_folder(dir: &Path) -> bool {
    let Ok(entries) = list::entries(dir) else { return false };
    let is_idx = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains("idx"));
    !entries.iter().any(is_idx) && entries.iter().any(|path| path.is_dir() || list::is_named_as_picture(path))
}

/// Divides each class into pictures to train on and to test on, both in the order given.
fn divide(samples: Vec<Sample>, seed: u64) -> (Vec<Sample>, Vec<Sample>) {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for class in samples.chunk_by(|a, b| a.label == b.label) {
        let mut order = all(class.len());
        fisher_yates(&mut order, &mut stream(seed, PURPOSE, [u64::from(class[0].label), 0]));
        let count = if class.len() < 2 { 0 } else { (class.len() / TEST_SHARE).max(1) };
        let mut is_test = vec![false; class.len()];
        order[..count].iter().for_each(|&index| is_test[index as usize] = true);
        for (sample, is_test) in class.iter().zip(is_test) {
            if is_test { &mut test } else { &mut train }.push(sample.clone());
        }
    }
    (train, test)
}

/// The first picture, whose size all others must have.
struct First<'p> {
    path: &'p Path,
    /// Height and width.
    size: (usize, usize),
}

impl First<'_> {
    /// Reads pictures in parallel into a data set.
    fn set(&self, samples: &[Sample], labelled: bool) -> Result<Dataset, DataError> {
        let (height, width) = self.size;
        let mut images = Array2::zeros((samples.len(), height * width));
        let rows =
            images.as_slice_mut().expect("a new array is contiguous").par_chunks_exact_mut(height * width);
        let fill = |(row, Sample { path, .. }): (&mut [u8], &Sample)| {
            let picture = read(path)?;
            if picture.dim() != self.size {
                return Err(DataError::PictureSizes {
                    first: self.path.to_owned(),
                    expected: self.size,
                    path: path.clone(),
                    found: picture.dim(),
                });
            }
            row.copy_from_slice(picture.as_slice().expect("a decoded picture is contiguous"));
            Ok(())
        };
        // The first error in the order of names, not of time.
        let error = rows.zip(samples).map(fill).find_map_first(Result::err);
        if let Some(error) = error {
            return Err(error);
        }
        let labels = labelled.then(|| samples.iter().map(|sample| sample.label).collect());
        Dataset::new(images, labels, height, width)
    }
}

fn read(path: &Path) -> Result<Array2<u8>, DataError> {
    picture::read(path).map_err(|error| DataError::file(path, error))
}

#[cfg(test)]
mod tests;
