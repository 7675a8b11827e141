//! Training in memory: batches, noise and steps, and the whole of its state as a value that can be saved.

use std::time::{Duration, Instant};

use ndarray::{Array2, ArrayView2, s};
use serde::{Deserialize, Serialize};
use vae_core::{
    Backprop, Elbo, ElboSum, Optimizer, Vae, VaeError,
    noise::{self, Purpose},
};
use vae_data::{Dataset, Holdout, gather, shuffle};

use crate::{Observer, OptimizerConfig, StepReport, TrainConfig, TrainError, evaluate};

/// A model in training.
///
/// Nothing of what follows from here depends on what happened before but for the model, the optimizer and
/// [`Progress`]: order and noise of a batch are functions of (seed, epoch, batch). So a checkpoint is these three.
#[derive(Debug)]
pub struct Trainer<'d> {
    config: TrainConfig,
    data: &'d Dataset,
    holdout: Holdout,
    pub(crate) vae: Vae,
    pub(crate) optimizer: Optimizer,
    pub(crate) progress: Progress,
    backprop: Backprop,
    /// The batch of this step, and room for that of the next.
    batches: [Batch; 2],
}

/// What a step works on.
#[derive(Debug)]
struct Batch {
    /// (B, D), images.
    x: Array2<f32>,
    /// (B, L), noise.
    eps: Array2<f32>,
}

impl Batch {
    /// The images at `indices`, and the noise of batch number `batch` of `epoch`.
    fn prepare(&mut self, images: ArrayView2<'_, u8>, indices: &[u32], seed: u64, epoch: u64, batch: u64) {
        gather(images, indices, self.x.slice_mut(s![..indices.len(), ..]));
        let mut stream = noise::stream(seed, Purpose::Training, epoch, batch);
        noise::standard_normal(&mut stream, self.eps.slice_mut(s![..indices.len(), ..]));
    }
}

/// How far training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Whole epochs done.
    pub epochs: u64,
    /// Batches done of the epoch after them.
    pub batches: u64,
    /// Sum of −log p(x|z) over the images of these batches, nats.
    reconstruction: f64,
    /// Sum of KL over the images of these batches, nats.
    kl: f64,
    /// Images of these batches.
    images: u64,
    /// Seconds spent on these batches.
    seconds: f64,
    /// The epoch whose weights are kept, and its −ELBO on the held-out images.
    pub best: Option<(u64, f64)>,
}

/// How one call to [`Trainer::train_epoch`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EpochEnd {
    /// The epoch is complete: its average as its batches were met, and the seconds it took.
    Complete {
        /// Averages over the epoch's training images.
        train: Elbo,
        /// Seconds spent on its steps.
        seconds: f64,
    },
    /// The observer asked to stop within the epoch.
    Interrupted,
}

impl<'d> Trainer<'d> {
    /// A fresh model, to learn from `data`.
    ///
    /// # Errors
    /// For a configuration that is not valid, or asks for more held-out images than there are.
    pub fn new(config: TrainConfig, data: &'d Dataset) -> Result<Self, TrainError> {
        config.validate()?;
        let architecture = config.vae(data.pixels())?;
        let widths: usize =
            architecture.hidden.iter().chain([&architecture.input, &architecture.latent]).sum();
        let most = TrainConfig::MAX_ACTIVATIONS / (2 * widths);
        if config.training.batch > most {
            let expected = format!("at most {most} for layers of these widths");
            let (field, found) = ("training.batch", config.training.batch.to_string());
            return Err(TrainError::Field { field, expected, found });
        }
        let vae = Vae::new(architecture, config.training.seed)?;
        let optimizer = Optimizer::new(config.optimizer.method()?, vae.parameters().len());
        Self::with(config, data, vae, optimizer, Progress::default())
    }

    pub(crate) fn with(
        config: TrainConfig,
        data: &'d Dataset,
        vae: Vae,
        mut optimizer: Optimizer,
        progress: Progress,
    ) -> Result<Self, TrainError> {
        if data.is_empty() {
            return Err(TrainError::NoImages { what: "the training set" });
        }
        let holdout = Holdout::new(data.len(), config.data.validation, config.training.seed)?;
        let rows = config.training.batch.min(holdout.train.len());
        let backprop = Backprop::new(&vae, rows);
        let room =
            || Batch { x: Array2::zeros((rows, data.pixels())), eps: Array2::zeros((rows, vae.latent())) };
        let batches = [room(), room()];
        optimizer.clip_norm = config.optimizer.clip_norm();
        Ok(Self { config, data, holdout, vae, optimizer, progress, backprop, batches })
    }

