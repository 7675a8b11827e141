//! The model and the classifier that the project ships: files in the workspace, bytes in the installed program.

use std::path::{Path, PathBuf};

use vae_train::{ClassifierFile, TrainError};

use crate::program;

/// Where a shipped file is.
pub(crate) enum Shipped {
    File(PathBuf),
    Inside(&'static [u8]),
}

/// The name of the model in the program, where others have a path.
pub(crate) const MODEL_NAME: &str = "shipped model";

/// The model that commands use before there is a run.
pub(crate) fn model() -> Shipped {
    find("model.safetensors", include_bytes!("../../data/model.safetensors"))
}

/// The classifier of handwritten digits.
///
/// # Errors
/// Those of [`ClassifierFile::read`].
pub(crate) fn classifier() -> Result<ClassifierFile, TrainError> {
    match find("classifier.safetensors", include_bytes!("../../data/classifier.safetensors")) {
        Shipped::File(path) => ClassifierFile::read(&path),
        Shipped::Inside(bytes) => ClassifierFile::from_bytes(bytes)
            .map_err(|source| TrainError::ModelFile { path: PathBuf::from("shipped classifier"), source }),
    }
}

fn find(name: &str, inside: &'static [u8]) -> Shipped {
    match program::workspace() {
        Some(workspace) => Shipped::File(workspace.join("data").join(name)),
        None => Shipped::Inside(inside),
    }
}

/// True for what a model in the program has in place of a path.
pub(crate) fn is_inside(path: &Path) -> bool {
    program::is_installed() && path == Path::new(MODEL_NAME)
}
