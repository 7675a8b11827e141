//! IDX, the format of MNIST: a few big-endian integers that give the shape, then the elements, nothing else.
//!
//! ```text
//! 00 00 08 03   two zeros, element type (08: u8), number of dimensions
//! 00 00 ea 60   60,000 images
//! 00 00 00 1c   of 28 rows
//! 00 00 00 1c   of 28 columns
//! ...           60,000 * 28 * 28 bytes, the last dimension runs fastest
//! ```
//!
//! A header is only a claim. The length that it implies is computed with overflow checks and compared with a limit, the
//! buffer grows with the bytes that arrive, and their number must be exact.

use std::path::Path;

use crate::{
    content::{self, Content, DEFAULT_MAX_BYTES},
    error::{DataError, FormatError},
};

/// The longest header: four bytes, and four for each of 255 dimensions.
const MAX_HEADER_BYTES: u64 = 4 + 4 * 255;

/// Bytes unpacked at a time by [`check`], which keeps none of them.
const PIECE_BYTES: u64 = 64 * 1024;

/// The code of the one element type read here, `u8`.
const TYPE_U8: u8 = 0x08;

/// An array of bytes of any number of dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxArray {
    /// Length of each dimension: one to 255 of them, none zero.
    pub shape: Vec<usize>,
    /// The elements, the last dimension runs fastest; as many as the product of `shape`.
    pub data: Vec<u8>,
}

impl IdxArray {
    /// The bytes of an IDX file with this content.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape` implies, or if IDX cannot express `shape`: no dimensions
    /// or more than 255, or a dimension of zero or above `u32::MAX`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rank = u8::try_from(self.shape.len()).expect("at most 255 dimensions");
        let mut bytes = vec![0, 0, TYPE_U8, rank];
        for &length in &self.shape {
            bytes.extend(u32::try_from(length).expect("dimensions of at most u32::MAX").to_be_bytes());
        }
        let header = Header::parse(&bytes).expect("a shape that IDX can express");
        let found = self.data.len() as u64;
        assert_eq!(found, header.data_bytes, "data must have as many elements as the shape {:?}", self.shape);
        bytes.extend(&self.data);
        bytes
    }
}

/// Parses a whole IDX file of bytes.
///
/// # Errors
/// The [`FormatError`] for the first violation of the format, in the order of the bytes.
pub fn parse(bytes: &[u8]) -> Result<IdxArray, FormatError> {
    let Header { shape, header_bytes, data_bytes } = Header::parse(bytes)?;
    let data = bytes.get(header_bytes..).unwrap_or_default();
    check_length(header_bytes, data_bytes, data.len() as u64)?;
    Ok(IdxArray { shape, data: data.to_vec() })
}

/// Reads an IDX file of bytes, plain or gzip, of at most [`DEFAULT_MAX_BYTES`].
///
/// # Errors
/// [`DataError::File`] with the path and what is wrong.
pub fn read(path: &Path) -> Result<IdxArray, DataError> {
    read_at_most(path, DEFAULT_MAX_BYTES)
}

/// Reads an IDX file of bytes, plain or gzip, of at most `max_bytes` on disk and after unpacking.
///
/// # Errors
/// [`DataError::File`] with the path and what is wrong.
pub fn read_at_most(path: &Path, max_bytes: u64) -> Result<IdxArray, DataError> {
    read_content(path, max_bytes).map_err(|error| DataError::file(path, error))
}

/// The dimensions in the header of an IDX file of bytes, plain or gzip. Quick for any number of elements, as they are
/// not read; [`check`] reads them.
///
/// # Errors
/// [`DataError::File`] with the path and what is wrong with the header.
pub fn read_shape(path: &Path) -> Result<Vec<usize>, DataError> {
    let opened = Content::open(path, DEFAULT_MAX_BYTES)
        .and_then(|content| Opened::new(content, DEFAULT_MAX_BYTES))
        .map_err(|error| DataError::file(path, error))?;
    Ok(opened.header.shape)
}

/// Reads a whole IDX file of bytes as [`read`] does, without keeping the elements, and returns its dimensions.
///
/// # Errors
/// Those of [`read`].
pub fn check(path: &Path) -> Result<Vec<usize>, DataError> {
    let checked = Content::open(path, DEFAULT_MAX_BYTES).and_then(check_content);
    checked.map_err(|error| DataError::file(path, error))
}

/// [`check`] of an open file.
pub(crate) fn check_content(content: Content) -> Result<Vec<usize>, FormatError> {
    Opened::new(content, DEFAULT_MAX_BYTES)?.check()
}

fn read_content(path: &Path, max_bytes: u64) -> Result<IdxArray, FormatError> {
    Opened::new(Content::open(path, max_bytes)?, max_bytes)?.read()
}

