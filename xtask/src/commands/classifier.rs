//! `cargo xtask classifier`

use std::{ops::ControlFlow, path::PathBuf};

use anyhow::{Context, ensure};
use vae_data::Splits;
use vae_train::{
    ClassifierFile, ClassifierTraining, DataConfig, accuracy, train_classifier, write_atomically,
};

use crate::{data_source, outcome::Done, paths, term};

/// Trains the classifier that 'generate' applies to its images, and measures it on the test images.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long, value_name = "D", default_value = "mnist", value_parser = data_source::flag, help = data_source::HELP)]
    data: String,
    /// Widths of the hidden layers [default: 128]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    hidden: Vec<u32>,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = ClassifierTraining::default().epochs,
          value_parser = clap::value_parser!(u64).range(1..=1000))]
    epochs: u64,
    /// Random seed of the initial weights and of the order of the images
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Classifier file to write; 'generate' reads data/classifier.safetensors
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let loaded = data_source::load::<Splits>(&args.data, DataConfig::default().digits)?;
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
    let accuracy =
        accuracy(&classifier, &images.test).with_context(|| format!("{name} has no labelled test images"))?;
    let file = ClassifierFile { classifier, data: name, accuracy, seed: args.seed };
    write_atomically(&args.out, &file.to_bytes())?;
    let (config, count) = (file.classifier.config(), term::thousands(images.test.len()));
    term::result(format_args!(
        "{}: {config}, {:.2} % accuracy on {count} test images of {}",
        paths::display(&args.out),
        100.0 * accuracy,
        file.data,
    ))?;
    Ok(Done::Finished)
}

fn widths(flags: &[u32]) -> Vec<usize> {
    flags.iter().map(|&width| width as usize).collect()
}
