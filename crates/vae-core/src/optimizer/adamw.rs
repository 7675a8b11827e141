//! Adam whose weights decay by themselves.

use super::{adam::Adam, adam::Rule, require};
use crate::VaeError;

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), as PyTorch's `AdamW`:
///
/// p ← (1 − α λ) p, then [`Adam`]'s step. All parameters decay, biases too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The step that follows the decay.
    pub adam: Adam,
    /// λ. Default 0.01.
    pub weight_decay: f32,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { adam: Adam::default(), weight_decay: 0.01 }
    }
}

impl AdamW {
    pub(super) fn validate(&self) -> Result<(), VaeError> {
        self.adam.validate()?;
        // Beyond it, a step could turn the sign of every parameter.
        let ok = (0.0..=1.0).contains(&self.weight_decay);
        require("weight_decay", self.weight_decay, ok, "between 0 and 1")
    }

    pub(super) fn rule(self, t: i32) -> Rule {
        let keep = 1.0 - f64::from(self.adam.learning_rate) * f64::from(self.weight_decay);
        Rule::at(self.adam, t).keeping(keep as f32)
    }
}
