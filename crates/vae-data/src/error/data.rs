//! The crate's error.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::format::FormatError;

/// An error of this crate.
///
/// A message does not repeat that of the [`source`](std::error::Error::source) behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read, or its content is not what it should be.
    #[error("cannot read {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: FormatError,
    },

    /// A data set lacks one of its files.
    #[error("{}: found no {what}, looked for {}", dir.display(), names.join(", "))]
    MissingFile {
        /// The directory that was searched.
        dir: PathBuf,
        /// What the file would hold, such as "training labels".
        what: String,
        /// The names that were tried.
        names: Vec<String>,
    },

    /// A well-formed IDX file has the wrong number of dimensions for its place.
    #[error("{}: expected {what} of {expected} dimensions, found {found}", path.display())]
    Rank {
        /// The file.
        path: PathBuf,
        /// What the file should hold: "images" or "labels".
        what: &'static str,
        /// Dimensions expected: 3 for images, 1 for labels.
        expected: usize,
        /// Dimensions found.
        found: usize,
    },

    /// A way of making pixels binary that does not exist.
    #[error("unknown binarization {found:?}, expected one of {expected}")]
    Binarization {
        /// The ways there are.
        expected: String,
        /// The text given.
        found: String,
    },

    /// Images without pixels.
    #[error("expected images of at least 1 x 1 pixels, found {height} x {width}")]
    NoPixels {
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },

    /// The rows of the image matrix do not fit the image size.
    #[error("expected {height} x {width} = {expected} pixels in each image, found {found}")]
    PixelCount {
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
        /// `height * width`.
        expected: usize,
        /// Columns of the matrix.
        found: usize,
    },

    /// The number of labels is not the number of images.
    #[error("expected one label for each of {images} images, found {labels} labels")]
    LabelCount {
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },

    /// More images than 32 bits can number.
    #[error("expected at most {limit} images, found {found}")]
    TooManyImages {
        /// The largest number supported.
        limit: usize,
        /// Number of images.
        found: usize,
    },

    /// Training and test images of different sizes.
    #[error(
        "expected test images of {} x {} pixels like the training images, found {} x {}",
        train.0, train.1, test.0, test.1
    )]
    SplitSizes {
        /// Height and width of the training images.
        train: (usize, usize),
        /// Height and width of the test images.
        test: (usize, usize),
    },

    /// Data sets to be joined whose images are of different sizes.
    #[error(
        "expected images of {} x {} pixels in every set to be joined, found {} x {} in number {}",
        expected.0, expected.1, found.0, found.1, position + 1
    )]
    JoinSizes {
        /// The index of the set, from 0.
        position: usize,
        /// Height and width of the first set's images.
        expected: (usize, usize),
        /// Height and width of this set's images.
        found: (usize, usize),
    },

    /// The validation part would leave no images to train on.
    #[error("expected fewer than {images} validation images out of {images}, found {validation}")]
    HoldoutTooLarge {
        /// Number of images.
        images: usize,
        /// Number of images asked for as validation part.
        validation: usize,
    },

    /// A setting of an augmentation is out of its range.
    #[error("augmentation.{field} must be between {least} and {most}, found {found}")]
    Augmentation {
        /// The setting.
        field: &'static str,
        /// The least value allowed.
        least: f64,
        /// The largest value allowed.
        most: f64,
        /// The value found.
        found: f64,
    },

    /// A folder of pictures holds something else than pictures, or a file or folder at the wrong depth.
    #[error("{}: expected {expected}", path.display())]
    Stray {
        /// The file or folder that should not be there.
        path: PathBuf,
        /// What was expected in its place, and what was found.
        expected: String,
    },

    /// A size to which images cannot be brought.
    #[error(
        "expected a size of 1 to {limit} rows and columns and at most {bytes} bytes in all, found {height} x {width} \
         for {images} images"
    )]
    ResizedSize {
        /// The most rows and columns.
        limit: usize,
        /// The most bytes of all images together.
        bytes: u64,
        /// Number of images.
        images: usize,
        /// Rows asked for.
        height: usize,
        /// Columns asked for.
        width: usize,
    },

    /// The name of a class that cannot be one.
    #[error("class {label}: expected a name of {expected}")]
    ClassName {
        /// The label.
        label: u8,
        /// What a name must be, and what was found.
        expected: String,
    },

    /// A folder without pictures.
    #[error("{}: found no pictures (PNG or JPEG)", dir.display())]
    NoPictures {
        /// The folder.
        dir: PathBuf,
    },

    /// More subfolders than a label can number.
    #[error("{}: expected at most {limit} classes, found {found}", dir.display())]
    TooManyClasses {
        /// The folder.
        dir: PathBuf,
        /// The largest number supported.
        limit: usize,
        /// Number of subfolders.
        found: usize,
    },

    /// Pictures of different sizes.
    #[error(
        "{}: expected a picture of {} x {} pixels like {}, found {} x {}",
        path.display(), expected.0, expected.1, first.display(), found.0, found.1
    )]
    PictureSizes {
        /// The first picture.
        first: PathBuf,
        /// Height and width of the first picture.
        expected: (usize, usize),
        /// The picture that differs.
        path: PathBuf,
        /// Height and width of the picture that differs.
        found: (usize, usize),
    },

    /// More pixels than the limit of the reader.
    #[error("{}: expected at most {limit} pixels in all pictures, found {found}", dir.display())]
    TooManyPixels {
        /// The folder.
        dir: PathBuf,
        /// The limit.
        limit: u64,
        /// Pixels of all pictures, if they are as large as the first.
        found: u64,
    },

    /// A file or directory cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },

    /// A download would overwrite other data.
    #[error(
        "{}: expected no file or the one with {expected}, found {found}; \
         move it away or download into another directory",
        path.display()
    )]
    InTheWay {
        /// The file that is there.
        path: PathBuf,
        /// The checksum of the file to be downloaded, such as "SHA-256 ba89…".
        expected: String,
        /// What is there instead.
        found: String,
    },

    /// No mirror delivered all files.
    #[error("no mirror delivered all files{}", lines(failures))]
    Download {
        /// One short line for each mirror: its address, the file, what happened.
        failures: Vec<String>,
    },

    /// The caller stopped the download.
    #[error("the download was cancelled")]
    Cancelled,
}

