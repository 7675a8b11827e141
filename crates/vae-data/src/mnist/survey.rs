//! The sizes of a data set according to the headers of its files, which is quick for any number of images.

use std::path::Path;

use super::files::{FileKind, locate, stem};
use crate::{error::DataError, idx, splits::Split};

/// The sizes of a data set according to the headers of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Images to train on.
    pub train: usize,
    /// Images to test on.
    pub test: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Whether both sets have labels.
    pub labelled: bool,
}

/// Reads the headers of the files that [`load`](crate::mnist::load) would load.
///
/// # Errors
/// Those of [`load`](crate::mnist::load) that headers alone can cause.
pub fn survey(dir: &Path) -> Result<Survey, DataError> {
    survey_named(dir, stem)
}

/// [`survey`] with the file names of `stem`.
pub(crate) fn survey_named(
    dir: &Path,
    stem: impl Fn(Split, FileKind) -> String,
) -> Result<Survey, DataError> {
    let shape = |split, kind| {
        let path = locate(dir, split, kind, &stem(split, kind))?;
        let shape = idx::read_shape(&path)?;
        kind.check_rank(&path, &shape)?;
        Ok(shape)
    };
    let set = |split| {
        let images = shape(split, FileKind::Images)?;
        match shape(split, FileKind::Labels) {
            Ok(labels) if labels[0] != images[0] => {
                Err(DataError::LabelCount { images: images[0], labels: labels[0] })
            }
            Ok(_) => Ok((images, true)),
            Err(DataError::MissingFile { .. }) => Ok((images, false)),
            Err(error) => Err(error),
        }
    };
    let ((train, train_labelled), (test, test_labelled)) = (set(Split::Train)?, set(Split::Test)?);
    let [train_size, test_size] = [&train, &test].map(|shape| (shape[1], shape[2]));
    if train_size != test_size {
        return Err(DataError::SplitSizes { train: train_size, test: test_size });
    }
    let (height, width) = train_size;
    Ok(Survey { train: train[0], test: test[0], height, width, labelled: train_labelled && test_labelled })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::idx::IdxArray;

    /// A directory with the headers of three images of 2 x 5 to train on and two to test, and nothing after them.
    fn headers() -> TempDir {
        let dir = TempDir::new().unwrap();
        for (name, shape) in [
            ("train-images-idx3-ubyte", vec![3, 2, 5]),
            ("train-labels-idx1-ubyte", vec![3]),
            ("t10k-images-idx3-ubyte", vec![2, 2, 5]),
            ("t10k-labels-idx1-ubyte", vec![2]),
        ] {
            put(&dir, name, &shape);
        }
        dir
    }

    fn put(dir: &TempDir, name: &str, shape: &[usize]) {
        let header = 4 + 4 * shape.len();
        let array = IdxArray { shape: shape.to_vec(), data: vec![0; shape.iter().product()] };
        fs::write(dir.path().join(name), &array.to_bytes()[..header]).unwrap();
    }

    #[test]
    fn a_survey_counts_without_reading_a_pixel() {
        let expected = Survey { train: 3, test: 2, height: 2, width: 5, labelled: true };
        assert_eq!(survey(headers().path()).unwrap(), expected);
    }

    #[test]
    fn a_set_without_labels_makes_the_whole_unlabelled() {
        let dir = headers();
        fs::remove_file(dir.path().join("t10k-labels-idx1-ubyte")).unwrap();
        assert!(!survey(dir.path()).unwrap().labelled);
    }

    #[test]
    fn headers_that_do_not_fit_together_are_refused() {
        let error = |name, shape: &[usize]| {
            let dir = headers();
            put(&dir, name, shape);
            survey(dir.path()).unwrap_err()
        };
        assert!(matches!(
            error("t10k-labels-idx1-ubyte", &[9]),
            DataError::LabelCount { images: 2, labels: 9 }
        ));
        assert!(matches!(
            error("t10k-images-idx3-ubyte", &[2, 5, 2]),
            DataError::SplitSizes { train: (2, 5), test: (5, 2) }
        ));
        assert!(matches!(
            error("train-images-idx3-ubyte", &[3]),
            DataError::Rank { expected: 3, found: 1, .. }
        ));
    }

    #[test]
    fn a_directory_without_images_is_refused() {
        let error = survey(TempDir::new().unwrap().path()).unwrap_err();
        assert!(matches!(error, DataError::MissingFile { .. }), "{error}");
    }
}
