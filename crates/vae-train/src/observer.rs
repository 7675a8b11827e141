//! Reports of a training run to the caller, as this crate neither draws nor prints.

use std::{ops::ControlFlow, path::Path};

use vae_core::{Loss, Vae};

use crate::EpochMetrics;

/// Receives the reports of a run. `()` ignores them.
pub trait Observer {
    /// Called after every step. If it breaks, the run ends with a checkpoint.
    fn step(&mut self, _report: &StepReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Called after every epoch, once its files are written.
    fn epoch(&mut self, _report: &EpochReport<'_>) {}
}

impl Observer for () {}

/// One step of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// The step within the epoch, from 1.
    pub step: u64,
    /// Steps of an epoch.
    pub steps: u64,
    /// The loss of this batch.
    pub batch: Loss,
    /// The loss averaged over the images of the epoch so far.
    pub epoch_so_far: Loss,
}

/// One epoch of training.
#[derive(Clone, Copy, Debug)]
pub struct EpochReport<'a> {
    /// The epoch's metrics.
    pub metrics: &'a EpochMetrics,
    /// Epochs of the run.
    pub epochs: u64,
    /// The model after the epoch, with the running average of its weights if there is one.
    pub vae: &'a Vae,
    /// The path of the model file, if this epoch's weights were written to it.
    pub saved: Option<&'a Path>,
}
