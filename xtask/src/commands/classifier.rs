//! `cargo xtask classifier`

use std::{ops::ControlFlow, path::PathBuf};

use anyhow::{Context, ensure};
use vae_data::Splits;
use vae_train::{
    ClassifierFile, ClassifierTraining, TrainConfig, accuracy, train_classifier, write_atomically,
};

use crate::{data_source, outcome::Done, paths, term};

/// Trains the classifier that judges what 'generate' draws, and measures it on the test images.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long, value_name = "D", default_value = "mnist", help = data_source::HELP)]
    data: String,
    /// Widths of the hidden layers [default: 128]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    hidden: Vec<u32>,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = ClassifierTraining::default().epochs, value_parser = clap::value_parser!(u64).range(1..=1000))]
    epochs: u64,
    /// From which weights and order follow
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The classifier; 'generate' reads data/classifier.safetensors
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let loaded = data_source::load::<Splits>(&args.data, TrainConfig::default().data.digits)?;
    let (name, images) = (loaded.name, loaded.images);
    ensure!(
        images.test.labels().is_some_and(|labels| !labels.is_empty()),
        "{name} has no labelled test images"
    );
    let defaults = ClassifierTraining::default();
    let hidden = if args.hidden.is_empty() { defaults.hidden } else { widths(&args.hidden) };
    let training = ClassifierTraining { hidden, epochs: args.epochs, seed: args.seed, ..defaults };
    let mut observe = |epoch, loss| {
        term::line(format_args!("epoch {epoch}/{}  cross-entropy {loss:.4} nats", args.epochs));
        ControlFlow::Continue(())
    };
    let classifier = train_classifier(&images.train, &name, &training, &mut observe)?;
    let accuracy = accuracy(&classifier, &images.test).context("no test images")?;
    let file = ClassifierFile { classifier, data: name, accuracy, seed: args.seed };
    write_atomically(&args.out, &file.to_bytes())?;
    let (config, count) = (file.classifier.config(), term::thousands(images.test.len()));
    term::result(format_args!(
        "{}: {config}, reads {:.2} % of {count} test images of {} as what they are",
        paths::display(&args.out),
        100.0 * accuracy,
        file.data,
    ))?;
    Ok(Done::Finished)
}

fn widths(flags: &[u32]) -> Vec<usize> {
    flags.iter().map(|&width| width as usize).collect()
}
