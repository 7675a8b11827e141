//! The run directory: which file is what, who may write, and what is read back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Checkpoint, EpochMetrics, TrainConfig, TrainError,
    files::{read_bounded, remove_partial},
};

/// The largest file read as text of a run: configurations and metrics.
const MAX_TEXT: u64 = 64 << 20;

/// A directory that belongs to one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// The run in this directory, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration, as resolved.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// A line an epoch.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The best or the last weights.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// Everything needed to go on.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// Where pictures of the model go.
    pub fn pictures(&self) -> PathBuf {
        self.path.join("pictures")
    }

    /// Makes the directory, holds it against other processes until the result is dropped, and removes what a killed
    /// process left half-written.
    ///
    /// # Errors
    /// [`TrainError::RunLocked`], or [`TrainError::File`] where the directory cannot be made or written to.
    pub fn lock(&self) -> Result<RunLock, TrainError> {
        let error = |action, path: &Path, source| TrainError::File { action, path: path.to_owned(), source };
        fs::create_dir_all(&self.path).map_err(|source| error("make the directory", &self.path, source))?;
        let path = self.path.join(".lock");
        let options = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = options.map_err(|source| error("write", &path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(TrainError::RunLocked { path: self.path.clone() });
            }
            Err(fs::TryLockError::Error(source)) => return Err(error("lock", &path, source)),
        }
        remove_partial(&self.path);
        Ok(RunLock { _file: file })
    }

    /// Whether a run was started here.
    pub fn is_started(&self) -> bool {
        [self.config(), self.metrics(), self.model(), self.checkpoint()].iter().any(|path| path.exists())
    }

    /// Whether a run here finished an epoch, so that there is something to lose.
    pub fn has_epochs(&self) -> bool {
        self.metrics().exists()
    }

    /// The configuration of the run here, if it got as far as to write it.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read_config(&self) -> Result<Option<TrainConfig>, TrainError> {
        let Some(text) = read_text(&self.config())? else { return Ok(None) };
        let config = TrainConfig::default().overlay(&text);
        config
            .map(Some)
            .map_err(|error| TrainError::Content { path: self.config(), reason: error.to_string() })
    }

    /// The checkpoint of the run here, if it got as far as to write one.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read_checkpoint(&self) -> Result<Option<Checkpoint>, TrainError> {
        let path = self.checkpoint();
        if path.exists() { Checkpoint::read(&path).map(Some) } else { Ok(None) }
    }

    /// The metrics of the epochs done so far; none before the first.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read_metrics(&self) -> Result<Vec<EpochMetrics>, TrainError> {
        let text = read_text(&self.metrics())?.unwrap_or_default();
        let parse = |(i, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| TrainError::Content {
                path: self.metrics(),
                reason: format!("line {}: {error}", i + 1),
            })
        };
        text.lines().enumerate().map(parse).collect()
    }
}

/// Holds a run directory against other processes, until dropped or the process ends.
#[derive(Debug)]
pub struct RunLock {
    _file: fs::File,
}

/// The text of a file, or none where there is no file.
fn read_text(path: &Path) -> Result<Option<String>, TrainError> {
    if !path.exists() {
        return Ok(None);
    }
    let content = |reason: String| TrainError::Content { path: path.to_owned(), reason };
    let bytes = read_bounded(path, MAX_TEXT)?;
    String::from_utf8(bytes).map(Some).map_err(|error| content(format!("expected UTF-8 text: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        let _lock = run.lock().unwrap();
        assert!(matches!(run.lock(), Err(TrainError::RunLocked { .. })));
    }

    #[test]
    fn a_directory_without_a_run_has_nothing_to_read() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        assert!(!run.is_started() && !run.has_epochs());
        assert_eq!((run.read_config().unwrap(), run.read_metrics().unwrap().len()), (None, 0));
        assert!(run.read_checkpoint().unwrap().is_none());
    }
}
