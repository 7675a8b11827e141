//! log p(z), there and back: one arm for each kind of prior.
//!
//! N(0, I) has a divergence from a Gaussian in closed form ([`standard`](super::standard)), and training uses that. A
//! prior that is learned gives log p(z) at the draw instead, and its gradient; its parameters lie behind the decoder's.

use ndarray::{Array2, ArrayView1, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::{
    flow::{Flow, FlowPass},
    gaussians::{Gaussians, GaussiansPass},
    prior::Prior,
};
use crate::{
    formulas::HALF_LOG_TAU,
    kernel::{
        batch::{BySample, Samples},
        blocking::MICRO_BATCH,
        sums,
    },
    layers::{layer::Layer, layout::Layout},
    noise::{Purpose, standard_normal, stream},
};

/// What computes p(z) of a model's latents.
#[derive(Clone, Debug)]
pub(crate) enum Density {
    /// N(0, I)
    Standard,
    Mixture(Gaussians),
    Flow(Flow),
}

/// A few samples on their way to log p(z) and back.
#[derive(Clone, Debug)]
pub(crate) enum DensityPass {
    Standard,
    Mixture(Box<GaussiansPass>),
    Flow(Box<FlowPass>),
}

impl Density {
    /// The network of a valid prior; its parameters are appended to the layout.
    pub(crate) fn new(layout: &mut Layout, latent: usize, prior: Prior) -> Self {
        match prior {
            Prior::Standard => Self::Standard,
            Prior::Mixture { components, full } => {
                Self::Mixture(Gaussians::new(layout, latent, components, full))
            }
            Prior::Flow { couplings, hidden, components } => {
                Self::Flow(Flow::new(layout, latent, couplings, hidden, components))
            }
        }
    }

    /// Its layers, in the order of their parameters.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        let flow = if let Self::Flow(flow) = self { Some(flow) } else { None };
        flow.into_iter().flat_map(Flow::layers)
    }

    /// Draws the parameters that training starts from, where layers do not start as all layers do: the flow at N(0, I),
    /// the Gaussians with unit variances around draws from it.
    pub(crate) fn initialise(&self, seed: u64, parameters: &mut [f32]) {
        if let Self::Flow(flow) = self {
            for layer in flow.last_layers() {
                let (weight, bias) = layer.slot().parts_mut(parameters);
                weight.fill(0.0);
                bias.fill(0.0);
            }
        }
        if let Some(mixture) = self.gaussians() {
            let mut means = Array2::zeros((mixture.components(), mixture.latent()));
            standard_normal(&mut stream(seed, Purpose::PRIOR, 0, 0), means.view_mut());
            mixture.start(parameters, means.view(), 0.0);
        }
    }

    /// The Gaussians that it has.
    pub(crate) fn gaussians(&self) -> Option<&Gaussians> {
        match self {
            Self::Standard => None,
            Self::Mixture(mixture) => Some(mixture),
            Self::Flow(flow) => flow.base(),
        }
    }

    /// Whether it has parameters.
    pub(crate) fn is_learned(&self) -> bool {
        !matches!(self, Self::Standard)
    }

    /// Memory for up to `samples` samples.
    pub(crate) fn pass(&self, samples: usize) -> DensityPass {
        match self {
            Self::Standard => DensityPass::Standard,
            Self::Mixture(mixture) => DensityPass::Mixture(Box::new(mixture.pass(samples))),
            Self::Flow(flow) => DensityPass::Flow(Box::new(flow.pass(samples))),
        }
    }

    /// log p(z) of each sample in nats.
    ///
    /// # Shapes
    /// `z` (B, L), `log_p` (B)
    pub(crate) fn log_density(
        &self,
        parameters: &[f32],
        z: &BySample,
        pass: &mut DensityPass,
        log_p: &mut [f32],
    ) {
        match (self, pass) {
            (Self::Mixture(mixture), DensityPass::Mixture(pass)) => {
                mixture.log_density(parameters, z, pass, log_p);
            }
            (Self::Flow(flow), DensityPass::Flow(pass)) => flow.log_density(parameters, z, pass, log_p),
            _ => {
                log_p.fill(-HALF_LOG_TAU * z.features() as f32);
                sums::add_square_sums(z, -0.5, log_p);
            }
        }
    }

    /// z from the noise `u` drawn from N(0, I), in place; `choices`, from the uniform distribution on [0, 1), say of
    /// which Gaussian of a mixture.
    ///
    /// # Shapes
    /// `choices` (B,), `u` (B, L)
    pub(crate) fn sample(
        &self,
        parameters: &[f32],
        choices: ArrayView1<'_, f32>,
        mut u: ArrayViewMut2<'_, f32>,
    ) {
        match self {
            Self::Standard => {}
            Self::Mixture(mixture) => mixture.sample(parameters, choices, u),
            Self::Flow(flow) => {
                if let Some(base) = flow.base() {
                    base.sample(parameters, choices, u.view_mut());
                }
                let (samples, latents) = (u.nrows().min(MICRO_BATCH), u.ncols());
                let memory = || (flow.pass(samples), BySample::zeroed(samples, latents));
                u.axis_chunks_iter_mut(Axis(0), MICRO_BATCH).into_par_iter().for_each_init(
                    memory,
                    |(pass, batch), u| {
                        batch.pack(u.view());
                        flow.inverse(parameters, pass, batch);
                        batch.unpack(u);
                    },
                );
            }
        }
    }

    /// Adds the gradient of −weight · Σ_B log p(z) to dz, after [`log_density`](Self::log_density), and leaves what the
    /// gradient of its parameters is a product of.
    ///
    /// # Shapes
    /// `dz` (B, L)
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        weight: f32,
        pass: &mut DensityPass,
        dz: &mut BySample,
    ) {
        match (self, pass) {
            (Self::Mixture(mixture), DensityPass::Mixture(pass)) => {
                mixture.backward(parameters, weight, pass, dz);
            }
            (Self::Flow(flow), DensityPass::Flow(pass)) => flow.backward(parameters, weight, pass, dz),
            _ => {}
        }
    }
}

impl DensityPass {
    /// The gradient of a layer's linear output (B, O), and its input (B, I).
    ///
    /// # Panics
    /// If there is no such layer.
    pub(crate) fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        match self {
            Self::Flow(pass) => pass.operands(layer),
            Self::Standard | Self::Mixture(_) => panic!("no layer {layer}"),
        }
    }

    /// The gradient of the parameters that belong to no layer, summed over the samples.
    pub(crate) fn gradient(&self) -> &[f32] {
        match self {
            Self::Mixture(pass) => pass.gradient(),
            Self::Flow(pass) => pass.gradient(),
            Self::Standard => &[],
        }
    }

    /// Σ of the squares of all layers' deltas, and of all layers' inputs.
    pub(crate) fn square_sums(&self) -> [f32; 2] {
        match self {
            Self::Standard | Self::Mixture(_) => [0.0; 2],
            Self::Flow(pass) => pass.square_sums(),
        }
    }
}
