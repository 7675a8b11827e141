//! Adam: each parameter's gradient, averaged, over the root of its averaged square.

use super::method::{Formula, flush, require_decay, require_epsilon};
use crate::{VaeError, formulas::Rule, kernel::elementwise::update_with_two};

/// Adam (Kingma & Ba 2015, algorithm 1), with PyTorch's defaults and its place of ε:
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², p ← p − α · m̂ / (√v̂ + ε), with
/// m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
///
/// No moment is a subnormal number: the gradient of a pixel that is always black is zero, its moments would decay into
/// such numbers, and arithmetic on those is many times slower. So a first moment that is too small to be normal is
/// taken as zero, and to the second moment no gradient is smaller than 10⁻⁹ ε, which does not change √v̂ + ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// α, the step size. Default 10⁻³.
    pub learning_rate: f32,
    /// β₁, the decay of the first moment. Default 0.9.
    pub beta1: f32,
    /// β₂, the decay of the second moment. Default 0.999.
    pub beta2: f32,
    /// ε, added to the root of the second moment. Default 10⁻⁸.
    pub epsilon: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// The least magnitude of a gradient for the second moment, lest that decays into subnormal numbers.
    least_gradient: f32,
    /// α / (1 − β₁ᵗ)
    step_size: f32,
    /// 1 / √(1 − β₂ᵗ)
    root_correction: f32,
    /// The share of a parameter that is left before the step, 1 without weight decay.
    keep: f32,
}

impl Step {
    /// The step on what `keep` leaves of the parameters.
    pub(super) fn keeping(self, keep: f32) -> Self {
        Self { keep, ..self }
    }
}

impl Rule<2> for Step {
    #[inline(always)]
    fn step(self, p: f32, [m, v]: [f32; 2], g: f32) -> (f32, [f32; 2]) {
        let Self { beta1, beta2, epsilon, least_gradient, step_size, root_correction, keep } = self;
        let magnitude = if g.abs() < least_gradient { least_gradient } else { g.abs() };
        let m = flush(beta1 * m + (1.0 - beta1) * g);
        let v = beta2 * v + (1.0 - beta2) * magnitude * magnitude;
        (keep * p - step_size * m / (v.sqrt() * root_correction + epsilon), [m, v])
    }
}

impl Formula for Adam {
    type Step = Step;

    fn state(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)> {
        let Self { learning_rate, beta1, beta2, epsilon } = self;
        vec![("learning_rate", learning_rate), ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon)]
    }

    fn validate(&self) -> Result<(), VaeError> {
        require_decay("beta1", self.beta1)?;
        require_decay("beta2", self.beta2)?;
        require_epsilon(self.epsilon)
    }

    fn at(&self, learning_rate: f32, t: i32) -> Step {
        let Self { beta1, beta2, epsilon, .. } = *self;
        let step_size = f64::from(learning_rate) / (1.0 - f64::from(beta1).powi(t));
        let root_correction = 1.0 / (1.0 - f64::from(beta2).powi(t)).sqrt();
        Step {
            beta1,
            beta2,
            epsilon,
            least_gradient: 1e-9 * epsilon,
            step_size: step_size as f32,
            root_correction: root_correction as f32,
            keep: 1.0,
        }
    }

    fn apply(step: Step, p: &mut [f32], [m, v]: [&mut [f32]; 2], g: &[f32]) {
        update_with_two(step, p, m, v, g);
    }
}
