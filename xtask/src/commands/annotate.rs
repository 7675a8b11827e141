//! `cargo xtask annotate`

use vae_data::Splits;
use vae_train::{Annotations, annotate};

use crate::{model_data::ModelDataArgs, model_source::ModelArgs, outcome::Done, paths, term};

/// Stores in a model file what 'generate' needs: the posterior of each class of the training images, and the range of
/// -ELBO of the test images.
///
/// 'train' does this at the end of a run; this command is for other files, such as imported ones. The weights do not
/// change, and the same data always writes the same bytes.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: ModelDataArgs,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let mut target = args.model.read_to_change()?;
    let _lock = target.lock()?;
    let loaded = args.data.load_grey::<Splits>(&target.model)?;
    annotate(&target.path, &mut target.model, &loaded.images, &loaded.name)?;
    let annotations = describe(&target.model.annotations);
    term::result(format_args!("{}: {annotations}", paths::display(&target.path)))?;
    Ok(Done::Finished)
}

/// The annotations of a model file, for messages.
pub(crate) fn describe(annotations: &Annotations) -> String {
    let Annotations { classes, neg_elbo, .. } = annotations;
    let classes = classes.as_ref().map(|classes| format!("classes {}", classes.names()));
    let range = neg_elbo.as_ref().map(|range| {
        format!(
            "-ELBO {:.1} to {:.1} for 99 % of {} test images",
            range.low,
            range.high,
            term::thousands(range.images)
        )
    });
    let found: Vec<String> = classes.into_iter().chain(range).collect();
    if found.is_empty() { "no labels and no test images".to_owned() } else { found.join(", ") }
}
