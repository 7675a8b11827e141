//! The module's behaviour, one fact a test: well-formed input first, then one malformed input for each error.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

use super::*;
use crate::error::chain;

/// The bytes 0, 1, 2, ... in a shape of 2 x 3.
fn two_by_three() -> IdxArray {
    IdxArray { shape: vec![2, 3], data: (0..6).collect() }
}

/// A header of `u8` elements.
fn header(lengths: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, lengths.len() as u8];
    bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reads a file with these bytes, at most `max_bytes` of them.
fn read_bytes(bytes: &[u8], max_bytes: u64) -> Result<IdxArray, FormatError> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, bytes).unwrap();
    read_content(&path, max_bytes)
}

#[test]
fn the_bytes_are_those_of_the_format() {
    assert_eq!(two_by_three().to_bytes(), [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5]);
}

#[test]
fn other_leading_bytes_are_refused() {
    assert!(matches!(parse(b"\x89PNG...."), Err(FormatError::Magic { found: [0x89, b'P'] })));
}

#[test]
fn other_element_types_are_refused_by_name() {
    for (code, name) in [(0x09, "i8"), (0x0b, "i16"), (0x0c, "i32"), (0x0d, "f32"), (0x0e, "f64")] {
        let error = parse(&[0, 0, code, 1, 0, 0, 0, 1, 7]).unwrap_err();
        assert!(error.to_string().ends_with(&format!("found 0x{code:02x} ({name})")), "{error}");
    }
}

#[test]
fn an_unknown_element_type_is_refused() {
    let error = parse(&[0, 0, 0x0a, 1, 0, 0, 0, 1, 7]).unwrap_err();
    assert!(matches!(error, FormatError::ElementType { found: 0x0a, name: "no IDX type" }), "{error}");
}

#[test]
fn an_array_without_dimensions_is_refused() {
    assert!(matches!(parse(&[0, 0, 8, 0, 1]), Err(FormatError::NoDimensions)));
}

#[test]
fn a_dimension_of_zero_is_refused() {
    let error = parse(&header(&[5, 0])).unwrap_err();
    assert!(matches!(&error, FormatError::ZeroDimension { shape } if shape == &[5, 0]), "{error}");
}

#[test]
fn a_size_beyond_64_bits_is_refused() {
    let error = parse(&header(&[u32::MAX; 3])).unwrap_err();
    assert!(matches!(error, FormatError::SizeOverflow { .. }), "{error}");
}

#[test]
fn a_header_that_claims_more_than_there_is_allocates_nothing() {
    let error = parse(&header(&[u32::MAX, u32::MAX])).unwrap_err();
    assert!(matches!(error, FormatError::Truncated { found: 12, .. }), "{error}");
}

#[test]
fn a_header_cut_short_is_refused() {
    let error = parse(&header(&[1, 2])[..9]).unwrap_err();
    assert!(matches!(error, FormatError::HeaderTruncated { expected: 12, found: 9 }), "{error}");
}

#[test]
fn no_bytes_are_refused() {
    assert!(matches!(parse(&[]), Err(FormatError::Empty)));
}

#[test]
fn a_page_is_not_taken_for_data() {
    assert!(matches!(parse(b"<!DOCTYPE html>"), Err(FormatError::Page)));
}

#[test]
fn a_page_inside_gzip_is_not_taken_for_data() {
    assert!(matches!(read_bytes(&gzip(b"<html>"), 1000), Err(FormatError::Page)));
}

#[test]
fn a_missing_element_is_refused() {
    let error = parse(&[header(&[3]), vec![1, 2]].concat()).unwrap_err();
    assert!(matches!(error, FormatError::Truncated { expected: 11, found: 10 }), "{error}");
}

#[test]
fn an_element_too_many_is_refused() {
    let error = parse(&[header(&[3]), vec![1, 2, 3, 4]].concat()).unwrap_err();
    assert!(matches!(error, FormatError::Trailing { expected: 11, found: 12 }), "{error}");
}

#[test]
fn a_claim_above_the_limit_is_refused_before_its_data_is_read() {
    let claim = [header(&[2000]), vec![0; 2000]].concat();
    for bytes in [gzip(&claim), gzip(&header(&[2000]))] {
        let error = read_bytes(&bytes, 1000).unwrap_err();
        assert!(matches!(error, FormatError::TooLarge { limit: 1000, found: 2008 }), "{error}");
    }
}

#[test]
fn a_gzip_bomb_after_a_small_header_is_refused() {
    let bomb = gzip(&[header(&[3]), vec![0; 50_000_000]].concat());
    assert!(matches!(read_bytes(&bomb, DEFAULT_MAX_BYTES), Err(FormatError::Trailing { expected: 11, .. })));
}

