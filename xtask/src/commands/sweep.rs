//! `cargo xtask sweep`

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, ensure};
use vae_data::{Dataset, Split, Splits};
use vae_train::{DataConfig, ModelFile, Outcome, RunDir, TrainConfig, TrainError, write_atomically};

use crate::{
    commands::eval,
    data_source::{self, Loaded},
    outcome::{Done, Interrupted, misuse},
    paths,
    settings::{Settings, presets, vocabulary},
    sweep::{
        over::{Over, grid},
        plan::{EXAMPLE, Plan},
        table::{Measured, Report, Row, VariantInfo},
        variant::{Resolved, Variant, resolve},
    },
    term,
    training::{self, Start},
};

/// Trains variants of a model, each with several seeds, and compares them in a table.
///
/// The variants are a grid (--over) or the named variants of a plan file (see below). A variant overrides the flags,
/// which override --config, which overrides the base of the plan, which overrides the preset. All variants are measured
/// on the same test images, those of the settings without the variant. Repeat the command to continue an interrupted
/// sweep; finished runs are not trained again.
#[derive(clap::Args)]
#[command(after_help = help(), allow_negative_numbers = true, mut_arg("fit_prior", |fit_prior| fit_prior.hide(true)))]
pub(crate) struct Args {
    /// Plan of the sweep
    #[arg(value_name = "PLAN.toml", conflicts_with = "over")]
    plan: Option<PathBuf>,
    /// Setting and its values, as in --over latent=8,16: the name of a flag, or SECTION.KEY of a config.toml. Lists are
    /// in brackets, as in `--over hidden=[512,256],[128]`; several --over make a grid
    #[arg(long, value_name = "SETTING=VALUE,...", value_parser = Over::parse)]
    over: Vec<Over>,
    /// Random seeds to train each variant with [default: those of the plan, else the seed of the settings]
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "seed",
          value_parser = clap::value_parser!(u64).range(..=TrainConfig::MAX_SEED))]
    seeds: Option<Vec<u64>>,
    /// Directory of the sweep, with a run in VARIANT/seed-N for each variant and seed [default: runs/PLAN, or
    /// runs/sweep]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Also write the table to a file
    #[arg(long, value_name = "FILE.md")]
    out: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// An example of a plan, and the presets.
