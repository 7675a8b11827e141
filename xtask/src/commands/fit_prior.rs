//! `cargo xtask fit-prior`

use vae_core::Prior;
use vae_data::{Split, Splits};
use vae_train::{PriorFit, TrainError, annotate};

use crate::{
    commands::annotate::describe,
    model_data::ModelDataArgs,
    model_source::ModelArgs,
    outcome::{Done, misuse},
    paths,
    prior_fit::{self, Nearer},
    term,
};

/// Fits a learned prior to a finished model, so that samples come from where its codes lie.
///
/// The codes of the training images are not distributed as N(0, I), and samples from there are often no digits. The
/// prior learns their distribution; all other weights stay as they are. The model file then carries it, and 'grid',
/// 'generate' and 'eval' use it. 'train' does this at the end of a run.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: ModelDataArgs,
    /// Prior to fit: mixture:K (of K Gaussians), mixture:K:full (with full covariances), flow:COUPLINGS:WIDTH, or
    /// flow:COUPLINGS:WIDTH:K (over K Gaussians) [default: what 'train' fits: mixture:200:full, or fewer Gaussians for
    /// few images or many latents]
    #[arg(long, value_name = "NAME")]
    prior: Option<Prior>,
    /// Passes over the codes of the training images; more for small data sets
    #[arg(long, value_name = "N", default_value_t = PriorFit::default().epochs,
          value_parser = clap::value_parser!(u64).range(1..=10_000))]
    epochs: u64,
    /// Batch size
    #[arg(long, value_name = "N", default_value_t = PriorFit::default().batch)]
    batch: usize,
    /// Learning rate at the start; it falls along half a cosine
    #[arg(long, value_name = "X", default_value_t = PriorFit::default().learning_rate, allow_negative_numbers = true)]
    lr: f64,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let mut target = args.model.read_to_change()?;
    let _lock = target.lock()?;
    let Args { data, prior, epochs, batch, lr: learning_rate, seed, .. } = args;
    let default = PriorFit::default();
    let asked = PriorFit { prior: prior.unwrap_or(default.prior), epochs, batch, learning_rate, seed };
    asked.validate(target.model.vae.latent()).map_err(in_flags)?;
    let loaded = data.load_grey::<Splits>(&target.model)?;
    let train = target.model.binarization.measured(&loaded.images.train, Split::Train);
    let fit = match prior {
        Some(_) => asked,
        None => asked.within_reason(target.model.vae.latent(), train.len()),
    };
    let done = prior_fit::fit(&mut target.model, &train, &fit, Nearer::Either);
    // More Gaussians than images: the number of the flag does not fit the data.
    let done = done.map_err(|error| match error.downcast() {
        Ok(error @ TrainError::Field { .. }) => in_flags(error),
        Ok(error) => error.into(),
        Err(error) => error,
    })?;
    if let Done::Interrupted = done {
        term::note(format_args!("stopped; {} is as it was", paths::display(&target.path)));
        return Ok(Done::Interrupted);
    }
    annotate(&target.path, &mut target.model, &loaded.images, &loaded.name)?;
    let annotations = describe(&target.model.annotations);
    term::result(format_args!("{}: prior {}, {annotations}", paths::display(&target.path), fit.prior))?;
    Ok(Done::Finished)
}

/// The error for settings that are wrong on the command line, with the names of the flags.
fn in_flags(error: TrainError) -> anyhow::Error {
    match error {
        TrainError::Field { field: "learning_rate", expected, found } => {
            misuse(format_args!("--lr must be {expected}, found {found}"))
        }
        TrainError::Field { field, expected, found } => {
            misuse(format_args!("--{field} must be {expected}, found {found}"))
        }
        error => misuse(error),
    }
}
