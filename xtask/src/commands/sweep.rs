//! `cargo xtask sweep`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use vae_data::{Dataset, Splits};
use vae_train::{DataConfig, ModelFile, Outcome, RunDir, TrainConfig, TrainError, write_atomically};

use crate::{
    commands::eval,
    data_source::{self, Loaded},
    outcome::{Done, Interrupted},
    paths,
    settings::{Settings, presets},
    sweep::{
        over::{Over, grid},
        plan::{EXAMPLE, Plan},
        table::{Measured, Report, Row, Subject},
        variant::{Resolved, Variant, resolve},
    },
    term,
    training::{self, Start},
};

/// Trains variants of a model, each with several seeds, and puts what comes of them side by side.
///
/// What varies is a grid (--over) or a plan, a file of named variants: see below. A variant beats the flags, the flags
/// beat --config, the file beats the plan's base, and that the preset. All are measured on the test images of the
/// settings' data, whatever a variant learns from. The same command goes on where it was interrupted, and trains
/// no finished run twice.
#[derive(clap::Args)]
#[command(after_help = help(), allow_negative_numbers = true)]
pub(crate) struct Args {
    /// The plan
    #[arg(value_name = "PLAN.toml", required_unless_present = "over", conflicts_with = "over")]
    plan: Option<PathBuf>,
    /// A setting and the values that it takes, as in --over model.latent=8,16; several make a grid
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = Over::parse)]
    over: Vec<Over>,
    /// Seeds to train each variant with [default: those of the plan, else that of the settings]
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "seed",
          value_parser = clap::value_parser!(u64).range(..=TrainConfig::MAX_SEED))]
    seeds: Option<Vec<u64>>,
    /// The directory of the sweep: its runs are VARIANT/seed-N below it [default: runs/PLAN, or runs/sweep]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Writes the table to a file, too
    #[arg(long, value_name = "FILE.md")]
    out: Option<PathBuf>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// What a plan looks like, and the presets.
fn help() -> String {
    let plan: Vec<String> = EXAMPLE.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    format!("A plan:\n{}\n\n{}", plan.join("\n"), presets())
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let sweep = Sweep::new(&args)?;
    let mut shelf = Shelf::default();
    let done = sweep.check(&mut shelf).and_then(|()| sweep.train(&mut shelf));
    let report = match done {
        Err(error) if error.is::<Interrupted>() => {
            term::note(format_args!("stopped; the same command goes on"));
            return Ok(Done::Interrupted);
        }
        other => other?,
    };
    let markdown = report.markdown();
    if let Some(out) = &args.out {
        write_atomically(out, markdown.as_bytes())?;
    }
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&report)?))?;
    } else {
        term::result(format_args!("{}", markdown.trim_end()))?;
    }
    Ok(Done::Finished)
}

/// The images of the variant at hand: most sweeps need one set, and few memories would hold many.
#[derive(Default)]
struct Shelf {
    loaded: Option<(DataConfig, Loaded<Splits>)>,
}

impl Shelf {
    fn get(&mut self, wanted: &DataConfig) -> anyhow::Result<&Loaded<Splits>> {
        let same = |kept: &DataConfig| (&kept.source, kept.digits) == (&wanted.source, wanted.digits);
        let kept = self.loaded.take().filter(|(kept, _)| same(kept));
        let kept = match kept {
            Some(kept) => kept,
            None => (wanted.clone(), data_source::load(&wanted.source, wanted.digits)?),
        };
        Ok(&self.loaded.insert(kept).1)
    }
}

/// What is to be trained.
struct Sweep {
    directory: PathBuf,
    seeds: Vec<u64>,
    variants: Vec<Resolved>,
    /// Whose test images all variants are measured on, whatever they learn from.
    data: DataConfig,
}

