//! Whether a directory holds MNIST itself: every file's unpacked content, against published hashes.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::content::{Content, DEFAULT_MAX_BYTES};
use crate::error::{DataError, FormatError};
use crate::hash;
use crate::mnist::files::{FILES, FileSpec, find};

/// Bytes unpacked at a time.
const CHUNK_BYTES: u64 = 64 * 1024;

/// [`Dataset::fingerprint`](crate::Dataset::fingerprint) of MNIST's training set: tells whether data that is already
/// loaded is MNIST.
pub const TRAIN_FINGERPRINT: &str = "e7a85365ac4a5edf3c05a2a4becbfa8fc12f0a34d1c634775808dcbfb4906030";

/// [`Dataset::fingerprint`](crate::Dataset::fingerprint) of MNIST's test set.
pub const TEST_FINGERPRINT: &str = "6e70a09374fde91a7e29f51c7587e758589a98de83d43e6ba93e7ba8f8d67e94";

/// What [`verify`] found out about one of MNIST's files.
#[derive(Debug)]
pub struct FileCheck {
    /// The plain file's name, whatever it is called here.
    pub name: &'static str,
    /// Where it lies, if it is there.
    pub path: Option<PathBuf>,
    /// Whether it is what it should be.
    pub state: FileState,
}

/// Whether a file is what it should be.
#[derive(Debug)]
pub enum FileState {
    /// It holds exactly the expected bytes.
    Ok,
    /// It holds other bytes. The SHA-256 of both in hexadecimal.
    Mismatch {
        /// As published.
        expected: String,
        /// Of this file.
        found: String,
    },
    /// It is not there under any of its names.
    Missing,
    /// It cannot be read or unpacked.
    Unreadable(DataError),
}

/// Compares MNIST's four files in `dir` with the published ones: training images, training labels, test images, test
/// labels. Files are found under the names that [`load`](crate::mnist::load) knows, plain or gzip.
#[must_use]
pub fn verify(dir: &Path) -> Vec<FileCheck> {
    FILES
        .into_par_iter()
        .map(|file| {
            let path = find(dir, file.stem);
            let state = path.as_deref().map_or(FileState::Missing, |path| check(path, file));
            FileCheck { name: file.stem, path, state }
        })
        .collect()
}

/// Compares a file's unpacked content with what it should be.
pub(crate) fn check(path: &Path, file: FileSpec<'_>) -> FileState {
    let sha256 = Content::open(path, DEFAULT_MAX_BYTES).and_then(content_sha256);
    match sha256 {
        Ok(found) if found == file.sha256 => FileState::Ok,
        Ok(found) => FileState::Mismatch { expected: file.sha256.to_owned(), found },
        Err(problem) => FileState::Unreadable(DataError::file(path, problem)),
    }
}

/// SHA-256 of unpacked content, in hexadecimal. Memory does not grow with the content.
pub(crate) fn content_sha256(mut content: Content) -> Result<String, FormatError> {
    let mut hasher = Sha256::new();
    let mut chunk = Vec::new();
    let mut total = 0;
    loop {
        chunk.clear();
        content.read_up_to(CHUNK_BYTES, &mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        hasher.update(&chunk);
        total += chunk.len() as u64;
        if total > DEFAULT_MAX_BYTES {
            return Err(FormatError::TooLarge { limit: DEFAULT_MAX_BYTES, found: total });
        }
    }
    content.expect_end()?;
    Ok(hash::hex(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn absent_files_are_missing() {
        let dir = TempDir::new().unwrap();
        let checks = verify(dir.path());
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| matches!(check.state, FileState::Missing)), "{checks:?}");
    }

    #[test]
    fn other_content_is_a_mismatch_with_both_hashes() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("train-labels-idx1-ubyte"), "abc").unwrap();
        let FileState::Mismatch { expected, found } = &verify(dir.path())[1].state else {
            panic!("no mismatch")
        };
        assert_eq!(expected, FILES[1].sha256);
        // The example of FIPS 180-2, appendix B.1.
        assert_eq!(found, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_damaged_file_is_unreadable() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("t10k-labels-idx1-ubyte.gz"), [0x1f, 0x8b, 8]).unwrap();
        let check = &verify(dir.path())[3];
        assert!(matches!(check.state, FileState::Unreadable(_)), "{check:?}");
    }

    #[test]
    fn the_real_files_are_what_they_should_be() {
        let Some(dir) = env::var_os("VAE_DATA").filter(|dir| !dir.is_empty()) else {
            println!("skipped: VAE_DATA names no directory with MNIST to verify");
            return;
        };
        let checks = verify(Path::new(&dir));
        assert!(checks.iter().all(|check| matches!(check.state, FileState::Ok)), "{checks:?}");
    }
}
