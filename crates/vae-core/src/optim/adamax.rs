//! Adam with the largest gradient in place of the root of a second moment.

use super::{
    adam::Adam,
    method::{Formula, flush},
};
use crate::{VaeError, formulas::Rule, kernel::elementwise::update_with_two};

/// Adamax (Kingma & Ba 2015, algorithm 2), with PyTorch's place of ε and the hyper-parameters of [`Adam`]:
///
/// m ← β₁ m + (1 − β₁) g, u ← max(β₂ u, |g| + ε), p ← p − α / (1 − β₁ᵗ) · m / u
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adamax(pub Adam);

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// α / (1 − β₁ᵗ)
    step_size: f32,
}

impl Rule<2> for Step {
    #[inline(always)]
    fn step(self, p: f32, [m, u]: [f32; 2], g: f32) -> (f32, [f32; 2]) {
        let (decayed, now) = (self.beta2 * u, g.abs() + self.epsilon);
        let m = flush(self.beta1 * m + (1.0 - self.beta1) * g);
        let u = if decayed > now { decayed } else { now };
        (p - self.step_size * (m / u), [m, u])
    }
}

impl Formula for Adamax {
    type Step = Step;

    fn state(&self) -> &'static [&'static str] {
        &["first_moment", "infinity_norm"]
    }

    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)> {
        self.0.hyperparameters()
    }

    fn validate(&self) -> Result<(), VaeError> {
        self.0.validate()
    }

    fn at(&self, learning_rate: f32, t: i32) -> Step {
        let Adam { beta1, beta2, epsilon, .. } = self.0;
        let step_size = f64::from(learning_rate) / (1.0 - f64::from(beta1).powi(t));
        Step { beta1, beta2, epsilon, step_size: step_size as f32 }
    }

    fn apply(step: Step, p: &mut [f32], [m, u]: [&mut [f32]; 2], g: &[f32]) {
        update_with_two(step, p, m, u, g);
    }
}
