//! The optimizer of a run and its step size.

use serde::{Deserialize, Serialize};
use vae_core::{Method, MethodKind};

use crate::{
    TrainError,
    schedule::{Schedule, StepSizes},
};

/// The largest number of epochs between two multiplications by γ.
const MAX_GAMMA_EPOCHS: u64 = 1_000_000;

/// The optimizer and its step size. Each method uses the fields that it has; [`vae_core::Method`] defines them,
/// under the names of its [hyper-parameters](vae_core::Method::hyperparameters_mut).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// `sgd`, `adam`, `adamw`, `adamax` or `rmsprop`. Default `adam`.
    pub name: MethodKind,
    /// α, the step size. Default 0.001.
    pub learning_rate: f64,
    /// How the step size changes over the run: `constant`, `cosine`, `step` or `exponential`. Default `constant`.
    pub schedule: Schedule,
    /// Epochs of the warm-up, which need not be a whole number: the step size grows in a straight line before the
    /// schedule begins. Default 0.
    pub warmup_epochs: f64,
    /// γ, by which the schedules `step` and `exponential` multiply the step size. Default 0.1.
    pub gamma: f64,
    /// Number of epochs in which they do so once. Default 10.
    pub gamma_epochs: u64,
    /// The largest norm of the gradient of all parameters together; a larger gradient is scaled down to it. Default 0:
    /// no limit.
    pub clip_norm: f64,
    /// Whether the gradient of each tensor is divided by its norm before the method sees it. Default no.
    pub normalise: bool,
    /// β₁ of `adam`, `adamw` and `adamax`, the decay of the first moment. Default 0.9.
    pub beta1: f64,
    /// β₂ of `adam`, `adamw` and `adamax`, the decay of the second moment. Default 0.999.
    pub beta2: f64,
    /// ε of all methods but `sgd`. Default 10⁻⁸.
    pub epsilon: f64,
    /// λ of `adamw`, the decay of the weights. Default 0.01.
    pub weight_decay: f64,
    /// μ of `sgd`. Default 0.9.
    pub momentum: f64,
    /// ρ of `rmsprop`, the decay of the average of squares; PyTorch's `alpha`. Default 0.99.
    pub smoothing: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            name: MethodKind::Adam,
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            warmup_epochs: 0.0,
            gamma: 0.1,
            gamma_epochs: 10,
            clip_norm: 0.0,
            normalise: false,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            momentum: 0.9,
            smoothing: 0.99,
        }
    }
}

impl OptimizerConfig {
    /// The method with its hyper-parameters, rounded to `f32`.
    pub fn method(&self) -> Method {
        let settings = toml::Table::try_from(self).expect("settings are always a table");
        let mut method = self.name.method();
        for (name, value) in method.hyperparameters_mut() {
            let setting = settings.get(name).and_then(toml::Value::as_float);
            *value = setting.expect("a setting for each hyper-parameter") as f32;
        }
        method
    }

    /// The largest norm of a gradient, if it is limited.
    pub(crate) fn clip_norm(&self) -> Option<f32> {
        (self.clip_norm > 0.0).then_some(self.clip_norm as f32)
    }

    /// The step sizes of a run of so many epochs of so many steps.
    pub(crate) fn step_sizes(&self, epochs: u64, steps_per_epoch: u64) -> StepSizes {
        StepSizes {
            schedule: self.schedule,
            warmup: (self.warmup_epochs * steps_per_epoch as f64).round() as u64,
            gamma: self.gamma,
            gamma_steps: self.gamma_epochs * steps_per_epoch,
            steps: epochs * steps_per_epoch,
        }
    }

    /// Checks every field, for a run of so many epochs.
    pub(super) fn validate(&self, epochs: u64) -> Result<(), TrainError> {
        let check = |field, ok: bool, expected: &str, found: String| {
            if ok { Ok(()) } else { Err(TrainError::Field { field, expected: expected.to_owned(), found }) }
        };
        let OptimizerConfig { warmup_epochs, gamma, gamma_epochs, clip_norm, .. } = *self;
        let (ok, range) =
            ((0.0..epochs as f64).contains(&warmup_epochs), "at least 0 and below training.epochs");
        check("optimizer.warmup_epochs", ok, range, warmup_epochs.to_string())?;
        let ok = gamma > 0.0 && gamma <= 1.0;
        check("optimizer.gamma", ok, "above 0 and at most 1", gamma.to_string())?;
        let range = format!("between 1 and {MAX_GAMMA_EPOCHS}");
        let ok = (1..=MAX_GAMMA_EPOCHS).contains(&gamma_epochs);
        check("optimizer.gamma_epochs", ok, &range, gamma_epochs.to_string())?;
        let ok = clip_norm == 0.0 || (1e-6..=1e18).contains(&clip_norm);
        check("optimizer.clip_norm", ok, "0 for none, or between 1e-6 and 1e18", clip_norm.to_string())?;
        Ok(self.method().validate()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_gets_its_hyper_parameters_from_the_settings() {
        for name in MethodKind::ALL {
            let defaults = OptimizerConfig { name, ..OptimizerConfig::default() };
            assert_eq!(defaults.method(), name.method());
            let mut changed = OptimizerConfig { learning_rate: 0.5, ..defaults }.method();
            assert_eq!(*changed.hyperparameters_mut()[0].1, 0.5);
        }
    }
}
