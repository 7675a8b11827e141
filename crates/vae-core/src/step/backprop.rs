//! The gradient of the loss with respect to every parameter of a VAE.

use rayon::prelude::*;

use super::{
    gradient::{Gradient, Pass, not_finite},
    sink::Sink,
};
use crate::{
    Batch, Loss, Objective, Vae, VaeConfig, VaeError, kernel::batch::Samples, model::pass::MicroBatch,
};

/// Backpropagation, and the memory that it keeps from batch to batch.
///
/// It is made without sizes: it takes those of the model and the batch it is given, and larger ones when they come.
#[derive(Clone, Debug, Default)]
pub struct Backprop {
    /// The architecture that the memory is for, and the memory.
    memory: Option<(VaeConfig, Gradient<MicroBatch>)>,
    /// −log p(x|z) and KL of each sample of the last batch.
    reconstruction: Vec<f32>,
    kl: Vec<f32>,
    /// Laid out like the parameters; empty until a gradient is asked for.
    gradient: Vec<f32>,
}

impl Backprop {
    /// Backpropagation without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The loss of a batch, averaged over its samples, and the gradient of its [objective](Loss::objective), laid out
    /// like the parameters.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes or noise that is not finite,
    /// [`VaeError::NotFinite`] for the first term that is infinite or not a number, or a gradient that an optimizer
    /// could not square.
    ///
    /// # Panics
    /// If the shapes do not fit the model, or the batch is empty.
    pub fn gradient(
        &mut self,
        vae: &Vae,
        batch: Batch<'_>,
        objective: &Objective,
    ) -> Result<(Loss, &mut [f32]), VaeError> {
        let loss = self.pass(vae, batch, objective)?;
        Ok((loss, self.write(vae, batch.samples())?))
    }

    /// The way there and back, which leaves the deltas of every layer in memory.
    pub(crate) fn pass(
        &mut self,
        vae: &Vae,
        batch: Batch<'_>,
        objective: &Objective,
    ) -> Result<Loss, VaeError> {
        let samples = batch.samples();
        vae.assert_fits(batch);
        assert!(samples > 0, "an empty batch has no average");
        let (network, parameters) = (vae.network(), vae.parameters().values());
        let Self { memory, reconstruction, kl, .. } = self;
        let fits = |(config, gradient): &(VaeConfig, Gradient<MicroBatch>)| {
            *config == *vae.config() && gradient.capacity() >= samples
        };
        if !memory.as_ref().is_some_and(fits) {
            let pass = |samples| MicroBatch::new(network, samples);
            *memory = Some((vae.config().clone(), Gradient::new(network.layers(), samples, pass)));
        }
        let (_, gradient) = memory.as_mut().expect("made above");
        reconstruction.resize(samples, 0.0);
        kl.resize(samples, 0.0);

        let (scale, (micro_batch, passes)) = (1.0 / samples as f32, gradient.micro_batches());
        let terms = reconstruction.par_chunks_mut(micro_batch).zip(kl.par_chunks_mut(micro_batch));
        let batches = batch.par_parts(micro_batch);
        passes.par_iter_mut().zip(batches).zip(terms).for_each(|((pass, batch), (reconstruction, kl))| {
            pass.run(network, parameters, batch, objective, scale, [reconstruction, kl]);
        });
        vae.checked(Loss::mean(reconstruction, kl), batch)
    }

    /// Whether the gradient of the last pass is bound to be finite.
    pub(crate) fn is_surely_finite(&self, samples: usize) -> bool {
        self.memory.as_ref().is_some_and(|(_, gradient)| gradient.is_surely_finite(samples))
    }

    /// The gradient of the last pass, piece by piece into the sink.
    pub(crate) fn sum_into(&mut self, samples: usize, sink: Sink<'_>) {
        let (_, gradient) = self.memory.as_mut().expect("a pass came before");
        gradient.sum_into(samples, sink);
    }

    /// The gradient of the last pass, each number of it looked at.
    pub(crate) fn write(&mut self, vae: &Vae, samples: usize) -> Result<&mut [f32], VaeError> {
        let mut gradient = std::mem::take(&mut self.gradient);
        gradient.resize(vae.parameters().len(), 0.0);
        self.sum_into(samples, Sink::Write(&mut gradient));
        self.gradient = gradient;
        match not_finite(vae.parameters().layout(), &self.gradient) {
            Some(name) => Err(VaeError::NotFinite { term: format!("gradient of {name}") }),
            None => Ok(&mut self.gradient),
        }
    }
}

impl Pass for MicroBatch {
    fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        self.operands(layer)
    }

    fn square_sums(&self) -> [f32; 2] {
        self.square_sums()
    }

    fn gradient(&self) -> &[f32] {
        self.gradient()
    }
}
