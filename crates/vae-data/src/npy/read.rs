//! The bytes of a .npy file: magic, version, header, elements, and nothing behind.

use std::{
    io::{Read, Seek},
    path::Path,
};

use ndarray::Array2;

use super::header::{Element, Header};
use crate::{
    content::{DEFAULT_MAX_BYTES, looks_like_page, open_regular},
    error::FormatError,
};

/// The six bytes that begin every file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header that is read, in bytes: that of an array of numbers has some hundred.
const MAX_HEADER: usize = 1 << 16;

/// The elements of an array, still as bytes.
#[derive(Debug)]
pub(super) struct RawArray {
    pub(super) element: Element,
    is_big_endian: bool,
    fortran_order: bool,
    pub(super) shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Reads a file whose length is exactly what its header announces.
pub(super) fn read(path: &Path) -> Result<RawArray, FormatError> {
    let mut file = open_regular(path, DEFAULT_MAX_BYTES)?;
    let length = file.metadata().map_err(FormatError::Io)?.len();
    let mut start = Vec::new();
    (&mut file).take(12).read_to_end(&mut start).map_err(FormatError::Io)?;
    let (preamble, header) = preamble(&start)?;
    file.seek(std::io::SeekFrom::Start(preamble)).map_err(FormatError::Io)?;
    let mut text = Vec::new();
    (&mut file).take(header as u64).read_to_end(&mut text).map_err(FormatError::Io)?;
    let text = std::str::from_utf8(&text)
        .ok()
        .filter(|text| text.len() == header)
        .ok_or_else(|| FormatError::npy(format!("a header of {header} characters"), "another length"))?;
    let Header { element, is_big_endian, fortran_order, shape } = Header::parse(text)?;
    let elements = shape.iter().try_fold(element.size() as u64, |all, &side| all.checked_mul(side as u64));
    let expected = elements.and_then(|bytes| bytes.checked_add(preamble + header as u64));
    let expected = expected.unwrap_or(u64::MAX);
    if expected != length {
        return Err(FormatError::NpyLength { expected, found: length });
    }
    let mut bytes = Vec::with_capacity((length - preamble - header as u64) as usize);
    file.take(length).read_to_end(&mut bytes).map_err(FormatError::Io)?;
    let found = bytes.len() as u64 + preamble + header as u64;
    if found != expected {
        return Err(FormatError::NpyLength { expected, found });
    }
    Ok(RawArray { element, is_big_endian, fortran_order, shape, bytes })
}

/// The bytes before the header, and those of the header.
fn preamble(start: &[u8]) -> Result<(u64, usize), FormatError> {
    if start.is_empty() {
        return Err(FormatError::Empty);
    }
    if looks_like_page(start) {
        return Err(FormatError::Page);
    }
    if start.starts_with(b"PK") {
        return Err(FormatError::npy("one array", "an archive (.npz): numpy.save writes an array alone"));
    }
    if !start.starts_with(MAGIC) {
        return Err(FormatError::npy(r"\x93NUMPY at the beginning", "other bytes"));
    }
    let (bytes, header) = match start[MAGIC.len()..] {
        [1, 0, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        [major, minor, ..] if !(1..=3).contains(&major) || minor != 0 => {
            return Err(FormatError::npy("version 1.0, 2.0 or 3.0", format!("{major}.{minor}")));
        }
        _ => return Err(FormatError::npy("version and length of the header", "the end of the file")),
    };
    if header > MAX_HEADER {
        return Err(FormatError::npy(format!("a header of at most {MAX_HEADER} bytes"), header.to_string()));
    }
    Ok((bytes, header))
}

impl RawArray {
    /// The elements as bytes: `to_byte` takes an element's little-endian bytes, its row and its column.
    ///
    /// # Shapes
    /// (N, ...) → (N, D), D the product of all sides but the first, in C order
    pub(super) fn map(
        mut self,
        to_byte: impl Fn(&[u8], usize, usize) -> Result<u8, FormatError>,
    ) -> Result<Array2<u8>, FormatError> {
        let size = self.element.size();
        if self.is_big_endian {
            self.bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        let (rows, sides) = self.shape.split_first().map_or((0, &[][..]), |(&rows, sides)| (rows, sides));
        let columns = sides.iter().product();
        let mut result = Array2::zeros((rows, columns));
        for ((row, column), byte) in result.indexed_iter_mut() {
            let at = if self.fortran_order {
                row + rows * fortran_index(column, sides)
            } else {
                row * columns + column
            };
            *byte = to_byte(&self.bytes[at * size..][..size], row, column)?;
        }
        Ok(result)
    }
}

/// Where an element of C order lies in Fortran order.
fn fortran_index(mut index: usize, sides: &[usize]) -> usize {
    let mut result = 0;
    for side in sides.iter().rev() {
        result = result * side + index % side;
        index /= side;
    }
    result
}