#[test]
fn an_error_names_the_file() {
    let error = read(Path::new("no/such/file")).unwrap_err();
    assert!(chain(&error).starts_with("cannot read no/such/file: "), "{error}");
}

#[test]
#[should_panic(expected = "as many elements as the shape [2, 3]")]
fn writing_an_array_that_contradicts_itself_panics() {
    let _ = IdxArray { shape: vec![2, 3], data: vec![0; 5] }.to_bytes();
}

/// Arrays of one to four dimensions.
fn arrays() -> impl Strategy<Value = IdxArray> {
    vec(1_usize..6, 1..=4).prop_flat_map(|shape| {
        let length = shape.iter().product::<usize>();
        vec(any::<u8>(), length).prop_map(move |data| IdxArray { shape: shape.clone(), data })
    })
}

/// Bytes that begin like IDX more often than by chance.
fn nearly_idx() -> impl Strategy<Value = Vec<u8>> {
    let leading = prop_oneof![Just(vec![]), Just(vec![0, 0, 8]), Just(vec![0x1f, 0x8b, 8, 0])];
    (leading, vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..64))
        .prop_map(|(start, rest)| [start, rest].concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(array in arrays()) {
        prop_assert_eq!(parse(&array.to_bytes()).unwrap(), array);
    }

    #[test]
    fn files_read_as_bytes_parse_plain_or_gzip(array in arrays(), packed: bool) {
        let bytes = if packed { gzip(&array.to_bytes()) } else { array.to_bytes() };
        prop_assert_eq!(read_bytes(&bytes, 10_000).unwrap(), array);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in nearly_idx()) {
        let parsed = parse(&bytes);
        let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
        // A file of these bytes has the same result, unless they begin like gzip.
        prop_assert_eq!(read_bytes(&bytes, 10_000).is_ok(), parsed.is_ok() && !is_gzip);
    }

    #[test]
    fn any_truncation_is_refused(array in arrays(), cut: prop::sample::Index) {
        let bytes = array.to_bytes();
        let cut = cut.index(bytes.len());
        prop_assert!(parse(&bytes[..cut]).is_err());
        prop_assert!(read_bytes(&bytes[..cut], 10_000).is_err());
        prop_assert!(read_bytes(&gzip(&bytes[..cut]), 10_000).is_err());
    }

    #[test]
    fn any_appended_bytes_are_refused(array in arrays(), more in vec(any::<u8>(), 1..2000)) {
        let bytes = [array.to_bytes(), more].concat();
        let is_trailing = matches!(parse(&bytes), Err(FormatError::Trailing { .. }));
        prop_assert!(is_trailing);
        prop_assert!(read_bytes(&bytes, 10_000).is_err());
        prop_assert!(read_bytes(&gzip(&bytes), 10_000).is_err());
    }
}

/// The results of [`read`], [`check`] and [`read_shape`] for a file with these bytes.
fn three_readers(bytes: &[u8]) -> [Result<Vec<usize>, String>; 3] {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, bytes).unwrap();
    [read(&path).map(|array| array.shape), check(&path), read_shape(&path)]
        .map(|result| result.map_err(|error| chain(&error).replace(&path.display().to_string(), "file")))
}

/// More elements than are unpacked at a time.
fn long() -> Vec<u8> {
    IdxArray { shape: vec![200, 1000], data: vec![7; 200_000] }.to_bytes()
}

#[test]
fn a_check_accepts_what_can_be_read() {
    for bytes in [two_by_three().to_bytes(), gzip(&two_by_three().to_bytes())] {
        assert_eq!(three_readers(&bytes), [(); 3].map(|()| Ok(vec![2, 3])));
    }
    assert_eq!(three_readers(&gzip(&long())), [(); 3].map(|()| Ok(vec![200, 1000])));
}

#[test]
fn a_check_fails_as_reading_does() {
    let (plain, packed) = (long(), gzip(&long()));
    let trailing = [packed.clone(), vec![1]].concat();
    for bytes in
        [&plain[..plain.len() - 1], &[plain.clone(), vec![1]].concat(), &packed[..50], &trailing, b"abc"]
    {
        let [read, check, _] = three_readers(bytes);
        assert!(read.is_err());
        assert_eq!(check, read);
    }
}

#[test]
fn a_shape_is_read_without_the_elements() {
    let [read, _, shape] = three_readers(&header(&[60_000, 28, 28]));
    assert!(read.is_err());
    assert_eq!(shape, Ok(vec![60_000, 28, 28]));
}
