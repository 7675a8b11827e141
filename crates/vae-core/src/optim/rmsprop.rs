//! Each parameter's gradient over its own recent size.

use super::method::{Formula, flush, require_decay, require_epsilon};
use crate::{VaeError, formulas::Rule, kernel::elementwise::update_with_one};

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

impl Rule<1> for RmsProp {
    #[inline(always)]
    fn step(self, p: f32, [v]: [f32; 1], g: f32) -> (f32, [f32; 1]) {
        let v = flush(self.smoothing * v + (1.0 - self.smoothing) * g * g);
        (p - self.learning_rate * (g / (v.sqrt() + self.epsilon)), [v])
    }
}

impl Formula for RmsProp {
    type Step = Self;

    fn state(&self) -> &'static [&'static str] {
        &["square_average"]
    }

    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)> {
        let Self { learning_rate, smoothing, epsilon } = self;
        vec![("learning_rate", learning_rate), ("smoothing", smoothing), ("epsilon", epsilon)]
    }

    fn validate(&self) -> Result<(), VaeError> {
        require_decay("smoothing", self.smoothing)?;
        require_epsilon(self.epsilon)
    }

    fn at(&self, learning_rate: f32, _: i32) -> Self {
        Self { learning_rate, ..*self }
    }

    fn apply(step: Self, p: &mut [f32], [v, _]: [&mut [f32]; 2], g: &[f32]) {
        update_with_one(step, p, v, g);
    }
}
