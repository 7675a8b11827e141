//! The run directory: the paths of its files, the lock that keeps other processes out, and reading the files back.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Checkpoint, EpochMetrics, TrainConfig, TrainError,
    files::{read_bounded, remove_partial},
};

/// The largest text file of a run that is read: configuration or metrics.
const MAX_TEXT: u64 = 64 << 20;

/// The directory of one run.
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

    /// Path of the configuration, as resolved.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// Path of the metrics, one line an epoch.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Path of the model file, with the best or the last weights.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// Path of the checkpoint, which holds everything needed to resume the run.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// Path of the directory for pictures of the model.
    pub fn pictures(&self) -> PathBuf {
        self.path.join("pictures")
    }

    /// Makes the directory, locks it against other processes until the result is dropped, and removes the temporary
    /// files that a killed process left.
    ///
    /// # Errors
    /// [`TrainError::RunLocked`], or [`TrainError::File`] if the directory cannot be made or written to.
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

    /// Whether another process holds the lock of the directory.
    pub fn is_locked(&self) -> bool {
        let file = fs::File::open(self.path.join(".lock"));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }

    /// Whether a run was started here.
    pub fn is_started(&self) -> bool {
        [self.config(), self.metrics(), self.model(), self.checkpoint()].iter().any(|path| path.exists())
    }

    /// Whether a run here finished an epoch, which a new run would overwrite.
    pub fn has_epochs(&self) -> bool {
        self.metrics().exists()
    }

    /// The configuration of the run here. None if the file does not exist.
    ///
    /// # Errors
    /// If the file exists and cannot be read.
    pub fn read_config(&self) -> Result<Option<TrainConfig>, TrainError> {
        let Some(text) = read_text(&self.config())? else { return Ok(None) };
        let config = TrainConfig::default().overlay(&text);
        config.map(Some).map_err(|error| malformed(&self.config(), "not a configuration", error))
    }

    /// The checkpoint of the run here. None if the file does not exist.
    ///
    /// # Errors
    /// If the file exists and cannot be read.
    pub fn read_checkpoint(&self) -> Result<Option<Checkpoint>, TrainError> {
        let path = self.checkpoint();
        if path.exists() { Checkpoint::read(&path).map(Some) } else { Ok(None) }
    }

    /// The metrics of the epochs done so far, none before the end of the first.
    ///
    /// # Errors
    /// If the file exists and cannot be read.
    pub fn read_metrics(&self) -> Result<Vec<EpochMetrics>, TrainError> {
        let text = read_text(&self.metrics())?.unwrap_or_default();
        let parse = |(number, line): (usize, &str)| {
            let problem = || format!("line {number} does not hold the metrics of an epoch");
            serde_json::from_str(line).map_err(|error| malformed(&self.metrics(), problem(), error))
        };
        (1..).zip(text.lines()).map(parse).collect()
    }
}

/// Keeps a run directory locked against other processes, until it is dropped or the process ends.
#[derive(Debug)]
#[must_use = "the directory is unlocked when this is dropped"]
pub struct RunLock {
    _file: fs::File,
}

/// The text of a file. None if it does not exist.
fn read_text(path: &Path) -> Result<Option<String>, TrainError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read_bounded(path, MAX_TEXT)?;
    String::from_utf8(bytes).map(Some).map_err(|error| malformed(path, "not UTF-8 text", error))
}

fn malformed(
    path: &Path,
    problem: impl Into<String>,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> TrainError {
    TrainError::Malformed { path: path.to_owned(), problem: problem.into(), source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        assert!(!run.is_locked());
        let lock = run.lock().unwrap();
        assert!(matches!(run.lock(), Err(TrainError::RunLocked { .. })));
        assert!(run.is_locked());
        drop(lock);
        assert!(!run.is_locked());
    }

    #[test]
    fn a_directory_without_a_run_has_nothing_to_read() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        assert!(!run.is_started() && !run.has_epochs());
        assert_eq!((run.read_config().unwrap(), run.read_metrics().unwrap().len()), (None, 0));
        assert!(run.read_checkpoint().unwrap().is_none());
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_named_with_the_error_of_its_parser() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        let metrics = "{\"epoch\": 1}\n";
        let cases: [(PathBuf, &[u8], &str, &str); 3] = [
            (
                run.config(),
                b"[training]\nepoch = 3\n",
                "not a configuration",
                "line 2, column 1: unknown field",
            ),
            (run.config(), &[0xff], "not UTF-8 text", "invalid utf-8"),
            (
                run.metrics(),
                metrics.as_bytes(),
                "line 1 does not hold the metrics of an epoch",
                "missing field",
            ),
        ];
        for (path, content, problem, source) in cases {
            fs::write(&path, content).unwrap();
            let error = run.read_config().and(run.read_metrics()).unwrap_err();
            fs::remove_file(&path).unwrap();
            assert_eq!(error.to_string(), format!("{}: {problem}", path.display()));
            let found = error.source().map(ToString::to_string).unwrap_or_default();
            assert!(found.contains(source), "{found}");
        }
    }
}
