//! `cargo xtask eval`

mod samples;

use std::{fmt, ops::ControlFlow};

use anyhow::{Context, ensure};
use serde::Serialize;
use vae_core::Loss;
use vae_data::{Dataset, Splits};
use vae_train::{MAX_DRAWS, Measurement, ModelFile, evaluate};

use crate::{
    data_source::Loaded,
    facts::{Facts, MeasuredSplit},
    generate::prior::PriorArgs,
    image_progress::ImageProgress,
    interrupt::{self, StopCleanly},
    model_data::ModelDataArgs,
    model_source::{ModelArgs, ModelSource},
    nll::{self, NllArgs},
    outcome::Done,
    pictures, term,
};

/// The default of `--samples` without a number.
const SAMPLES: &str = "10000";

/// The default of `--seed`.
pub(crate) const SEED: u64 = 0;

/// Measures a model on the test images: -ELBO, reconstruction and KL, in nats per image.
///
/// Each image is measured with one draw of z (or the mean of --draws N), under the prior that the model has, or under
/// N(0, I) with --prior standard. -ELBO comes with its standard error over images, in bits per pixel, -ELBO / (D ln
/// 2), too, and with the number of active latents, those whose posterior mean has a variance above 0.01 over the
/// images (Burda et al. 2016). --json adds the digests of model file and images and the version, so that a number can
/// be quoted and repeated. Pixels are as the model learned them: grey, in [0, 1] (probabilities under a Bernoulli
/// likelihood, values under the others), or made black or white as its file tells, in a draw that --seed does not
/// change. Numbers of different likelihoods, or of differently made pixels, are not comparable.
///
/// --nll K estimates -log p(x) itself by importance sampling with K samples of z for each image (Burda, Grosse and
/// Salakhutdinov 2016), together with its bounds of fewer samples, the effective number of samples, (sum w)^2 / sum
/// w^2, the active latents and the KL of each latent. The estimate is too large on average, by less with more samples;
/// 5000 are usual. Noise depends on seed, image and sample alone.
///
/// With --samples, measures how good the images are that the model draws from its prior, beside as many training
/// images, chosen at random but always the same, as the line to compare with: the Fréchet distance of a classifier's
/// features to those of the test images (Heusel et al. 2017), improved precision and recall (Kynkäänniemi et al.
/// 2019), the share that the classifier reads with more than 90 % confidence, and the distance to the nearest training
/// image. For handwritten digits alone, which the classifier was trained on.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prior: PriorArgs,
    #[command(flatten)]
    data: ModelDataArgs,
    /// Measure the quality of N samples of the prior instead [default: 10000]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = SAMPLES, conflicts_with = "nll",
          value_parser = clap::value_parser!(u32).range(100..=100_000))]
    samples: Option<u32>,
    /// Number of draws of z for each image, whose mean is given; the first of many are those of few
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["nll", "samples"],
          value_parser = clap::value_parser!(u32).range(1..=MAX_DRAWS as i64))]
    draws: u32,
    /// Images to measure
    #[arg(long, value_enum, default_value_t, conflicts_with = "samples")]
    split: MeasuredSplit,
    /// Random seed of the noise, or of the samples
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    #[command(flatten)]
    nll: NllArgs,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// The output of `--json`. Losses are in nats per image.
#[derive(Serialize)]
struct Report {
    neg_elbo: f64,
    /// The standard error of -ELBO over images.
    standard_error: Option<f64>,
    reconstruction: f64,
    kl: f64,
    /// -ELBO / (D ln 2); of a density where the likelihood has one.
    bits_per_dim: f64,
    active_units: usize,
    /// Draws of z an image.
    draws: usize,
    #[serde(flatten)]
    facts: Facts,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    args.prior.temperature_only_if(args.samples.is_some())?;
    let mut source = args.model.read()?;
    args.prior.apply_to(&mut source)?;
    if let Some(count) = args.samples {
        return measure_samples(&args, &source, count as usize);
    }
    let loaded = args.load(&source.model)?;
    if let Some(samples) = args.nll.samples() {
        let settings = nll::Settings { samples, split: args.split, seed: args.seed, json: args.json };
        return nll::run(&args.nll, settings, &source, &loaded);
    }
    let Some(measured) = measure_with_draws(&args, &source, &loaded)? else { return Ok(Done::Interrupted) };
    let report = Report {
        neg_elbo: measured.loss.neg_elbo(),
        standard_error: measured.standard_error,
        reconstruction: measured.loss.reconstruction,
        kl: measured.loss.kl,
        bits_per_dim: measured.bits_per_dim(),
        active_units: measured.active_units(),
        draws: args.draws(),
        facts: Facts::new(&source, &loaded, args.split, loaded.images.len(), args.seed)?,
    };
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&report)?))?;
    } else {
        term::result(format_args!("{report}"))?;
    }
    Ok(Done::Finished)
}

