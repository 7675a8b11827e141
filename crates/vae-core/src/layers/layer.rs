//! The kinds of layers: the one place that lists them.
//!
//! A new kind is a file beside `dense`, a variant here, and an arm in each function.

use super::{
    activation::Activation,
    dense::{Dense, MadeBy},
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
}

impl Layer {
    /// Where its parameters lie.
    pub(crate) fn slot(&self) -> &LinearSlot {
        match self {
            Self::Dense(dense) => &dense.slot,
        }
    }

    /// Numbers of outputs and inputs of a sample, O and I.
    pub(crate) fn dim(&self) -> (usize, usize) {
        (self.slot().outputs, self.slot().inputs)
    }

    /// True if its way back needs more than its output.
    pub(crate) fn saves_slope(&self) -> bool {
        match self {
            Self::Dense(dense) => dense.activation.is_some_and(Activation::saves_slope),
        }
    }

    /// From x (B, I) to the output h (B, O).
    pub(crate) fn forward(
        &self,
        parameters: &[f32],
        x: Samples<'_>,
        h: &mut BySample,
        saved: Option<&mut BySample>,
    ) {
        match self {
            Self::Dense(dense) => dense.forward(parameters, x, h, saved),
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
        match self {
            Self::Dense(dense) => dense.backward(parameters, da, x_made_by, dx),
        }
    }

    /// How its output h was made, for the way back of the layer after it.
    pub(crate) fn made<'a>(&self, h: &'a BySample, saved: Option<&'a BySample>) -> Option<MadeBy<'a>> {
        match self {
            Self::Dense(dense) => {
                dense.activation.map(|activation| MadeBy { activation, saved: saved.unwrap_or(h) })
            }
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
