//! Stochastic gradient descent, with momentum.

use super::{flush, require};
use crate::VaeError;

/// Gradient descent with momentum (Polyak 1964), as PyTorch's `SGD` without dampening:
///
/// b ← μ b + g, p ← p − α b
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// α, the step size. Default 10⁻³.
    pub learning_rate: f32,
    /// μ, the share of the last step's direction that is kept. Default 0.9; 0 is plain gradient descent, without
    /// state. (PyTorch's default is 0.)
    pub momentum: f32,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { learning_rate: 1e-3, momentum: 0.9 }
    }
}

impl Sgd {
    pub(super) fn validate(&self) -> Result<(), VaeError> {
        require("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "at least 0 and below 1")
    }

    pub(super) fn state(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum"] }
    }
}

/// p and g of some parameters, without momentum.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(super) fn descend(p: &mut [f32], g: &[f32], rule: Sgd) {
    for (p, &g) in p.iter_mut().zip(g) {
        *p -= rule.learning_rate * g;
    }
}

/// p, b and g of some parameters.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(super) fn update(p: &mut [f32], b: &mut [f32], g: &[f32], rule: Sgd) {
    for ((p, b), &g) in p.iter_mut().zip(b).zip(g) {
        *b = flush(rule.momentum * *b + g);
        *p -= rule.learning_rate * *b;
    }
}
