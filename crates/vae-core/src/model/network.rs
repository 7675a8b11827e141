//! The network that the passes go through: which layers there are, and what stands at its two ends.

use std::ops::Range;

use super::{density::Density, divergence::Divergence, likelihood::Likelihood};
use crate::{
    VaeConfig,
    layers::{layer::Layer, layout::Layout, stack::Stack},
};

/// Encoder, prior, decoder and likelihood.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// x (B, D) → mean and log-variance of q(z|x) side by side (B, 2L)
    pub(crate) encoder: Stack,
    /// p(z)
    pub(crate) prior: Density,
    /// z (B, L) → θ (B, P·D)
    pub(crate) decoder: Stack,
    /// p(x|z), of θ
    pub(crate) likelihood: Likelihood,
}

impl Network {
    /// The network of a valid configuration, and where its parameters lie.
    pub(crate) fn new(config: &VaeConfig) -> (Self, Layout) {
        let mut layout = Layout::default();
        let encoder = Stack::dense(&mut layout, "encoder", &config.encoder_widths(), config.activation);
        let decoder = Stack::dense(&mut layout, "decoder", &config.decoder_widths(), config.activation);
        let prior = Density::new(&mut layout, config.latent, config.prior);
        (Self { encoder, prior, decoder, likelihood: config.likelihood }, layout)
    }

    /// All layers, in the order of their parameters.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.encoder.layers().iter().chain(self.decoder.layers()).chain(self.prior.layers())
    }

    /// Where the parameters of the prior lie, the last of `all`.
    pub(crate) fn prior_parameters(&self, all: usize) -> Range<usize> {
        let sides = self.encoder.layers().iter().chain(self.decoder.layers());
        let first = sides.map(|layer| layer.dim().0 * (layer.dim().1 + 1)).sum();
        first..all
    }

    /// What has a closed form of the divergence from the prior, of which each latent has so many nats for nothing.
    pub(crate) fn divergence(&self, free_bits: f32) -> Divergence {
        match self.prior {
            Density::Standard if free_bits > 0.0 => Divergence::FreeBits(free_bits),
            Density::Standard => Divergence::FromStandard,
            Density::Mixture(_) | Density::Flow(_) => Divergence::NegativeEntropy,
        }
    }

    /// Numbers of a sample, D.
    pub(crate) fn input(&self) -> usize {
        self.encoder.inputs()
    }

    /// Latent dimensions, L.
    pub(crate) fn latent(&self) -> usize {
        self.decoder.inputs()
    }
}
