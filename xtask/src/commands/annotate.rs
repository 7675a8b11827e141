//! `cargo xtask annotate`

use std::path::Path;

use anyhow::Context;
use vae_data::Splits;
use vae_train::{Annotations, DataConfig, RunDir, annotate};

use crate::{data_source, model_source, outcome::Done, paths, term};

/// Writes into a model's file what data say about it, for 'generate': the posteriors of each class of the training
/// images, and the range of -ELBO of the test images.
///
/// 'train' does so at the end of a run; this is for other files, such as converted ones. The weights stay as they are,
/// and the same data writes the same bytes.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// Whose images: as in 'cargo xtask train' [default: what the model was trained on]
    #[arg(long, value_name = "D")]
    data: Option<String>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let mut chosen = args.model.read_to_change()?;
    // A training that goes on would write the same file.
    let run = RunDir::new(chosen.path.parent().unwrap_or(Path::new("")));
    let _lock = if run.checkpoint().exists() { Some(run.lock()?) } else { None };
    // Never what 'auto' falls back on: it would stay in the file.
    let source = args.data.or_else(|| chosen.model.data.clone());
    let source =
        source.context("the file does not say what the model was trained on: name it with --data")?;
    let loaded = data_source::load::<Splits>(&source, DataConfig::default().digits)?;
    annotate(&chosen.path, &mut chosen.model, &loaded.images, &loaded.name)?;
    let known = describe(&chosen.model.annotations);
    term::result(format_args!("{}: {known}", paths::display(&chosen.path)))?;
    Ok(Done::Finished)
}

/// What the file knows now, for people.
pub(crate) fn describe(annotations: &Annotations) -> String {
    let Annotations { classes, neg_elbo } = annotations;
    let classes = classes.as_ref().map(|classes| format!("the classes {}", classes.names()));
    let range = neg_elbo.as_ref().map(|range| {
        format!(
            "-ELBO {:.1} to {:.1} of {} test images",
            range.low,
            range.high,
            term::thousands(range.images)
        )
    });
    let known: Vec<String> = classes.into_iter().chain(range).collect();
    if known.is_empty() { "nothing: no labels, no test images".to_owned() } else { known.join(", ") }
}
