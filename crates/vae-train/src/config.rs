//! The configuration of a run, the content of `config.toml`: with the same data it repeats the run.

mod optimizer;

use serde::{Deserialize, Serialize};
use vae_core::{Activation, Likelihood, Prior, VaeConfig};
use vae_data::{Augmentation, Binarization};

use crate::{PriorFit, Schedule, TrainError};

pub use optimizer::OptimizerConfig;

/// The configuration of a run, in five sections.
///
/// A file need not be complete: [`overlay`](Self::overlay) lays it over a preset. Unknown keys are refused, because a
/// mistyped key would otherwise leave its default in place unnoticed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// The images to learn from.
    pub data: DataConfig,
    /// How the training images are varied. Default: not at all. Held-out and test images are never varied.
    pub augmentation: Augmentation,
    /// The architecture of the model.
    pub model: ModelConfig,
    /// The optimizer and its step size.
    pub optimizer: OptimizerConfig,
    /// Epochs, batches, the loss and the seed.
    pub training: TrainingConfig,
}

/// The images to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// `auto`, `digits`, the name of a [`vae_data::Known`] set such as `mnist`, a directory of IDX files or
    /// pictures, or several of these with commas between them. Default `auto`; a run records the data that it found.
    pub source: String,
    /// Number of training images held out to choose the best weights by. Default none: a tenth of them, at most 1000; a
    /// run records the number. With 0 the last weights are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<usize>,
    /// Number of training images to draw if the source is `digits`; a sixth as many test images are drawn. Default
    /// 60 000.
    pub digits: usize,
    /// How grey pixels become black or white, in one of the [forms](Binarization::FORMS). Default `grey`: not at all.
    pub binarization: Binarization,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { source: "auto".to_owned(), validation: None, digits: 60_000, binarization: Binarization::Grey }
    }
}

impl DataConfig {
    /// The most training images that are held out by default.
    pub const MAX_HELD_OUT: usize = 1000;

    /// How many of `images` training images are held out.
    pub fn held_out(&self, images: usize) -> usize {
        self.validation.unwrap_or((images / 10).min(Self::MAX_HELD_OUT))
    }
}

/// What learns. The number of inputs comes from the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Widths of the encoder's hidden layers; the decoder mirrors them. Default `[256]`.
    pub hidden: Vec<usize>,
    /// Latent dimensions, L. Default 64.
    pub latent: usize,
    /// `relu`, `leaky_relu`, `elu`, `tanh`, `silu`, `gelu`, `softplus`, `sigmoid` or `glu`. Default `relu`.
    pub activation: Activation,
    /// p(x|z), in one of the [forms](Likelihood::FORMS) such as `gaussian:0.3`. Default `bernoulli`.
    pub likelihood: Likelihood,
    /// p(z) of the training, in one of the [forms](Prior::FORMS) such as `flow:8:256`. Default `standard`.
    pub prior: Prior,
    /// Whether training starts with the decoder's output at the mean of the training images. Default no.
    pub start_at_mean: bool,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let VaeConfig { hidden, latent, activation, likelihood, prior, .. } = VaeConfig::default();
        Self { hidden, latent, activation, likelihood, prior, start_at_mean: false }
    }
}

/// Epochs, batches, the loss and the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Passes over the training images. Default 20.
    pub epochs: u64,
    /// Images of a step, B. Default 64. The last batch of an epoch may be smaller.
    pub batch: usize,
    /// β, the weight of the KL term. Default 1, the ELBO.
    pub beta: f64,
    /// Epochs, which need not be a whole number, in which β grows in a straight line from 0 to its value. Default 0.
    pub beta_warmup_epochs: f64,
    /// Nats that each latent may carry about each image without being pushed to the prior. Default 0.
    pub free_bits: f64,
    /// The decay of the weights' running average, such as 0.999; the model file then holds the average. Default 0: no
    /// average.
    pub average: f64,
    /// The prior that is fitted to the finished model if it was trained under the standard one, in one of the
    /// [forms](Prior::FORMS); `standard` leaves it. Default `mixture:200:full`.
    pub fit_prior: Prior,
    /// Epochs without an improvement on the held-out images after which the run ends, counted from the end of β's
    /// warm-up. Default 0: it does not end early.
    pub patience: u64,
    /// Random seed of the initial weights, the noise, the order of the images and the choice of those held out.
    /// Default 0.
    pub seed: u64,
    /// Which weights the model file holds. Default `best`.
    pub keep: Keep,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch: 64,
            beta: 1.0,
            beta_warmup_epochs: 0.0,
            free_bits: 0.0,
            average: 0.0,
            fit_prior: PriorFit::default().prior,
            patience: 0,
            seed: 0,
            keep: Keep::Best,
        }
    }
}

