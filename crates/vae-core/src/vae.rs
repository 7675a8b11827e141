//! The model: an encoder, a decoder, and the numbers that both consist of.

use std::fmt;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::{
    Activation, Elbo, VaeConfig, VaeError,
    bernoulli::{bernoulli_forward, probabilities},
    forward::{BLOCK, Forward},
    gaussian::clamp_log_var,
    init::initialise,
    layout::Layout,
    mlp::Mlp,
    special::exp,
};

/// A variational autoencoder with a Gaussian posterior and a Bernoulli likelihood.
///
/// All its parameters lie in one buffer, [`parameters`](Self::parameters), described by [`layout`](Self::layout).
#[derive(Clone)]
pub struct Vae {
    config: VaeConfig,
    layout: Layout,
    parameters: Vec<f32>,
    pub(crate) encoder: Mlp,
    pub(crate) decoder: Mlp,
}

/// q(z|x) = N(mean, exp(log_var)) of a batch: what the encoder says of each sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Means (B, L).
    pub mean: Array2<f32>,
    /// Logarithms of the variances (B, L), within ± [`LOG_VAR_BOUND`](crate::LOG_VAR_BOUND).
    pub log_var: Array2<f32>,
}

/// The two parts of −ELBO, image by image.
#[derive(Clone, Debug, PartialEq)]
pub struct ElboTerms {
    /// −log p(x|z) (B,), nats, summed over pixels.
    pub reconstruction: Array1<f32>,
    /// KL(q(z|x) ‖ p(z)) (B,), nats, summed over latents.
    pub kl: Array1<f32>,
}

impl Vae {
    /// A model with fresh weights, drawn from `seed` as PyTorch's `Linear` does: uniform within ± 1/√inputs.
    ///
    /// # Errors
    /// Those of [`VaeConfig::validate`].
    pub fn new(config: VaeConfig, seed: u64) -> Result<Self, VaeError> {
        let mut vae = Self::zeroed(config)?;
        let layers = vae.encoder.layers().iter().chain(vae.decoder.layers());
        initialise(layers, seed, &mut vae.parameters);
        Ok(vae)
    }

    pub(crate) fn zeroed(config: VaeConfig) -> Result<Self, VaeError> {
        config.validate()?;
        let mut layout = Layout::default();
        let encoder = Mlp::new(&mut layout, "encoder", &config.encoder_widths(), config.activation);
        let decoder = Mlp::new(&mut layout, "decoder", &config.decoder_widths(), config.activation);
        let parameters = vec![0.0; layout.len()];
        Ok(Self { config, layout, parameters, encoder, decoder })
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

    /// The nonlinearity between the layers.
    pub fn activation(&self) -> Activation {
        self.config.activation
    }

    /// Which tensor lies where in [`parameters`](Self::parameters).
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The encoder, and the parameters to change.
    pub(crate) fn encoder_mut(&mut self) -> (&Mlp, &mut [f32]) {
        (&self.encoder, &mut self.parameters)
    }

    /// q(z|x) for each row of `x`.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → mean and log-variance (B, L)
    ///
    /// # Panics
    /// If `x` has not D columns.
    pub fn encode(&self, x: ArrayView2<'_, f32>) -> Posterior {
        let l = self.latent();
        let posterior = self.encoder.run(&self.parameters, x);
        let mut log_var = posterior.slice(s![.., l..]).to_owned();
        log_var.map_inplace(|v| *v = clamp_log_var(*v));
        Posterior { mean: posterior.slice(s![.., ..l]).to_owned(), log_var }
    }

    /// The decoder's logits for each row of `z`.
    ///
    /// # Shapes
    /// `z` (B, L) → (B, D)
    ///
    /// # Panics
    /// If `z` has not L columns.
    pub fn decode_logits(&self, z: ArrayView2<'_, f32>) -> Array2<f32> {
        self.decoder.run(&self.parameters, z)
    }

    /// The mean of p(x|z) for each row of `z`: the decoded image.
    ///
    /// # Shapes
    /// `z` (B, L) → (B, D) in [0, 1]
    ///
    /// # Panics
    /// If `z` has not L columns.
    pub fn decode(&self, z: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut x = self.decode_logits(z);
        probabilities(x.as_slice_mut().expect("a new array is contiguous"));
        x
    }

    /// Each row of `x` as the model sees it: decoded from its posterior's mean.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B, D) in [0, 1]
    ///
    /// # Panics
    /// If `x` has not D columns.
    pub fn reconstruct(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        self.decode(self.encode(x).mean.view())
    }

    /// New images: `eps` drawn from the prior N(0, I), decoded.
    ///
    /// # Shapes
    /// `eps` (B, L) → (B, D) in [0, 1]
    ///
    /// # Panics
    /// If `eps` has not L columns.
    pub fn sample(&self, eps: ArrayView2<'_, f32>) -> Array2<f32> {
        self.decode(eps)
    }

    /// The ELBO's parts, averaged over the batch.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I)
    ///
    /// # Panics
    /// If the shapes do not fit or the batch is empty.
    pub fn elbo(&self, x: ArrayView2<'_, f32>, eps: ArrayView2<'_, f32>) -> Elbo {
        assert!(x.nrows() > 0, "an empty batch has no average");
        let terms = self.elbo_terms(x, eps);
        let (reconstruction, kl) = (terms.reconstruction.as_slice(), terms.kl.as_slice());
        let contiguous = "a new array is contiguous";
        Elbo::mean(reconstruction.expect(contiguous), kl.expect(contiguous))
    }

    /// The ELBO's parts of each image.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I) → (B,) each
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn elbo_terms(&self, x: ArrayView2<'_, f32>, eps: ArrayView2<'_, f32>) -> ElboTerms {
        assert_eq!(eps.dim(), (x.nrows(), self.latent()), "the shape of eps");
        assert_eq!(x.ncols(), self.input(), "columns of x");
        let (mut reconstruction, mut kl) = (vec![0.0; x.nrows()], vec![0.0; x.nrows()]);
        let blocks =
            x.axis_chunks_iter(Axis(0), BLOCK).into_par_iter().zip(eps.axis_chunks_iter(Axis(0), BLOCK));
        let terms = reconstruction.par_chunks_mut(BLOCK).zip(kl.par_chunks_mut(BLOCK));
        let room = || Forward::new(self, x.nrows().min(BLOCK));
        blocks.zip(terms).for_each_init(room, |forward, ((x, eps), (reconstruction, kl))| {
            forward.run(self, x, eps, kl);
            bernoulli_forward(forward.decoder().output(forward.panels()), forward.x(), reconstruction);
        });
        ElboTerms { reconstruction: Array1::from(reconstruction), kl: Array1::from(kl) }
    }
}

impl Posterior {
    /// z = mean + exp(log_var / 2) · ε: the reparameterization.
    ///
    /// # Shapes
    /// `eps` (B, L) → (B, L)
    ///
    /// # Panics
    /// If `eps` is of another shape than the means.
    pub fn sample(&self, eps: ArrayView2<'_, f32>) -> Array2<f32> {
        assert_eq!(eps.dim(), self.mean.dim(), "the shape of eps");
        &self.mean + &(self.log_var.mapv(|v| exp(0.5 * v)) * eps)
    }
}

impl fmt::Debug for Vae {
    /// The architecture; the parameters by their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vae")
            .field("config", &self.config)
            .field("parameters", &self.parameters.len())
            .finish()
    }
}
