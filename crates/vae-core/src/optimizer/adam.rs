//! Adam, and AdamW, which is Adam with weights that decay by themselves.

use super::{flush, require};
use crate::VaeError;

/// Adam (Kingma & Ba 2015, algorithm 1), with PyTorch's defaults and its place of ε:
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², p ← p − α · m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ) and
/// v̂ = v / (1 − β₂ᵗ).
///
/// No moment is a subnormal number: the gradient of a pixel that is always black is zero, its moments would decay into
/// such numbers, and arithmetic on those is many times slower. So a first moment that is too small to be normal is
/// taken as zero, and to the second moment no gradient is smaller than 10⁻⁹ ε, of which √v̂ + ε shows nothing.
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

impl Adam {
    pub(super) fn validate(&self) -> Result<(), VaeError> {
        require("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "at least 0 and below 1")?;
        require("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), "at least 0 and below 1")?;
        require("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon <= 1.0, "above 0 and at most 1")
    }
}

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// What the second moment takes a smaller gradient for, lest it decays into subnormal numbers.
    least_gradient: f32,
    /// α / (1 − β₁ᵗ)
    step_size: f32,
    /// 1 / √(1 − β₂ᵗ)
    root_correction: f32,
    /// What a step first leaves of a parameter, 1 without weight decay.
    keep: f32,
}

impl Rule {
    /// Of step `t`, from 1.
    pub(super) fn at(adam: Adam, t: i32) -> Self {
        let Adam { learning_rate, beta1, beta2, epsilon } = adam;
        let step_size = f64::from(learning_rate) / (1.0 - f64::from(beta1).powi(t));
        let root_correction = 1.0 / (1.0 - f64::from(beta2).powi(t)).sqrt();
        Self {
            beta1,
            beta2,
            epsilon,
            least_gradient: 1e-9 * epsilon,
            step_size: step_size as f32,
            root_correction: root_correction as f32,
            keep: 1.0,
        }
    }

    /// The same step on what `keep` leaves of the parameters.
    pub(super) fn keeping(self, keep: f32) -> Self {
        Self { keep, ..self }
    }
}

/// p, m, v and g of some parameters.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(super) fn update(p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], rule: Rule) {
    let Rule { beta1, beta2, epsilon, least_gradient, step_size, root_correction, keep } = rule;
    for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
        let magnitude = if g.abs() < least_gradient { least_gradient } else { g.abs() };
        *m = flush(beta1 * *m + (1.0 - beta1) * g);
        *v = beta2 * *v + (1.0 - beta2) * magnitude * magnitude;
        *p = keep * *p - step_size * *m / (v.sqrt() * root_correction + epsilon);
    }
}
