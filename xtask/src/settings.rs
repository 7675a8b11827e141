//! The settings of a training: the flags that `train` and `sweep` share, and the configuration that they make.

mod augmentation;
mod effect;
mod typed;
pub(crate) mod vocabulary;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use vae_core::{Activation, Likelihood, MethodKind, Prior, VaeError};
use vae_data::{Binarization, DataError};
use vae_train::{
    DataConfig, Keep, ModelConfig, OptimizerConfig, Preset, Schedule, TrainConfig, TrainError,
    TrainingConfig, read_bounded,
};

use self::typed::Typed;
use crate::{
    data_source::{self, ImageSize},
    outcome::misuse,
    term,
};

/// A preset, overridden by a file, overridden by flags.
#[derive(clap::Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    typed: Typed,
    /// Preset to start from, see below [default: quick]
    #[arg(long, value_parser = PossibleValuesParser::new(Preset::ALL.map(Preset::name)))]
    preset: Option<String>,
    /// Settings in TOML, such as the config.toml of a run
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "D", value_parser = data_source::flag, help = data_source::HELP)]
    data: Option<String>,
    /// Size to bring all images to, such as 28x28, or 28 for both sides: by averages over areas or straight lines
    /// between pixels. The ratio of the sides stays; what remains beside an image is filled with the median of its
    /// edge
    #[arg(long, value_name = "HxW")]
    resize: Option<ImageSize>,
    /// Number of training digits that the program draws, if the data is 'digits'
    #[arg(long, value_name = "N")]
    digits: Option<usize>,
    /// Number of training images held out for validation, to select the best weights; 0: none [default: a tenth of
    /// them, at most 1000]
    #[arg(long, value_name = "N")]
    validation: Option<usize>,
    /// Passes over the training images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_EPOCHS))]
    epochs: Option<u64>,
    /// Batch size
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_BATCH as u64))]
    batch: Option<u64>,
    /// Widths of the hidden layers of the encoder; the decoder has them in reverse order
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    hidden: Option<Vec<u64>>,
    /// Number of latent dimensions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    latent: Option<u64>,
    /// Activation function of the hidden layers
    #[arg(long, value_name = "NAME", value_parser = choice::<Activation, _>(Activation::ALL.map(Activation::name)))]
    activation: Option<Activation>,
    #[arg(long, value_name = "NAME", help = likelihood_help())]
    likelihood: Option<Likelihood>,
    #[arg(long, value_name = "NAME", help = prior_help())]
    prior: Option<Prior>,
    #[arg(long, value_name = "HOW", help = binarize_help())]
    binarize: Option<Binarization>,
    #[arg(long, value_name = "NAME", help = fit_prior_help())]
    fit_prior: Option<Prior>,
    /// Start with the decoder's output at the mean of the training images
    #[arg(long)]
    start_at_mean: bool,
    /// Optimizer
    #[arg(long, value_name = "NAME", value_parser = choice::<MethodKind, _>(MethodKind::ALL.map(MethodKind::name)))]
    optimizer: Option<MethodKind>,
    /// Learning rate
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// Schedule of the learning rate
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Schedule::ALL.map(Schedule::name)))]
    schedule: Option<String>,
    /// Epochs of warm-up, in which the learning rate grows linearly; fractions are allowed
    #[arg(long, value_name = "EPOCHS")]
    warmup: Option<f64>,
    /// Factor of the learning rate per --gamma-epochs, for the schedules step and exponential
    #[arg(long, value_name = "X")]
    gamma: Option<f64>,
    /// Number of epochs in which the learning rate is multiplied by --gamma, for the schedules step and exponential
    #[arg(long, value_name = "N")]
    gamma_epochs: Option<u64>,
    /// Maximum norm of the gradient; a larger gradient is scaled down to it. 0: no limit
    #[arg(long, value_name = "X")]
    clip_norm: Option<f64>,
    /// Divide the gradient of each tensor by its norm before the optimizer sees it
    #[arg(long)]
    normalise: bool,
    /// Weight decay, for --optimizer adamw
    #[arg(long, value_name = "X")]
    weight_decay: Option<f64>,
    /// Momentum, for --optimizer sgd
    #[arg(long, value_name = "X")]
    momentum: Option<f64>,
    /// Weight of the KL term; 1 gives the ELBO
    #[arg(long, value_name = "X")]
    beta: Option<f64>,
    /// Epochs of warm-up, in which the weight of the KL term grows linearly from 0; fractions are allowed
    #[arg(long, value_name = "EPOCHS")]
    beta_warmup: Option<f64>,
    /// Nats that each latent may carry about each image without being pushed to the prior
    #[arg(long, value_name = "NATS")]
    free_bits: Option<f64>,
    /// Decay of the running average of the weights, such as 0.999; the model file then holds the average. 0: no average
    #[arg(long, value_name = "X")]
    average: Option<f64>,
    /// Epochs without an improvement on the held-out images after which the run ends. 0: it does not end early
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// Random seed of the initial weights, the noise, the order of the images and the choice of those held out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=TrainConfig::MAX_SEED))]
    seed: Option<u64>,
    /// Weights to keep in the model file: the best on the held-out images, or the last
    #[arg(long, value_name = "WHICH", value_parser = PossibleValuesParser::new(["best", "last"]))]
    keep: Option<String>,
    #[command(flatten)]
    augmentation: augmentation::Flags,
}

