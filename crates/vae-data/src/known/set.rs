//! The sets, their names, and how their files are read.

use std::path::Path;

use crate::{
    dataset::Dataset,
    error::DataError,
    mnist::{self, FileKind, Labels, Survey},
    splits::{Split, Splits},
};

/// A data set that is published under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// Handwritten digits.
    Mnist,
    /// Pieces of clothing.
    FashionMnist,
    /// Cursive Japanese characters.
    Kmnist,
    /// Digits, capitals and small letters: 62 classes of unequal sizes.
    EmnistByClass,
    /// As [`EmnistByClass`](Self::EmnistByClass), with 15 small letters that look like their capitals merged with
    /// them: 47 classes of unequal sizes.
    EmnistByMerge,
    /// The 47 classes of [`EmnistByMerge`](Self::EmnistByMerge), with equally many images of each.
    EmnistBalanced,
    /// Letters, capital and small ones in one class.
    EmnistLetters,
    /// Digits.
    EmnistDigits,
    /// Digits, as many as MNIST has.
    EmnistMnist,
}

impl Known {
    /// All sets.
    pub const ALL: [Self; 9] = [
        Self::Mnist,
        Self::FashionMnist,
        Self::Kmnist,
        Self::EmnistByClass,
        Self::EmnistByMerge,
        Self::EmnistBalanced,
        Self::EmnistLetters,
        Self::EmnistDigits,
        Self::EmnistMnist,
    ];

    /// The set's name in lower case, fit for a directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Kmnist => "kmnist",
            Self::EmnistByClass => "emnist-byclass",
            Self::EmnistByMerge => "emnist-bymerge",
            Self::EmnistBalanced => "emnist-balanced",
            Self::EmnistLetters => "emnist-letters",
            Self::EmnistDigits => "emnist-digits",
            Self::EmnistMnist => "emnist-mnist",
        }
    }

    /// A second name, if there is one.
    pub fn alias(self) -> Option<&'static str> {
        (self == Self::FashionMnist).then_some("fashion")
    }

    /// The set with this name or alias.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name || set.alias() == Some(name))
    }

    /// Loads training and test set from the set's four files in a directory, all images upright, with labels and their
    /// names.
    ///
    /// # Errors
    /// Those of [`mnist::load`].
    pub fn load(self, dir: &Path) -> Result<Splits, DataError> {
        Splits::load(|split| self.load_split(dir, split))
    }

    /// Loads the training or the test set alone.
    ///
    /// # Errors
    /// Those of [`load`](Self::load) that concern one set.
    pub fn load_split(self, dir: &Path, split: Split) -> Result<Dataset, DataError> {
        let set = mnist::load_named(dir, split, |split, kind| self.stem(split, kind), Labels::Required)?;
        let set = set.with_class_names(self.class_names());
        Ok(if self.is_transposed() { set.transposed() } else { set })
    }

    /// The sizes of the set in a directory according to the headers of its files.
    ///
    /// # Errors
    /// Those of [`mnist::survey`].
    pub fn survey(self, dir: &Path) -> Result<Survey, DataError> {
        let survey = mnist::survey_named(dir, |split, kind| self.stem(split, kind))?;
        let Survey { height, width, .. } = survey;
        Ok(if self.is_transposed() { Survey { height: width, width: height, ..survey } } else { survey })
    }

    /// Whether the published images have rows and columns exchanged: those of EMNIST were written column by column.
    pub fn is_transposed(self) -> bool {
        self.emnist_name().is_some()
    }

    /// The published name of a file, without `.gz`.
    pub(super) fn stem(self, split: Split, kind: FileKind) -> String {
        match self.emnist_name() {
            None => mnist::stem(split, kind),
            Some(emnist) => {
                let split = if split == Split::Train { "train" } else { "test" };
                format!("emnist-{emnist}-{split}-{}", kind.suffix())
            }
        }
    }

    /// EMNIST's name for this arrangement of its images.
    pub(super) fn emnist_name(self) -> Option<&'static str> {
        self.name().strip_prefix("emnist-")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::idx::IdxArray;

    /// A directory with the files of a set: one image of 2 x 3, labelled 255, in both splits.
    fn directory(set: Known) -> TempDir {
        let dir = TempDir::new().unwrap();
        for (split, kind) in mnist::FILES {
            let array = match kind {
                FileKind::Images => IdxArray { shape: vec![1, 2, 3], data: vec![1, 2, 3, 4, 5, 6] },
                FileKind::Labels => IdxArray { shape: vec![1], data: vec![255] },
            };
            fs::write(dir.path().join(set.stem(split, kind)), array.to_bytes()).unwrap();
        }
        dir
    }

    #[test]
    fn every_set_is_found_by_its_name() {
        for set in Known::ALL {
            assert_eq!(Known::from_name(set.name()), Some(set));
        }
    }

    #[test]
    fn fashion_is_short_for_fashion_mnist() {
        assert_eq!(Known::from_name("fashion"), Some(Known::FashionMnist));
    }

    #[test]
    fn other_names_are_unknown() {
        assert_eq!(["", "emnist", "MNIST", "mnist "].map(Known::from_name), [None; 4]);
    }

    #[test]
    fn the_successors_of_mnist_load_as_they_are_stored() {
        for set in [Known::Mnist, Known::FashionMnist, Known::Kmnist] {
            let splits = set.load(directory(set).path()).unwrap();
            assert_eq!((splits.train.height(), splits.train.width()), (2, 3));
            assert_eq!(splits.test.images().row(0).to_vec(), [1, 2, 3, 4, 5, 6]);
        }
    }

    #[test]
    fn emnist_is_turned_upright() {
        let splits = Known::EmnistLetters.load(directory(Known::EmnistLetters).path()).unwrap();
        assert_eq!((splits.train.height(), splits.train.width()), (3, 2));
        assert_eq!(splits.test.images().row(0).to_vec(), [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn labels_up_to_255_are_accepted() {
        let splits = Known::EmnistByClass.load(directory(Known::EmnistByClass).path()).unwrap();
        assert_eq!(splits.train.labels(), Some(&[255][..]));
    }

    #[test]
    fn each_set_of_emnist_has_file_names_of_its_own() {
        let error = Known::EmnistDigits.load(directory(Known::EmnistLetters).path()).unwrap_err();
        assert!(error.to_string().contains("looked for emnist-digits-train-images-idx3-ubyte"), "{error}");
    }

    #[test]
    fn a_known_set_without_its_labels_is_incomplete() {
        let dir = directory(Known::Kmnist);
        fs::remove_file(dir.path().join("t10k-labels-idx1-ubyte")).unwrap();
        let error = Known::Kmnist.load(dir.path()).unwrap_err();
        assert!(matches!(&error, DataError::MissingFile { what, .. } if what == "test labels"), "{error}");
    }

    #[test]
    fn a_survey_finds_the_files_that_would_be_loaded() {
        let survey = Known::EmnistMnist.survey(directory(Known::EmnistMnist).path()).unwrap();
        assert_eq!(survey, Survey { train: 1, test: 1, height: 3, width: 2, labelled: true });
    }
}
