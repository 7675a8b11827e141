//! A few samples on their way through the network and home: what one thread does of a step by itself.
//!
//! ```text
//! x ─► encoder ─► mean, log-variance ─► z = mean + exp(log_var / 2) · ε ─► decoder ─► θ of p(x|z)
//! loss = −log p(x|z) + β · KL(q(z|x) ‖ p(z))
//! ```

use super::{batch::Batch, density::DensityPass, loss::Objective, network::Network, posterior};
use crate::{
    kernel::batch::{BySample, Data, Samples},
    layers::stack::{Deltas, Tape},
};

/// The way there, and what is left of it on the way.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    /// x (B, D)
    x: Data,
    /// ε (B, L)
    eps: BySample,
    /// z (B, L)
    z: BySample,
    /// The way of z to log p(z), and log p(z) of each sample.
    prior: DensityPass,
    log_p: Vec<f32>,
    /// The encoder's layers; the last gives mean and log-variance side by side (B, 2L).
    encoder: Tape,
    /// The decoder's layers; the last gives θ (B, P·D).
    decoder: Tape,
}

/// The way there and home.
#[derive(Clone, Debug)]
pub(crate) struct MicroBatch {
    forward: Forward,
    /// dz (B, L)
    dz: BySample,
    /// da of the encoder's layers.
    dencoder: Deltas,
    /// da of the decoder's layers.
    ddecoder: Deltas,
}

impl Forward {
    /// Memory for up to `samples` samples.
    pub(crate) fn new(network: &Network, samples: usize) -> Self {
        let latent = network.latent();
        Self {
            x: Data::zeroed(samples, network.input()),
            eps: BySample::zeroed(samples, latent),
            z: BySample::zeroed(samples, latent),
            prior: network.prior.pass(samples),
            log_p: vec![0.0; samples],
            encoder: network.encoder.tape(samples),
            decoder: network.decoder.tape(samples),
        }
    }

    /// x → q(z|x) → z → θ, and KL(q(z|x) ‖ p(z)) of each sample (B) in nats; under a learned prior, its estimate by z.
    pub(crate) fn run(&mut self, network: &Network, parameters: &[f32], batch: Batch<'_>, kl: &mut [f32]) {
        let Self { x, eps, z, prior, log_p, encoder, decoder } = self;
        x.pack(batch.x);
        eps.pack(batch.eps);
        network.encoder.forward(parameters, x.view(), encoder);
        posterior::draw(network.divergence(0.0), encoder.output(), eps, z, kl);
        if network.prior.is_learned() {
            let log_p = &mut log_p[..kl.len()];
            network.prior.log_density(parameters, z, prior, log_p);
            kl.iter_mut().zip(log_p).for_each(|(kl, log_p)| *kl -= *log_p);
        }
        network.decoder.forward(parameters, z.view(), decoder);
    }

    /// −log p(x|z) of each sample (B) in nats, after [`run`](Self::run).
    pub(crate) fn reconstruction(&self, network: &Network, reconstruction: &mut [f32]) {
        network.likelihood.loss(self.decoder.output(), self.x.batch(), reconstruction);
    }
}

impl MicroBatch {
    /// Memory for up to `samples` samples.
    pub(crate) fn new(network: &Network, samples: usize) -> Self {
        Self {
            forward: Forward::new(network, samples),
            dz: BySample::zeroed(samples, network.latent()),
            dencoder: network.encoder.deltas(samples),
            ddecoder: network.decoder.deltas(samples),
        }
    }

    /// There and back: the loss is scale · (reconstruction + β · KL), summed over the samples; its two terms (B) are
    /// left unscaled, in nats.
    pub(crate) fn run(
        &mut self,
        network: &Network,
        parameters: &[f32],
        batch: Batch<'_>,
        objective: &Objective,
        scale: f32,
        [reconstruction, kl]: [&mut [f32]; 2],
    ) {
        let Self { forward, dz, dencoder, ddecoder } = self;
        let (kl_scale, divergence) = (objective.beta * scale, network.divergence(objective.free_bits));
        forward.run(network, parameters, batch, kl);
        let Forward { x, eps, prior, encoder, decoder, .. } = forward;

        let (theta, dtheta) = (decoder.output(), ddecoder.output_mut());
        network.likelihood.loss_backward(theta, x.batch(), scale, dtheta, reconstruction);
        network.decoder.backward(parameters, decoder, ddecoder, Some(dz));
        network.prior.backward(parameters, kl_scale, prior, dz);
        posterior::backward(divergence, encoder.output(), eps, dz, kl_scale, dencoder.output_mut());
        network.encoder.backward(parameters, encoder, dencoder, None);
    }

    /// The gradient of a layer's linear output (B, O), and its input (B, I); the encoder's layers first, the prior's
    /// last.
    pub(crate) fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        let Forward { x, z, prior, encoder, decoder, .. } = &self.forward;
        let inner = encoder.layers();
        if let Some(layer) = layer.checked_sub(inner + decoder.layers()) {
            return prior.operands(layer);
        }
        let input = match layer {
            0 => x.view(),
            i if i < inner => encoder.layer(i - 1).view(),
            i if i == inner => z.view(),
            i => decoder.layer(i - inner - 1).view(),
        };
        let delta = match layer.checked_sub(inner) {
            None => self.dencoder.layer(layer),
            Some(i) => self.ddecoder.layer(i),
        };
        [delta.view(), input]
    }

    /// The gradient of the parameters that belong to no layer, summed over the samples.
    pub(crate) fn gradient(&self) -> &[f32] {
        self.forward.prior.gradient()
    }

    /// Σ of the squares of all layers' deltas, and of all layers' inputs.
    pub(crate) fn square_sums(&self) -> [f32; 2] {
        let Forward { x, z, prior, encoder, decoder, .. } = &self.forward;
        let [prior_deltas, prior_inputs] = prior.square_sums();
        let hidden = encoder.hidden_square_sum() + decoder.hidden_square_sum();
        let deltas = self.dencoder.square_sum() + self.ddecoder.square_sum();
        [deltas + prior_deltas, x.batch().square_sum() + hidden + z.square_sum() + prior_inputs]
    }
}
