//! The run directory, and the loop that keeps it true: whenever the process ends, by itself or by force, what lies
//! there is whole, and training goes on from it to the same last bit.

use std::{
    fs,
    path::{Path, PathBuf},
};

use vae_core::Elbo;

use crate::{
    Checkpoint, EpochEnd, EpochMetrics, EpochReport, Keep, ModelFile, Observer, TrainConfig, TrainError,
    Trainer,
    files::{read_bounded, remove_partial, write_atomically},
};

/// The largest file read as text of a run: configurations and metrics.
const MAX_TEXT: u64 = 64 << 20;

/// A directory that belongs to one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All its epochs are done.
    Finished,
    /// The observer asked to stop; the checkpoint holds everything done.
    Interrupted,
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
        let error = |action, path: &Path, reason| TrainError::File { action, path: path.to_owned(), reason };
        fs::create_dir_all(&self.path).map_err(|reason| error("make the directory", &self.path, reason))?;
        let path = self.path.join(".lock");
        let options = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = options.map_err(|reason| error("write", &path, reason))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(TrainError::RunLocked { path: self.path.clone() });
            }
            Err(fs::TryLockError::Error(reason)) => return Err(error("lock", &path, reason)),
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

/// Trains until the configured number of epochs is done or the observer asks to stop, and keeps the files of `run`
/// true after every epoch. Call [`RunDir::lock`] first.
///
/// The files of an epoch are written in the order model, metrics, checkpoint. A process killed in between finds the
/// older checkpoint, repeats the epoch, and writes the same bytes again, but for the seconds in the metrics.
///
/// `data_name` and `fingerprint` say which data this is.
///
/// # Errors
/// [`TrainError::NotFinite`], and [`TrainError::File`] where a file cannot be written. Each file is then whole, its
/// old content or the new, and the run goes on from its checkpoint.
pub fn fit(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    data_name: &str,
    fingerprint: &str,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let save = |trainer: &Trainer<'_>| write_atomically(&run.checkpoint(), &trainer.checkpoint(fingerprint));
    write_atomically(&run.config(), trainer.config().to_toml().as_bytes())?;
    let epochs = trainer.config().training.epochs;
    let mut metrics = run.read_metrics()?;
    metrics.retain(|line| line.epoch <= trainer.progress().epochs);
    if trainer.progress() == &crate::Progress::default() {
        keep_model(trainer, run, data_name, None)?;
        save(trainer)?;
    }
    while trainer.progress().epochs < epochs {
        let (train, seconds) = match trainer.train_epoch(observer)? {
            EpochEnd::Complete { train, seconds } => (train, seconds),
            EpochEnd::Interrupted => {
                save(trainer)?;
                return Ok(Outcome::Interrupted);
            }
        };
        let validation = trainer.validate();
        check_validation(trainer, validation)?;
        let saved = keep_model(trainer, run, data_name, validation)?;
        let (epoch, images) = (trainer.progress().epochs, trainer.images() as u64);
        let learning_rate = trainer.last_learning_rate();
        metrics.push(EpochMetrics::new(epoch, train, validation, learning_rate, seconds, images));
        write_metrics(run, &metrics)?;
        save(trainer)?;
        let line = metrics.last().expect("a line was just added");
        observer.epoch(&EpochReport { metrics: line, epochs, saved: saved.as_deref() });
    }
    Ok(Outcome::Finished)
}

/// The last step's update may have spoilt the weights: then none of the epoch's files is written.
fn check_validation(trainer: &Trainer<'_>, validation: Option<Elbo>) -> Result<(), TrainError> {
    let (epoch, step) = (trainer.progress().epochs, trainer.steps_per_epoch());
    let terms = validation.map_or([("", 0.0); 2], |elbo| {
        [("validation reconstruction", elbo.reconstruction), ("validation KL", elbo.kl)]
    });
    match terms.into_iter().find(|(_, value)| !value.is_finite()) {
        Some((term, _)) => Err(TrainError::NotFinite { epoch, step, term: term.to_owned() }),
        None => Ok(()),
    }
}

