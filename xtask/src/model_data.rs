//! `--data` of the commands that take a model: which images to encode, to measure or to show.

use anyhow::{Context, bail};
use vae_train::{DataConfig, ModelFile};

use crate::{
    data_source::{self, Images, Loaded},
    outcome::misuse,
    paths,
};

/// The flag of commands for which the model suggests the images.
#[derive(clap::Args)]
pub(crate) struct ModelDataArgs {
    /// Data set to use, named as for 'cargo xtask train' [default: the data that the model was trained on, which must
    /// be there]
    #[arg(long, value_name = "D", value_parser = data_source::flag)]
    data: Option<String>,
}

impl ModelDataArgs {
    /// Refuses the flag where no data are used.
    pub(crate) fn only_if(&self, are_used: bool) -> anyhow::Result<()> {
        if are_used || self.data.is_none() {
            return Ok(());
        }
        Err(misuse("--data has no effect: samples of the prior need no data"))
    }

    /// The value of the flag.
    pub(crate) fn requested(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// Loads the requested images, or those that the model was trained on.
    pub(crate) fn load<I: Images>(&self, model: &ModelFile) -> anyhow::Result<Loaded<I>> {
        load(model, self.data.as_deref())
    }

    /// Loads the same images with their grey pixels, whatever the model sees of them.
    pub(crate) fn load_grey<I: Images>(&self, model: &ModelFile) -> anyhow::Result<Loaded<I>> {
        load_grey(model, self.data.as_deref())
    }
}

/// Loads the requested images, or those that the model was trained on, with their pixels as the model sees them.
///
/// Other images than the model's own are used only if they are requested by name: a number measured on them looks like
/// any other. The model's own are not downloaded either, as a file's word does not start a download.
pub(crate) fn load<I: Images>(model: &ModelFile, requested: Option<&str>) -> anyhow::Result<Loaded<I>> {
    let Loaded { name, images, fingerprint } = load_grey::<I>(model, requested)?;
    Ok(Loaded { name, images: images.seen_by(model.binarization), fingerprint })
}

fn load_grey<I: Images>(model: &ModelFile, requested: Option<&str>) -> anyhow::Result<Loaded<I>> {
    let digits = DataConfig::default().digits;
    if let Some(requested) = requested {
        return data_source::load(requested, digits);
    }
    let own = model.data.as_deref().context(
        "the model file does not name the data that the model was trained on; pass --data, such as --data mnist",
    )?;
    data_source::expect_present(own)
        .with_context(|| format!("the model was trained on {}", own.escape_debug()))?;
    let loaded: Loaded<I> = data_source::load(own, digits)?;
    let recorded = model.annotations.images.as_ref().filter(|images| images.data == own);
    if let Some(images) = recorded
        && I::recorded(images) != loaded.fingerprint
    {
        bail!(
            "the images of {own}, or their labels, are not those that the model was trained on: they have changed \
             since; to use them all the same, name them: --data {}",
            paths::quoted(own)
        );
    }
    Ok(loaded)
}
