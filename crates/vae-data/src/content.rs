//! The bytes of a file of any origin, plain or gzip, read as a stream within a limit.
//!
//! A file's name does not tell its content: `.gz` may hold plain bytes (some servers unpack on the way), a named pipe
//! never ends, an HTML page may have the name of the file that it replaced, and a gzip file of a megabyte may unpack
//! to a gigabyte. So formats are recognised by the content, and every reader sets a limit to the bytes it takes.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use flate2::bufread::GzDecoder;

use crate::error::FormatError;

/// The most bytes taken from a file unless the caller says otherwise, before and after unpacking: 1 GiB, twenty times
/// MNIST.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

/// The two bytes that begin every gzip stream.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes read from the disk at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// An open file whose first bytes have been looked at.
pub(crate) enum Content {
    /// The file's bytes are the content.
    Plain(BufReader<File>),
    /// The file's bytes unpack to the content. Boxed because the decoder's state is large.
    Gzip(Box<GzDecoder<BufReader<File>>>),
}

impl Content {
    /// Opens a regular file of at most `max_bytes` bytes on disk.
    pub(crate) fn open(path: &Path, max_bytes: u64) -> Result<Self, FormatError> {
        Self::from_file(open_regular(path, max_bytes)?)
    }

    /// Looks at the first bytes of an open file.
    pub(crate) fn from_file(file: File) -> Result<Self, FormatError> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
        let start = reader.fill_buf().map_err(FormatError::Io)?;
        if start.is_empty() {
            return Err(FormatError::Empty);
        }
        if looks_like_page(start) {
            return Err(FormatError::Page);
        }
        let is_gzip = start.starts_with(&GZIP_MAGIC);
        Ok(if is_gzip { Self::Gzip(Box::new(GzDecoder::new(reader))) } else { Self::Plain(reader) })
    }

    /// Whether the bytes are packed.
    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }

    /// Appends the next bytes to `out`, at most `count`: fewer only where the content ends.
    pub(crate) fn read_up_to(&mut self, count: u64, out: &mut Vec<u8>) -> Result<(), FormatError> {
        match self {
            Self::Plain(reader) => reader.take(count).read_to_end(out).map_err(FormatError::Io)?,
            Self::Gzip(decoder) => decoder.take(count).read_to_end(out).map_err(gzip_error)?,
        };
        Ok(())
    }

    /// Checks, once all content has been read, that nothing follows it in the file. Only a gzip stream can end before
    /// its file does.
    pub(crate) fn expect_end(self) -> Result<(), FormatError> {
        let Self::Gzip(decoder) = self else { return Ok(()) };
        let mut rest = decoder.into_inner();
        if rest.fill_buf().map_err(FormatError::Io)?.is_empty() {
            Ok(())
        } else {
            Err(FormatError::GzipTrailing)
        }
    }
}

/// Opens a regular file of at most `max_bytes` bytes on disk.
pub(crate) fn open_regular(path: &Path, max_bytes: u64) -> Result<File, FormatError> {
    // Checked before opening: opening a named pipe waits until another process writes into it.
    let metadata = fs::metadata(path).map_err(FormatError::Io)?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a directory" } else { "a pipe or a device" };
        return Err(FormatError::NotAFile { found });
    }
    if metadata.len() > max_bytes {
        return Err(FormatError::TooLarge { limit: max_bytes, found: metadata.len() });
    }
    File::open(path).map_err(FormatError::Io)
}

/// Whether these first bytes are those of an HTML or XML page. No format read here begins with `<`.
pub(crate) fn looks_like_page(start: &[u8]) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let begins_with = |tag: &[u8]| text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    [&b"<!doctype"[..], b"<html", b"<head", b"<?xml", b"<!--", b"<error"].into_iter().any(begins_with)
}