fn help() -> String {
    let plan: Vec<String> = EXAMPLE.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    format!("Example of a plan:\n{}\n\n{}", plan.join("\n"), presets())
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    if args.plan.is_none() && args.over.is_empty() {
        return Err(misuse("there is nothing to vary: see --over latent=8,16, or name a plan"));
    }
    let sweep = Sweep::new(&args)?;
    let mut cache = DataCache::default();
    let report = match sweep.check(&mut cache).and_then(|()| sweep.train(&mut cache)) {
        Err(error) if error.is::<Interrupted>() => {
            term::note(format_args!("stopped; repeat the command to continue"));
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

impl Args {
    /// Refuses what was typed and changes no variant.
    fn check_effects(&self, variants: &[Resolved]) -> anyhow::Result<()> {
        let keys: Vec<String> = self.over.iter().map(Over::key).collect();
        if let Some(key) = keys.iter().find(|key| self.settings.has_typed(key)) {
            let flag = vocabulary::flag(key).unwrap_or_default();
            return Err(misuse(format_args!("--{flag} has no effect: --over sets {key} for every variant")));
        }
        let fitted = "training.fit_prior";
        if self.settings.has_typed(fitted) || keys.iter().any(|key| key == fitted) {
            return Err(misuse("--fit-prior has no effect: a sweep compares models as they were trained"));
        }
        let configs: Vec<&TrainConfig> = variants.iter().map(|variant| &variant.config).collect();
        self.settings.refuse_without_effect(&configs, &keys)
    }
}

/// Holds the images of the last variant. One data set is enough for most sweeps, and several may not fit into memory.
#[derive(Default)]
struct DataCache {
    loaded: Option<(DataConfig, Loaded<Splits>)>,
}

impl DataCache {
    /// The images that `config` names, loaded unless they are the last ones.
    fn get(&mut self, config: &DataConfig) -> anyhow::Result<&Loaded<Splits>> {
        let matches =
            |cached: &DataConfig| (&cached.source, cached.digits) == (&config.source, config.digits);
        let cached = match self.loaded.take().filter(|(cached, _)| matches(cached)) {
            Some(cached) => cached,
            None => (config.clone(), data_source::load(&config.source, config.digits)?),
        };
        Ok(&self.loaded.insert(cached).1)
    }
}

/// The runs to train and to measure.
struct Sweep {
    directory: PathBuf,
    seeds: Vec<u64>,
    variants: Vec<Resolved>,
    /// The data whose test images all variants are measured on, whatever they are trained on.
    data: DataConfig,
}

impl Sweep {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let plan = args.plan.as_deref().map(Plan::read).transpose()?;
        let plan_preset = plan.as_ref().map(Plan::preset).transpose()?.flatten();
        let mut start = args.settings.preset().or(plan_preset).unwrap_or_default().config();
        if let Some((plan, path)) = plan.as_ref().zip(args.plan.as_deref()) {
            let named = || format!("{}: base", path.display());
            start = start.overlay_table(plan.base.clone()).with_context(named)?;
        }
        let base = args.settings.apply_to(start.clone())?;
        let seeds = args.seeds.clone().or_else(|| plan.as_ref()?.seeds.clone());
        let seeds = seeds.unwrap_or_else(|| vec![base.training.seed]);
        let distinct: BTreeSet<u64> = seeds.iter().copied().collect();
        if seeds.is_empty() || distinct.len() < seeds.len() {
            let text = format!("seeds must be distinct and at least one, found {seeds:?}");
            return Err(if args.seeds.is_some() { misuse(text) } else { anyhow!(text) });
        }
        let (variants, name) = match (plan, args.plan.as_deref()) {
            (Some(plan), Some(path)) => (plan.variants, path.file_stem().unwrap_or_default().into()),
            _ => (grid(&args.over).map_err(misuse)?, PathBuf::from("sweep")),
        };
        let variants = resolve(&base, variants.clone()).or_else(|error| {
            let without_flags = args.settings.without_flags(&start)?;
            let is_usage = match &args.plan {
                Some(_) => resolve(&without_flags, variants).is_ok(),
                None => without_flags.validate().is_ok(),
            };
            let overs: Vec<String> = args.over.iter().map(Over::key).collect();
            let is_typed = |key: &str| args.settings.has_typed(key) || overs.iter().any(|own| own == key);
            let text = vocabulary::in_words(&error, is_typed);
            let file = args.plan.as_ref().map_or(String::new(), |path| format!("{}: ", path.display()));
            Err(if is_usage { misuse(text) } else { anyhow!("{file}{text}") })
        })?;
        args.check_effects(&variants)?;
        let directory = args.run.clone().unwrap_or_else(|| paths::runs().join(name));
        if RunDir::new(&directory).is_started() {
            return Err(TrainError::RunExists { path: directory }.into());
        }
        if let Some(parent) = args.out.as_deref().and_then(Path::parent) {
            let found = parent == Path::new("") || parent.is_dir();
            ensure!(found, "cannot write the table: there is no directory {}", parent.display());
        }
        Ok(Self { directory, seeds, variants, data: base.data })
    }

    fn run_dir(&self, variant: &Variant, seed: u64) -> RunDir {
        RunDir::new(self.directory.join(variant.directory()).join(format!("seed-{seed}")))
    }

    /// Checks that every run can be started or resumed, before any run is trained.
    fn check(&self, cache: &mut DataCache) -> anyhow::Result<()> {
        for Resolved { variant, config } in &self.variants {
            let loaded = cache.get(&config.data)?;
            for &seed in &self.seeds {
                let trainer = training::from_checkpoint(
                    &self.run_dir(variant, seed),
                    run_config(config, loaded, seed),
                    loaded,
                );
                trainer.with_context(|| format!("variant {:?}", variant.name))?;
            }
        }
        Ok(())
    }

    fn train(&self, cache: &mut DataCache) -> anyhow::Result<Report> {
        let test: Loaded<Dataset> = data_source::load(&self.data.source, self.data.digits)?;
        let mut rows = Vec::new();
        for (i, Resolved { variant, config }) in self.variants.iter().enumerate() {
            let loaded = cache.get(&config.data)?;
            let mut runs = Vec::new();
            let mut parameters = 0;
            for (j, &seed) in self.seeds.iter().enumerate() {
                let (number, all) = (i * self.seeds.len() + j + 1, self.variants.len() * self.seeds.len());
                term::note(format_args!("run {number} of {all}: {}, seed {seed}", variant.name));
                let run = self.run_dir(variant, seed);
                let finished = train_run(&run, run_config(config, loaded, seed), loaded)?;
                let model = ModelFile::read(&run.model(), None)?;
                parameters = model.vae.parameters().len();
                runs.push(if finished { Some(measure(&run, &model, &test)?) } else { None });
            }
            let info = VariantInfo {
                name: variant.name.clone(),
                changes: variant.changes.clone(),
                changes_text: variant.changes_text(),
                likelihood: config.model.likelihood,
                protocol: config.data.binarization,
                parameters,
            };
            rows.push(Row::new(info, &runs));
        }
        Ok(Report::new(test.name, test.images.len(), self.seeds.clone(), rows))
    }
}

/// The settings of one run.
fn run_config(config: &TrainConfig, loaded: &Loaded<Splits>, seed: u64) -> TrainConfig {
    let mut config = config.clone();
    config.data.source.clone_from(&loaded.name);
    config.training.seed = seed;
    config
}

/// Trains what is left of a run. Returns false if its loss becomes NaN or infinite, which is a result and not an error.
fn train_run(run: &RunDir, config: TrainConfig, loaded: &Loaded<Splits>) -> anyhow::Result<bool> {
    let (mut trainer, _lock) = training::begin(run, config, loaded, Start::FromCheckpoint)?;
    if trainer.progress().epochs == trainer.config().training.epochs {
        term::note(format_args!("already finished: {}", paths::display(run.path())));
        return Ok(true);
    }
    match training::train(&mut trainer, run, loaded, term::note, None) {
        Ok(Outcome::Finished) => Ok(true),
        Ok(Outcome::Interrupted) => Err(Interrupted.into()),
        Err(error) if matches!(error.downcast_ref(), Some(TrainError::NotFinite { .. })) => {
            term::note(format_args!("diverged: {}", term::one_line(&error)));
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The results of a run, as `cargo xtask eval` measures them.
fn measure(run: &RunDir, model: &ModelFile, test: &Loaded<Dataset>) -> anyhow::Result<Measured> {
    let images = model.binarization.measured(&test.images, Split::Test);
    let loss = eval::measure(model, &images, &test.name, eval::SEED)?;
    let metrics = run.read_metrics()?;
    let seconds = metrics.iter().map(|line| line.train_seconds).fold(f64::INFINITY, f64::min);
    Ok(Measured { loss, quickest_epoch_secs: seconds })
}
