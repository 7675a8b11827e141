//! A training step, as a whole and in stages.

use std::{hint::black_box, time::Instant};

use ndarray::Array2;
use vae_core::{
    Adam, Backprop, Batch, Objective, Training, Vae, VaeConfig, VaeError,
    noise::{self, Purpose},
};
use vae_data::Dataset;

use super::{
    samples::{Samples, in_turns},
    workload::{Batches, SEED},
};

/// A model in training, with everything that a step needs.
pub(crate) struct Steps<'d> {
    training: Training,
    /// The gradient alone, without an update.
    backprop: Backprop,
    batches: Batches<'d>,
    /// (B, D)
    x: Array2<f32>,
    /// (B, L)
    eps: Array2<f32>,
    drawn: u64,
}

/// What is timed separately.
#[derive(Clone, Copy)]
enum Stage {
    /// The whole step: batch, noise, gradient and update.
    Step,
    /// `vae_data::gather`
    Batch,
    /// `noise::standard_normal`
    Noise,
    /// `Vae::loss_per_image`
    Forward,
    /// `Backprop::gradient`: forward and backward
    Gradient,
    /// `Training::step`: forward, backward and update
    Update,
}

/// Medians, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepTimes {
    /// The whole step, measured separately; not the sum of the others.
    pub(crate) step: f64,
    pub(crate) batch: f64,
    pub(crate) noise: f64,
    pub(crate) forward: f64,
    /// The gradient minus the forward pass: a difference of medians.
    pub(crate) backward: f64,
    /// The update minus the gradient: a difference of medians, and of two code paths, because the update is fused with
    /// the gradient. It may be small or even negative.
    pub(crate) optimizer: f64,
}

impl<'d> Steps<'d> {
    /// # Errors
    /// If the network is not valid.
    ///
    /// # Panics
    /// If `batch` is 0 or larger than the data set.
    pub(crate) fn new(network: &VaeConfig, data: &'d Dataset, batch: usize) -> Result<Self, VaeError> {
        let vae = Vae::new(network.clone(), SEED)?;
        let (x, eps) = (Array2::zeros((batch, vae.input())), Array2::zeros((batch, vae.latent())));
        let training = Training::new(vae, Adam::default());
        let (backprop, batches) = (Backprop::new(), Batches::new(data, batch));
        Ok(Self { training, backprop, batches, x, eps, drawn: 0 })
    }

    pub(crate) fn vae(&self) -> &Vae {
        self.training.vae()
    }

    /// One whole step: the next batch, its noise, gradient and update.
    ///
    /// # Errors
    /// [`VaeError::NotFinite`]
    pub(crate) fn step(&mut self) -> Result<(), VaeError> {
        [Stage::Batch, Stage::Noise, Stage::Update].into_iter().try_for_each(|stage| self.call(stage))
    }

    /// Times only the whole step.
    ///
    /// # Errors
    /// [`VaeError::NotFinite`]
    pub(crate) fn time_step(&mut self, seconds: f64) -> Result<Samples, VaeError> {
        let [step] = in_turns([Stage::Step], seconds, |stage| self.call(stage))?;
        Ok(step)
    }

    /// Times whole epochs, including the drawing of their order, until `seconds` are over. If the first epoch takes
    /// longer, it is cut short, and its time is extrapolated to all of its steps.
    ///
    /// # Errors
    /// [`VaeError::NotFinite`]
    pub(crate) fn time_epochs(&mut self, seconds: f64) -> Result<Samples, VaeError> {
        self.step()?;
        let start = Instant::now();
        let over = || start.elapsed().as_secs_f64() >= seconds;
        let mut epochs = Vec::new();
        while epochs.is_empty() || !over() {
            let begin = Instant::now();
            self.batches.begin_epoch();
            let (ordered, all) = (Instant::now(), self.batches.left());
            let mut done = 0;
            while done < all && (done == 0 || !over()) {
                self.step()?;
                done += 1;
            }
            // An unfinished epoch counts only if there is no other.
            if done == all || epochs.is_empty() {
                let (ordering, steps) = (ordered - begin, ordered.elapsed());
                epochs.push(ordering.as_secs_f64() + steps.as_secs_f64() * all as f64 / done as f64);
            }
        }
        Ok(Samples::new(epochs))
    }

    /// Times the step and its stages, each for about `seconds`.
    ///
    /// # Errors
    /// [`VaeError::NotFinite`]
    pub(crate) fn time(&mut self, seconds: f64) -> Result<StepTimes, VaeError> {
        use Stage::{Batch, Forward, Gradient, Noise, Step, Update};
        let stages = [Step, Batch, Noise, Forward, Gradient, Update];
        let times = in_turns(stages, seconds, |stage| self.call(stage))?;
        let [step, batch, noise, forward, gradient, update] = times.map(|samples| samples.median());
        let (backward, optimizer) = (gradient - forward, update - gradient);
        Ok(StepTimes { step, batch, noise, forward, backward, optimizer })
    }

    fn call(&mut self, stage: Stage) -> Result<(), VaeError> {
        let Self { training, backprop, batches, x, eps, drawn } = self;
        match stage {
            Stage::Step => self.step()?,
            Stage::Batch => batches.fill(x.view_mut()),
            Stage::Noise => {
                *drawn += 1;
                let mut stream = noise::stream(SEED, Purpose::TRAINING, 0, *drawn);
                noise::standard_normal(&mut stream, eps.view_mut());
            }
            Stage::Forward => {
                let batch = Batch::new(x.view(), eps.view());
                drop(black_box(training.vae().loss_per_image(batch)?));
            }
            Stage::Gradient => {
                let batch = Batch::new(x.view(), eps.view());
                black_box(backprop.gradient(training.vae(), batch, &Objective::default())?);
            }
            Stage::Update => {
                black_box(training.step(Batch::new(x.view(), eps.view()))?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::workload, *};

    #[test]
    fn the_steps_that_are_timed_really_learn() {
        let data = workload::draw(200);
        let network = VaeConfig { hidden: vec![32], latent: 3, ..VaeConfig::default() };
        let mut steps = Steps::new(&network, &data, 50).unwrap();
        steps.step().unwrap();
        let loss = |steps: &Steps<'_>| {
            let batch = vae_core::Batch::new(steps.x.view(), steps.eps.view());
            steps.vae().loss(batch).unwrap().neg_elbo()
        };
        let before = loss(&steps);
        for _ in 0..100 {
            steps.step().unwrap();
        }
        let after = loss(&steps);
        assert!(after < 0.8 * before, "{before} to {after}");
    }

    #[test]
    fn an_epoch_that_is_cut_short_is_scaled_up() {
        let data = workload::draw(4_000);
        let network = VaeConfig { hidden: vec![8], latent: 2, ..VaeConfig::default() };
        let mut steps = Steps::new(&network, &data, 10).unwrap();
        let epochs = steps.time_epochs(0.0).unwrap();
        // One step to warm up, and one that is timed.
        assert_eq!(steps.drawn, 2);
        assert!(epochs.median() > 0.0);
    }

    #[test]
    fn the_whole_step_takes_time_and_so_do_its_stages() {
        let data = workload::draw(40);
        let network = VaeConfig { hidden: vec![8], latent: 2, ..VaeConfig::default() };
        let times = Steps::new(&network, &data, 20).unwrap().time(0.0).unwrap();
        assert!(
            [times.step, times.batch, times.noise, times.forward].iter().all(|&time| time > 0.0),
            "{times:?}"
        );
    }
}
