//! The fully connected layer: h = f(W x + b), forward and backward side by side.

use ndarray::ArrayView2;

use super::{activation::Activation, gated, layout::LinearSlot};
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

/// How the input x of a layer was made by the layer before, and what that saved for backward.
pub(crate) enum MadeBy<'a> {
    /// x = f(a); saved is f′(a) or f(a) (B, I).
    Activation { f: Activation, saved: &'a BySample },
    /// x = a ⊙ σ(g); a and σ(g) are saved side by side (B, 2I). There is memory for dx (B, I).
    Gate { saved: &'a BySample, dx: &'a mut BySample },
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
}

/// From a = W x + b: dx = Wᵀ da; where x was made by the layer before, the gradient of the linear output that it was
/// made of instead, such as dx · f′(a′).
///
/// The layer's own gradient, dW = da xᵀ and db = Σ_B da, waits until all of the batch is there
/// ([`GradientOperands`](crate::kernel::operands::GradientOperands)).
///
/// # Shapes
/// `w` (O, I), `da` (B, O) → `dx` (B, I), or (B, 2I) where x was gated
pub(crate) fn backward(
    w: ArrayView2<'_, f32>,
    da: &BySample,
    x_made_by: Option<MadeBy<'_>>,
    dx: &mut BySample,
) {
    match x_made_by {
        None => transposed(w, da, dx, None, |_, _| ()),
        Some(MadeBy::Activation { f, saved }) => {
            transposed(w, da, dx, Some(saved), |saved, dx| f.backward(saved, dx));
        }
        Some(MadeBy::Gate { saved, dx: gated }) => {
            transposed(w, da, gated, None, |_, _| ());
            gated::backward(saved, gated, dx);
        }
    }
}