/// A file whose header has been read and is within the limit.
struct Opened {
    header: Header,
    /// The first elements, which came with the header.
    start: Vec<u8>,
    /// The elements that follow.
    content: Content,
}

impl Opened {
    fn new(mut content: Content, max_bytes: u64) -> Result<Self, FormatError> {
        let mut start = Vec::new();
        content.read_up_to(MAX_HEADER_BYTES, &mut start)?;
        let header = Header::parse(&start)?;
        let expected = header.data_bytes.saturating_add(header.header_bytes as u64);
        if expected > max_bytes {
            return Err(FormatError::TooLarge { limit: max_bytes, found: expected });
        }
        start.drain(..header.header_bytes);
        Ok(Self { header, start, content })
    }

    /// All elements.
    fn read(mut self) -> Result<IdxArray, FormatError> {
        let Header { shape, header_bytes, data_bytes } = self.header;
        // One byte more than announced is asked for: it shows that there are too many, and lets the gzip decoder
        // reach and check the end of its stream. The buffer grows with the bytes that arrive.
        let mut data = self.start;
        self.content.read_up_to((data_bytes + 1).saturating_sub(data.len() as u64), &mut data)?;
        check_length(header_bytes, data_bytes, data.len() as u64)?;
        self.content.expect_end()?;
        Ok(IdxArray { shape, data })
    }

    /// As [`read`](Self::read), a piece at a time, without keeping any.
    fn check(mut self) -> Result<Vec<usize>, FormatError> {
        let Header { shape, header_bytes, data_bytes } = self.header;
        let mut piece = self.start;
        let mut found = piece.len() as u64;
        while found <= data_bytes {
            piece.clear();
            self.content.read_up_to(PIECE_BYTES.min(data_bytes + 1 - found), &mut piece)?;
            if piece.is_empty() {
                break;
            }
            found += piece.len() as u64;
        }
        check_length(header_bytes, data_bytes, found)?;
        self.content.expect_end()?;
        Ok(shape)
    }
}

/// The header of a file.
struct Header {
    shape: Vec<usize>,
    /// Length of the header itself.
    header_bytes: usize,
    /// Length of the elements: the product of `shape`.
    data_bytes: u64,
}

impl Header {
    /// Parses the header at the start of `bytes`.
    fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.is_empty() {
            return Err(FormatError::Empty);
        }
        if content::looks_like_page(bytes) {
            return Err(FormatError::Page);
        }
        let truncated = |expected: usize| FormatError::HeaderTruncated {
            expected: expected as u64,
            found: bytes.len() as u64,
        };
        let &[zero, also_zero, element, rank] = bytes.first_chunk().ok_or_else(|| truncated(4))?;
        if [zero, also_zero] != [0, 0] {
            return Err(FormatError::Magic { found: [zero, also_zero] });
        }
        if element != TYPE_U8 {
            return Err(FormatError::ElementType { found: element, name: type_name(element) });
        }
        if rank == 0 {
            return Err(FormatError::NoDimensions);
        }
        let header_bytes = 4 + 4 * usize::from(rank);
        let lengths = bytes.get(4..header_bytes).ok_or_else(|| truncated(header_bytes))?;
        let (lengths, _) = lengths.as_chunks::<4>();
        let lengths = lengths.iter().map(|&length| u32::from_be_bytes(length));

        let shape: Vec<usize> = lengths.clone().map(|length| length as usize).collect();
        if shape.contains(&0) {
            return Err(FormatError::ZeroDimension { shape });
        }
        match lengths.map(u64::from).try_fold(1, u64::checked_mul) {
            Some(data_bytes) => Ok(Self { shape, header_bytes, data_bytes }),
            None => Err(FormatError::SizeOverflow { shape }),
        }
    }
}

/// Checks that there are exactly as many elements as the header announces. Errors give lengths with the header
/// included, as files have them.
fn check_length(header_bytes: usize, data_bytes: u64, data_found: u64) -> Result<(), FormatError> {
    let expected = data_bytes.saturating_add(header_bytes as u64);
    let found = data_found.saturating_add(header_bytes as u64);
    match data_found.cmp(&data_bytes) {
        std::cmp::Ordering::Less => Err(FormatError::Truncated { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(FormatError::Trailing { expected, found }),
    }
}

/// The name of a type code of IDX.
fn type_name(code: u8) -> &'static str {
    match code {
        TYPE_U8 => "u8",
        0x09 => "i8",
        0x0b => "i16",
        0x0c => "i32",
        0x0d => "f32",
        0x0e => "f64",
        _ => "no IDX type",
    }
}

#[cfg(test)]
mod tests;
