//! `cargo xtask train`

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use vae_core::Prior;
use vae_data::{Split, Splits};
use vae_train::{ModelFile, Outcome, RunDir, TrainConfig, TrainError, Trainer, annotate};

use crate::{
    collapse,
    commands::annotate::describe,
    data_source::{self, Loaded},
    epoch_pictures::EpochPictures,
    finished,
    generate::prior::Sampling,
    outcome::Done,
    paths,
    pictures::{self, Captioned, Shape},
    prior_fit::{self, Nearer},
    program,
    runs::name,
    settings::{Settings, presets},
    term,
    training::{self, Start},
};

/// Trains a model and leaves its weights, losses and pictures in a run directory.
///
/// Flags override the file of --config, and the file overrides the preset. Ctrl-C stops a run and saves a checkpoint;
/// --resume continues from the last checkpoint and reaches the same bits as an uninterrupted run.
#[derive(clap::Args)]
#[command(after_help = presets(), allow_negative_numbers = true)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Run directory [default: runs/PRESET-N with the next free N, where PRESET is followed by what differs from it in
    /// data and model; with --resume, the newest run]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Name of the run: its directory is runs/NAME
    #[arg(long, value_name = "NAME", conflicts_with = "run", value_parser = name::parse)]
    name: Option<String>,
    /// Draw samples and reconstructions into pictures/ of the run after every N epochs, always of the same points and
    /// images [default: only at the end]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_EPOCHS))]
    pictures_every: Option<u64>,
    /// Continue a run from its last checkpoint; more --epochs than before extend it, unless its schedule is cosine,
    /// which ends at a fixed epoch
    #[arg(long)]
    resume: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let existing = if args.resume { Some(args.existing_run()?) } else { None };
    let stored = existing.as_ref().map(RunDir::read_config).transpose()?.flatten();
    let mut config = args.resolve(stored)?;
    let run = match existing {
        Some(run) => run,
        None => args.new_run(&config)?,
    };
    let path = || run.path().to_owned();
    // Checked before the lock, so that a run that cannot start leaves no files; and again under the lock.
    if !args.resume && run.is_started() {
        return Err(TrainError::RunExists { path: path() }.into());
    }
    let loaded = data_source::load::<Splits>(&config.data.source, config.data.digits)?;
    config.data.source.clone_from(&loaded.name);
    args.settings.note_without_effect(&config);
    let start = if args.resume { Start::FromCheckpoint } else { Start::New };
    let (mut trainer, _lock) =
        training::begin(&run, config, &loaded, start).map_err(|error| args.settings.blame(error))?;
    if !args.resume {
        draw_augmented(&trainer, &run, &loaded.name)?;
    } else if trainer.progress().is_at_end(&trainer.config().training)
        && finished::is_complete(&run, trainer.config(), &loaded.images.train)?
    {
        term::line(format_args!("{}", finished::text(&run, trainer.config(), trainer.progress())));
        return Ok(Done::Finished);
    }
    let pictures = args
        .pictures_every
        .map(|every| EpochPictures::new(every, &run, &trainer, &loaded.images.test, &loaded.name));
    match training::train(&mut trainer, &run, &loaded, term::line, pictures)? {
        Outcome::Interrupted => {
            let path = paths::argument(run.path());
            let pictures =
                args.pictures_every.map_or(String::new(), |every| format!(" --pictures-every {every}"));
            let program = program::name();
            term::note(format_args!("stopped; to continue: {program} train --run {path} --resume{pictures}"));
            Ok(Done::Interrupted)
        }
        Outcome::Finished => {
            let done = finish(&run, trainer.config(), &loaded)?;
            collapse::note(&trainer, &run)?;
            Ok(done)
        }
    }
}

impl Args {
    /// The run to resume.
    fn existing_run(&self) -> anyhow::Result<RunDir> {
        let run = match (&self.run, &self.name) {
            (Some(path), _) => paths::existing_run(path),
            (None, Some(name)) => RunDir::new(paths::runs().join(name)),
            (None, None) => match paths::newest_run(RunDir::checkpoint) {
                Some(run) => run,
                None => bail!("no run to resume; '{} train' starts one", program::name()),
            },
        };
        if !run.path().is_dir() {
            return Err(TrainError::NoRun { path: run.path().to_owned() }.into());
        }
        Ok(run)
    }

    /// The directory of a new run.
    fn new_run(&self, config: &TrainConfig) -> anyhow::Result<RunDir> {
        let preset = self.settings.preset().unwrap_or_default();
        let Some(name) = &self.name else {
            let run = self.run.as_ref().map(RunDir::new);
            return Ok(run.unwrap_or_else(|| paths::next_run(&name::stem(preset, config))));
        };
        let run = RunDir::new(paths::runs().join(name));
        // The directory of a sweep, or anything else of that name.
        if !run.is_started() && paths::is_nonempty_dir(run.path()) {
            bail!("{} exists and is not a run; choose another --name", paths::display(run.path()));
        }
        Ok(run)
    }

