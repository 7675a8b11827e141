//! The four files in which MNIST and its successors come, and the names under which they are found.

use std::path::{Path, PathBuf};

use crate::{error::DataError, splits::Split};

/// What one of the four files holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Images, (N, height, width).
    Images,
    /// Labels, (N).
    Labels,
}

/// The four files, in the order in which they are told of.
pub(crate) const FILES: [(Split, Part); 4] = [
    (Split::Train, Part::Images),
    (Split::Train, Part::Labels),
    (Split::Test, Part::Images),
    (Split::Test, Part::Labels),
];

impl Part {
    /// What it is called in a message.
    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    /// How many dimensions it has.
    fn rank(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    /// Images have three dimensions, labels one.
    pub(super) fn check_rank(self, path: &Path, shape: &[usize]) -> Result<(), DataError> {
        let (expected, found) = (self.rank(), shape.len());
        if found == expected {
            Ok(())
        } else {
            Err(DataError::Rank { path: path.to_owned(), what: self.name(), expected, found })
        }
    }

    /// How the plain file's name ends: what it holds and in which format.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Images => "images-idx3-ubyte",
            Self::Labels => "labels-idx1-ubyte",
        }
    }
}

/// The plain file's name of a part, as MNIST has it.
pub(crate) fn stem(split: Split, part: Part) -> String {
    let split = if split == Split::Train { "train" } else { "t10k" };
    format!("{split}-{}", part.suffix())
}

/// The names under which a file is looked for, the preferred first: plain before gzip, as it loads faster.
fn names(stem: &str) -> [String; 4] {
    // Some unpackers and mirrors write a dot where the original has the second hyphen from the end.
    let dotted = stem.replace("-idx", ".idx");
    [stem.to_owned(), dotted.clone(), format!("{stem}.gz"), format!("{dotted}.gz")]
}

/// Where a file lies, if it is there under any of its names.
pub(crate) fn find(dir: &Path, stem: &str) -> Option<PathBuf> {
    names(stem).into_iter().map(|name| dir.join(name)).find(|path| path.exists())
}

/// Finds one of the four files.
pub(super) fn locate(dir: &Path, split: Split, part: Part, stem: &str) -> Result<PathBuf, DataError> {
    find(dir, stem).ok_or_else(|| DataError::MissingFile {
        dir: dir.to_owned(),
        what: format!("{} {}", if split == Split::Train { "training" } else { "test" }, part.name()),
        names: names(stem).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_naming_habits_are_known_plain_and_packed() {
        let expected = ["a-idx3-ubyte", "a.idx3-ubyte", "a-idx3-ubyte.gz", "a.idx3-ubyte.gz"];
        assert_eq!(names("a-idx3-ubyte"), expected);
    }

    #[test]
    fn each_part_of_each_split_has_its_file() {
        let expected = [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ];
        assert_eq!(FILES.map(|(split, part)| stem(split, part)), expected);
    }
}
