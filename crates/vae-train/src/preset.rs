//! Configurations with a name.

use vae_core::{Activation, Prior};
use vae_data::{Augmentation, Binarization};

use crate::{DataConfig, ModelConfig, OptimizerConfig, Schedule, TrainConfig, TrainingConfig};

/// A configuration with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// A first run of less than half a minute that draws good digits.
    #[default]
    Quick,
    /// PyTorch's example: 784-400-20, batch 128, 10 epochs.
    Example,
    /// The reference project's model: 784-256-64, batch 64, 20 epochs.
    Reference,
    /// The reference project's deeper model: 784-256-256-64.
    ReferenceDeep,
    /// The reference project's suggestions that help, combined: 784-512-256-32.
    Improved,
    /// The literature's model for likelihoods: two gated layers of 300, 40 latents, binary pixels drawn anew (Tomczak &
    /// Welling 2018).
    Gated,
    /// The same with a flow as prior.
    GatedFlow,
}

impl Preset {
    /// Every preset, in the order in which help texts list them.
    pub const ALL: [Self; 7] = [
        Self::Quick,
        Self::Example,
        Self::Reference,
        Self::ReferenceDeep,
        Self::Improved,
        Self::Gated,
        Self::GatedFlow,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Example => "example",
            Self::Reference => "reference",
            Self::ReferenceDeep => "reference-deep",
            Self::Improved => "improved",
            Self::Gated => "gated",
            Self::GatedFlow => "gated-flow",
        }
    }

    /// A description in one line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Quick => "a first run of less than half a minute that draws good digits",
            Self::Example => "PyTorch's example: 784-400-20, batch 128, 10 epochs, Adam 1e-3",
            Self::Reference => "the reference project's model: 784-256-64, batch 64, 20 epochs, Adam 1e-3",
            Self::ReferenceDeep => {
                "the reference project's deeper model: 784-256-256-64, batch 64, 20 epochs, Adam 1e-3"
            }
            Self::Improved => {
                "what helps in data/suggestions.md, combined: 784-512-256-32, elu, warm-up and cosine"
            }
            Self::Gated => {
                "the literature's model for likelihoods: 784-300-300-40, gated, binary pixels, half an hour on a core"
            }
            Self::GatedFlow => {
                "the same with a flow as prior, learned with it: some more than half an hour on a core"
            }
        }
    }

    /// The preset of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The configuration.
    pub fn config(self) -> TrainConfig {
        let (hidden, latent, batch, epochs): (&[usize], _, _, _) = match self {
            Self::Quick => (&[300, 200], 16, 96, 10),
            Self::Example => (&[400], 20, 128, 10),
            Self::Reference => (&[256], 64, 64, 20),
            Self::ReferenceDeep => (&[256, 256], 64, 64, 20),
            Self::Improved => (&[512, 256], 32, 128, 40),
            Self::Gated | Self::GatedFlow => return self.gated(),
        };
        let optimizer = match self {
            // Large steps first and small ones last gain more than a nat in so few epochs.
            Self::Quick => OptimizerConfig {
                learning_rate: 3e-3,
                schedule: Schedule::Cosine,
                ..OptimizerConfig::default()
            },
            Self::Improved => OptimizerConfig {
                learning_rate: 4e-3,
                schedule: Schedule::Cosine,
                warmup_epochs: 1.0,
                ..OptimizerConfig::default()
            },
            _ => OptimizerConfig::default(),
        };
        let activation = match self {
            Self::Quick => Activation::Glu,
            Self::Improved => Activation::Elu,
            _ => Activation::Relu,
        };
        // A smaller weight of the KL term gives sharper images; the prior that is fitted afterwards finds their codes.
        let beta = if self == Self::Quick { 0.3 } else { 1.0 };
        TrainConfig {
            data: DataConfig::default(),
            augmentation: Augmentation::default(),
            model: ModelConfig { hidden: hidden.to_vec(), latent, activation, ..ModelConfig::default() },
            optimizer,
            training: TrainingConfig { epochs, batch, beta, ..TrainingConfig::default() },
        }
    }

    /// Half a cosine from a larger step size, and the average of the weights, take the place of some two thousand
    /// epochs at a small one; ten thousand images are held out, as in the literature.
    fn gated(self) -> TrainConfig {
        let (prior, epochs, beta_warmup_epochs) = match self {
            Self::GatedFlow => (Prior::FLOW, 300, 50.0),
            _ => (Prior::Standard, 600, 100.0),
        };
        TrainConfig {
            data: DataConfig {
                validation: Some(10_000),
                binarization: Binarization::Dynamic,
                ..DataConfig::default()
            },
            augmentation: Augmentation::default(),
            model: ModelConfig {
                hidden: vec![300, 300],
                latent: 40,
                activation: Activation::Glu,
                prior,
                start_at_mean: true,
                ..ModelConfig::default()
            },
            optimizer: OptimizerConfig {
                schedule: Schedule::Cosine,
                warmup_epochs: 1.0,
                ..OptimizerConfig::default()
            },
            training: TrainingConfig {
                epochs,
                batch: 100,
                beta_warmup_epochs,
                average: 0.999,
                ..TrainingConfig::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_found_by_its_name() {
        for preset in Preset::ALL {
            assert!(preset.config().validate().is_ok(), "{preset:?}");
            assert_eq!(Preset::from_name(preset.name()), Some(preset));
        }
    }
}
