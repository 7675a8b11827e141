//! What can go wrong with a run. A message names the file, what was expected and what was found; an error of another
//! kind behind it is its [`source`](std::error::Error::source) and not repeated in its text.

use std::{error::Error, io, path::PathBuf};

use vae_core::VaeError;
use vae_data::DataError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A field of the configuration is out of its range.
    #[error("{field} must be {expected}, found {found}")]
    Field {
        /// The field, with its section.
        field: &'static str,
        /// The values allowed.
        expected: String,
        /// The value given.
        found: String,
    },
    /// The text of a configuration cannot be read.
    #[error("{reason}")]
    Toml {
        /// The parser's message, in one line, with the line and column of the text where it has one.
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
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A file is too large, or is not a regular file.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// The content of one of a run's files cannot be parsed.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be and is not, such as `not a checkpoint`.
        problem: String,
        /// The parser's error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file does not hold a model or a classifier that can be used.
    #[error("cannot load {}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: VaeError,
    },
    /// A new run was to start in a directory that already holds one.
    #[error(
        "{} already holds a run; go on with it (--resume) or choose another directory (--run)",
        path.display()
    )]
    RunExists {
        /// The run directory.
        path: PathBuf,
    },
    /// A run was to be resumed in a directory that holds none.
    #[error("{} holds no run to go on with; without --resume, a run starts there", path.display())]
    NoRun {
        /// The run directory.
        path: PathBuf,
    },
    /// A run's checkpoint is missing, and to start anew would overwrite its model.
    #[error(
        "{} holds a trained model and no checkpoint to go on from; a new run needs another directory",
        path.display()
    )]
    NoCheckpoint {
        /// The run directory.
        path: PathBuf,
    },
    /// A run was to end before the epoch that it has reached.
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
    /// A run was to be resumed with another configuration.
    #[error("the run was started with {field} = {expected} and cannot go on with {found}")]
    ResumeConfig {
        /// The field that differs, with its section.
        field: String,
        /// The run's value.
        expected: String,
        /// The value asked for.
        found: String,
    },
    /// A run whose step size follows a cosine was to end at another epoch.
    #[error(
        "the learning rate of the run falls along half a cosine over its {expected} epochs; over {found} epochs, each \
         step would have had another learning rate"
    )]
    ResumeCosine {
        /// The run's number of epochs.
        expected: u64,
        /// The number asked for.
        found: u64,
    },
    /// A run was to be resumed on other images.
    #[error("the run was started on data with fingerprint {expected}, found data with fingerprint {found}")]
    ResumeData {
        /// Beginning of the fingerprint of the run's data.
        expected: String,
        /// Beginning of the fingerprint of the data given.
        found: String,
    },
    /// The images are of another size than the model was made for.
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
    /// A classifier or the posteriors of classes were asked for, and the training images have no labels.
    #[error("the training images of {data} have no labels")]
    NoLabels {
        /// The data's name.
        data: String,
    },
    /// Images of a class were asked for that the training images do not have.
    #[error("there is no class {found}: the training images are of the classes {expected}")]
    UnknownClass {
        /// The class asked for, a name or a number.
        found: String,
        /// The classes that exist.
        expected: String,
    },
    /// A loss or a gradient is infinite or not a number. The parameters are those of the step before.
    #[error(
        "epoch {epoch}, step {step}: {term} is not finite; the last checkpoint stays as it is. \
         A new run with a smaller learning rate may help"
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
