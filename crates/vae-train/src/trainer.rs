//! Training in memory: batches, noise and steps.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use vae_core::{Loss, LossMean, Optimizer, Training, Vae, VaeError, average_weights};
use vae_data::{Binarization, Dataset, Holdout, Split, shuffle};

use crate::{
    Observer, StepReport, TrainConfig, TrainError, TrainingConfig,
    batch::{Buffers, Source},
    evaluate,
};

/// A model in training.
///
/// The model, the average of its weights, the optimizer and [`Progress`] are its whole state, and a checkpoint holds
/// these: everything else follows from the configuration, as the order and the noise of a batch are functions of (seed,
/// epoch, batch) and the augmentation of an image is a function of (seed, epoch, image).
#[derive(Debug)]
pub struct Trainer<'d> {
    config: TrainConfig,
    source: Source<'d>,
    holdout: Holdout,
    /// The held-out images as they are measured, where that is not as they are.
    measured: Option<Dataset>,
    pub(crate) training: Training,
    /// The running average of the weights, laid out like them; empty if there is none.
    pub(crate) average: Vec<f32>,
    pub(crate) progress: Progress,
    /// The batch of this step, and that of the next.
    buffers: [Buffers; 2],
}

/// The progress of training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Whole epochs done.
    pub epochs: u64,
    /// Batches done of the current epoch.
    pub batches: u64,
    /// Sum of −log p(x|z) over the images of these batches, nats.
    reconstruction: f64,
    /// Sum of KL over the images of these batches, nats.
    kl: f64,
    /// Number of images of these batches.
    images: u64,
    /// Seconds spent on these batches.
    seconds: f64,
    /// The epoch whose weights are kept, and its −ELBO on the held-out images.
    pub best: Option<(u64, f64)>,
}

/// How one call to [`Trainer::train_epoch`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EpochEnd {
    /// The epoch is complete.
    Complete {
        /// Averages over the epoch's training images; each is measured in the step that used it.
        train: Loss,
        /// Seconds spent on its steps.
        seconds: f64,
    },
    /// The observer asked to stop within the epoch.
    Interrupted,
}

impl<'d> Trainer<'d> {
    /// A new model, to be trained on `data`.
    ///
    /// # Errors
    /// For a configuration that is not valid, or that leaves no image to train on.
    pub fn new(config: TrainConfig, data: &'d Dataset) -> Result<Self, TrainError> {
        config.validate()?;
        let architecture = config.vae(data.pixels());
        // A mixture has a gradient of its own for each 64 samples, and a responsibility for each Gaussian.
        let of_mixture = architecture.prior.mixture_numbers(architecture.latent);
        let widths: usize =
            architecture.hidden.iter().chain([&architecture.input, &architecture.latent]).sum();
        let widths = widths + of_mixture / 64;
        let most = TrainConfig::MAX_ACTIVATIONS / (2 * widths);
        if config.training.batch > most {
            let expected = format!("at most {most} for layers of these widths");
            let (field, found) = ("training.batch", config.training.batch.to_string());
            return Err(TrainError::Field { field, expected, found });
        }
        let mut vae = Vae::new(architecture, config.training.seed)?;
        if config.model.start_at_mean {
            vae.start_at_mean(data.mean().view());
        }
        let optimizer = Optimizer::new(config.optimizer.method(), vae.parameters().len());
        let average =
            if config.training.average > 0.0 { vae.parameters().values().to_vec() } else { Vec::new() };
        Self::resume(config, data, (vae, average), optimizer, Progress::default())
    }

