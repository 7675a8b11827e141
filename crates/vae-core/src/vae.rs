//! The model: an encoder, a decoder, and the numbers that both consist of.

use ndarray::{Array1, Array2, ArrayView2, s};
use rayon::prelude::*;

use crate::{
    Batch, Loss, LossPerImage, Parameters, Posterior, VaeConfig, VaeError,
    kernel::{batch::BySample, blocking::MICRO_BATCH},
    layers::{init::initialise, layer::Layer},
    model::{importance::ImportanceSampler, network::Network, pass::Forward, posterior::bounded},
};

/// A variational autoencoder with a Gaussian posterior, the prior N(0, I), and a likelihood of choice.
#[derive(Clone, Debug)]
pub struct Vae {
    config: VaeConfig,
    network: Network,
    parameters: Parameters,
}

impl Vae {
    /// A model with fresh weights, drawn from `seed` as PyTorch's `Linear` does: uniform within ± 1/√inputs.
    ///
    /// # Errors
    /// Those of [`VaeConfig::validate`].
    pub fn new(config: VaeConfig, seed: u64) -> Result<Self, VaeError> {
        let mut vae = Self::zeroed(config)?;
        initialise(vae.network.layers().map(Layer::slot), seed, vae.parameters.values_mut());
        Ok(vae)
    }

    pub(crate) fn zeroed(config: VaeConfig) -> Result<Self, VaeError> {
        config.validate()?;
        let (network, layout) = Network::new(&config);
        Ok(Self { config, network, parameters: Parameters::zeroed(layout) })
    }

    /// The architecture.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// Numbers in a sample, D.
    pub fn input(&self) -> usize {
        self.config.input
    }

    /// Latent dimensions, L.
    pub fn latent(&self) -> usize {
        self.config.latent
    }

    /// All parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// All parameters, to change their numbers.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// q(z|x) of each row of `x`.
    ///
    /// # Shapes
    /// `x` (B, D) → mean and log-variance (B, L)
    ///
    /// # Panics
    /// If `x` does not have D columns.
    pub fn encode(&self, x: ArrayView2<'_, f32>) -> Posterior {
        let l = self.latent();
        let encoder = &self.network.encoder;
        let posterior = encoder.infer(self.parameters.values(), x, 2 * l, |h, out| out.copy_from(h));
        let mut log_var = posterior.slice(s![.., l..]).to_owned();
        log_var.map_inplace(|v| *v = bounded(*v));
        Posterior::new(posterior.slice(s![.., ..l]).to_owned(), log_var)
    }

    /// KL(q(z|x) ‖ p(z)) of each latent in nats; none for a prior under which the latents' divergences do not add up to
    /// that of all.
    ///
    /// # Shapes
    /// (B, L)
    pub fn kl_per_latent(&self, posterior: &Posterior) -> Option<Array2<f32>> {
        self.network.prior.kl_per_latent(&posterior.mean, &posterior.log_var)
    }

