//! The model: an encoder, a decoder, and the numbers that both consist of.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, s};
use rayon::prelude::*;

use crate::{
    Batch, Loss, LossPerImage, Parameters, Posterior, Prior, VaeConfig, VaeError,
    error::require_finite,
    formulas::PerLatent,
    kernel::{batch::BySample, blocking::MICRO_BATCH},
    layers::{init::initialise, layer::Layer},
    model::{
        importance::ImportanceSampler, network::Network, pass::Forward, posterior::bounded,
        standard::Standard,
    },
};

/// A variational autoencoder with a Gaussian posterior, and a prior and a likelihood of choice.
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
        vae.network.prior.initialise(seed, vae.parameters.values_mut());
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

    /// Where the parameters of the prior lie: empty for N(0, I).
    pub fn prior_parameters(&self) -> Range<usize> {
        self.network.prior_parameters(self.parameters.len())
    }

    pub(crate) fn network_and_values_mut(&mut self) -> (&Network, &mut [f32]) {
        (&self.network, self.parameters.values_mut())
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

    /// KL(q(z|x) ‖ N(0, 1)) of each latent in nats: how much it says of x. Under the standard prior they add up to the
    /// KL term of the loss; under a learned one, latents depend on each other and theirs do not.
    ///
    /// # Shapes
    /// (B, L)
    pub fn kl_per_latent(&self, posterior: &Posterior) -> Array2<f32> {
        Zip::from(&posterior.mean).and(&posterior.log_var).map_collect(|&m, &v| Standard.kl(m, v))
    }

    /// A worker that weighs many draws from the posterior of an image, to estimate log p(x). It works on the calling
    /// thread and on those that are idle; for many images at once, give each thread one of its own.
    pub fn importance_sampler(&self) -> ImportanceSampler<'_> {
        ImportanceSampler::new(&self.network, self.parameters.values())
    }

    /// The mean of p(x|z) for each row of `z`: the decoded image, without the noise of p(x|z). Rows
    /// [drawn from the prior](Self::sample_prior) give new images.
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
    /// side by side, then the next of all pixels. Logits for both Bernoulli likelihoods; μ for a Gaussian of fixed σ; μ
    /// and r for a learned one, with log σ = −6 + ln(1 + exp(r + 6)), which is nearly r and stays above −6.
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

    /// log p(z) of each row of `z`, in nats.
    ///
    /// # Shapes
    /// `z` (B, L) → (B,)
    ///
    /// # Panics
    /// If `z` does not have L columns.
    pub fn log_prior(&self, z: ArrayView2<'_, f32>) -> Array1<f32> {
        assert_eq!(z.ncols(), self.latent(), "columns of z");
        let (prior, samples) = (&self.network.prior, z.nrows().min(MICRO_BATCH));
        let mut log_p = vec![0.0; z.nrows()];
        let memory = || (prior.pass(samples), BySample::zeroed(samples, self.latent()));
        let parts = z.axis_chunks_iter(Axis(0), MICRO_BATCH).into_par_iter();
        parts.zip(log_p.par_chunks_mut(MICRO_BATCH)).for_each_init(memory, |(pass, batch), (z, log_p)| {
            batch.pack(z);
            prior.log_density(self.parameters.values(), batch, pass, log_p);
        });
        Array1::from(log_p)
    }

    /// Draws z from the prior: `eps`, from N(0, I), says where, and `choices`, from the uniform distribution on [0, 1),
    /// in which Gaussian of a mixture. Under the prior N(0, I), z is `eps`. Noise made smaller by a factor, a
    /// temperature, gives images that are more usual.
    ///
    /// # Shapes
    /// `choices` (B,), `eps` (B, L) → (B, L)
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn sample_prior(&self, choices: ArrayView1<'_, f32>, eps: ArrayView2<'_, f32>) -> Array2<f32> {
        assert_eq!(eps.dim(), (choices.len(), self.latent()), "the shape of eps");
        let mut z = eps.as_standard_layout().into_owned();
        self.network.prior.sample(self.parameters.values(), choices, z.view_mut());
        z
    }

    /// Sets the biases of the decoder's last layer so that, but for the weights, the mean of p(x|z) is `mean` (D,):
    /// training then starts at the mean of the data instead of learning it first. Under Bernoulli likelihoods they are
    /// logits, of means within 10⁻³ of 0 and 1 at most.
    ///
    /// # Panics
    /// If `mean` does not have D numbers.
    pub fn start_at_mean(&mut self, mean: ArrayView1<'_, f32>) {
        assert_eq!(mean.len(), self.input(), "numbers of the mean");
        let Some(last) = self.network.decoder.layers().last().map(|layer| layer.slot().clone()) else {
            return;
        };
        let bias = last.parts_mut(self.parameters.values_mut()).1;
        for (bias, &mean) in bias.iter_mut().zip(mean) {
            *bias = self.config.likelihood.parameter_of_mean(mean);
        }
    }

    /// The model with another prior, whose parameters are drawn from `seed`; all other weights are the same.
    ///
    /// # Errors
    /// [`VaeError::Prior`] or [`VaeError::TooManyParameters`] for a prior that does not fit.
    pub fn with_prior(&self, prior: Prior, seed: u64) -> Result<Self, VaeError> {
        let config = VaeConfig { prior, ..self.config.clone() };
        let mut vae = if prior == Prior::Standard { Self::zeroed(config)? } else { Self::new(config, seed)? };
        let others = self.prior_parameters().start;
        vae.parameters.values_mut()[..others].copy_from_slice(&self.parameters.values()[..others]);
        Ok(vae)
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
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes or noise that is not finite,
    /// [`VaeError::NotFinite`] for a term that is infinite or not a number.
    ///
    /// # Panics
    /// If the shapes do not fit the model, or the batch is empty.
    pub fn loss(&self, batch: Batch<'_>) -> Result<Loss, VaeError> {
        assert!(batch.samples() > 0, "an empty batch has no average");
        self.checked(self.terms(batch).mean(), batch)
    }

    /// The loss of each sample, such as for a score of how unusual each is. It is estimated with one draw of z, that of
    /// `eps`; the mean over several draws is a steadier score.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes or noise that is not finite. With none of
    /// these, a term may still be infinite or not a number, as it is with such weights.
    ///
    /// # Panics
    /// If the shapes do not fit the model.
    pub fn loss_per_image(&self, batch: Batch<'_>) -> Result<LossPerImage, VaeError> {
        let terms = self.terms(batch);
        if terms.reconstruction.iter().chain(&terms.kl).any(|loss| !loss.is_finite()) {
            self.check(batch)?;
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
                self.check(batch)?;
                Err(VaeError::NotFinite { term: term.to_owned() })
            }
        }
    }

    /// What is wrong with the numbers of a batch whose loss is not finite, if it is the batch.
    fn check(&self, batch: Batch<'_>) -> Result<(), VaeError> {
        self.config.likelihood.check(batch.x)?;
        require_finite("eps", batch.eps, "the posterior")
    }

    pub(crate) fn assert_fits(&self, batch: Batch<'_>) {
        assert_eq!(batch.x.ncols(), self.input(), "columns of x");
        assert_eq!(batch.eps.dim(), (batch.samples(), self.latent()), "the shape of eps");
    }
}