    pub(crate) fn resume(
        config: TrainConfig,
        data: &'d Dataset,
        (vae, average): (Vae, Vec<f32>),
        optimizer: Optimizer,
        progress: Progress,
    ) -> Result<Self, TrainError> {
        if data.is_empty() {
            return Err(TrainError::NoImages { what: "the training set" });
        }
        let config = config.for_images(data.len())?;
        let holdout = Holdout::new(data.len(), config.data.held_out(data.len()), config.training.seed)?;
        let rows = config.training.batch.min(holdout.train.len());
        let zeroed = || Buffers::zeroed(rows, data.pixels(), vae.latent());
        let buffers = [zeroed(), zeroed()];
        let mut training = Training::resume(vae, optimizer);
        training.optimizer.clip_norm = config.optimizer.clip_norm();
        training.objective.free_bits = config.training.free_bits as f32;
        if config.optimizer.normalise {
            let tensors = training.vae().parameters().layout().tensors();
            training.optimizer.normalised = tensors.iter().map(|tensor| tensor.range.clone()).collect();
        }
        let binarization = config.data.binarization;
        let of_held_out =
            || binarization.of_images(data, Split::Train, config.training.seed, &holdout.validation);
        let measured = (binarization != Binarization::Grey).then(of_held_out);
        let source = Source::new(&config, data)?;
        Ok(Self { config, source, holdout, measured, training, average, progress, buffers })
    }

    /// The configuration.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The data, training and held-out images.
    pub fn data(&self) -> &Dataset {
        self.source.data
    }

    /// The model as it is now.
    pub fn vae(&self) -> &Vae {
        self.training.vae()
    }

    /// The progress of training.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Number of images to train on, without those held out.
    pub fn images(&self) -> usize {
        self.holdout.train.len()
    }

    /// Number of images held out.
    pub fn held_out(&self) -> usize {
        self.holdout.validation.len()
    }

    /// Number of images of a batch; the last of an epoch may be smaller.
    fn batch_size(&self) -> usize {
        self.buffers[0].x.nrows()
    }

    /// Number of steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.images().div_ceil(self.batch_size()) as u64
    }

    /// Trains for the rest of the current epoch.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`]; the model and the optimizer are then those of the step before.
    pub fn train_epoch(&mut self, observer: &mut dyn Observer) -> Result<EpochEnd, TrainError> {
        let epoch = self.progress.epochs;
        let mut order = self.holdout.train.clone();
        shuffle(&mut order, self.config.training.seed, epoch);
        let mut clock = Clock { before: self.progress.seconds, since: Instant::now() };
        let mut batches =
            order.chunks(self.batch_size()).zip(0..).skip(self.progress.batches as usize).peekable();
        if let Some(&(indices, batch)) = batches.peek() {
            self.buffers[0].prepare(&self.source, indices, epoch, batch);
        }
        while let Some((indices, batch)) = batches.next() {
            let loss = self.step(indices.len(), batch, batches.peek().copied())?;
            self.progress.add(loss, indices.len());
            self.progress.seconds = clock.seconds();
            let report = StepReport {
                epoch: epoch + 1,
                epochs: self.config.training.epochs,
                step: self.progress.batches,
                steps: self.steps_per_epoch(),
                batch: loss,
                epoch_so_far: self.progress.mean().mean().unwrap_or(loss),
            };
            let (answer, observing) = timed(|| observer.step(&report));
            clock.since += observing;
            // After its last step an epoch is complete and cannot be interrupted any more.
            if answer.is_break() && self.progress.batches < self.steps_per_epoch() {
                return Ok(EpochEnd::Interrupted);
            }
        }
        let train = self.progress.mean().mean().unwrap_or_default();
        let seconds = self.progress.seconds;
        self.progress = Progress { epochs: epoch + 1, best: self.progress.best, ..Progress::default() };
        Ok(EpochEnd::Complete { train, seconds })
    }

    /// The step size of step `t` of the run, from 0.
    fn learning_rate(&self, t: u64) -> f64 {
        let TrainConfig { optimizer, training, .. } = &self.config;
        optimizer.learning_rate * optimizer.step_sizes(training.epochs, self.steps_per_epoch()).factor(t)
    }

    /// β at step `t` of the run, from 0.
    fn beta(&self, t: u64) -> f64 {
        let training = &self.config.training;
        let warmup = training.beta_warmup_epochs * self.steps_per_epoch() as f64;
        training.beta * if warmup > 0.0 { ((t + 1) as f64 / warmup).min(1.0) } else { 1.0 }
    }

    /// The step size of the last step taken.
    pub fn last_learning_rate(&self) -> f64 {
        self.learning_rate(self.training.optimizer.steps().saturating_sub(1))
    }

    /// Whether so many epochs have passed without an improvement that the run ends early.
    pub fn has_lost_patience(&self) -> bool {
        self.progress.has_lost_patience(&self.config.training)
    }

    /// The loss of the held-out images. None if no images are held out.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] for weights that the last step spoilt.
    pub fn validate(&self) -> Result<Option<Loss>, TrainError> {
        self.measure(self.vae())
    }

    /// The model with the running average of the weights. None if there is none.
    pub fn averaged(&self) -> Option<Vae> {
        let average = (!self.average.is_empty()).then_some(&self.average)?;
        let mut vae = self.vae().clone();
        vae.parameters_mut().values_mut().copy_from_slice(average);
        Some(vae)
    }

    /// The loss of the held-out images under a model of this training. None if no images are held out.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] for weights that the last step spoilt.
    pub fn measure(&self, vae: &Vae) -> Result<Option<Loss>, TrainError> {
        let (images, indices) =
            (self.measured.as_ref().unwrap_or(self.data()).images(), &self.holdout.validation);
        let (epoch, step) = (self.progress.epochs, self.steps_per_epoch());
        evaluate(vae, images, indices, self.config.training.seed).map_err(|error| match error {
            VaeError::NotFinite { term } => {
                TrainError::NotFinite { epoch, step, term: format!("validation {term}") }
            }
            other => TrainError::Model(other),
        })
    }

    /// One step on the `rows` images of this batch, number `batch` of the current epoch; meanwhile the `next` batch is
    /// prepared from its images and its number.
    fn step(&mut self, rows: usize, batch: u64, next: Option<(&[u32], u64)>) -> Result<Loss, TrainError> {
        let epoch = self.progress.epochs;
        let t = epoch * self.steps_per_epoch() + batch;
        let (learning_rate, beta) = (self.learning_rate(t), self.beta(t));
        let Self { config, source, training, average, buffers: [this, other], .. } = self;
        training.optimizer.learning_rate = learning_rate as f32;
        training.objective.beta = beta as f32;
        // A thread that has nothing to do in this step prepares the next.
        let prepare = || {
            if let Some((indices, batch)) = next {
                other.prepare(source, indices, epoch, batch);
            }
        };
        let (result, ()) = rayon::join(|| training.step(this.batch(rows)), prepare);
        if !average.is_empty() && result.is_ok() {
            let (weights, steps) = (training.vae().parameters().values(), training.optimizer.steps());
            average_weights(average, weights, config.training.average, steps);
        }
        self.buffers.swap(0, 1);
        result.map_err(|error| match error {
            VaeError::NotFinite { term } => TrainError::NotFinite { epoch: epoch + 1, step: batch + 1, term },
            other => TrainError::Model(other),
        })
    }
}