    /// The preset or the stored configuration, overridden by the file, overridden by the flags.
    fn resolve(&self, stored: Option<TrainConfig>) -> anyhow::Result<TrainConfig> {
        let stored_source = stored.as_ref().map(|config| config.data.source.clone());
        let start = match (stored, self.settings.preset()) {
            (Some(config), None) => config,
            (_, preset) => preset.unwrap_or_default().config(),
        };
        let mut config = self.settings.apply_to(start.clone())?;
        // A resumed run uses the data that it found at its start, unless other data is requested.
        if let Some(source) = stored_source.filter(|_| config.data.source == "auto") {
            config.data.source = source;
        }
        self.settings.check(&start, &config)?;
        Ok(config)
    }
}

/// Writes a picture and returns true. A picture that could not be drawn is a warning and not an error, because the run
/// does not depend on it.
fn write_picture(picture: anyhow::Result<Captioned>, path: &Path) -> anyhow::Result<bool> {
    match picture {
        Ok(picture) => picture.write(path).map(|()| true),
        Err(error) => {
            let (path, reason) = (paths::display(path), term::one_line(&error));
            term::note(format_args!("warning: cannot draw {path}: {reason}"));
            Ok(false)
        }
    }
}

/// Draws augmented images at the start of a run, so that they can be inspected before the training takes its time.
fn draw_augmented(trainer: &Trainer<'_>, run: &RunDir, data: &str) -> anyhow::Result<()> {
    let TrainConfig { augmentation, training, .. } = trainer.config();
    if augmentation.is_none() {
        return Ok(());
    }
    let path = run.pictures().join("augmented.png");
    fs::create_dir_all(run.pictures())
        .with_context(|| format!("cannot create {}", run.pictures().display()))?;
    let shape = pictures::PAIRS.for_images(trainer.data().height(), trainer.data().width());
    if write_picture(pictures::augmented(trainer.data(), augmentation, data, &shape, training.seed), &path)? {
        term::note(format_args!("augmented images: {}", paths::display(&path)));
    }
    Ok(())
}

/// Fits a prior to the model of a finished run, annotates it, draws its pictures and prints the next commands.
fn finish(run: &RunDir, config: &TrainConfig, loaded: &Loaded<Splits>) -> anyhow::Result<Done> {
    let mut model = ModelFile::read(&run.model(), None)?;
    if config.model.prior == Prior::Standard {
        let train = model.binarization.measured(&loaded.images.train, Split::Train);
        let fit = finished::wanted_fit(config, &model, train.len());
        let wanted = fit.map_or(Prior::Standard, |fit| fit.prior);
        // A run that is finished already has its prior, unless another is asked for.
        if model.vae.config().prior != wanted {
            model.vae = model.vae.with_prior(Prior::Standard, 0)?;
        }
        if let Some(fit) = fit.filter(|_| model.vae.config().prior != wanted)
            && let Done::Interrupted = prior_fit::fit(&mut model, &train, &fit, Nearer::Required)?
        {
            let path = paths::argument(run.path());
            let program = program::name();
            term::note(format_args!("stopped; to fit the prior: {program} train --run {path} --resume"));
            return Ok(Done::Interrupted);
        }
    }
    annotate(&run.model(), &mut model, &loaded.images, &loaded.name)?;
    let directory = run.pictures();
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let metrics = run.read_metrics()?;
    let fitting = |shape: Shape| shape.for_images(model.height, model.width);
    let (samples, pairs) = (fitting(pictures::SAMPLES), fitting(pictures::PAIRS));
    let test = &model.binarization.measured(&loaded.images.test, Split::Test);
    let drawn = [
        pictures::curves(&metrics),
        pictures::samples(&model, &samples, Sampling::of_seed(0), ""),
        pictures::reconstructions(&model, test, &loaded.name, &pairs, 0, ""),
    ];
    for (name, picture) in finished::PICTURES.into_iter().zip(drawn) {
        write_picture(picture, &directory.join(name))?;
    }
    let run_flag = paths::argument(run.path());
    let annotations = describe(&model.annotations);
    term::result(format_args!("model: {} ({annotations})", paths::display(&run.model())))?;
    term::line(format_args!("pictures: {}", paths::display(&directory)));
    let program = program::name();
    term::line(format_args!("next: {program} eval --run {run_flag}; {program} grid --run {run_flag}"));
    Ok(Done::Finished)
}