impl Settings {
    /// The requested preset.
    pub(crate) fn preset(&self) -> Option<Preset> {
        self.preset.as_deref().and_then(Preset::from_name)
    }

    /// `start`, overridden by the file.
    pub(crate) fn without_flags(&self, start: &TrainConfig) -> anyhow::Result<TrainConfig> {
        let Some(path) = &self.config else { return Ok(start.clone()) };
        let text = read_text(path)?;
        start.overlay(&text).with_context(|| path.display().to_string())
    }

    /// `start`, overridden by the file, overridden by the flags.
    pub(crate) fn apply_to(&self, start: TrainConfig) -> anyhow::Result<TrainConfig> {
        let mut config = self.without_flags(&start)?;
        fn set<T: Clone>(field: &mut T, flag: Option<T>) {
            if let Some(value) = flag {
                *field = value;
            }
        }
        let TrainConfig { data, augmentation, model, optimizer, training } = &mut config;
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        set(&mut data.source, self.data.clone());
        if let Some(size) = self.resize {
            data.source = data_source::in_size(&data.source, size)
                .with_context(|| format!("--data {:?}", data.source))?;
        }
        set(&mut data.digits, self.digits);
        set(&mut data.validation, self.validation.map(Some));
        self.augmentation.apply_to(augmentation);
        set(&mut model.hidden, self.hidden.as_ref().map(|widths| widths.iter().map(|&n| size(n)).collect()));
        set(&mut model.latent, self.latent.map(size));
        set(&mut model.activation, self.activation);
        set(&mut model.likelihood, self.likelihood);
        set(&mut model.prior, self.prior);
        set(&mut model.start_at_mean, self.start_at_mean.then_some(true));
        set(&mut data.binarization, self.binarize);
        set(&mut optimizer.name, self.optimizer);
        set(&mut optimizer.learning_rate, self.lr);
        set(&mut optimizer.schedule, self.schedule.as_deref().and_then(Schedule::from_name));
        set(&mut optimizer.warmup_epochs, self.warmup);
        set(&mut optimizer.gamma, self.gamma);
        set(&mut optimizer.gamma_epochs, self.gamma_epochs);
        set(&mut optimizer.clip_norm, self.clip_norm);
        set(&mut optimizer.weight_decay, self.weight_decay);
        set(&mut optimizer.momentum, self.momentum);
        set(&mut optimizer.normalise, self.normalise.then_some(true));
        set(&mut training.epochs, self.epochs);
        set(&mut training.batch, self.batch.map(size));
        set(&mut training.beta, self.beta);
        set(&mut training.beta_warmup_epochs, self.beta_warmup);
        set(&mut training.free_bits, self.free_bits);
        set(&mut training.average, self.average);
        set(&mut training.patience, self.patience);
        set(&mut training.fit_prior, self.fit_prior);
        set(&mut training.seed, self.seed);
        let keep = |name: &str| if name == "best" { Keep::Best } else { Keep::Last };
        set(&mut training.keep, self.keep.as_deref().map(keep));
        Ok(config)
    }

    /// Checks the settings of a training. They are wrong usage if without the flags they would be valid.
    pub(crate) fn check(&self, start: &TrainConfig, config: &TrainConfig) -> anyhow::Result<()> {
        if let Err(error) = config.validate() {
            let error = anyhow::Error::from(error);
            let text = vocabulary::in_words(&error, |key| self.has_typed(key));
            if self.without_flags(start)?.validate().is_ok() {
                return Err(misuse(text));
            }
            let file = self.config.as_ref().map_or(String::new(), |path| format!("{}: ", path.display()));
            bail!("{file}{text}");
        }
        self.refuse_without_effect(&[config], &[])
    }

    /// The error of a training that cannot start: wrong usage, if values that the user typed do not fit the data.
    pub(crate) fn blame(&self, error: anyhow::Error) -> anyhow::Error {
        let keys: &[&str] = match error.downcast_ref() {
            Some(TrainError::Model(VaeError::TooManyParameters { .. })) => &["model.hidden", "model.latent"],
            Some(TrainError::Data(DataError::HoldoutTooLarge { .. })) => &["data.validation"],
            _ => &[],
        };
        if keys.iter().any(|key| self.has_typed(key)) { misuse(term::one_line(&error)) } else { error }
    }

