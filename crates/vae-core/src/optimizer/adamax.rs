//! Adam with the largest gradient in place of the root of a second moment.

use super::{Adam, flush};

/// Adamax (Kingma & Ba 2015, algorithm 2), with PyTorch's place of ε and the hyper-parameters of [`Adam`]:
///
/// m ← β₁ m + (1 − β₁) g, u ← max(β₂ u, |g| + ε), p ← p − α / (1 − β₁ᵗ) · m / u
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adamax(pub Adam);

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// α / (1 − β₁ᵗ)
    step_size: f32,
}

impl Adamax {
    /// Of step `t`, from 1.
    pub(super) fn rule(self, t: i32) -> Rule {
        let Adam { learning_rate, beta1, beta2, epsilon } = self.0;
        let step_size = f64::from(learning_rate) / (1.0 - f64::from(beta1).powi(t));
        Rule { beta1, beta2, epsilon, step_size: step_size as f32 }
    }
}

/// p, m, u and g of some parameters.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(super) fn update(p: &mut [f32], m: &mut [f32], u: &mut [f32], g: &[f32], rule: Rule) {
    let Rule { beta1, beta2, epsilon, step_size } = rule;
    for (((p, m), u), &g) in p.iter_mut().zip(m).zip(u).zip(g) {
        let (decayed, now) = (beta2 * *u, g.abs() + epsilon);
        *m = flush(beta1 * *m + (1.0 - beta1) * g);
        *u = if decayed > now { decayed } else { now };
        *p -= step_size * (*m / *u);
    }
}
