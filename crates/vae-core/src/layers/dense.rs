//! The fully connected layer: h = f(W x + b), forward and backward side by side.

use super::{activation::Activation, layout::LinearSlot};
use crate::kernel::{
    batch::{BySample, Samples},
    dense::{affine, transposed},
};

/// A fully connected layer; its parameters lie in the model's buffer.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub(crate) slot: LinearSlot,
    /// f; none for the last layer of a stack, which is linear.
    pub(crate) activation: Option<Activation>,
}

/// What made an input x = f(a): the activation, and what it saved for backward (B, I).
#[derive(Clone, Copy)]
pub(crate) struct MadeBy<'a> {
    pub(crate) activation: Activation,
    pub(crate) saved: &'a BySample,
}

impl Dense {
    /// h = f(W x + b); f′(W x + b) is saved where the way back needs it.
    ///
    /// # Shapes
    /// `x` (B, I) → `h` and `saved` (B, O)
    pub(crate) fn forward(
        &self,
        parameters: &[f32],
        x: Samples<'_>,
        h: &mut BySample,
        saved: Option<&mut BySample>,
    ) {
        let (w, b) = (self.slot.weight(parameters), self.slot.bias(parameters));
        affine(w, b, x, h, saved, |a, slope| {
            if let Some(f) = self.activation {
                f.forward(a, slope);
            }
        });
    }

    /// From a = W x + b: dx = Wᵀ da; where x = f(a′) was made by the layer before, da′ = dx · f′(a′) instead.
    ///
    /// The layer's own gradient, dW = da xᵀ and db = Σ_B da, waits until all of the batch is there
    /// ([`GradientOperands`](crate::kernel::operands::GradientOperands)).
    ///
    /// # Shapes
    /// `da` (B, O) → `dx` (B, I)
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        da: &BySample,
        x_made_by: Option<MadeBy<'_>>,
        dx: &mut BySample,
    ) {
        let w = self.slot.weight(parameters);
        match x_made_by {
            Some(MadeBy { activation: f, saved }) => {
                transposed(w, da, dx, Some(saved), |saved, dx| f.backward(saved, dx));
            }
            None => transposed(w, da, dx, None, |_, _| ()),
        }
    }
}