impl DataError {
    /// Names the file that `source` is about.
    pub(crate) fn file(path: &Path, source: FormatError) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// Names the file or directory that could not be written.
    #[cfg(feature = "download")]
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}

/// Each entry on a line of its own, indented.
fn lines(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("\n  {entry}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;

    #[test]
    fn a_file_error_names_the_file_what_was_expected_and_what_was_found() {
        let error = DataError::file(Path::new("a/b.gz"), FormatError::Truncated { expected: 20, found: 7 });
        let expected = "cannot read a/b.gz: expected 20 bytes according to the IDX header, found 7";
        assert_eq!(chain(&error), expected);
    }

    #[test]
    fn an_error_of_the_system_is_told_once() {
        let missing = || io::Error::other("disk on fire");
        let read = DataError::file(Path::new("a"), FormatError::Io(missing()));
        assert_eq!(chain(&read), "cannot read a: disk on fire");
        let write = DataError::Write { path: "a".into(), source: missing() };
        assert_eq!(chain(&write), "cannot write a: disk on fire");
    }

    #[test]
    fn a_failed_download_gives_each_mirror_a_line() {
        let error = DataError::Download { failures: vec!["one: timed out".into(), "two: 404".into()] };
        assert_eq!(error.to_string(), "no mirror delivered all files\n  one: timed out\n  two: 404");
    }

    #[test]
    fn a_missing_file_lists_the_names_that_were_tried() {
        let error = DataError::MissingFile {
            dir: "d".into(),
            what: "test labels".into(),
            names: vec!["x".into(), "x.gz".into()],
        };
        assert_eq!(error.to_string(), "d: found no test labels, looked for x, x.gz");
    }
}