    /// A worker that weighs many draws from the posterior of an image, to estimate log p(x). It works on the calling
    /// thread and on those that are idle; for many images at once, give each thread one of its own.
    pub fn importance_sampler(&self) -> ImportanceSampler<'_> {
        ImportanceSampler::new(&self.network, self.parameters.values())
    }

    /// The mean of p(x|z) for each row of `z`: the decoded image. Rows drawn from N(0, I) give new images.
    ///
    /// # Shapes
    /// `z` (B, L) → (B, D)
    ///
    /// # Panics
    /// If `z` does not have L columns.
    pub fn decode(&self, z: ArrayView2<'_, f32>) -> Array2<f32> {
        let likelihood = self.config.likelihood;
        self.decode_with(z, self.input(), |theta, mean| likelihood.mean(theta, mean))
    }

    /// What the decoder gives for each row of `z`: the P numbers θ of p(x|z) for each pixel, those of all pixels
    /// side by side, then the next of all pixels. Logits for a Bernoulli likelihood.
    ///
    /// # Shapes
    /// `z` (B, L) → (B, P·D)
    ///
    /// # Panics
    /// If `z` does not have L columns.
    pub fn decode_parameters(&self, z: ArrayView2<'_, f32>) -> Array2<f32> {
        self.decode_with(z, self.network.decoder.outputs(), |theta, out| out.copy_from(theta))
    }

    fn decode_with(
        &self,
        z: ArrayView2<'_, f32>,
        columns: usize,
        f: impl Fn(&BySample, &mut BySample) + Sync,
    ) -> Array2<f32> {
        self.network.decoder.infer(self.parameters.values(), z, columns, f)
    }

    /// Each row of `x` as the model sees it: decoded from its posterior's mean.
    ///
    /// # Shapes
    /// `x` (B, D) → (B, D)
    ///
    /// # Panics
    /// If `x` does not have D columns.
    pub fn reconstruct(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        self.decode(self.encode(x).mean.view())
    }

    /// The loss of a batch, averaged over its samples.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes, [`VaeError::NotFinite`] for a term that is
    /// infinite or not a number.
    ///
    /// # Panics
    /// If the shapes do not fit the model, or the batch is empty.
    pub fn loss(&self, batch: Batch<'_>) -> Result<Loss, VaeError> {
        assert!(batch.samples() > 0, "an empty batch has no average");
        let LossPerImage { reconstruction, kl } = self.terms(batch);
        let contiguous = "a new array is contiguous";
        let (reconstruction, kl) = (reconstruction.as_slice(), kl.as_slice());
        self.checked(Loss::mean(reconstruction.expect(contiguous), kl.expect(contiguous)), batch)
    }

    /// The loss of each sample.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes. A term may be infinite or not a number.
    ///
    /// # Panics
    /// If the shapes do not fit the model.
    pub fn loss_per_image(&self, batch: Batch<'_>) -> Result<LossPerImage, VaeError> {
        let terms = self.terms(batch);
        if terms.reconstruction.iter().any(|loss| !loss.is_finite()) {
            self.config.likelihood.check(batch.x)?;
        }
        Ok(terms)
    }

    fn terms(&self, batch: Batch<'_>) -> LossPerImage {
        self.assert_fits(batch);
        let (network, parameters) = (&self.network, self.parameters.values());
        let samples = batch.samples();
        let (mut reconstruction, mut kl) = (vec![0.0; samples], vec![0.0; samples]);
        let terms = reconstruction.par_chunks_mut(MICRO_BATCH).zip(kl.par_chunks_mut(MICRO_BATCH));
        let memory = || Forward::new(network, samples.min(MICRO_BATCH));
        batch.par_parts(MICRO_BATCH).zip(terms).for_each_init(
            memory,
            |forward, (batch, (reconstruction, kl))| {
                forward.run(network, parameters, batch, kl);
                forward.reconstruction(network, reconstruction);
            },
        );
        LossPerImage { reconstruction: Array1::from(reconstruction), kl: Array1::from(kl) }
    }

    /// The loss of a batch, if it is finite; else what made it infinite.
    pub(crate) fn checked(&self, loss: Loss, batch: Batch<'_>) -> Result<Loss, VaeError> {
        let terms = [("reconstruction", loss.reconstruction), ("KL", loss.kl)];
        match terms.into_iter().find(|(_, value)| !value.is_finite()) {
            None => Ok(loss),
            Some((term, _)) => {
                self.config.likelihood.check(batch.x)?;
                Err(VaeError::NotFinite { term: term.to_owned() })
            }
        }
    }

    pub(crate) fn assert_fits(&self, batch: Batch<'_>) {
        assert_eq!(batch.x.ncols(), self.input(), "columns of x");
        assert_eq!(batch.eps.dim(), (batch.samples(), self.latent()), "the shape of eps");
    }
}
