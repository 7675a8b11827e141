//! What can go wrong between a byte on a disk or a wire and a data set, told in one line each: what was expected, what
//! was found, in which file.
//!
//! [`DataError`] is the crate's error. The part of it that concerns the content of one file is a [`FormatError`], so
//! that parsers which only see bytes need not know a path, and readers which know one add it in one place.
//! Messages are complete by themselves: nothing hides behind `source()`, so printing an error once says all.

use std::{
    io,
    path::{Path, PathBuf},
};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file could not be read, or its content is not what it should be.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: FormatError,
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

    /// Images without a single pixel.
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

    /// Not one label for each image.
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

    /// Sets to be joined whose images are of different sizes.
    #[error(
        "expected images of {} x {} pixels in every set to be joined, found {} x {} in number {}",
        expected.0, expected.1, found.0, found.1, position + 1
    )]
    JoinSizes {
        /// Which set, the first being 0.
        position: usize,
        /// Height and width of the first set's images.
        expected: (usize, usize),
        /// Height and width of this set's images.
        found: (usize, usize),
    },

    /// The validation part would leave nothing to train on.
    #[error("expected fewer than {images} validation images out of {images}, found {validation}")]
    HoldoutTooLarge {
        /// Images there are.
        images: usize,
        /// Images asked for as validation.
        validation: usize,
    },

    /// A setting of an augmentation is out of its range.
    #[error("augmentation.{field} must be between {least} and {most}, found {found}")]
    Augmentation {
        /// The setting.
        field: &'static str,
        /// The least value.
        least: f64,
        /// The largest value.
        most: f64,
        /// What it is.
        found: f64,
    },

    /// A folder of pictures holds something else, or something at the wrong depth.
    #[error("{}: expected {expected}", path.display())]
    Stray {
        /// What should not be there.
        path: PathBuf,
        /// What should.
        expected: String,
    },

    /// A folder without a picture where some are needed.
    #[error("{}: found no pictures (PNG or JPEG)", dir.display())]
    NoPictures {
        /// The folder.
        dir: PathBuf,
    },

    /// More subfolders than labels can tell apart.
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
        /// Its height and width.
        expected: (usize, usize),
        /// The picture that differs.
        path: PathBuf,
        /// Its height and width.
        found: (usize, usize),
    },

    /// More pixels than a reader is willing to hold.
    #[error("{}: expected at most {limit} pixels in all pictures, found {found}", dir.display())]
    TooManyPixels {
        /// The folder.
        dir: PathBuf,
        /// The limit.
        limit: u64,
        /// Pixels of all pictures, if they are as large as the first.
        found: u64,
    },

    /// A file or directory could not be written.
    #[error("{}: cannot write: {cause}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },

    /// A download would have to overwrite somebody's data.
    #[error(
        "{}: expected no file or the one with {expected}, found {found}; \
         move it away or download into another directory",
        path.display()
    )]
    InTheWay {
        /// The file that is there.
        path: PathBuf,
        /// The checksum of what would be downloaded, such as "SHA-256 ba89…".
        expected: String,
        /// What is there instead.
        found: String,
    },

    /// No mirror delivered.
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
    /// Names the file that `problem` is about.
    pub(crate) fn file(path: &Path, problem: FormatError) -> Self {
        Self::File { path: path.to_owned(), problem }
    }

    /// Names the file or directory that could not be written.
    #[cfg(feature = "download")]
    pub(crate) fn write(path: &Path, cause: io::Error) -> Self {
        Self::Write { path: path.to_owned(), cause }
    }
}

/// What is wrong with the content of one file.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The system refused to open or read it: missing, no permission, a failing disk.
    #[error("cannot read: {0}")]
    Io(io::Error),

    /// Something else than a regular file has this name. Opening a named pipe would wait for ever.
    #[error("expected a regular file, found {found}")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },

    /// No bytes at all.
    #[error("expected data, found an empty file")]
    Empty,

    /// A page in place of data.
    #[error(
        "expected data, found an HTML or XML page (most likely a server's error page, saved under this name)"
    )]
    Page,

    /// More bytes than the reader was allowed to take.
    #[error("expected at most {limit} bytes, found {found}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// What the header announces, or the size on disk.
        found: u64,
    },

    /// A gzip stream that ends too early.
    #[error("expected the end of the gzip stream, found the end of the file: it is cut short")]
    GzipTruncated,

    /// A gzip stream whose content or checksum is wrong.
    #[error("expected a valid gzip stream, found a damaged one: {reason}")]
    GzipDamaged {
        /// What the decoder said.
        reason: String,
    },

    /// Bytes behind the end of the gzip stream, such as a second stream.
    #[error("expected the end of the file behind the gzip stream, found more bytes")]
    GzipTrailing,

    /// The file is too short for the header that its first bytes announce.
    #[error("expected an IDX header of {expected} bytes, found {found} bytes")]
    HeaderTruncated {
        /// Length of the header.
        expected: u64,
        /// Length of the file.
        found: u64,
    },

    /// The two leading bytes of every IDX file are zero.
    #[error("expected an IDX file, which begins with 00 00, found {:02x} {:02x}", found[0], found[1])]
    Magic {
        /// The first two bytes.
        found: [u8; 2],
    },

    /// Elements that are no unsigned bytes.
    #[error("expected IDX elements of type 0x08 (u8), found 0x{found:02x} ({name})")]
    ElementType {
        /// The type code.
        found: u8,
        /// What it stands for.
        name: &'static str,
    },

    /// An array without dimensions.
    #[error("expected an IDX array of at least 1 dimension, found 0")]
    NoDimensions,

    /// An array with a dimension of length zero.
    #[error("expected IDX dimensions of at least 1, found {shape:?}")]
    ZeroDimension {
        /// The dimensions.
        shape: Vec<usize>,
    },

    /// Dimensions whose product exceeds 64 bits.
    #[error("expected an IDX array whose size fits into 64 bits, found dimensions {shape:?}")]
    SizeOverflow {
        /// The dimensions.
        shape: Vec<usize>,
    },

    /// Fewer bytes than the header announces.
    #[error("expected {expected} bytes as its IDX header says, found {found}")]
    Truncated {
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },

    /// More bytes than the header announces.
    #[error("expected {expected} bytes as its IDX header says, found at least {found}")]
    Trailing {
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes seen before the reader gave up.
        found: u64,
    },

    /// No picture in a format that is read here, or a damaged one.
    #[error("expected a PNG or JPEG picture, found {reason}")]
    NotAPicture {
        /// What the decoder said.
        reason: String,
    },

    /// A picture whose pixels are more than a reader is willing to unpack.
    #[error("expected a picture of at most {limit}, found {found}")]
    PictureTooLarge {
        /// The limit, with its unit.
        limit: String,
        /// What the header announces.
        found: String,
    },

    /// A picture of one colour, but for noise: nothing on it can be told from the paper.
    #[error("expected a digit that stands out against its background, found a picture without ink")]
    NoInk,
}

/// Each entry on a line of its own, indented.
fn lines(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("\n  {entry}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_error_names_the_file_what_was_expected_and_what_was_found() {
        let error = DataError::file(Path::new("a/b.gz"), FormatError::Truncated { expected: 20, found: 7 });
        assert_eq!(error.to_string(), "a/b.gz: expected 20 bytes as its IDX header says, found 7");
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