impl Args {
    fn draws(&self) -> usize {
        self.draws as usize
    }

    /// The images of the split to measure.
    fn load(&self, model: &ModelFile) -> anyhow::Result<Loaded<Dataset>> {
        match self.split {
            MeasuredSplit::Test => self.data.load(model),
            MeasuredSplit::Train => {
                let Loaded { name, images, fingerprint } = self.data.load::<Splits>(model)?;
                Ok(Loaded { name, images: images.train, fingerprint })
            }
        }
    }
}

/// None if Ctrl-C ended it.
fn measure_with_draws(
    args: &Args,
    source: &ModelSource,
    loaded: &Loaded<Dataset>,
) -> anyhow::Result<Option<Measurement>> {
    let (name, images) = (&loaded.name, &loaded.images);
    pictures::check_size(&source.model, images, name)?;
    ensure!(!images.is_empty(), "{name} has no {}", args.split.images());
    let guard = StopCleanly::begin();
    // A few draws are measured before a bar can be seen.
    let mut progress = (args.draws() >= 10).then(|| ImageProgress::new(images.len(), "-ELBO"));
    if progress.is_some() {
        let [count, draws] = [images.len(), args.draws()].map(term::thousands);
        term::note(format_args!("measuring {count} images with {draws} draws each"));
    }
    let answer = vae_train::measure(&source.model.vae, images.images(), args.draws(), args.seed, |now| {
        if let Some(progress) = &mut progress {
            progress.show(now.images, now.neg_elbo);
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(guard);
    if let Some(progress) = &progress {
        progress.finish();
    }
    let answer = answer.with_context(|| format!("cannot measure the model on {name}"))?;
    if answer.is_none() {
        term::note(format_args!("stopped; nothing is measured"));
    }
    Ok(answer)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { neg_elbo, reconstruction, kl, bits_per_dim, active_units, draws, facts, .. } = self;
        let mean = if *draws == 1 { String::new() } else { format!(", mean of {draws} draws of z") };
        let error = self.standard_error.map(|error| format!(" ± {error:.3}")).unwrap_or_default();
        writeln!(f, "{}, nats per image{mean} ± standard error over images", facts.describe())?;
        writeln!(f, "-ELBO           {neg_elbo:8.3}{error}")?;
        writeln!(f, "reconstruction  {reconstruction:8.3}")?;
        writeln!(f, "KL              {kl:8.3}")?;
        writeln!(f, "bits per pixel  {bits_per_dim:8.4}")?;
        write!(f, "active latents  {active_units:8} of {}", facts.latent)
    }
}

fn measure_samples(args: &Args, source: &ModelSource, count: usize) -> anyhow::Result<Done> {
    samples::check(&source.model)?;
    let loaded = args.data.load_grey(&source.model)?;
    let report = samples::measure(source, &loaded, count, args.prior.sampling(args.seed))?;
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&report)?))?;
    } else {
        term::result(format_args!("{report}"))?;
    }
    Ok(Done::Finished)
}

/// The mean loss of all test images of the data with this name.
pub(crate) fn measure(model: &ModelFile, test: &Dataset, name: &str, seed: u64) -> anyhow::Result<Loss> {
    pictures::check_size(model, test, name)?;
    let indices: Vec<u32> = (0..test.len() as u32).collect();
    let loss = evaluate(&model.vae, test.images(), &indices, seed)
        .with_context(|| format!("cannot measure the model on {name}"))?;
    loss.with_context(|| format!("{name} has no test images"))
}
