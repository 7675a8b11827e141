//! Which files MNIST consists of, under which names they are found, and what is in them.

use std::path::{Path, PathBuf};

use crate::splits::Split;

/// What one of the four files holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Images, (N, height, width).
    Images,
    /// Labels, (N).
    Labels,
}

impl Part {
    /// What it is called in a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    /// How many dimensions it has.
    pub(crate) fn rank(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }
}

/// A file of known content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSpec<'a> {
    /// The plain file's name.
    pub(crate) stem: &'a str,
    /// SHA-256 of the unpacked content, in lower-case hexadecimal: it is the same whoever packed it.
    pub(crate) sha256: &'a str,
}

/// The four files of MNIST: 60,000 images and labels to train on, 10,000 to test.
pub(crate) const FILES: [FileSpec<'static>; 4] = [
    FileSpec {
        stem: "train-images-idx3-ubyte",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    FileSpec {
        stem: "train-labels-idx1-ubyte",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    FileSpec {
        stem: "t10k-images-idx3-ubyte",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    FileSpec {
        stem: "t10k-labels-idx1-ubyte",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

/// The plain file's name of a part.
pub(crate) fn stem(split: Split, part: Part) -> &'static str {
    let file = match (split, part) {
        (Split::Train, Part::Images) => &FILES[0],
        (Split::Train, Part::Labels) => &FILES[1],
        (Split::Test, Part::Images) => &FILES[2],
        (Split::Test, Part::Labels) => &FILES[3],
    };
    file.stem
}

/// The names under which a file is looked for, the preferred first: plain before gzip, as it loads faster.
pub(crate) fn names(stem: &str) -> [String; 4] {
    // Some unpackers and mirrors write a dot where the original has the second hyphen from the end.
    let dotted = stem.replace("-idx", ".idx");
    [stem.to_owned(), dotted.clone(), format!("{stem}.gz"), format!("{dotted}.gz")]
}

/// Where a file lies, if it is there under any of its names.
pub(crate) fn find(dir: &Path, stem: &str) -> Option<PathBuf> {
    names(stem).into_iter().map(|name| dir.join(name)).find(|path| path.exists())
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
        use Part::{Images, Labels};
        let stems = [
            stem(Split::Train, Images),
            stem(Split::Train, Labels),
            stem(Split::Test, Images),
            stem(Split::Test, Labels),
        ];
        let expected = [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ];
        assert_eq!(stems, expected);
    }
}
