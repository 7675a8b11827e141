//! Trains a run to its end, from the beginning or from its last checkpoint: once for `train`, many times for `sweep`.

use std::fmt;

use anyhow::{Context, anyhow};
use vae_data::{DataError, Splits};
use vae_train::{Outcome, RunDir, RunLock, TrainConfig, TrainError, Trainer, fit};

use crate::{
    data_source::Loaded,
    doubtful,
    epoch_pictures::{EpochPictures, Watching},
    few_steps, finished,
    interrupt::StopCleanly,
    paths,
    progress::Progress,
    term,
};

/// Where the training of a run begins.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// At the beginning, in a directory without a run.
    New,
    /// At its last checkpoint, or at the beginning if it has none yet.
    FromCheckpoint,
}

/// Prepares the training of a run and locks its directory against other processes. A training that cannot start leaves
/// no files behind.
pub(crate) fn begin<'d>(
    run: &RunDir,
    config: TrainConfig,
    loaded: &'d Loaded<Splits>,
    start: Start,
) -> anyhow::Result<(Trainer<'d>, RunLock)> {
    if start == Start::FromCheckpoint {
        let lock = run.lock()?;
        return Ok((from_checkpoint(run, config, loaded)?, lock));
    }
    let trainer = fresh(config, loaded)?;
    let lock = run.lock()?;
    if run.is_started() {
        return Err(TrainError::RunExists { path: run.path().to_owned() }.into());
    }
    Ok((trainer, lock))
}

/// The trainer at the last checkpoint of a run, or at the beginning if the run stopped before its first checkpoint.
pub(crate) fn from_checkpoint<'d>(
    run: &RunDir,
    config: TrainConfig,
    loaded: &'d Loaded<Splits>,
) -> anyhow::Result<Trainer<'d>> {
    let data = &loaded.images.train;
    match run.read_checkpoint()? {
        Some(checkpoint) => checkpoint
            .into_trainer(config, data, &loaded.fingerprint)
            .map_err(|error| with_advice(error, run))
            .with_context(|| format!("cannot resume {}", paths::display(run.path()))),
        None if run.has_epochs() => Err(TrainError::NoCheckpoint { path: run.path().to_owned() }.into()),
        None => fresh(config, loaded),
    }
}

/// Adds what to do instead to the error for a run that cannot be made longer.
fn with_advice(error: TrainError, run: &RunDir) -> anyhow::Error {
    let TrainError::ResumeCosine { found, .. } = error else { return error.into() };
    let new = finished::new_run(run, &format!("--epochs {found}"));
    anyhow!(
        "{error}; instead of --resume, start a new run: {new} (one with --schedule constant can be made longer)"
    )
}

fn fresh(config: TrainConfig, loaded: &Loaded<Splits>) -> anyhow::Result<Trainer<'_>> {
    Trainer::new(config, &loaded.images.train).map_err(|error| match error {
        TrainError::Data(DataError::HoldoutTooLarge { .. }) => {
            anyhow::Error::from(error).context(format!("{}: see --validation", loaded.name))
        }
        other => other.into(),
    })
}

/// Trains to the end or to the first Ctrl-C, prints a line per epoch with `print`, and draws `pictures` if there
/// are any to draw.
pub(crate) fn train(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    loaded: &Loaded<Splits>,
    print: fn(fmt::Arguments<'_>),
    mut pictures: Option<EpochPictures>,
) -> anyhow::Result<Outcome> {
    announce(trainer, run);
    let steps = trainer.steps_per_epoch();
    let (done, all) = (trainer.progress(), trainer.config().training.epochs * steps);
    let mut progress = Progress::new(done.epochs * steps + done.batches, all, print);
    let guard = StopCleanly::begin();
    if let Some(pictures) = &mut pictures {
        pictures.catch_up(trainer);
    }
    let mut watching = Watching { progress: &mut progress, pictures };
    let outcome = fit(trainer, run, &loaded.name, &loaded.fingerprint, &mut watching);
    drop(guard);
    progress.finish();
    let outcome = outcome?;
    let (done, patience) = (trainer.progress().epochs, trainer.config().training.patience);
    if outcome == Outcome::Finished && trainer.has_lost_patience() && done < trainer.config().training.epochs
    {
        print(format_args!(
            "ended after epoch {done}: no improvement on the held-out images in {patience} epochs"
        ));
    }
    Ok(outcome)
}

fn announce(trainer: &Trainer<'_>, run: &RunDir) {
    let config = trainer.config();
    term::note(format_args!(
        "run: {}, {} ({}), {} parameters, {} epochs of {} steps, batch size {}{}",
        paths::display(run.path()),
        trainer.vae().config(),
        config.model.activation,
        term::thousands(trainer.vae().parameters().len()),
        config.training.epochs,
        trainer.steps_per_epoch(),
        config.training.batch,
        held_out(trainer),
    ));
    let done = trainer.progress();
    if (done.epochs, done.batches) != (0, 0) {
        term::note(format_args!("resuming after epoch {} and {} steps", done.epochs, done.batches));
        return;
    }
    for hint in few_steps::advice(trainer).into_iter().chain(doubtful::hints(config)) {
        term::note(format_args!("{hint}"));
    }
}

/// How many of the training images are held out, for the line about a run.
fn held_out(trainer: &Trainer<'_>) -> String {
    let all = term::thousands(trainer.images() + trainer.held_out());
    match trainer.held_out() {
        0 => String::new(),
        count => format!(", {} of {all} training images held out", term::thousands(count)),
    }
}