    /// The configuration.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The data, training and held-out images.
    pub fn data(&self) -> &Dataset {
        self.data
    }

    /// The model as it is now.
    pub fn vae(&self) -> &Vae {
        &self.vae
    }

    /// How far training has come.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Number of images to train on, without those held out.
    pub fn images(&self) -> usize {
        self.holdout.train.len()
    }

    /// Images of a batch but the last of an epoch.
    fn batch_size(&self) -> usize {
        self.batches[0].x.nrows()
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.images().div_ceil(self.batch_size()) as u64
    }

    /// The rest of the current epoch.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`]; the model and the optimizer are then those of the step before.
    pub fn train_epoch(&mut self, observer: &mut dyn Observer) -> Result<EpochEnd, TrainError> {
        let seed = self.config.training.seed;
        let epoch = self.progress.epochs;
        let mut order = self.holdout.train.clone();
        shuffle(&mut order, seed, epoch);
        let mut clock = Clock { before: self.progress.seconds, since: Instant::now() };
        let images = self.data.images();
        let mut batches =
            order.chunks(self.batch_size()).zip(0..).skip(self.progress.batches as usize).peekable();
        if let Some(&(indices, batch)) = batches.peek() {
            self.batches[0].prepare(images, indices, seed, epoch, batch);
        }
        while let Some((indices, batch)) = batches.next() {
            let elbo = self.step(indices.len(), batch, |room| {
                // While this step computes, whoever has nothing to do prepares the next.
                if let Some(&(indices, batch)) = batches.peek() {
                    room.prepare(images, indices, seed, epoch, batch);
                }
            })?;
            self.progress.add(elbo, indices.len());
            self.progress.seconds = clock.seconds();
            let report = StepReport {
                epoch: epoch + 1,
                epochs: self.config.training.epochs,
                step: self.progress.batches,
                steps: self.steps_per_epoch(),
                batch: elbo,
                epoch_so_far: self.progress.sum().mean().unwrap_or(elbo),
            };
            let (answer, elsewhere) = timed(|| observer.step(&report));
            clock.since += elsewhere;
            // At the epoch's end there is nothing to interrupt any more.
            if answer.is_break() && self.progress.batches < self.steps_per_epoch() {
                return Ok(EpochEnd::Interrupted);
            }
        }
        let train = self.progress.sum().mean().unwrap_or_default();
        let seconds = self.progress.seconds;
        self.progress = Progress { epochs: epoch + 1, best: self.progress.best, ..Progress::default() };
        Ok(EpochEnd::Complete { train, seconds })
    }

    /// The step size of step `t` of the run, from 0.
    fn learning_rate(&self, t: u64) -> f64 {
        let OptimizerConfig { learning_rate, .. } = self.config.optimizer;
        learning_rate
            * self.config.optimizer.course(self.config.training.epochs, self.steps_per_epoch()).share(t)
    }

    /// The step size of the last step taken.
    pub fn last_learning_rate(&self) -> f64 {
        self.learning_rate(self.optimizer.steps().saturating_sub(1))
    }

    /// The ELBO of the held-out images, or none where none are held out.
    pub fn validate(&self) -> Option<Elbo> {
        evaluate(&self.vae, self.data.images(), &self.holdout.validation, self.config.training.seed)
    }

    /// One step on the `rows` images of this batch, number `batch` of the current epoch, and beside it `prepare`, for
    /// which there is room.
    fn step(
        &mut self,
        rows: usize,
        batch: u64,
        prepare: impl FnOnce(&mut Batch) + Send,
    ) -> Result<Elbo, TrainError> {
        let epoch = self.progress.epochs;
        let learning_rate = self.learning_rate(epoch * self.steps_per_epoch() + batch);
        self.optimizer.set_learning_rate(learning_rate as f32);
        let beta = self.config.training.beta as f32;
        let Self { vae, optimizer, backprop, batches: [this, next], .. } = self;
        let (x, eps) = (this.x.slice(s![..rows, ..]), this.eps.slice(s![..rows, ..]));
        let (result, ()) =
            rayon::join(|| vae.train_step(backprop, optimizer, x, eps, beta), || prepare(next));
        self.batches.swap(0, 1);
        result.map_err(|error| match error {
            VaeError::NotFinite { term } => TrainError::NotFinite { epoch: epoch + 1, step: batch + 1, term },
            other => TrainError::Model(other),
        })
    }
}

