//! A folder of PNG and JPEG pictures as a data set.
//!
//! ```text
//! dir/a/*.png, dir/b/*.jpg            a class a subfolder; a sixth of each is set apart to test with
//! dir/train/a/*.png, dir/test/a/*.png classes, and training and test set apart already
//! dir/*.png, dir/train/*.png          no classes, no labels
//! ```
//!
//! The subfolders, sorted by name, are labels 0, 1, …. Pictures become grey bytes, 0 for black, without a change of
//! contrast or polarity. All must have one size, or are brought to one by [`load_resized`]. No file is skipped
//! silently: any that is not a picture is an error, except those whose names begin with a dot, which systems create.

mod list;

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use ndarray::Array2;
use rayon::prelude::*;

use self::list::{Listing, Sample};
use crate::{
    class_names::ClassNames,
    content::DEFAULT_MAX_BYTES,
    dataset::Dataset,
    error::DataError,
    picture::{self, Grey},
    resize,
    splits::Splits,
    test_share::is_test,
};

/// The pictures of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The images, labelled with the names of the subfolders if there are classes.
    pub splits: Splits,
    /// The names of the subfolders, in the order of the labels. Empty if there are none.
    pub classes: Vec<String>,
    /// Number of pictures in colour, which became grey.
    pub coloured: usize,
    /// Whether the test set is a sixth of the pictures, set apart here, and not a folder of its own.
    pub is_divided: bool,
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
    load_as(dir, seed, None)
}

/// [`load`] with pictures of any sizes, each brought to `size`, height and width, as by [`Dataset::resized`].
///
/// # Errors
/// Those of [`load`], and [`DataError::ResizedSize`].
pub fn load_resized(dir: &Path, seed: u64, size: (usize, usize)) -> Result<Folder, DataError> {
    load_as(dir, seed, Some(size))
}

fn load_as(dir: &Path, seed: u64, size: Option<(usize, usize)>) -> Result<Folder, DataError> {
    let folders = ["train", "test"].map(|name| dir.join(name));
    let is_divided = !folders.iter().all(|folder| folder.is_dir());
    let (classes, train, test) = if !is_divided {
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
    let count = train.len() + test.len();
    let reader = match size {
        Some(size) => {
            resize::check(count, size)?;
            Reader { like: None, size }
        }
        None => Reader { like: Some(path), size: read(path)?.grey.dim() },
    };
    let pixels = (count as u64).saturating_mul((reader.size.0 * reader.size.1) as u64);
    if pixels > DEFAULT_MAX_BYTES {
        return Err(DataError::TooManyPixels {
            dir: dir.to_owned(),
            limit: DEFAULT_MAX_BYTES,
            found: pixels,
        });
    }
    let names = ClassNames::new((0..).zip(classes.iter().cloned()))?;
    let coloured = AtomicUsize::new(0);
    let set = |samples: &[Sample]| {
        let set = reader.set(samples, !classes.is_empty(), &coloured)?;
        Ok::<_, DataError>(set.with_class_names(names.clone()))
    };
    let splits = Splits::new(set(&train)?, set(&test)?)?;
    Ok(Folder { splits, classes, coloured: coloured.into_inner(), is_divided })
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
    let is_test = is_test(samples.iter().map(|sample| sample.label), seed);
    for (sample, is_test) in samples.into_iter().zip(is_test) {
        if is_test { &mut test } else { &mut train }.push(sample);
    }
    (train, test)
}

/// Reads pictures of one size, or brings them to one.
struct Reader<'p> {
    /// The first picture, whose size all others must have; none if all are brought to that size.
    like: Option<&'p Path>,
    /// Height and width.
    size: (usize, usize),
}

impl Reader<'_> {
    /// Reads pictures in parallel into a data set, and counts those in colour.
    fn set(&self, samples: &[Sample], labelled: bool, coloured: &AtomicUsize) -> Result<Dataset, DataError> {
        let (height, width) = self.size;
        let mut images = Array2::zeros((samples.len(), height * width));
        let rows =
            images.as_slice_mut().expect("a new array is contiguous").par_chunks_exact_mut(height * width);
        let fill = |(row, Sample { path, .. }): (&mut [u8], &Sample)| {
            let Grey { mut grey, was_coloured } = read(path)?;
            coloured.fetch_add(usize::from(was_coloured), Ordering::Relaxed);
            match self.like {
                Some(first) if grey.dim() != self.size => {
                    return Err(DataError::PictureSizes {
                        first: first.to_owned(),
                        expected: self.size,
                        path: path.clone(),
                        found: grey.dim(),
                    });
                }
                Some(_) => {}
                None => grey = resize::resized(grey.view(), self.size),
            }
            row.copy_from_slice(grey.as_slice().expect("a decoded picture is contiguous"));
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

fn read(path: &Path) -> Result<Grey, DataError> {
    picture::read_as_grey(path).map_err(|error| DataError::file(path, error))
}

#[cfg(test)]
mod tests;
