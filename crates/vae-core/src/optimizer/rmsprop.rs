//! Each parameter's gradient over its own recent size.

use super::{flush, require};
use crate::VaeError;

/// RMSProp (Tieleman & Hinton 2012, lecture 6.5), as PyTorch's `RMSprop` without momentum and centring:
///
/// v ← ρ v + (1 − ρ) g², p ← p − α g / (√v + ε)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// α, the step size. Default 10⁻³. (PyTorch's default is 10⁻².)
    pub learning_rate: f32,
    /// ρ, the decay of the squares' average; PyTorch's `alpha`. Default 0.99.
    pub smoothing: f32,
    /// ε, added to the root. Default 10⁻⁸.
    pub epsilon: f32,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { learning_rate: 1e-3, smoothing: 0.99, epsilon: 1e-8 }
    }
}

impl RmsProp {
    pub(super) fn validate(&self) -> Result<(), VaeError> {
        require("smoothing", self.smoothing, (0.0..1.0).contains(&self.smoothing), "at least 0 and below 1")?;
        require("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon <= 1.0, "above 0 and at most 1")
    }
}

/// p, v and g of some parameters.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(super) fn update(p: &mut [f32], v: &mut [f32], g: &[f32], rule: RmsProp) {
    let RmsProp { learning_rate, smoothing, epsilon } = rule;
    for ((p, v), &g) in p.iter_mut().zip(v).zip(g) {
        *v = flush(smoothing * *v + (1.0 - smoothing) * g * g);
        *p -= learning_rate * (g / (v.sqrt() + epsilon));
    }
}