/// Writes the model file if the weights as they are now are the ones to keep, and says so.
fn keep_model(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    data_name: &str,
    validation: Option<Elbo>,
) -> Result<Option<PathBuf>, TrainError> {
    let epoch = trainer.progress().epochs;
    if let (Keep::Best, Some(validation)) = (trainer.config().training.keep, validation) {
        let neg_elbo = validation.neg_elbo();
        if trainer.progress().best.is_some_and(|(_, best)| best <= neg_elbo) {
            return Ok(None);
        }
        trainer.progress.best = Some((epoch, neg_elbo));
    }
    let data = trainer.data();
    let model = ModelFile {
        vae: trainer.vae().clone(),
        data: Some(data_name.to_owned()),
        height: data.height(),
        width: data.width(),
        seed: Some(trainer.config().training.seed),
        epoch: Some(epoch),
    };
    write_atomically(&run.model(), &model.to_bytes())?;
    Ok(Some(run.model()))
}

fn write_metrics(run: &RunDir, metrics: &[EpochMetrics]) -> Result<(), TrainError> {
    let mut text = String::new();
    for line in metrics {
        text.push_str(&serde_json::to_string(line).expect("metrics always have a text"));
        text.push('\n');
    }
    write_atomically(&run.metrics(), text.as_bytes())
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
    use std::ops::ControlFlow;

    use vae_data::{Dataset, Split, digits};

    use super::*;
    use crate::StepReport;

    fn config(epochs: u64) -> TrainConfig {
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![16], 3);
        (config.data.validation, config.training.batch, config.training.epochs) = (30, 32, epochs);
        config
    }

    fn data() -> Dataset {
        digits::generate(200, 1, Split::Train)
    }

    struct StopAt(u64);

    impl Observer for StopAt {
        fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
            let done = (report.epoch - 1) * report.steps + report.step;
            if done == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    fn start(run: &RunDir, data: &Dataset, epochs: u64, observer: &mut dyn Observer) -> Outcome {
        let mut trainer = Trainer::new(config(epochs), data).unwrap();
        fit(&mut trainer, run, "digits", "print", observer).unwrap()
    }

    fn go_on(run: &RunDir, data: &Dataset, epochs: u64) -> Outcome {
        let checkpoint = run.read_checkpoint().unwrap().expect("a checkpoint");
        let mut trainer = checkpoint.into_trainer(config(epochs), data, "print").unwrap();
        fit(&mut trainer, run, "digits", "print", &mut ()).unwrap()
    }

    fn lossless(metrics: Vec<EpochMetrics>) -> Vec<EpochMetrics> {
        let timeless = |line| EpochMetrics { train_seconds: 0.0, images_per_second: 0.0, ..line };
        metrics.into_iter().map(timeless).collect()
    }

    #[test]
    fn a_finished_run_leaves_all_its_files() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        assert_eq!(start(&run, &data, 2, &mut ()), Outcome::Finished);
        assert_eq!(run.read_config().unwrap(), Some(config(2)));
        assert_eq!(run.read_metrics().unwrap().len(), 2);
        let model = ModelFile::read(&run.model(), None).unwrap();
        assert_eq!((model.height, model.width, model.data.as_deref()), (28, 28, Some("digits")));
    }

    #[test]
    fn a_resumed_run_equals_an_uninterrupted_one_byte_for_byte() {
        let data = data();
        let straight = RunDir::new(tempfile::tempdir().unwrap().keep());
        start(&straight, &data, 3, &mut ());
        for step in [1, 5, 6, 7, 12, 13, 17] {
            let directory = tempfile::tempdir().unwrap();
            let run = RunDir::new(directory.path());
            start(&run, &data, 3, &mut StopAt(step));
            assert_eq!(go_on(&run, &data, 3), Outcome::Finished);
            for file in [RunDir::model, RunDir::checkpoint] {
                assert_eq!(
                    fs::read(file(&run)).unwrap(),
                    fs::read(file(&straight)).unwrap(),
                    "after step {step}"
                );
            }
            let metrics = |run: &RunDir| lossless(run.read_metrics().unwrap());
            assert_eq!(metrics(&run), metrics(&straight));
        }
        fs::remove_dir_all(straight.path()).unwrap();
    }

    #[test]
    fn a_finished_run_goes_on_for_more_epochs() {
        let data = data();
        let (short, long) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (short, long) = (RunDir::new(short.path()), RunDir::new(long.path()));
        start(&short, &data, 1, &mut ());
        go_on(&short, &data, 3);
        start(&long, &data, 3, &mut ());
        assert_eq!(fs::read(short.model()).unwrap(), fs::read(long.model()).unwrap());
    }

    #[test]
    fn metrics_of_epochs_after_the_checkpoint_are_dropped() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let checkpoint = fs::read(run.checkpoint()).unwrap();
        go_on(&run, &data, 2);
        fs::write(run.checkpoint(), checkpoint).unwrap();
        go_on(&run, &data, 2);
        let epochs: Vec<u64> = run.read_metrics().unwrap().iter().map(|line| line.epoch).collect();
        assert_eq!(epochs, [1, 2]);
    }

    #[test]
    fn another_configuration_or_other_data_cannot_go_on() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let checkpoint = || run.read_checkpoint().unwrap().unwrap();
        let mut other = config(1);
        other.training.batch = 16;
        let error = checkpoint().into_trainer(other, &data, "print").unwrap_err().to_string();
        assert!(error.contains("training.batch = 32") && error.contains("16"), "{error}");
        let error = checkpoint().into_trainer(config(1), &data, "another print").unwrap_err();
        assert!(matches!(error, TrainError::ResumeData { .. }), "{error}");
    }

    #[test]
    fn a_run_cannot_end_before_the_epoch_it_has_reached() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 2, &mut ());
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let error = checkpoint.into_trainer(config(1), &data, "print").unwrap_err();
        assert!(matches!(error, TrainError::FewerEpochs { done: 2, asked: 1 }), "{error}");
    }

    #[test]
    fn weights_that_the_last_step_spoilt_replace_no_file() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let files = || [RunDir::model, RunDir::checkpoint].map(|file| fs::read(file(&run)).unwrap());
        let before = files();
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let mut trainer = checkpoint.into_trainer(config(2), &data, "print").unwrap();
        let infinite = Elbo { reconstruction: f64::INFINITY, kl: 1.0 };
        let error = check_validation(&trainer, Some(infinite)).unwrap_err().to_string();
        assert!(error.contains("validation reconstruction is not finite"), "{error}");
        trainer.vae.parameters_mut().fill(f32::NAN);
        assert!(fit(&mut trainer, &run, "digits", "print", &mut ()).is_err());
        assert!(files() == before);
    }

    #[test]
    fn a_truncated_checkpoint_is_an_error_that_names_the_file() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let bytes = fs::read(run.checkpoint()).unwrap();
        for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(run.checkpoint(), &bytes[..length]).unwrap();
            let error = run.read_checkpoint().unwrap_err().to_string();
            assert!(error.contains("checkpoint.safetensors"), "{error}");
        }
    }

    #[test]
    fn a_locked_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        let _lock = run.lock().unwrap();
        assert!(matches!(run.lock(), Err(TrainError::RunLocked { .. })));
    }

    #[test]
    fn best_keeps_the_weights_of_the_lowest_validation_loss() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 3, &mut ());
        let metrics = run.read_metrics().unwrap();
        let value = |line: &&EpochMetrics| line.validation_neg_elbo.unwrap();
        let best = metrics.iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        assert_eq!(ModelFile::read(&run.model(), None).unwrap().epoch, Some(best.epoch));
    }
}
