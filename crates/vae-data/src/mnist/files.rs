//! The four files in which MNIST and its successors come, and the names under which they are found.

use std::path::{Path, PathBuf};

use crate::{error::DataError, splits::Split};

/// What one of the four files holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Images, (N, height, width).
    Images,
    /// Labels, (N).
    Labels,
}

/// The four files, in the order in which they are listed.
pub(crate) const FILES: [(Split, FileKind); 4] = [
    (Split::Train, FileKind::Images),
    (Split::Train, FileKind::Labels),
    (Split::Test, FileKind::Images),
    (Split::Test, FileKind::Labels),
];

impl FileKind {
    /// The name in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    /// Number of dimensions.
    fn rank(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    /// Checks the number of dimensions: images have three, labels one.
    pub(super) fn check_rank(self, path: &Path, shape: &[usize]) -> Result<(), DataError> {
        let (expected, found) = (self.rank(), shape.len());
        if found == expected {
            Ok(())
        } else {
            Err(DataError::Rank { path: path.to_owned(), what: self.name(), expected, found })
        }
    }

    /// The end of the file's name: content and format.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Images => "images-idx3-ubyte",
            Self::Labels => "labels-idx1-ubyte",
        }
    }
}

/// MNIST's name of a file, without `.gz`.
pub(crate) fn stem(split: Split, kind: FileKind) -> String {
    let split = if split == Split::Train { "train" } else { "t10k" };
    format!("{split}-{}", kind.suffix())
}

/// The names under which a file is looked for, in order of preference: plain before gzip, as it loads faster.
fn names(stem: &str) -> [String; 4] {
    // Some unpackers and mirrors write a dot in place of the hyphen before `idx`.
    let dotted = stem.replace("-idx", ".idx");
    [stem.to_owned(), dotted.clone(), format!("{stem}.gz"), format!("{dotted}.gz")]
}

/// The path of a file, if it exists under any of its names.
pub(crate) fn find(dir: &Path, stem: &str) -> Option<PathBuf> {
    names(stem).into_iter().map(|name| dir.join(name)).find(|path| path.exists())
}

/// The path of one of the four files, or an error with the names that were tried.
pub(super) fn locate(dir: &Path, split: Split, kind: FileKind, stem: &str) -> Result<PathBuf, DataError> {
    find(dir, stem).ok_or_else(|| DataError::MissingFile {
        dir: dir.to_owned(),
        what: format!("{} {}", if split == Split::Train { "training" } else { "test" }, kind.name()),
        names: names(stem).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_hyphen_and_dot_are_tried_plain_and_packed() {
        let expected = ["a-idx3-ubyte", "a.idx3-ubyte", "a-idx3-ubyte.gz", "a.idx3-ubyte.gz"];
        assert_eq!(names("a-idx3-ubyte"), expected);
    }

    #[test]
    fn each_kind_of_file_of_each_split_has_its_name() {
        let expected = [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ];
        assert_eq!(FILES.map(|(split, kind)| stem(split, kind)), expected);
    }
}
