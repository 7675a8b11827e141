//! `cargo xtask eval`

use anyhow::{Context, ensure};
use serde::Serialize;
use vae_core::Elbo;
use vae_data::Dataset;
use vae_train::{ModelFile, evaluate};

use crate::{data_source, model_source, outcome::Done, paths, pictures, term};

/// From which the noise follows when nobody says.
pub(crate) const SEED: u64 = 0;

/// Measures a model on the test images: -ELBO and its two parts, in nats an image.
///
/// One draw of z an image. Pixels are taken as probabilities in [0, 1], as they are.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// Whose test images: as in 'cargo xtask train' [default: what the model was trained
    /// on; for a model of MNIST, what 'auto' finds]
    #[arg(long, value_name = "D")]
    data: Option<String>,
    /// From which the noise follows
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What `--json` prints, in nats an image.
#[derive(Serialize)]
struct Report {
    neg_elbo: f64,
    reconstruction: f64,
    kl: f64,
    images: usize,
    data: String,
    model: String,
    parameters: usize,
    latent: usize,
    seed: u64,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let chosen = args.model.read()?;
    let vae = &chosen.model.vae;
    let loaded = data_source::load_for(&chosen.model, args.data.as_deref())?;
    let test = &loaded.images;
    let elbo = measure(&chosen.model, test, &loaded.name, args.seed)?;
    let report = Report {
        neg_elbo: elbo.neg_elbo(),
        reconstruction: elbo.reconstruction,
        kl: elbo.kl,
        images: test.len(),
        data: loaded.name,
        model: paths::display(&chosen.path),
        parameters: vae.parameters().len(),
        latent: vae.latent(),
        seed: args.seed,
    };
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&report)?))?;
    } else {
        let Report { neg_elbo, reconstruction, kl, data, .. } = &report;
        term::result(format_args!(
            "test images of {data}: {}, nats an image\n\
             -ELBO           {neg_elbo:8.3}\n\
             reconstruction  {reconstruction:8.3}\n\
             KL              {kl:8.3}",
            term::thousands(report.images),
        ))?;
    }
    Ok(Done::Finished)
}

/// The ELBO of all test images of the data called `name`.
pub(crate) fn measure(model: &ModelFile, test: &Dataset, name: &str, seed: u64) -> anyhow::Result<Elbo> {
    pictures::check_size(model, test, name)?;
    let indices: Vec<u32> = (0..test.len() as u32).collect();
    let elbo = evaluate(&model.vae, test.images(), &indices, seed);
    let elbo = elbo.with_context(|| format!("{name} has no test images"))?;
    ensure!(elbo.neg_elbo().is_finite(), "the model's -ELBO on {name} is not finite");
    Ok(elbo)
}