/// Which weights a run's model file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// Those of the epoch with the lowest −ELBO on the held-out images.
    #[default]
    Best,
    /// Those of the last epoch.
    Last,
}

impl TrainConfig {
    /// The largest seed: TOML's integers have a sign.
    pub const MAX_SEED: u64 = i64::MAX as u64;
    /// The largest batch.
    pub const MAX_BATCH: usize = 1 << 16;
    /// The largest product of the batch and the widths of all layers: about 2.5 GiB of buffers.
    pub const MAX_ACTIVATIONS: usize = 1 << 28;
    /// The largest number of epochs.
    pub const MAX_EPOCHS: u64 = 1_000_000;
    /// The most digits that can be asked for.
    pub const MAX_DIGITS: usize = 1_000_000;

    /// This configuration with the values that the TOML text gives in place of its own.
    ///
    /// # Errors
    /// [`TrainError::Toml`] for text that is not TOML, an unknown key, or a value of another type.
    pub fn overlay(&self, toml: &str) -> Result<Self, TrainError> {
        let parse_error =
            |error: toml::de::Error| TrainError::Toml { reason: toml_error_in_a_line(&error, toml) };
        // The text is parsed by itself first, so that errors give its lines.
        toml::from_str::<Self>(toml).map_err(parse_error)?;
        self.overlay_table(toml::from_str(toml).map_err(parse_error)?)
    }

    /// This configuration with the values that a table of sections gives in place of its own.
    ///
    /// # Errors
    /// [`TrainError::Toml`], in one line, for an unknown key or a value of another type.
    pub fn overlay_table(&self, over: toml::Table) -> Result<Self, TrainError> {
        let mut merged = toml::Table::try_from(self).expect("a configuration is always a table");
        for (section, values) in over {
            match (merged.get_mut(&section), values) {
                (Some(toml::Value::Table(under)), toml::Value::Table(over)) => under.extend(over),
                (_, values) => drop(merged.insert(section, values)),
            }
        }
        merged.try_into().map_err(|error: toml::de::Error| {
            let text = error.to_string();
            TrainError::Toml { reason: text.split_whitespace().collect::<Vec<_>>().join(" ") }
        })
    }

