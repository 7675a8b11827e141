//! Where each known set is published, and the checksums that its publishers give.
//!
//! For MNIST, the SHA-256 of each file's content is known. The publishers of its successors give MD5 sums of the
//! files on their servers. MD5 detects damaged and wrong files, but not forged ones, as other content of the same MD5
//! can be made.

use super::{checksum::Checksum, set::Known};
use crate::mnist::FILES;

/// A file of known content.
#[derive(Clone, Debug)]
pub(crate) struct FileSpec {
    /// The file's name without `.gz`.
    pub(crate) stem: String,
    /// Its published checksum.
    pub(crate) checksum: Checksum,
}

#[cfg(feature = "download")]
impl FileSpec {
    /// The name under which servers have the file, and under which it is stored.
    pub(crate) fn packed_name(&self) -> String {
        format!("{}.gz", self.stem)
    }
}

/// An archive that holds the files of several sets.
#[cfg(feature = "download")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    /// Its name on the server.
    pub(crate) name: String,
    /// A [`Checksum::PackedMd5`].
    pub(crate) checksum: Checksum,
    /// The folder in the archive that holds the files, with `/` at its end.
    pub(crate) folder: String,
}

impl Known {
    /// Addresses to which a file's name is appended, in the order in which they are tried.
    pub fn mirrors(self) -> &'static [&'static str] {
        match self {
            Self::Mnist => &[
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ],
            Self::FashionMnist => &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
            Self::Kmnist => &["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
            _ => &["https://biometrics.nist.gov/cs_links/EMNIST/"],
        }
    }

    /// The set's four files: training images and labels, test images and labels.
    pub(crate) fn files(self) -> [FileSpec; 4] {
        let sha256 = |hex: &str| Checksum::ContentSha256(hex.to_owned());
        let md5 = |hex: &str| Checksum::PackedMd5(hex.to_owned());
        let mut checksums = match self {
            Self::Mnist => [
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ]
            .map(sha256),
            Self::FashionMnist => [
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ]
            .map(md5),
            Self::Kmnist => [
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ]
            .map(md5),
            _ => [(); 4].map(|()| Checksum::OfArchive),
        }
        .into_iter();
        FILES.map(|(split, kind)| FileSpec {
            stem: self.stem(split, kind),
            checksum: checksums.next().expect("a checksum for each file"),
        })
    }

    /// The archive that holds the files, if they are not published one by one: all sets of EMNIST share one.
    #[cfg(feature = "download")]
    pub(crate) fn archive(self) -> Option<Archive> {
        self.emnist_name().map(|_| Archive {
            name: "gzip.zip".to_owned(),
            checksum: Checksum::PackedMd5("58c8d27c78d21e728a6bc7b3cc06412e".to_owned()),
            folder: "gzip/".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checksum_has_the_length_of_its_algorithm() {
        for checksum in Known::ALL.into_iter().flat_map(Known::files).map(|file| file.checksum) {
            let length = checksum.published().len();
            match checksum {
                Checksum::ContentSha256(_) => assert_eq!(length, 64),
                Checksum::PackedMd5(_) => assert_eq!(length, 32),
                Checksum::OfArchive => assert_eq!(length, 0),
            }
        }
    }

    #[test]
    fn no_two_files_have_the_same_checksum() {
        let files: Vec<_> = Known::ALL.into_iter().flat_map(Known::files).collect();
        let published: Vec<_> =
            files.iter().map(|file| file.checksum.published()).filter(|hex| !hex.is_empty()).collect();
        let different: std::collections::BTreeSet<_> = published.iter().collect();
        assert_eq!((different.len(), published.len()), (12, 12));
    }

    #[cfg(feature = "download")]
    #[test]
    fn a_set_has_checksums_of_its_files_or_of_its_archive() {
        for set in Known::ALL {
            let has_own = set.files().iter().all(|file| file.checksum != Checksum::OfArchive);
            let archive = set.archive().map(|archive| archive.checksum.published().len());
            assert_eq!(archive, if has_own { None } else { Some(32) }, "{}", set.name());
        }
    }

    #[test]
    fn every_mirror_is_an_address_that_a_name_can_be_appended_to() {
        for mirror in Known::ALL.into_iter().flat_map(Known::mirrors) {
            assert!(mirror.starts_with("http") && mirror.ends_with('/'), "{mirror}");
        }
    }
}