    /// Refuses what the user typed and what changes none of the configurations: flags, and the keys `also`.
    pub(crate) fn refuse_without_effect(
        &self,
        configs: &[&TrainConfig],
        also: &[String],
    ) -> anyhow::Result<()> {
        let typed = vocabulary::NAMES.into_iter().filter(|(flag, _)| self.typed.contains(flag));
        for key in typed.map(|(_, key)| key).chain(also.iter().map(String::as_str)) {
            let reasons: Option<Vec<String>> =
                configs.iter().map(|config| effect::missing(key, config)).collect();
            if let Some(reason) = reasons.and_then(|reasons| reasons.into_iter().next()) {
                return Err(misuse(format_args!("{} has no effect: {reason}", vocabulary::both(key))));
            }
        }
        Ok(())
    }

    /// Says which flags turn out to have no effect on the data that were found.
    pub(crate) fn note_without_effect(&self, config: &TrainConfig) {
        if let Err(error) = self.refuse_without_effect(&[config], &[]) {
            term::note(format_args!("{error}"));
        }
    }

    /// Whether the user typed the flag of a key.
    pub(crate) fn has_typed(&self, key: &str) -> bool {
        vocabulary::flag(key).is_some_and(|flag| self.typed.contains(flag))
    }
}

fn likelihood_help() -> String {
    format!(
        "Likelihood of the pixels: {}. The decoder of a gaussian without SIGMA also gives each pixel's deviation",
        Likelihood::FORMS.join(", ")
    )
}

fn prior_help() -> String {
    format!("Prior of the latents, learned with the model if it is not standard: {}", Prior::FORMS.join(", "))
}

fn fit_prior_help() -> String {
    let forms: Vec<&str> = Prior::FORMS.iter().copied().filter(|form| *form != "standard").collect();
    format!(
        "Prior fitted to the finished model, if it was trained under the standard one: {}; 'standard' fits none",
        forms.join(", ")
    )
}

fn binarize_help() -> String {
    format!(
        "How grey pixels become black or white: {}. A likelihood of one is not comparable with one of another",
        Binarization::FORMS.join(", ")
    )
}

/// A choice by name; the help lists the names.
pub(crate) fn choice<T, const N: usize>(names: [&'static str; N]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = VaeError> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

/// Reads a file of settings.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    const MAX_BYTES: u64 = 1 << 20;
    let text = String::from_utf8(read_bounded(path, MAX_BYTES)?);
    text.with_context(|| format!("{}: expected UTF-8 text", path.display()))
}

/// The flags of a recipe that most presets leave at their defaults.
fn recipe(
    data: &DataConfig,
    model: &ModelConfig,
    optimizer: &OptimizerConfig,
    training: &TrainingConfig,
) -> String {
    let flags = [
        (data.binarization != Binarization::Grey, format!(" --binarize {}", data.binarization)),
        (model.prior != Prior::Standard, format!(" --prior {}", model.prior)),
        (model.start_at_mean, " --start-at-mean".to_owned()),
        (optimizer.warmup_epochs > 0.0, format!(" --warmup {}", optimizer.warmup_epochs)),
        (training.beta_warmup_epochs > 0.0, format!(" --beta-warmup {}", training.beta_warmup_epochs)),
        (training.average > 0.0, format!(" --average {}", training.average)),
        (model.prior == Prior::Standard, format!(" --fit-prior {}", training.fit_prior)),
    ];
    flags.into_iter().filter_map(|(differs, flag)| differs.then_some(flag)).collect()
}

/// A description of the presets, for help texts.
pub(crate) fn presets() -> String {
    let line = |preset: Preset| {
        let TrainConfig { data, model, optimizer, training, .. } = preset.config();
        let hidden: Vec<String> = model.hidden.iter().map(ToString::to_string).collect();
        let validation = data.validation.map_or(String::new(), |count| format!(" --validation {count}"));
        let rest = recipe(&data, &model, &optimizer, &training);
        format!(
            "  {}: {}\n    --hidden {} --latent {} --activation {} --batch {} --epochs {} --lr {} --schedule {} \
             --beta {}{validation} --digits {} --seed {}{rest}",
            preset.name(),
            preset.description(),
            hidden.join(","),
            model.latent,
            model.activation,
            training.batch,
            training.epochs,
            optimizer.learning_rate,
            optimizer.schedule.name(),
            training.beta,
            data.digits,
            training.seed,
        )
    };
    format!("Presets:\n{}", Preset::ALL.map(line).join("\n"))
}
