//! Whether a directory holds a known set as published: each file is compared with its checksum.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{checksum::Checksum, set::Known, source::FileSpec};
use crate::{
    content::{Content, DEFAULT_MAX_BYTES, open_regular},
    error::DataError,
    idx,
    mnist::find,
};

/// The result of [`Known::verify`] for one file.
#[derive(Debug)]
pub struct FileCheck {
    /// The published name, without `.gz`.
    pub name: String,
    /// The path of the file, if it is there.
    pub path: Option<PathBuf>,
    /// The result.
    pub state: FileState,
}

/// Whether a file is the published one.
#[derive(Debug)]
pub enum FileState {
    /// It has the published checksum.
    Ok,
    /// It is a whole IDX file, but there is no published checksum to compare it with.
    WellFormed {
        /// What the published checksum belongs to instead, such as "its gzip file".
        published: &'static str,
    },
    /// It has another checksum than the published file.
    Mismatch {
        /// "SHA-256" or "MD5".
        algorithm: &'static str,
        /// The published checksum, in hexadecimal.
        expected: String,
        /// The checksum of this file, in hexadecimal.
        found: String,
    },
    /// It is not there under any of its names.
    Missing,
    /// It cannot be read or unpacked.
    Unreadable(DataError),
}

impl Known {
    /// Compares the set's four files in `dir` with the published ones: training images, training labels, test images,
    /// test labels. They may have any of the names that [`mnist::load`](crate::mnist::load) accepts, plain or gzip.
    ///
    /// MNIST's checksums are those of the content, Fashion-MNIST's and Kuzushiji-MNIST's those of the gzip files,
    /// EMNIST's that of the archive. So an unpacked file of Fashion-MNIST or Kuzushiji-MNIST and any file of EMNIST
    /// is at best [`FileState::WellFormed`].
    #[must_use]
    pub fn verify(self, dir: &Path) -> Vec<FileCheck> {
        self.files()
            .into_par_iter()
            .map(|file| {
                let path = find(dir, &file.stem);
                let state = path.as_deref().map_or(FileState::Missing, |path| check(path, &file));
                FileCheck { name: file.stem, path, state }
            })
            .collect()
    }
}

/// Compares a file with its published checksum.
pub(crate) fn check(path: &Path, file: &FileSpec) -> FileState {
    compare(path, &file.checksum).unwrap_or_else(FileState::Unreadable)
}

fn compare(path: &Path, checksum: &Checksum) -> Result<FileState, DataError> {
    let in_file = |error| DataError::file(path, error);
    let published = match checksum {
        Checksum::ContentSha256(_) => None,
        Checksum::PackedMd5(_) => {
            let is_packed = Content::open(path, DEFAULT_MAX_BYTES).map_err(in_file)?.is_gzip();
            (!is_packed).then_some("its gzip file")
        }
        Checksum::OfArchive => Some("the archive that it came in"),
    };
    if let Some(published) = published {
        idx::check(path)?;
        return Ok(FileState::WellFormed { published });
    }
    let file = open_regular(path, DEFAULT_MAX_BYTES).map_err(in_file)?;
    let found = checksum.of(file).map_err(in_file)?;
    let (algorithm, expected) = (checksum.algorithm(), checksum.published().to_owned());
    Ok(if found == expected { FileState::Ok } else { FileState::Mismatch { algorithm, expected, found } })
}

#[cfg(test)]
mod tests {
    use std::{env, fs, io::Write};

    use flate2::{Compression, write::GzEncoder};
    use tempfile::TempDir;

    use super::*;
    use crate::{hash, idx::IdxArray};

    /// The state of a file with these bytes under the name of a set's test labels.
    fn state(set: Known, suffix: &str, bytes: &[u8]) -> FileState {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join(format!("{}{suffix}", set.files()[3].stem)), bytes).unwrap();
        set.verify(dir.path()).pop().unwrap().state
    }

    fn labels() -> Vec<u8> {
        IdxArray { shape: vec![3], data: vec![1, 2, 26] }.to_bytes()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn absent_files_are_missing() {
        let dir = TempDir::new().unwrap();
        for set in Known::ALL {
            let checks = set.verify(dir.path());
            assert_eq!(checks.len(), 4);
            assert!(checks.iter().all(|check| matches!(check.state, FileState::Missing)), "{checks:?}");
        }
    }

    #[test]
    fn other_content_is_a_mismatch_with_both_hashes() {
        let FileState::Mismatch { algorithm: "SHA-256", expected, found } = state(Known::Mnist, "", b"abc")
        else {
            panic!("no mismatch")
        };
        assert_eq!(expected, Known::Mnist.files()[3].checksum.published());
        // The example of FIPS 180-2, appendix B.1.
        assert_eq!(found, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn another_gzip_file_is_a_mismatch_by_its_own_bytes() {
        let bytes = gzip(&labels());
        let FileState::Mismatch { algorithm: "MD5", expected, found } = state(Known::Kmnist, ".gz", &bytes)
        else {
            panic!("no mismatch")
        };
        assert_eq!(expected, "7320c461ea6c1c855c0b718fb2a4b134");
        assert_eq!(found, hash::md5_of(&bytes[..]).unwrap());
    }

    #[test]
    fn an_unpacked_file_cannot_be_compared_with_the_sum_of_the_packed_one() {
        let state = state(Known::FashionMnist, "", &labels());
        assert!(matches!(state, FileState::WellFormed { published: "its gzip file" }), "{state:?}");
    }

    #[test]
    fn a_file_of_an_archive_is_at_best_well_formed() {
        for (suffix, bytes) in [("", labels()), (".gz", gzip(&labels()))] {
            let state = state(Known::EmnistLetters, suffix, &bytes);
            assert!(matches!(state, FileState::WellFormed { .. }), "{state:?}");
        }
    }

    #[test]
    fn a_damaged_file_is_unreadable_whatever_its_checksum_is_of() {
        for (set, bytes) in [
            (Known::Mnist, &[0x1f, 0x8b, 8][..]),
            (Known::FashionMnist, b"<html>"),
            (Known::FashionMnist, &labels()[..10]),
            (Known::EmnistDigits, &gzip(&labels())[..15]),
        ] {
            let state = state(set, "", bytes);
            assert!(matches!(state, FileState::Unreadable(_)), "{}: {state:?}", set.name());
        }
    }

    #[test]
    fn the_real_files_are_the_published_ones() {
        let Some(dir) = env::var_os("VAE_DATA").filter(|dir| !dir.is_empty()) else {
            println!("skipped: VAE_DATA names no directory with MNIST to verify");
            return;
        };
        let checks = Known::Mnist.verify(Path::new(&dir));
        assert!(checks.iter().all(|check| matches!(check.state, FileState::Ok)), "{checks:?}");
    }
}
