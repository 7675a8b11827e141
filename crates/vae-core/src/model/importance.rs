//! log p(x) by importance sampling: the posterior proposes, and weights make up for its errors.
//!
//! ```text
//! log p(x) ≈ log 1/K Σ_k w_k,    w_k = p(x|z_k) p(z_k) / q(z_k|x),    z_k drawn from q(z|x)
//! ```
//! (Rezende, Mohamed & Wierstra 2014, appendix E; Burda, Grosse & Salakhutdinov 2016, equation 8). In expectation it is
//! a lower bound for every K, the ELBO for K = 1, and rises to log p(x) with K. x is encoded once; this file gives the
//! logarithms of the weights, whose sum the caller takes.

use ndarray::{ArrayView1, ArrayView2, Axis};

use super::{network::Network, posterior};
use crate::{
    kernel::{batch::BySample, blocking::MICRO_BATCH, repeated::Repeated},
    layers::stack::Tape,
};

/// The logarithms of the three densities that a weight is made of, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogWeight {
    /// log p(x|z), summed over pixels.
    pub log_p_x: f32,
    /// log p(z), summed over latents.
    pub log_p_z: f32,
    /// log q(z|x), summed over latents.
    pub log_q: f32,
}

impl LogWeight {
    /// log w = log p(x|z) + log p(z) − log q(z|x): a single draw's estimate of the ELBO.
    pub fn value(self) -> f64 {
        f64::from(self.log_p_x) - self.kl()
    }

    /// log q(z|x) − log p(z): a single draw's estimate of KL(q(z|x) ‖ p(z)).
    pub fn kl(self) -> f64 {
        f64::from(self.log_q) - f64::from(self.log_p_z)
    }
}

/// Weighs draws from the posterior of one image after the other, in memory that it keeps: see
/// [`Vae::importance_sampler`](crate::Vae::importance_sampler).
#[derive(Clone, Debug)]
pub struct ImportanceSampler<'v> {
    network: &'v Network,
    parameters: &'v [f32],
    /// x (D)
    x: Repeated,
    /// Mean and log-variance of q(z|x) (L).
    q: [Repeated; 2],
    /// ε (B, L)
    eps: BySample,
    /// z (B, L)
    z: BySample,
    /// The decoder's layers; the last gives θ (B, P·D).
    decoder: Tape,
    /// −log p(x|z), log p(z) and log q(z|x) (B).
    terms: [Vec<f32>; 3],
}

impl<'v> ImportanceSampler<'v> {
    pub(crate) fn new(network: &'v Network, parameters: &'v [f32]) -> Self {
        let latent = network.latent();
        let latents = || BySample::zeroed(MICRO_BATCH, latent);
        Self {
            network,
            parameters,
            x: Repeated::zeroed(network.input()),
            q: [Repeated::zeroed(latent), Repeated::zeroed(latent)],
            eps: latents(),
            z: latents(),
            decoder: network.decoder.tape(MICRO_BATCH),
            terms: [(); 3].map(|()| vec![0.0; MICRO_BATCH]),
        }
    }

    /// Turns to the image x, whose posterior has this mean and log-variance.
    ///
    /// # Shapes
    /// `x` (D,), `mean` and `log_var` (L,)
    ///
    /// # Panics
    /// If the shapes do not fit the model.
    pub fn set_image(
        &mut self,
        x: ArrayView1<'_, f32>,
        mean: ArrayView1<'_, f32>,
        log_var: ArrayView1<'_, f32>,
    ) {
        self.x.set(x);
        self.q[0].set(mean);
        self.q[1].set(log_var);
    }

    /// The weight of z = mean + exp(log_var / 2) · ε for each row of `eps`. A weight does not depend on the others.
    ///
    /// # Shapes
    /// `eps` (K, L) → `weights` (K)
    ///
    /// # Panics
    /// If the shapes do not fit the model or each other.
    pub fn log_weights(&mut self, eps: ArrayView2<'_, f32>, weights: &mut [LogWeight]) {
        assert_eq!(eps.dim(), (weights.len(), self.network.latent()), "the shape of eps");
        let parts = eps.axis_chunks_iter(Axis(0), MICRO_BATCH);
        for (eps, weights) in parts.zip(weights.chunks_mut(MICRO_BATCH)) {
            self.weigh(eps, weights);
        }
    }

    fn weigh(&mut self, eps: ArrayView2<'_, f32>, weights: &mut [LogWeight]) {
        let Self { network, parameters, x, q: [mean, log_var], z, decoder, terms, .. } = self;
        let [loss, log_p_z, log_q] = terms.each_mut().map(|term| &mut term[..weights.len()]);
        self.eps.pack(eps);
        posterior::draws_of_one([mean, log_var], &self.eps, z, log_q);
        network.prior.log_density(parameters, z, log_p_z);
        network.decoder.forward(parameters, z.view(), decoder);
        network.likelihood.loss_of_one(decoder.output(), x, loss);
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight = LogWeight { log_p_x: -loss[i], log_p_z: log_p_z[i], log_q: log_q[i] };
        }
    }
}