    /// The configuration as the text of a `config.toml`.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration always has a text")
    }

    /// Checks every field that can be checked without the data.
    ///
    /// # Errors
    /// A [`TrainError`] for the first field that is out of its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let check = |field, ok: bool, expected: &str, found: String| {
            if ok { Ok(()) } else { Err(TrainError::Field { field, expected: expected.to_owned(), found }) }
        };
        let (digits, batch, beta) = (self.data.digits, self.training.batch, self.training.beta);
        let range = format!("between 2 and {}", Self::MAX_DIGITS);
        check("data.digits", (2..=Self::MAX_DIGITS).contains(&digits), &range, digits.to_string())?;
        let range = format!("between 1 and {}", Self::MAX_BATCH);
        check("training.batch", (1..=Self::MAX_BATCH).contains(&batch), &range, batch.to_string())?;
        let (epochs, range) = (self.training.epochs, format!("between 1 and {}", Self::MAX_EPOCHS));
        check("training.epochs", (1..=Self::MAX_EPOCHS).contains(&epochs), &range, epochs.to_string())?;
        let (seed, range) = (self.training.seed, format!("at most {}", Self::MAX_SEED));
        check("training.seed", seed <= Self::MAX_SEED, &range, seed.to_string())?;
        let ok = (0.0..=1e6).contains(&beta);
        check("training.beta", ok, "between 0 and 1000000", beta.to_string())?;
        let warmup = self.training.beta_warmup_epochs;
        let ok = (0.0..=1e6).contains(&warmup);
        check("training.beta_warmup_epochs", ok, "between 0 and 1000000", warmup.to_string())?;
        let free_bits = self.training.free_bits;
        let ok = (0.0..=1e3).contains(&free_bits);
        check("training.free_bits", ok, "between 0 and 1000", free_bits.to_string())?;
        let ok = free_bits == 0.0 || self.model.prior == Prior::Standard;
        let expected = "0 under a learned prior, whose divergence is not a sum over latents";
        check("training.free_bits", ok, expected, free_bits.to_string())?;
        let average = self.training.average;
        let ok = (0.0..1.0).contains(&average);
        check("training.average", ok, "at least 0 and below 1", average.to_string())?;
        if self.model.prior == Prior::Standard {
            self.training.fit_prior.validate(self.model.latent)?;
        }
        self.validate_patience(self.data.validation.unwrap_or(1))?;
        self.augmentation.validate()?;
        self.optimizer.validate(epochs)?;
        self.vae(1).validate()?;
        Ok(())
    }

    /// This configuration for so many training images: with the number of those held out.
    ///
    /// # Errors
    /// [`TrainError::Field`] if it waits for an improvement on held-out images, and these are too few to hold one out.
    pub(crate) fn for_images(mut self, images: usize) -> Result<Self, TrainError> {
        let held_out = self.data.held_out(images);
        self.validate_patience(held_out)?;
        self.data.validation = Some(held_out);
        Ok(self)
    }

    fn validate_patience(&self, held_out: usize) -> Result<(), TrainError> {
        let patience = self.training.patience;
        if patience == 0 || held_out > 0 {
            return Ok(());
        }
        let expected = "0 without held-out images".to_owned();
        Err(TrainError::Field { field: "training.patience", expected, found: patience.to_string() })
    }

    /// The model's architecture for images of `input` pixels.
    pub fn vae(&self, input: usize) -> VaeConfig {
        let ModelConfig { hidden, latent, activation, likelihood, prior, .. } = self.model.clone();
        VaeConfig { input, hidden, decoder_hidden: None, latent, activation, likelihood, prior }
    }

    /// What is fitted to the finished model: nothing if its prior was learned with it.
    pub fn prior_fit(&self) -> Option<PriorFit> {
        let prior = self.training.fit_prior;
        let is_fitted = self.model.prior == Prior::Standard && prior != Prior::Standard;
        is_fitted.then(|| PriorFit { prior, seed: self.training.seed, ..PriorFit::default() })
    }

    /// The first field in which `other` differs from `self` and a resumed run may not: its name, its value in `self`,
    /// its value in `other`.
    ///
    /// The source of the data may differ, and so may the number of epochs, unless the step size depends on it.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let tables =
            |config: &Self| toml::Table::try_from(config).expect("a configuration is always a table");
        let (ours, theirs) = (tables(self), tables(other));
        let may_differ = |section: &str, key: &str| match (section, key) {
            ("training", "epochs") => self.optimizer.schedule != Schedule::Cosine,
            // A directory may be moved; the fingerprint of the data is compared instead.
            ("data", "source") => true,
            // What is done with the finished model does not change its training.
            ("training", "fit_prior") => true,
            _ => false,
        };
        for (section, values) in &ours {
            for (key, value) in values.as_table().into_iter().flatten() {
                let other = theirs.get(section).and_then(|values| values.get(key));
                if other != Some(value) && !may_differ(section, key) {
                    let other = other.map_or("nothing".to_owned(), ToString::to_string);
                    return Some((format!("{section}.{key}"), value.to_string(), other));
                }
            }
        }
        None
    }
}

/// The parser's message in one line, after the line and column of `text` that it is about.
pub fn toml_error_in_a_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().replace('\n', ", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    format!("line {}, column {}: {message}", before.matches('\n').count() + 1, column + 1)
}

#[cfg(test)]
mod tests;
