//! `cargo xtask train`

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use vae_data::Splits;
use vae_train::{ModelFile, Outcome, RunDir, TrainConfig, TrainError, Trainer, annotate};

use crate::{
    commands::annotate::describe,
    data_source::{self, Loaded},
    outcome::Done,
    paths,
    pictures::{self, Captioned, Shape},
    settings::{Settings, presets},
    term,
    training::{self, Start},
};

/// Trains a model: its run directory holds the weights, the losses and pictures.
///
/// A flag beats the file of --config, the file beats the preset. Ctrl-C ends a run with a checkpoint, and --resume
/// goes on from the last checkpoint to the same bits that an uninterrupted run would have reached.
#[derive(clap::Args)]
#[command(after_help = presets(), allow_negative_numbers = true)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
    /// The run directory [default: runs/PRESET-N, with the next free N; with --resume, the newest run]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Go on with a run from its last checkpoint; more --epochs than before make it longer, unless its step size follows a
    /// cosine down to its end
    #[arg(long)]
    resume: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let run = args.run_dir()?;
    let path = || run.path().to_owned();
    if args.resume && !run.path().is_dir() {
        return Err(TrainError::NoRun { path: path() }.into());
    }
    let stored = if args.resume { run.read_config()? } else { None };
    let mut config = args.resolve(stored)?;
    config.validate().map_err(usage)?;
    // Before the lock, so that a run that cannot start leaves nothing behind; and below once more, for certain.
    if !args.resume && run.is_started() {
        return Err(TrainError::RunExists { path: path() }.into());
    }
    let loaded = data_source::load::<Splits>(&config.data.source, config.data.digits)?;
    config.data.source.clone_from(&loaded.name);
    let start = if args.resume { Start::FromCheckpoint } else { Start::Anew };
    let (mut trainer, _lock) = training::begin(&run, config, &loaded, start)?;
    if !args.resume {
        draw_augmented(&trainer, &run, &loaded.name)?;
    }
    match training::train(&mut trainer, &run, &loaded, term::line)? {
        Outcome::Interrupted => {
            let path = paths::argument(run.path());
            term::note(format_args!("stopped; 'cargo xtask train --run {path} --resume' goes on"));
            Ok(Done::Interrupted)
        }
        Outcome::Finished => {
            finish(&run, &loaded)?;
            Ok(Done::Finished)
        }
    }
}

impl Args {
    fn run_dir(&self) -> anyhow::Result<RunDir> {
        match (&self.run, self.resume) {
            (Some(path), _) => Ok(RunDir::new(path)),
            (None, false) => Ok(paths::next_run(self.settings.preset().unwrap_or_default().name())),
            (None, true) => match paths::newest_run(RunDir::checkpoint) {
                Some(run) => Ok(run),
                None => bail!("no run to go on with; 'cargo xtask train' starts one"),
            },
        }
    }

    /// Preset or stored configuration, then the file, then the flags.
    fn resolve(&self, stored: Option<TrainConfig>) -> anyhow::Result<TrainConfig> {
        let stored_source = stored.as_ref().map(|config| config.data.source.clone());
        let start = match (stored, self.settings.preset()) {
            (Some(config), None) => config,
            (_, preset) => preset.unwrap_or_default().config(),
        };
        let mut config = self.settings.over(start)?;
        // A run goes on with the data that it found, unless told otherwise.
        if let Some(source) = stored_source.filter(|_| config.data.source == "auto") {
            config.data.source = source;
        }
        Ok(config)
    }
}

/// A setting out of range is no fault of a file or a machine, but of what was asked for.
fn usage(error: TrainError) -> anyhow::Error {
    anyhow::Error::from(error).context("these settings cannot be trained with")
}

/// Writes a picture, if it could be drawn: one that could not costs no run. Whether it was written.
fn write_picture(picture: anyhow::Result<Captioned>, path: &Path) -> anyhow::Result<bool> {
    match picture {
        Ok(picture) => picture.write(path).map(|()| true),
        Err(error) => {
            term::note(format_args!("no {}: {error:#}", paths::display(path)));
            Ok(false)
        }
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
    let shape = pictures::PAIRS.for_images(trainer.data().height(), trainer.data().width());
    if write_picture(pictures::augmented(trainer.data(), augmentation, data, &shape, training.seed), &path)? {
        term::note(format_args!("augmented images: {}", paths::display(&path)));
    }
    Ok(())
}

/// What the data say about the model of a finished run, its pictures, and what to do next.
fn finish(run: &RunDir, loaded: &Loaded<Splits>) -> anyhow::Result<()> {
    let mut model = ModelFile::read(&run.model(), None)?;
    annotate(&run.model(), &mut model, &loaded.images, &loaded.name)?;
    let directory = run.pictures();
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let metrics = run.read_metrics()?;
    let fitting = |shape: Shape| shape.for_images(model.height, model.width);
    let (samples, pairs) = (fitting(pictures::SAMPLES), fitting(pictures::PAIRS));
    let test = &loaded.images.test;
    for (name, picture) in [
        ("curves.png", pictures::curves(&metrics)),
        ("samples.png", pictures::samples(&model, &samples, 0)),
        ("reconstructions.png", pictures::reconstructions(&model, test, &loaded.name, &pairs, 0)),
    ] {
        write_picture(picture, &directory.join(name))?;
    }
    let run_flag = paths::argument(run.path());
    let known = describe(&model.annotations);
    term::line(format_args!("model: {} (knows {known})", paths::display(&run.model())));
    term::line(format_args!("pictures: {}", paths::display(&directory)));
    term::line(format_args!("next: cargo xtask eval --run {run_flag}; cargo xtask grid --run {run_flag}"));
    Ok(())
}
