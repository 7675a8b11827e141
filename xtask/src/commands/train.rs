//! `cargo xtask train`

mod augmentation;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use vae_core::Activation;
use vae_data::Splits;
use vae_train::{
    Keep, ModelFile, Outcome, Preset, RunDir, Schedule, TrainConfig, TrainError, Trainer, fit, read_bounded,
};

use crate::{
    Done,
    data_source::{self, Interrupted, Loaded},
    interrupt, paths, pictures,
    progress::Progress,
    term,
};

/// Trains a model: its run directory holds the weights, the losses and pictures.
///
/// A flag beats the file of --config, the file beats the preset. Ctrl-C ends a run with a checkpoint, and --resume
/// goes on from the last checkpoint to the same bits that an uninterrupted run would have reached.
#[derive(clap::Args)]
#[command(after_help = presets())]
pub(crate) struct Args {
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
    /// The run directory [default: runs/PRESET-N, with the next free N; with --resume, the newest run]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Go on with a run from its last checkpoint; more --epochs than before make it longer
    #[arg(long)]
    resume: bool,
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
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(["adam"]))]
    optimizer: Option<String>,
    /// The optimizer's step size
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// How the step size changes over the run
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Schedule::ALL.map(Schedule::name)))]
    schedule: Option<String>,
    /// The weight of the KL term; 1 is the ELBO
    #[arg(long, value_name = "X")]
    beta: Option<f64>,
    /// From which weights, noise, order and held-out images follow
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=TrainConfig::MAX_SEED))]
    seed: Option<u64>,
    /// Which weights the model file holds: the best on the held-out images, or the last
    #[arg(long, value_name = "WHICH", value_parser = PossibleValuesParser::new(["best", "last"]))]
    keep: Option<String>,
    #[command(flatten)]
    augmentation: augmentation::Flags,
}

