//! The gated linear unit: h = a ⊙ σ(g), with a and g from one product (Dauphin et al. 2017, section 2; PyTorch's
//! `nn.GLU` behind a `Linear` of twice the outputs). Models with learned priors are often built of it (Tomczak &
//! Welling 2018).

use super::layout::LinearSlot;
use crate::{
    formulas::Gate,
    kernel::{
        batch::{BySample, Samples},
        dense::affine,
        elementwise,
        special::sigmoid,
    },
};

/// A gated layer: the first half of its rows of W gives the values, the other half their gates.
#[derive(Clone, Debug)]
pub(crate) struct Gated {
    /// W (2H, I) and b (2H)
    pub(crate) slot: LinearSlot,
}

impl Gated {
    /// h = a ⊙ σ(g) with (a, g) = W x + b; a and σ(g) are saved.
    ///
    /// # Shapes
    /// `x` (B, I) → `h` (B, H), `saved` (B, 2H)
    pub(crate) fn forward(
        &self,
        parameters: &[f32],
        x: Samples<'_>,
        h: &mut BySample,
        saved: Option<&mut BySample>,
    ) {
        let saved = saved.expect("a gated layer saves its gates");
        affine(self.slot.weight(parameters), self.slot.bias(parameters), x, saved, None, |_, _| ());
        elementwise::gate::<Glu>(saved, h);
    }
}

/// The gradient of a and g side by side, from that of h and what was saved.
///
/// # Shapes
/// `saved` and `dpairs` (B, 2H), `dh` (B, H)
pub(crate) fn backward(saved: &BySample, dh: &BySample, dpairs: &mut BySample) {
    elementwise::gate_backward::<Glu>(saved, dh, dpairs);
}

/// h = a σ(g)
struct Glu;

impl Gate for Glu {
    #[inline(always)]
    fn forward(a: f32, g: f32) -> (f32, f32) {
        let gate = sigmoid(g);
        (a * gate, gate)
    }

    #[inline(always)]
    fn backward(a: f32, gate: f32, dh: f32) -> (f32, f32) {
        (dh * gate, dh * a * (gate * (1.0 - gate)))
    }
}
