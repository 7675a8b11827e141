//! Adam with weights that decay by themselves.

use super::{
    adam::{Adam, Step},
    method::Formula,
};
use crate::{VaeError, error::require};

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

impl Formula for AdamW {
    type Step = Step;

    fn state(&self) -> &'static [&'static str] {
        self.adam.state()
    }

    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)> {
        let mut all = self.adam.hyperparameters();
        all.push(("weight_decay", &mut self.weight_decay));
        all
    }

    fn validate(&self) -> Result<(), VaeError> {
        self.adam.validate()?;
        // Beyond it, a step could turn the sign of every parameter.
        let ok = (0.0..=1.0).contains(&self.weight_decay);
        require("weight_decay", self.weight_decay, ok, "between 0 and 1")
    }

    fn at(&self, learning_rate: f32, t: i32) -> Step {
        let keep = 1.0 - f64::from(learning_rate) * f64::from(self.weight_decay);
        self.adam.at(learning_rate, t).keeping(keep as f32)
    }

    fn apply(step: Step, p: &mut [f32], state: [&mut [f32]; 2], g: &[f32]) {
        Adam::apply(step, p, state, g);
    }
}
