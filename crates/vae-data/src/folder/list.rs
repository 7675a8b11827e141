//! The files of a folder of pictures, and the class of each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{DataError, FormatError};

/// The most classes: a label is a byte.
const MAX_CLASSES: usize = 256;

/// A picture and its label, which is 0 if there are no classes.
#[derive(Clone)]
pub(super) struct Sample {
    pub(super) path: PathBuf,
    pub(super) label: u8,
}

/// The pictures of a folder, class by class, sorted.
pub(super) struct Listing {
    dir: PathBuf,
    pub(super) classes: Vec<String>,
    pub(super) samples: Vec<Sample>,
}

impl Listing {
    /// Lists `dir`, which must hold folders of pictures only, or pictures only.
    pub(super) fn of(dir: &Path) -> Result<Self, DataError> {
        let entries = entries(dir)?;
        let dir = dir.to_owned();
        if !entries.iter().any(|path| path.is_dir()) {
            let samples = entries.into_iter().map(|path| Sample { path, label: 0 }).collect();
            return Ok(Self { dir, classes: Vec::new(), samples });
        }
        if entries.len() > MAX_CLASSES {
            return Err(DataError::TooManyClasses { dir, limit: MAX_CLASSES, found: entries.len() });
        }
        let (mut classes, mut samples) = (Vec::new(), Vec::new());
        for (label, class) in (0..=u8::MAX).zip(entries) {
            if !class.is_dir() {
                return Err(stray(class, "a folder of pictures like those beside it, found a file"));
            }
            for path in self::entries(&class)? {
                if path.is_dir() {
                    return Err(stray(path, "a picture, found a folder"));
                }
                samples.push(Sample { path, label });
            }
            classes.push(name(&class));
        }
        Ok(Self { dir, classes, samples })
    }

    /// Checks that both have the same classes, so that a label has one meaning.
    pub(super) fn expect_classes_of(&self, other: &Self) -> Result<(), DataError> {
        if self.classes == other.classes {
            return Ok(());
        }
        let text =
            |classes: &[String]| if classes.is_empty() { "none".to_owned() } else { classes.join(", ") };
        let (expected, found) = (text(&other.classes), text(&self.classes));
        let expected = format!("the classes of {} ({expected}), found {found}", other.dir.display());
        Err(stray(self.dir.clone(), expected))
    }
}

/// Checks that `dir` holds only `folders`.
pub(super) fn expect_only(dir: &Path, folders: &[PathBuf; 2]) -> Result<(), DataError> {
    match entries(dir)?.into_iter().find(|path| !folders.contains(path)) {
        Some(path) => Err(stray(path, "nothing but the folders train and test, found another entry")),
        None => Ok(()),
    }
}

/// The entries of a directory, sorted, without those whose names begin with a dot.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let in_directory = |error| DataError::file(dir, FormatError::Io(error));
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(in_directory)? {
        let path = entry.map_err(in_directory)?.path();
        if !name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Whether the name has the extension of a picture.
pub(super) fn is_named_as_picture(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn stray(path: PathBuf, expected: impl Into<String>) -> DataError {
    DataError::Stray { path, expected: expected.into() }
}
