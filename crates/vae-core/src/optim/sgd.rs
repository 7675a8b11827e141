//! Stochastic gradient descent, with momentum.

use super::method::{Formula, flush, require_decay};
use crate::{
    VaeError,
    formulas::Rule,
    kernel::elementwise::{update, update_with_one},
};

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

impl Rule<0> for Sgd {
    #[inline(always)]
    fn step(self, p: f32, []: [f32; 0], g: f32) -> (f32, [f32; 0]) {
        (p - self.learning_rate * g, [])
    }
}

impl Rule<1> for Sgd {
    #[inline(always)]
    fn step(self, p: f32, [b]: [f32; 1], g: f32) -> (f32, [f32; 1]) {
        let b = flush(self.momentum * b + g);
        (p - self.learning_rate * b, [b])
    }
}

impl Formula for Sgd {
    type Step = Self;

    fn state(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum"] }
    }

    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)> {
        vec![("learning_rate", &mut self.learning_rate), ("momentum", &mut self.momentum)]
    }

    fn validate(&self) -> Result<(), VaeError> {
        require_decay("momentum", self.momentum)
    }

    fn at(&self, learning_rate: f32, _: i32) -> Self {
        Self { learning_rate, ..*self }
    }

    fn apply(step: Self, p: &mut [f32], [b, _]: [&mut [f32]; 2], g: &[f32]) {
        if b.is_empty() { update(step, p, g) } else { update_with_one(step, p, b, g) }
    }
}