impl Progress {
    fn add(&mut self, elbo: Elbo, images: usize) {
        let mut sum = self.sum();
        sum += (elbo, images);
        self.batches += 1;
        (self.reconstruction, self.kl, self.images) = (sum.reconstruction, sum.kl, sum.images);
    }

    fn sum(&self) -> ElboSum {
        ElboSum { reconstruction: self.reconstruction, kl: self.kl, images: self.images }
    }
}

/// Seconds spent on an epoch's steps, also across a stop and a resume.
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
mod tests {
    use std::ops::ControlFlow;

    use vae_data::{Split, digits};

    use super::*;

    /// Stops at the given step of the run, counted from 1.
    struct StopAt(u64);

    impl Observer for StopAt {
        fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
            self.0 = self.0.wrapping_sub(1);
            if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    fn config() -> TrainConfig {
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![16], 3);
        (config.data.validation, config.training.batch, config.training.epochs) = (20, 32, 3);
        config
    }

    #[test]
    fn the_loss_falls() {
        let data = digits::generate(300, 1, Split::Train);
        let mut trainer = Trainer::new(config(), &data).unwrap();
        let before = trainer.validate().unwrap();
        for _ in 0..8 {
            trainer.train_epoch(&mut ()).unwrap();
        }
        let after = trainer.validate().unwrap();
        assert!(after.neg_elbo() < 0.7 * before.neg_elbo(), "{before:?} to {after:?}");
    }

    #[test]
    fn every_image_but_the_held_out_is_met_once_an_epoch() {
        let data = digits::generate(300, 1, Split::Train);
        let mut trainer = Trainer::new(config(), &data).unwrap();
        assert_eq!((trainer.images(), trainer.steps_per_epoch()), (280, 9));
        trainer.train_epoch(&mut StopAt(8)).unwrap();
        assert_eq!(trainer.progress().images, 8 * 32);
    }

    #[test]
    fn an_interruption_within_an_epoch_changes_no_bit() {
        let data = digits::generate(300, 1, Split::Train);
        let mut straight = Trainer::new(config(), &data).unwrap();
        let mut halting = Trainer::new(config(), &data).unwrap();
        let straight_end = straight.train_epoch(&mut ()).unwrap();
        assert_eq!(halting.train_epoch(&mut StopAt(3)).unwrap(), EpochEnd::Interrupted);
        let halting_end = halting.train_epoch(&mut ()).unwrap();
        assert_eq!(straight.vae().parameters(), halting.vae().parameters());
        let (EpochEnd::Complete { train: a, .. }, EpochEnd::Complete { train: b, .. }) =
            (straight_end, halting_end)
        else {
            panic!("both epochs are complete");
        };
        assert_eq!(a, b);
    }

    #[test]
    fn a_weight_that_is_no_number_stops_the_run_before_the_step() {
        let data = digits::generate(300, 1, Split::Train);
        let mut trainer = Trainer::new(config(), &data).unwrap();
        // Of a pixel in the middle: one of a corner, always black, would take part in no sum.
        trainer.vae.parameters_mut()[14 * 28 + 14] = f32::INFINITY;
        let before: Vec<u32> = trainer.vae().parameters().iter().map(|p| p.to_bits()).collect();
        let error = trainer.train_epoch(&mut ()).unwrap_err().to_string();
        assert!(error.starts_with("epoch 1, step 1: ") && error.contains("not finite"), "{error}");
        let after: Vec<u32> = trainer.vae().parameters().iter().map(|p| p.to_bits()).collect();
        assert_eq!(before, after);
        assert_eq!(trainer.optimizer.steps(), 0);
    }

    #[test]
    fn a_batch_whose_activations_fill_the_memory_is_refused() {
        let data = digits::generate(30, 1, Split::Train);
        let mut config = config();
        (config.model.hidden, config.training.batch) = (vec![100_000], 60_000);
        let error = Trainer::new(config, &data).unwrap_err().to_string();
        assert!(error.starts_with("training.batch must be at most 1331"), "{error}");
    }

    #[test]
    fn holding_out_everything_is_refused() {
        let data = digits::generate(20, 1, Split::Train);
        assert!(matches!(Trainer::new(config(), &data), Err(TrainError::Data(_))));
    }
}