impl Progress {
    /// Whether so many epochs have passed without an improvement that a run with these settings ends early.
    pub fn has_lost_patience(&self, training: &TrainingConfig) -> bool {
        let warm = training.beta_warmup_epochs.ceil() as u64;
        let since_best = self.best.map(|(epoch, _)| self.epochs.saturating_sub(epoch.max(warm)));
        training.patience > 0 && since_best.is_some_and(|epochs| epochs >= training.patience)
    }

    /// Whether a run with these settings has nothing left to train.
    pub fn is_at_end(&self, training: &TrainingConfig) -> bool {
        self.epochs >= training.epochs || self.has_lost_patience(training)
    }

    fn add(&mut self, loss: Loss, images: usize) {
        let mut mean = self.mean();
        mean.add(loss, images);
        self.batches += 1;
        (self.reconstruction, self.kl, self.images) = (mean.reconstruction, mean.kl, mean.images);
    }

    fn mean(&self) -> LossMean {
        LossMean { reconstruction: self.reconstruction, kl: self.kl, images: self.images }
    }
}

/// Counts the seconds spent on an epoch's steps, also if the run is stopped and resumed within it.
struct Clock {
    before: f64,
    since: Instant,
}

impl Clock {
    fn seconds(&self) -> f64 {
        self.before + self.since.elapsed().as_secs_f64()
    }
}

fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = f();
    (value, start.elapsed())
}

#[cfg(test)]
mod tests;
