//! The settings of a training: the flags that 'train' and 'sweep' share, and what they come to.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use vae_core::{Activation, Method};
use vae_train::{Keep, Preset, Schedule, TrainConfig, read_bounded};

use crate::data_source;

/// A preset, a file laid over it, and flags that beat both.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// Where the settings start from: see below [default: quick]
    #[arg(long, value_parser = PossibleValuesParser::new(Preset::ALL.map(Preset::name)))]
    preset: Option<String>,
    /// Settings in TOML, such as the config.toml of a run
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "D", help = data_source::HELP)]
    data: Option<String>,
    /// How many digits the program draws to train on, where it does
    #[arg(long, value_name = "N")]
    digits: Option<usize>,
    /// Images held out of the training set, to keep the best weights by
    #[arg(long, value_name = "N")]
    validation: Option<usize>,
    /// Passes over the training images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_EPOCHS))]
    epochs: Option<u64>,
    /// Images of a step
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_BATCH as u64))]
    batch: Option<u64>,
    /// Widths of the encoder's hidden layers; the decoder mirrors them
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    hidden: Option<Vec<u64>>,
    /// Latent dimensions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    latent: Option<u64>,
    /// The nonlinearity between layers
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Activation::ALL.map(Activation::name)))]
    activation: Option<String>,
    /// The optimizer
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Method::NAMES))]
    optimizer: Option<String>,
    /// The optimizer's step size
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// How the step size changes over the run
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Schedule::ALL.map(Schedule::name)))]
    schedule: Option<String>,
    /// Epochs, or parts of one, over which the step size first grows from almost nothing
    #[arg(long, value_name = "EPOCHS")]
    warmup: Option<f64>,
    /// What the schedules step and exponential multiply the step size by, every --gamma-epochs
    #[arg(long, value_name = "X")]
    gamma: Option<f64>,
    /// After how many epochs the schedules step and exponential have multiplied the step size by --gamma
    #[arg(long, value_name = "N")]
    gamma_epochs: Option<u64>,
    /// The largest norm of a gradient; longer ones are made shorter. 0: any
    #[arg(long, value_name = "X")]
    clip_norm: Option<f64>,
    /// How fast the weights decay, with --optimizer adamw
    #[arg(long, value_name = "X")]
    weight_decay: Option<f64>,
    /// The share of the last step that the next one keeps, with --optimizer sgd
    #[arg(long, value_name = "X")]
    momentum: Option<f64>,
    /// The weight of the KL term; 1 is the ELBO
    #[arg(long, value_name = "X")]
    beta: Option<f64>,
    /// From which weights, noise, order and held-out images follow
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=TrainConfig::MAX_SEED))]
    seed: Option<u64>,
    /// Which weights the model file holds: the best on the held-out images, or the last
    #[arg(long, value_name = "WHICH", value_parser = PossibleValuesParser::new(["best", "last"]))]
    keep: Option<String>,
}

impl Settings {
    /// The preset that was asked for.
    pub(crate) fn preset(&self) -> Option<Preset> {
        self.preset.as_deref().and_then(Preset::from_name)
    }

    /// `start`, with what the file says in its place, and the flags in place of both.
    pub(crate) fn over(&self, start: TrainConfig) -> anyhow::Result<TrainConfig> {
        let mut config = match &self.config {
            Some(path) => {
                let text = read_text(path)?;
                start.overlay(&text).with_context(|| path.display().to_string())?
            }
            None => start,
        };
        fn set<T: Clone>(field: &mut T, flag: Option<T>) {
            if let Some(value) = flag {
                *field = value;
            }
        }
        let TrainConfig { data, model, optimizer, training } = &mut config;
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        set(&mut data.source, self.data.clone());
        set(&mut data.digits, self.digits);
        set(&mut data.validation, self.validation);
        set(&mut model.hidden, self.hidden.as_ref().map(|widths| widths.iter().map(|&n| size(n)).collect()));
        set(&mut model.latent, self.latent.map(size));
        set(&mut model.activation, self.activation.clone());
        set(&mut optimizer.name, self.optimizer.clone());
        set(&mut optimizer.learning_rate, self.lr);
        set(&mut optimizer.schedule, self.schedule.as_deref().and_then(Schedule::from_name));
        set(&mut optimizer.warmup_epochs, self.warmup);
        set(&mut optimizer.gamma, self.gamma);
        set(&mut optimizer.gamma_epochs, self.gamma_epochs);
        set(&mut optimizer.clip_norm, self.clip_norm);
        set(&mut optimizer.weight_decay, self.weight_decay);
        set(&mut optimizer.momentum, self.momentum);
        set(&mut training.epochs, self.epochs);
        set(&mut training.batch, self.batch.map(size));
        set(&mut training.beta, self.beta);
        set(&mut training.seed, self.seed);
        let keep = |name: &str| if name == "best" { Keep::Best } else { Keep::Last };
        set(&mut training.keep, self.keep.as_deref().map(keep));
        Ok(config)
    }
}

/// The text of a file of settings.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    const MAX_BYTES: u64 = 1 << 20;
    let text = String::from_utf8(read_bounded(path, MAX_BYTES)?);
    text.with_context(|| format!("{}: expected UTF-8 text", path.display()))
}

/// The settings of the presets, for the help text.
pub(crate) fn presets() -> String {
    let line = |preset: Preset| {
        let TrainConfig { data, model, optimizer, training } = preset.config();
        let hidden: Vec<String> = model.hidden.iter().map(ToString::to_string).collect();
        format!(
            "  {}: {}\n    --hidden {} --latent {} --activation {} --batch {} --epochs {} --lr {} --schedule {} --beta {} --validation {} --digits {} --seed {}",
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
            data.validation,
            data.digits,
            training.seed,
        )
    };
    format!("Presets:\n{}", Preset::ALL.map(line).join("\n"))
}
