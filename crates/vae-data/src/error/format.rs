//! What is wrong with the content of one file.

use std::io;

/// What is wrong with the content of one file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system does not open or read the file: it is missing, permission is denied, or the disk fails.
    #[error(transparent)]
    Io(io::Error),

    /// The path does not lead to a regular file. Opening a named pipe would wait for ever.
    #[error("expected a regular file, found {found}")]
    NotAFile {
        /// What the path leads to.
        found: &'static str,
    },

    /// The file has no bytes.
    #[error("expected data, found an empty file")]
    Empty,

    /// The file is a web page and not data.
    #[error(
        "expected data, found an HTML or XML page (most likely a server's error page, saved under this name)"
    )]
    Page,

    /// More bytes than the limit of the reader.
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
    #[error("expected a valid gzip stream, found a damaged one")]
    GzipDamaged {
        /// The error of the decoder.
        #[source]
        source: io::Error,
    },

    /// Bytes after the end of the gzip stream, such as a second stream.
    #[error("expected the end of the file after the gzip stream, found more bytes")]
    GzipTrailing,

    /// The file is too short for the header that its first bytes announce.
    #[error("expected an IDX header of {expected} bytes, found {found} bytes")]
    HeaderTruncated {
        /// Length of the header.
        expected: u64,
        /// Length of the file.
        found: u64,
    },

    /// The first two bytes are not zero, as those of every IDX file are.
    #[error("expected an IDX file, which begins with 00 00, found {:02x} {:02x}", found[0], found[1])]
    Magic {
        /// The first two bytes.
        found: [u8; 2],
    },

    /// Elements of another type than unsigned bytes.
    #[error("expected IDX elements of type 0x08 (u8), found 0x{found:02x} ({name})")]
    ElementType {
        /// The type code.
        found: u8,
        /// The type's name.
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
    #[error("expected {expected} bytes according to the IDX header, found {found}")]
    Truncated {
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes found.
        found: u64,
    },

    /// More bytes than the header announces.
    #[error("expected {expected} bytes according to the IDX header, found at least {found}")]
    Trailing {
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes read before the reader stopped.
        found: u64,
    },

    /// Not an array as `numpy.save` writes it, or one whose header is damaged.
    #[error("expected {expected} in a .npy file, found {found}")]
    Npy {
        /// What should be there, such as a key of the header.
        expected: String,
        /// What is there instead.
        found: String,
    },

    /// An array of another length than its header announces.
    #[error("expected {expected} bytes according to the .npy header, found {found}")]
    NpyLength {
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },

    /// A number of an array that cannot be a pixel.
    #[error("expected {expected}, found {value} in row {row}, column {column}")]
    NpyValue {
        /// The range allowed.
        expected: &'static str,
        /// The value.
        value: f64,
        /// The image, from 0.
        row: usize,
        /// The pixel of the image, from 0; in an array of three dimensions, row after row.
        column: usize,
    },

    /// Neither PNG nor JPEG, or a damaged picture.
    #[error("expected a PNG or JPEG picture, found {reason}")]
    NotAPicture {
        /// What was found instead.
        reason: String,
    },

    /// A picture with more pixels than the reader unpacks.
    #[error("expected a picture of at most {limit}, found {found}")]
    PictureTooLarge {
        /// The limit, with its unit.
        limit: String,
        /// What the header announces.
        found: String,
    },

    /// A picture of one colour, apart from noise: nothing stands out against the background.
    #[error("expected a digit that stands out against its background, found a picture without ink")]
    NoInk,

    /// Pieces of writing of one height side by side.
    #[error("expected one digit, found {found} side by side: crop the picture to one of them")]
    SeveralDigits {
        /// How many.
        found: usize,
    },
}

impl FormatError {
    /// What a .npy file should hold, and what it holds instead.
    pub(crate) fn npy(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Npy { expected: expected.into(), found: found.into() }
    }
}
