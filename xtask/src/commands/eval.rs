//! `cargo xtask eval`

mod samples;

use anyhow::Context;
use serde::Serialize;
use vae_core::Loss;
use vae_data::Dataset;
use vae_train::{ModelFile, evaluate};

use crate::{
    generate::prior::PriorArgs,
    model_data::ModelDataArgs,
    model_source::{ModelArgs, ModelSource},
    nll::{self, NllArgs},
    outcome::Done,
    paths, pictures, term,
};

/// The default of `--samples` without a number.
const SAMPLES: &str = "10000";

/// The default of `--seed`.
pub(crate) const SEED: u64 = 0;

/// Measures a model on the test images: -ELBO, reconstruction and KL, in nats per image.
///
/// Each image is measured with one sample of z, under the prior that the model has, or under N(0, I) with --prior
/// standard. Pixels are as the model learned them: grey, in [0, 1] (probabilities under a Bernoulli likelihood, values
/// under the others), or made black or white as its file tells, in a draw that --seed does not change. Numbers of
/// different likelihoods, or of differently made pixels, are not comparable.
///
/// --nll K estimates -log p(x) itself by importance sampling with K samples of z for each image (Burda, Grosse and
/// Salakhutdinov 2016), together with its bounds of fewer samples, the effective number of samples, the active latents
/// and the KL of each latent. 5000 is usual. Noise depends on seed, image and sample alone.
///
/// With --samples, measures how good the images are that the model draws from its prior, beside training images of the
/// data as the line to compare with: the Fréchet distance of a classifier's features to those of the test images
/// (Heusel et al. 2017), improved precision and recall (Kynkäänniemi et al. 2019), the share that the classifier reads
/// with more than 90 % confidence, and the distance to the nearest training image. For handwritten digits alone, which
/// the classifier was trained on.
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
    reconstruction: f64,
    kl: f64,
    images: usize,
    likelihood: String,
    prior: String,
    /// How pixels were made black or white.
    protocol: String,
    data: String,
    model: String,
    parameters: usize,
    latent: usize,
    seed: u64,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    args.prior.temperature_only_if(args.samples.is_some())?;
    let mut source = args.model.read()?;
    args.prior.apply_to(&mut source)?;
    if let Some(count) = args.samples {
        return measure_samples(&args, &source, count as usize);
    }
    let vae = &source.model.vae;
    let loaded = args.data.load(&source.model)?;
    if let Some(samples) = args.nll.samples() {
        let settings = nll::Settings { samples, seed: args.seed, json: args.json };
        return nll::run(&args.nll, settings, &source, &loaded);
    }
    let test = &loaded.images;
    let loss = measure(&source.model, test, &loaded.name, args.seed)?;
    let report = Report {
        neg_elbo: loss.neg_elbo(),
        reconstruction: loss.reconstruction,
        kl: loss.kl,
        images: test.len(),
        likelihood: vae.config().likelihood.to_string(),
        prior: vae.config().prior.to_string(),
        protocol: source.model.binarization.to_string(),
        data: loaded.name,
        model: paths::display(&source.path),
        parameters: vae.parameters().len(),
        latent: vae.latent(),
        seed: args.seed,
    };
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&report)?))?;
    } else {
        let Report { neg_elbo, reconstruction, kl, likelihood, prior, protocol, data, .. } = &report;
        term::result(format_args!(
            "{} test images of {data}, {protocol} pixels, {likelihood} likelihood, {prior} prior, nats per image\n\
             -ELBO           {neg_elbo:8.3}\n\
             reconstruction  {reconstruction:8.3}\n\
             KL              {kl:8.3}",
            term::thousands(report.images),
        ))?;
    }
    Ok(Done::Finished)
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
