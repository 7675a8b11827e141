//! How a training run reports: this crate neither draws nor prints.

use std::{ops::ControlFlow, path::Path};

use vae_core::Loss;

use crate::EpochMetrics;

/// Watches a run. `()` watches nothing.
pub trait Observer {
    /// After every step; to break is to ask for the run to end, with a checkpoint.
    fn step(&mut self, _report: &StepReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After every epoch, once its files are written.
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
    /// The loss, averaged over the epoch's images so far.
    pub epoch_so_far: Loss,
}

/// One epoch of training.
#[derive(Clone, Copy, Debug)]
pub struct EpochReport<'a> {
    /// The epoch's numbers.
    pub metrics: &'a EpochMetrics,
    /// Epochs of the run.
    pub epochs: u64,
    /// The model file, if this epoch's weights are the ones it holds now.
    pub saved: Option<&'a Path>,
}
