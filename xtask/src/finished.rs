//! What `train --resume` says of a run that is finished.

use vae_core::Prior;
use vae_data::Dataset;
use vae_train::{Annotations, ModelFile, PriorFit, Progress, RunDir, Schedule, TrainConfig};

use crate::{paths, program};

/// The pictures of a finished run.
pub(crate) const PICTURES: [&str; 3] = ["curves.png", "samples.png", "reconstructions.png"];

/// The prior to fit to the model of a run, if one is to be fitted.
pub(crate) fn wanted_fit(config: &TrainConfig, model: &ModelFile, images: usize) -> Option<PriorFit> {
    config.prior_fit().map(|fit| fit.within_reason(model.vae.latent(), images))
}

/// Whether the model of a run whose epochs are done has its prior, its annotations and its pictures.
pub(crate) fn is_complete(run: &RunDir, config: &TrainConfig, train: &Dataset) -> anyhow::Result<bool> {
    let model = ModelFile::read(&run.model(), None)?;
    let fit = wanted_fit(config, &model, train.len()).map(|fit| fit.prior);
    let wanted =
        if config.model.prior == Prior::Standard { fit.unwrap_or_default() } else { config.model.prior };
    Ok(model.vae.config().prior == wanted
        && model.annotations != Annotations::default()
        && PICTURES.iter().all(|name| run.pictures().join(name).exists()))
}

/// That the run is finished, and how to train for longer.
pub(crate) fn text(run: &RunDir, config: &TrainConfig, progress: &Progress) -> String {
    let (done, planned) = (progress.epochs, config.training.epochs);
    let path = paths::display(run.path());
    let early = done < planned;
    let finished = if early {
        format!("{path} is finished: it ended after epoch {done} of {planned}, without an improvement")
    } else {
        format!("{path} is finished: {done} of {planned} epochs are done")
    };
    let longer = planned.saturating_mul(2).min(TrainConfig::MAX_EPOCHS);
    if !early && config.optimizer.schedule != Schedule::Cosine {
        let run = paths::argument(run.path());
        let program = program::name();
        return format!("{finished}; to go on: {program} train --run {run} --resume --epochs {longer}");
    }
    let new = if early { new_run(run, "--patience 0") } else { new_run(run, &format!("--epochs {longer}")) };
    let why = if early { "" } else { ", and its cosine schedule ends there" };
    format!("{finished}{why}; for a longer one: {new}")
}

/// The command that starts a run with the settings of another.
pub(crate) fn new_run(run: &RunDir, flags: &str) -> String {
    format!("{} train --config {} {flags}", program::name(), paths::argument(&run.config()))
}
