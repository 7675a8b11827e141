//! What can go wrong with a run. A message names what was tried; the error behind it, where there is one, is its
//! `source()`.

use std::path::PathBuf;

use thiserror::Error;
use vae_core::VaeError;
use vae_data::DataError;

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A field of the configuration is out of its range.
    #[error("{field} must be {expected}, found {found}")]
    Field {
        /// The field, with its section.
        field: &'static str,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The text of a configuration cannot be read.
    #[error("{reason}")]
    Toml {
        /// The reader's words, with line and column.
        reason: String,
    },
    /// The model or the optimizer refuses its configuration or its weights.
    #[error(transparent)]
    Model(#[from] VaeError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The content of one of a run's files is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A file does not hold a model that can be used.
    #[error("cannot use {}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: VaeError,
    },
    /// A file does not hold a checkpoint that can be used.
    #[error("{}: not a checkpoint", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<TrainError>,
    },
    /// A run is to begin where there is one already.
    #[error("{} already holds a run; go on with it (--resume) or choose another directory (--run)", path.display())]
    RunExists {
        /// The run directory.
        path: PathBuf,
    },
    /// A run is to go on that never started.
    #[error("{} holds no run to go on with; without --resume, a run starts there", path.display())]
    NoRun {
        /// The run directory.
        path: PathBuf,
    },
    /// A run's checkpoint is gone, and to start anew would overwrite its model.
    #[error("{} holds a trained model and no checkpoint to go on from; a new run needs another directory", path.display())]
    NoCheckpoint {
        /// The run directory.
        path: PathBuf,
    },
    /// A run is to end before the epoch it has reached.
    #[error("the run has done {done} epochs and cannot end after {asked}")]
    FewerEpochs {
        /// Epochs done.
        done: u64,
        /// Epochs asked for.
        asked: u64,
    },
    /// Another process is training in the same directory.
    #[error("another process is training in {}", path.display())]
    RunLocked {
        /// The run directory.
        path: PathBuf,
    },
    /// A run is to go on with another configuration.
    #[error("the run was started with {field} = {expected} and cannot go on with {found}")]
    ResumeConfig {
        /// The field that differs, with its section.
        field: String,
        /// The run's value.
        expected: String,
        /// The value asked for.
        found: String,
    },
    /// A run is to go on with other images.
    #[error("the run was started on other data (fingerprint {expected}) than there is now ({found})")]
    ResumeData {
        /// Beginning of the fingerprint of the run's data.
        expected: String,
        /// Beginning of the fingerprint of the data there is.
        found: String,
    },
    /// The data has other images than the model was made for.
    #[error("the model takes images of {expected} pixels, the data has {found} ({height} x {width})")]
    ImageSize {
        /// The model's number of inputs.
        expected: usize,
        /// Pixels of an image of the data.
        found: usize,
        /// Rows of an image of the data.
        height: usize,
        /// Columns of an image of the data.
        width: usize,
    },
    /// There is nothing to train on or to evaluate.
    #[error("{what} has no images")]
    NoImages {
        /// Which set is empty.
        what: &'static str,
    },
    /// Images of each class are asked for, and the images have no labels.
    #[error("the training images of {data} have no labels")]
    NoLabels {
        /// Which data.
        data: String,
    },
    /// Images of a class are asked for that the training images lack.
    #[error("there is no class {found}: the training images are of the classes {expected}")]
    UnknownClass {
        /// The class asked for.
        found: u8,
        /// The classes there are.
        expected: String,
    },
    /// A loss or a gradient stopped being a number. The parameters are those of the step before.
    #[error(
        "epoch {epoch}, step {step}: {term} is not finite; the last checkpoint stays as it is. A new run with a smaller learning rate may help"
    )]
    NotFinite {
        /// The epoch, from 1.
        epoch: u64,
        /// The step within the epoch, from 1.
        step: u64,
        /// Which term.
        term: String,
    },
}