/// The error of the decoder as an error of the file.
fn gzip_error(error: io::Error) -> FormatError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FormatError::GzipTruncated,
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            FormatError::GzipDamaged { source: error }
        }
        _ => FormatError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use tempfile::TempDir;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// All content of a file that holds `bytes`, at most `count` bytes of it.
    fn read(bytes: &[u8], count: u64) -> Result<Vec<u8>, FormatError> {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, bytes).unwrap();
        let mut content = Content::open(&path, DEFAULT_MAX_BYTES)?;
        let mut out = Vec::new();
        content.read_up_to(count, &mut out)?;
        content.expect_end()?;
        Ok(out)
    }

    #[test]
    fn plain_bytes_come_as_they_are() {
        assert_eq!(read(b"plain", 100).unwrap(), b"plain");
    }

    #[test]
    fn gzip_is_recognised_by_its_content() {
        assert_eq!(read(&gzip(b"packed"), 100).unwrap(), b"packed");
    }

    #[test]
    fn a_gzip_bomb_is_not_unpacked_beyond_what_was_asked_for() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("bomb.gz");
        fs::write(&path, gzip(&vec![0; 10_000_000])).unwrap();
        let mut out = Vec::new();
        Content::open(&path, DEFAULT_MAX_BYTES).unwrap().read_up_to(1000, &mut out).unwrap();
        assert_eq!(out.len(), 1000);
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_unread() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Content::open(&path, DEFAULT_MAX_BYTES).err().unwrap();
        assert!(matches!(error, FormatError::TooLarge { found, .. } if found == 1 << 40), "{error}");
    }

    #[test]
    fn a_truncated_gzip_stream_is_refused_wherever_it_is_cut() {
        let packed = gzip(&(0..200).collect::<Vec<u8>>());
        for length in 2..packed.len() {
            let error = read(&packed[..length], 1000).unwrap_err();
            assert!(matches!(error, FormatError::GzipTruncated), "cut at {length}: {error}");
        }
    }

    #[test]
    fn a_wrong_gzip_checksum_is_refused() {
        let mut packed = gzip(b"packed");
        let checksum = packed.len() - 8;
        packed[checksum] ^= 1;
        assert!(matches!(read(&packed, 100), Err(FormatError::GzipDamaged { .. })));
    }

    #[test]
    fn garbage_after_a_gzip_stream_is_refused() {
        let packed = [gzip(b"packed"), b"garbage".to_vec()].concat();
        assert!(matches!(read(&packed, 100), Err(FormatError::GzipTrailing)));
    }

    #[test]
    fn a_second_gzip_stream_is_refused() {
        let packed = [gzip(b"one"), gzip(b"two")].concat();
        assert!(matches!(read(&packed, 100), Err(FormatError::GzipTrailing)));
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert!(matches!(read(b"", 100), Err(FormatError::Empty)));
    }

    #[test]
    fn pages_are_recognised_in_any_case_and_after_white_space() {
        for page in ["<!DOCTYPE html>", "\r\n\t <Html>", "\u{feff}<?xml version", "<Error><Code>AccessDenied"]
        {
            assert!(matches!(read(page.as_bytes(), 100), Err(FormatError::Page)), "{page}");
        }
    }

    #[test]
    fn a_directory_is_refused() {
        let dir = TempDir::new().unwrap();
        let error = Content::open(dir.path(), 100).err().unwrap();
        assert!(matches!(error, FormatError::NotAFile { found: "a directory" }), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error_of_the_system() {
        let dir = TempDir::new().unwrap();
        let error = Content::open(&dir.path().join("none"), 100).err().unwrap();
        assert!(
            matches!(&error, FormatError::Io(error) if error.kind() == io::ErrorKind::NotFound),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused() {
        let error = Content::open(Path::new("/dev/zero"), 100).err().unwrap();
        assert!(matches!(error, FormatError::NotAFile { found: "a pipe or a device" }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_refused_without_waiting_for_a_writer() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: this machine has no mkfifo");
            return;
        }
        let error = Content::open(&path, 100).err().unwrap();
        assert!(matches!(error, FormatError::NotAFile { found: "a pipe or a device" }), "{error}");
    }
}