/// The settings of the presets, for the help text.
fn presets() -> String {
    let line = |preset: Preset| {
        let TrainConfig { data, model, optimizer, training, .. } = preset.config();
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

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let run = args.run_dir()?;
    let path = || run.path().to_owned();
    if args.resume && !run.path().is_dir() {
        return Err(TrainError::NoRun { path: path() }.into());
    }
    let stored = if args.resume { run.read_config()? } else { None };
    let mut config = args.settings(stored)?;
    config.validate().map_err(usage)?;
    // Before the lock, so that a run that cannot start leaves nothing behind; and below once more, for certain.
    if !args.resume && run.is_started() {
        return Err(TrainError::RunExists { path: path() }.into());
    }
    let loaded = match data_source::load::<Splits>(&config.data.source, config.data.digits) {
        Err(error) if error.is::<Interrupted>() => return Ok(Done::Interrupted),
        other => other?,
    };
    config.data.source.clone_from(&loaded.name);
    let Loaded { name, images, fingerprint } = &loaded;
    let fresh = if args.resume { None } else { Some(Trainer::new(config.clone(), &images.train)?) };
    let _lock = run.lock()?;
    if !args.resume && run.is_started() {
        return Err(TrainError::RunExists { path: path() }.into());
    }
    // A run that was killed before its first checkpoint starts again.
    let checkpoint = if args.resume { run.read_checkpoint()? } else { None };
    if checkpoint.is_none() && run.has_epochs() {
        return Err(TrainError::NoCheckpoint { path: path() }.into());
    }
    let mut trainer = match (fresh, checkpoint) {
        (Some(fresh), _) => fresh,
        (None, Some(checkpoint)) => checkpoint
            .into_trainer(config, &images.train, fingerprint)
            .with_context(|| format!("cannot go on with {}", paths::display(run.path())))?,
        (None, None) => Trainer::new(config, &images.train)?,
    };
    announce(&trainer, &run);
    if !args.resume {
        draw_augmented(&trainer, &run, name)?;
    }
    let steps = trainer.steps_per_epoch();
    let (done, all) = (trainer.progress(), trainer.config().training.epochs * steps);
    let mut progress = Progress::new(done.epochs * steps + done.batches, all);
    let saving = interrupt::EndCleanly::begin();
    let outcome = fit(&mut trainer, &run, name, fingerprint, &mut progress);
    drop(saving);
    progress.finish();
    match outcome? {
        Outcome::Interrupted => {
            let path = paths::argument(run.path());
            term::note(format_args!("stopped; 'cargo xtask train --run {path} --resume' goes on"));
            Ok(Done::Interrupted)
        }
        Outcome::Finished => {
            draw(&run, &loaded)?;
            Ok(Done::Finished)
        }
    }
}

impl Args {
    fn run_dir(&self) -> anyhow::Result<RunDir> {
        match (&self.run, self.resume) {
            (Some(path), _) => Ok(RunDir::new(path)),
            (None, false) => Ok(paths::next_run(self.preset().name())),
            (None, true) => match paths::newest_run(RunDir::checkpoint) {
                Some(run) => Ok(run),
                None => bail!("no run to go on with; 'cargo xtask train' starts one"),
            },
        }
    }

    fn preset(&self) -> Preset {
        self.preset.as_deref().and_then(Preset::from_name).unwrap_or_default()
    }

    /// Preset or stored configuration, then the file, then the flags.
    fn settings(&self, stored: Option<TrainConfig>) -> anyhow::Result<TrainConfig> {
        let stored_source = stored.as_ref().map(|config| config.data.source.clone());
        let mut config = match stored {
            Some(config) if self.preset.is_none() => config,
            _ => self.preset().config(),
        };
        if let Some(path) = &self.config {
            config = overlay(&config, path)?;
        }
        fn set<T: Clone>(field: &mut T, flag: Option<T>) {
            if let Some(value) = flag {
                *field = value;
            }
        }
        let TrainConfig { data, augmentation, model, optimizer, training } = &mut config;
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        set(&mut data.source, self.data.clone());
        set(&mut data.digits, self.digits);
        set(&mut data.validation, self.validation);
        self.augmentation.lay_over(augmentation);
        set(&mut model.hidden, self.hidden.as_ref().map(|widths| widths.iter().map(|&n| size(n)).collect()));
        set(&mut model.latent, self.latent.map(size));
        set(&mut model.activation, self.activation.clone());
        set(&mut optimizer.name, self.optimizer.clone());
        set(&mut optimizer.learning_rate, self.lr);
        set(&mut optimizer.schedule, self.schedule.as_deref().and_then(Schedule::from_name));
        set(&mut training.epochs, self.epochs);
        set(&mut training.batch, self.batch.map(size));
        set(&mut training.beta, self.beta);
        set(&mut training.seed, self.seed);
        let keep = |name: &str| if name == "best" { Keep::Best } else { Keep::Last };
        set(&mut training.keep, self.keep.as_deref().map(keep));
        // A run goes on with the data that it found, unless told otherwise.
        if let Some(source) = stored_source.filter(|_| data.source == "auto") {
            data.source = source;
        }
        Ok(config)
    }
}

fn overlay(config: &TrainConfig, path: &Path) -> anyhow::Result<TrainConfig> {
    const MAX_CONFIG_BYTES: u64 = 1 << 20;
    let text = String::from_utf8(read_bounded(path, MAX_CONFIG_BYTES)?);
    let text = text.with_context(|| format!("{}: expected UTF-8 text", path.display()))?;
    config.overlay(&text).with_context(|| path.display().to_string())
}

/// A setting out of range is no fault of a file or a machine, but of what was asked for.
fn usage(error: TrainError) -> anyhow::Error {
    anyhow::Error::from(error).context("these settings cannot be trained with")
}

fn announce(trainer: &Trainer<'_>, run: &RunDir) {
    let config = trainer.config();
    term::note(format_args!(
        "run: {}, {} ({}), {} parameters, {} epochs of {} steps of {}",
        paths::display(run.path()),
        trainer.vae().config(),
        config.model.activation,
        term::thousands(trainer.vae().parameters().len()),
        config.training.epochs,
        trainer.steps_per_epoch(),
        config.training.batch,
    ));
    let done = trainer.progress();
    if (done.epochs, done.batches) != (0, 0) {
        term::note(format_args!("going on after epoch {} and {} steps", done.epochs, done.batches));
    }
}

/// What augmentation makes of images, to be seen before time is spent on learning them.
fn draw_augmented(trainer: &Trainer<'_>, run: &RunDir, data: &str) -> anyhow::Result<()> {
    let TrainConfig { augmentation, training, .. } = trainer.config();
    if augmentation.is_none() {
        return Ok(());
    }
    let path = run.pictures().join("augmented.png");
    fs::create_dir_all(run.pictures())
        .with_context(|| format!("cannot make {}", run.pictures().display()))?;
    pictures::augmented(trainer.data(), augmentation, data, &pictures::PAIRS, training.seed)?.write(&path)?;
    term::note(format_args!("augmented images: {}", paths::display(&path)));
    Ok(())
}

/// The pictures of a finished run, and what to do next.
fn draw(run: &RunDir, loaded: &Loaded<Splits>) -> anyhow::Result<()> {
    let model = ModelFile::read(&run.model(), None)?;
    let directory = run.pictures();
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let metrics = run.read_metrics()?;
    for (name, picture) in [
        ("curves.png", pictures::curves(&metrics)?),
        ("samples.png", pictures::samples(&model, &pictures::SAMPLES, 0)?),
        (
            "reconstructions.png",
            pictures::reconstructions(&model, &loaded.images.test, &loaded.name, &pictures::PAIRS, 0)?,
        ),
    ] {
        picture.write(&directory.join(name))?;
    }
    let run_flag = paths::argument(run.path());
    term::line(format_args!("model: {}", paths::display(&run.model())));
    term::line(format_args!("pictures: {}", paths::display(&directory)));
    term::line(format_args!("next: cargo xtask eval --run {run_flag}; cargo xtask grid --run {run_flag}"));
    Ok(())
}
