//! A run from its start, or from its last checkpoint, to its end: what 'train' does once and 'sweep' many times.

use std::fmt;

use anyhow::Context;
use vae_data::{DataError, Splits};
use vae_train::{Outcome, RunDir, RunLock, TrainConfig, TrainError, Trainer, fit};

use crate::{data_source::Loaded, interrupt, paths, progress::Progress, term};

/// Where a run begins.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Start {
    /// In a directory that holds no run.
    Anew,
    /// Where its last checkpoint was, if it got as far as to write one.
    FromCheckpoint,
}

/// Makes a run ready to train, and holds its directory against other processes. What cannot start leaves nothing behind.
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

/// A run as its last checkpoint left it, or its start if it was ended before the first.
pub(crate) fn from_checkpoint<'d>(
    run: &RunDir,
    config: TrainConfig,
    loaded: &'d Loaded<Splits>,
) -> anyhow::Result<Trainer<'d>> {
    let data = &loaded.images.train;
    match run.read_checkpoint()? {
        Some(checkpoint) => checkpoint
            .into_trainer(config, data, &loaded.fingerprint)
            .with_context(|| format!("cannot go on with {}", paths::display(run.path()))),
        None if run.has_epochs() => Err(TrainError::NoCheckpoint { path: run.path().to_owned() }.into()),
        None => fresh(config, loaded),
    }
}

fn fresh(config: TrainConfig, loaded: &Loaded<Splits>) -> anyhow::Result<Trainer<'_>> {
    Trainer::new(config, &loaded.images.train).map_err(|error| match error {
        TrainError::Data(DataError::HoldoutTooLarge { .. }) => {
            anyhow::Error::from(error).context(format!("{}: see --validation", loaded.name))
        }
        other => other.into(),
    })
}

/// Trains to the end or to the first Ctrl-C, and says so with `say`, a line an epoch.
pub(crate) fn train(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    loaded: &Loaded<Splits>,
    say: fn(fmt::Arguments<'_>),
) -> anyhow::Result<Outcome> {
    announce(trainer, run);
    let steps = trainer.steps_per_epoch();
    let (done, all) = (trainer.progress(), trainer.config().training.epochs * steps);
    let mut progress = Progress::new(done.epochs * steps + done.batches, all, say);
    let saving = interrupt::StopCleanly::begin();
    let outcome = fit(trainer, run, &loaded.name, &loaded.fingerprint, &mut progress);
    drop(saving);
    progress.finish();
    Ok(outcome?)
}

fn announce(trainer: &Trainer<'_>, run: &RunDir) {
    let config = trainer.config();
    term::note(format_args!(
        "run: {}, {} ({}), {} parameters, {} epochs of {} steps of {}",
        paths::display(run.path()),
        trainer.vae().config(),
        config.model.activation,
        term::thousands(trainer.vae().parameters().len()),
        config.training.epochs,
        trainer.steps_per_epoch(),
        config.training.batch,
    ));
    let done = trainer.progress();
    if (done.epochs, done.batches) != (0, 0) {
        term::note(format_args!("going on after epoch {} and {} steps", done.epochs, done.batches));
    }
}
