//! What is known of a run from its files. A file that is missing or damaged is told and is no error.

use std::{fs, path::Path, time::SystemTime};

use anyhow::Error;
use serde::{Serialize, Serializer};
use vae_core::Prior;
use vae_train::{EpochMetrics, FileHeader, Progress, RunDir, TrainConfig, read_bounded};

use super::time;
use crate::{
    best_epoch::{Best, best},
    paths, term,
};

/// The largest metrics file that is read.
const MAX_METRICS: u64 = 64 << 20;

/// A run, as far as its files tell.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) name: String,
    /// The run directory, relative to the current directory where it is below that.
    pub(crate) path: String,
    /// The settings. None if they cannot be read.
    pub(crate) config: Option<TrainConfig>,
    /// Pixels of an image.
    pub(crate) input: Option<usize>,
    /// Numbers learned in the training; those of a prior that was fitted afterwards are not among them.
    pub(crate) parameters: Option<u64>,
    pub(crate) epochs_done: u64,
    /// The epoch with the lowest −ELBO. None before the end of the first.
    pub(crate) best: Option<Best>,
    /// When a file of the run was last written.
    #[serde(serialize_with = "as_iso")]
    pub(crate) last_write: Option<SystemTime>,
    pub(crate) state: State,
    /// What is wrong with the files.
    pub(crate) problems: Vec<String>,
    #[serde(skip)]
    pub(crate) metrics: Vec<EpochMetrics>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Nothing is left to train.
    Finished,
    /// A process trains it now.
    Running,
    /// It can go on from its checkpoint.
    Stopped,
    /// Files are missing or cannot be read.
    Damaged,
}

fn as_iso<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(time::iso).serialize(serializer)
}

impl Summary {
    /// Reads what the files of a run say.
    pub(crate) fn read(name: String, run: &RunDir) -> Self {
        let mut problems = Vec::new();
        let config = match run.read_config() {
            Ok(None) => {
                problems.push("config.toml is missing".to_owned());
                None
            }
            Ok(config) => config,
            Err(error) => {
                problems.push(problem(error));
                None
            }
        };
        let metrics = read_metrics(run, &mut problems);
        let checkpoint = header(&run.checkpoint(), &mut problems);
        let model = header(&run.model(), &mut problems);
        if model.is_none() && !run.model().exists() {
            problems.push("model.safetensors is missing".to_owned());
        }
        let shapes = model.as_ref().or(checkpoint.as_ref());
        let learned_prior = config.as_ref().is_some_and(|config| config.model.prior != Prior::Standard);
        let prefixes: &[&str] =
            if learned_prior { &["encoder.", "decoder.", "prior."] } else { &["encoder.", "decoder."] };

        let last = metrics.last().map_or(0, |line| line.epoch);
        let progress = checkpoint.as_ref().and_then(FileHeader::progress);
        if let Some(Progress { epochs, .. }) = progress.filter(|progress| progress.epochs > last) {
            problems.push(format!("metrics.jsonl ends at epoch {last}, the checkpoint is at {epochs}"));
        }
        let done = progress.map_or(last, |progress| progress.epochs);
        let at_end = config.as_ref().is_some_and(|config| match progress {
            Some(progress) => progress.is_at_end(&config.training),
            None => last >= config.training.epochs,
        });
        if !at_end && !run.checkpoint().exists() {
            problems.push("checkpoint.safetensors is missing, so that it cannot go on".to_owned());
        }
        let state = match () {
            () if run.is_locked() => State::Running,
            () if !problems.is_empty() => State::Damaged,
            () if at_end => State::Finished,
            () => State::Stopped,
        };
        Self {
            name,
            path: paths::display(run.path()),
            input: shapes.and_then(FileHeader::input),
            parameters: shapes.map(|header| header.parameters(prefixes)),
            epochs_done: done,
            best: best(&metrics),
            last_write: last_write(run),
            state,
            problems,
            config,
            metrics,
        }
    }

    /// Epochs done and epochs planned: `10/10`.
    pub(crate) fn epochs(&self) -> String {
        let planned =
            self.config.as_ref().map_or("?".to_owned(), |config| config.training.epochs.to_string());
        format!("{}/{planned}", self.epochs_done)
    }

    /// The model: `784-300-200-16 glu`, and likelihood and prior where they are not the usual ones.
    pub(crate) fn model(&self) -> String {
        let Some(TrainConfig { model, .. }) = &self.config else { return "?".to_owned() };
        let usual = TrainConfig::default().model;
        let input = self.input.map_or("?".to_owned(), |input| input.to_string());
        let widths = model.hidden.iter().chain([&model.latent]).map(ToString::to_string);
        let mut text = [input].into_iter().chain(widths).collect::<Vec<_>>().join("-");
        for (differs, name) in [
            (model.activation != usual.activation, model.activation.to_string()),
            (model.likelihood != usual.likelihood, model.likelihood.to_string()),
            (model.prior != usual.prior, model.prior.to_string()),
        ] {
            if differs {
                text += " ";
                text += &name;
            }
        }
        text
    }

    /// The state, and what is wrong.
    pub(crate) fn state(&self) -> String {
        let state = match self.state {
            State::Finished => {
                let planned = self.config.as_ref().map_or(0, |config| config.training.epochs);
                if self.epochs_done < planned { "finished early" } else { "finished" }
            }
            State::Running => "running",
            State::Stopped => "stopped",
            State::Damaged => "damaged",
        };
        [&[state.to_owned()], &self.problems[..]].concat().join("; ").replacen("; ", ": ", 1)
    }
}

/// The lines of the metrics that can be read.
fn read_metrics(run: &RunDir, problems: &mut Vec<String>) -> Vec<EpochMetrics> {
    let path = run.metrics();
    if !path.exists() {
        return Vec::new();
    }
    let bytes = match read_bounded(&path, MAX_METRICS) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(problem(error));
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut damaged = Vec::new();
    let mut metrics = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match serde_json::from_str(line) {
            Ok(line) => metrics.push(line),
            Err(_) => damaged.push(number),
        }
    }
    if let [first, others @ ..] = &damaged[..] {
        let more = if others.is_empty() { String::new() } else { format!(" and {} others", others.len()) };
        problems.push(format!("metrics.jsonl: line {first}{more} cannot be read"));
    }
    metrics
}

/// The header of a file, if the file exists and is whole.
fn header(path: &Path, problems: &mut Vec<String>) -> Option<FileHeader> {
    if !path.exists() {
        return None;
    }
    FileHeader::read(path).map_err(|error| problems.push(problem(error))).ok()
}

/// An error about a file of a run, whose directory need not be told.
fn problem(error: impl Into<Error>) -> String {
    let text = term::one_line(&error.into());
    let names = ["config.toml", "metrics.jsonl", "model.safetensors", "checkpoint.safetensors"];
    let start = names.iter().filter_map(|name| text.find(name)).min().unwrap_or(0);
    text[start..].to_owned()
}

fn last_write(run: &RunDir) -> Option<SystemTime> {
    let files = [run.config(), run.metrics(), run.model(), run.checkpoint()];
    files.iter().filter_map(|path| fs::metadata(path).ok()?.modified().ok()).max()
}