impl Sweep {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let plan = args.plan.as_deref().map(Plan::read).transpose()?;
        let of_plan = plan.as_ref().map(Plan::preset).transpose()?.flatten();
        let mut start = args.settings.preset().or(of_plan).unwrap_or_default().config();
        if let Some((plan, path)) = plan.as_ref().zip(args.plan.as_deref()) {
            let named = || format!("{}: base", path.display());
            start = start.overlay_table(plan.base.clone()).with_context(named)?;
        }
        let base = args.settings.over(start)?;
        let seeds = args.seeds.clone().or_else(|| plan.as_ref()?.seeds.clone());
        let seeds = seeds.unwrap_or_else(|| vec![base.training.seed]);
        let distinct: BTreeSet<u64> = seeds.iter().copied().collect();
        ensure!(
            !seeds.is_empty() && distinct.len() == seeds.len(),
            "seeds must be at least one, and none of them twice; found {seeds:?}"
        );
        let (variants, name) = match (plan, args.plan.as_deref()) {
            (Some(plan), Some(path)) => (plan.variants, path.file_stem().unwrap_or_default().into()),
            _ => (grid(&args.over)?, PathBuf::from("sweep")),
        };
        let variants = resolve(&base, variants);
        let variants = match &args.plan {
            Some(path) => variants.with_context(|| path.display().to_string())?,
            None => variants?,
        };
        let directory = args.run.clone().unwrap_or_else(|| paths::runs().join(name));
        if RunDir::new(&directory).is_started() {
            return Err(TrainError::RunExists { path: directory }.into());
        }
        if let Some(parent) = args.out.as_deref().and_then(Path::parent) {
            let found = parent == Path::new("") || parent.is_dir();
            ensure!(found, "there is no directory {} to write the table to", parent.display());
        }
        Ok(Self { directory, seeds, variants, data: base.data })
    }

    fn run_dir(&self, variant: &Variant, seed: u64) -> RunDir {
        RunDir::new(self.directory.join(variant.directory()).join(format!("seed-{seed}")))
    }

    /// That every run can begin or go on, before any does.
    fn check(&self, shelf: &mut Shelf) -> anyhow::Result<()> {
        for Resolved { variant, config } in &self.variants {
            let loaded = shelf.get(&config.data)?;
            for &seed in &self.seeds {
                let trainer = training::from_checkpoint(
                    &self.run_dir(variant, seed),
                    of_run(config, loaded, seed),
                    loaded,
                );
                trainer.with_context(|| format!("variant {:?}", variant.name))?;
            }
        }
        Ok(())
    }

    fn train(&self, shelf: &mut Shelf) -> anyhow::Result<Report> {
        let test: Loaded<Dataset> = data_source::load(&self.data.source, self.data.digits)?;
        let mut rows = Vec::new();
        for (i, Resolved { variant, config }) in self.variants.iter().enumerate() {
            let loaded = shelf.get(&config.data)?;
            let mut runs = Vec::new();
            let mut parameters = 0;
            for (j, &seed) in self.seeds.iter().enumerate() {
                let (number, all) = (i * self.seeds.len() + j + 1, self.variants.len() * self.seeds.len());
                term::note(format_args!("{number} of {all}: {}, seed {seed}", variant.name));
                let run = self.run_dir(variant, seed);
                let ended = train_run(&run, of_run(config, loaded, seed), loaded)?;
                let model = ModelFile::read(&run.model(), None)?;
                parameters = model.vae.parameters().len();
                runs.push(if ended { Some(measure(&run, &model, &test)?) } else { None });
            }
            let subject = Subject {
                name: variant.name.clone(),
                changes: variant.changes.clone(),
                differs: variant.differs(),
                parameters,
            };
            rows.push(Row::new(subject, &runs));
        }
        Ok(Report::new(test.name, test.images.len(), self.seeds.clone(), rows))
    }
}

/// The settings of one run.
fn of_run(config: &TrainConfig, loaded: &Loaded<Splits>, seed: u64) -> TrainConfig {
    let mut config = config.clone();
    config.data.source.clone_from(&loaded.name);
    config.training.seed = seed;
    config
}

/// Trains what is left of a run. Whether it came to an end: a loss that stops being a number is a result too.
fn train_run(run: &RunDir, config: TrainConfig, loaded: &Loaded<Splits>) -> anyhow::Result<bool> {
    let (mut trainer, _lock) = training::begin(run, config, loaded, Start::FromCheckpoint)?;
    if trainer.progress().epochs == trainer.config().training.epochs {
        term::note(format_args!("finished before: {}", paths::display(run.path())));
        return Ok(true);
    }
    match training::train(&mut trainer, run, loaded, term::note) {
        Ok(Outcome::Finished) => Ok(true),
        Ok(Outcome::Interrupted) => Err(Interrupted.into()),
        Err(error) if matches!(error.downcast_ref(), Some(TrainError::NotFinite { .. })) => {
            term::note(format_args!("diverged: {error}"));
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The numbers that `cargo xtask eval` gives of a run.
fn measure(run: &RunDir, model: &ModelFile, test: &Loaded<Dataset>) -> anyhow::Result<Measured> {
    let elbo = eval::measure(model, &test.images, &test.name, eval::SEED)?;
    let metrics = run.read_metrics()?;
    let seconds = metrics.iter().map(|line| line.train_seconds).fold(f64::INFINITY, f64::min);
    Ok(Measured { elbo, quickest_epoch_secs: seconds })
}
