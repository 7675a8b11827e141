//! The kinds of layers: the one place that lists them.
//!
//! A new kind is a file beside `dense`, a variant here, and an arm in each function.

use super::{
    activation::Activation,
    dense::{Dense, MadeBy, backward},
    gated::Gated,
    layout::LinearSlot,
};
use crate::kernel::{
    batch::{BySample, Samples},
    operands::GradientOperands,
};

/// One layer of a stack.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    /// h = f(W x + b)
    Dense(Dense),
    /// h = a ⊙ σ(g) with (a, g) = W x + b
    Gated(Gated),
}

impl Layer {
    /// Where its parameters lie.
    pub(crate) fn slot(&self) -> &LinearSlot {
        match self {
            Self::Dense(dense) => &dense.slot,
            Self::Gated(gated) => &gated.slot,
        }
    }

    /// Rows and columns of W: numbers of its linear outputs and of its inputs, O and I.
    pub(crate) fn dim(&self) -> (usize, usize) {
        (self.slot().outputs, self.slot().inputs)
    }

    /// Numbers of its output h of a sample, H: as many as linear outputs, or half of them where they are gated.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.slot.outputs,
            Self::Gated(gated) => gated.slot.outputs / 2,
        }
    }

    /// True if its way back needs more than its output: as many numbers as it has linear outputs.
    pub(crate) fn saves(&self) -> bool {
        match self {
            Self::Dense(dense) => dense.activation.is_some_and(Activation::saves_slope),
            Self::Gated(_) => true,
        }
    }

    /// From x (B, I) to the output h (B, H).
    pub(crate) fn forward(
        &self,
        parameters: &[f32],
        x: Samples<'_>,
        h: &mut BySample,
        saved: Option<&mut BySample>,
    ) {
        match self {
            Self::Dense(dense) => dense.forward(parameters, x, h, saved),
            Self::Gated(gated) => gated.forward(parameters, x, h, saved),
        }
    }

    /// From the gradient of its linear output (B, O) to that of its input (B, I), or of the linear output before that.
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        da: &BySample,
        x_made_by: Option<MadeBy<'_>>,
        dx: &mut BySample,
    ) {
        backward(self.slot().weight(parameters), da, x_made_by, dx);
    }

    /// How its output h was made, for the way back of the layer after it; `dh` is memory for a gated layer's gradient.
    pub(crate) fn made<'a>(
        &self,
        h: &'a BySample,
        saved: Option<&'a BySample>,
        dh: Option<&'a mut BySample>,
    ) -> Option<MadeBy<'a>> {
        match self {
            Self::Dense(dense) => {
                dense.activation.map(|f| MadeBy::Activation { f, saved: saved.unwrap_or(h) })
            }
            Self::Gated(_) => saved.zip(dh).map(|(saved, dx)| MadeBy::Gate { saved, dx }),
        }
    }

    /// Memory for what its gradient is a product of, for batches of up to `samples` samples.
    pub(crate) fn operands(&self, samples: usize, of_data: bool) -> GradientOperands {
        if of_data {
            GradientOperands::of_data(self.dim(), samples)
        } else {
            GradientOperands::zeroed(self.dim(), samples)
        }
    }
}
