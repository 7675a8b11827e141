//! The network that the passes go through: which layers there are, and what stands at its two ends.

use super::{likelihood::Likelihood, prior::Prior};
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
    pub(crate) prior: Prior,
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
        let (prior, likelihood) = (Prior::default(), config.likelihood);
        (Self { encoder, prior, decoder, likelihood }, layout)
    }

    /// All layers, in the order of their parameters.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.encoder.layers().iter().chain(self.decoder.layers())
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
