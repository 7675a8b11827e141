//! `--data` of the commands that take a model: which images to encode, to measure or to show.

use vae_train::{DataConfig, ModelFile};

use crate::data_source::{self, Images, Loaded};

/// The flag of commands for which the model suggests the images.
#[derive(clap::Args)]
pub(crate) struct ModelDataArgs {
    /// Data set to use, named as for 'cargo xtask train' [default: the data that the model was trained on; for MNIST or
    /// unknown data, what 'auto' finds]
    #[arg(long, value_name = "D")]
    data: Option<String>,
}

impl ModelDataArgs {
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
/// For a model of MNIST or of unknown data, the default is what `auto` finds, so that such a model can be used without
/// MNIST; the output names the data.
pub(crate) fn load<I: Images>(model: &ModelFile, requested: Option<&str>) -> anyhow::Result<Loaded<I>> {
    let Loaded { name, images, fingerprint } = load_grey::<I>(model, requested)?;
    Ok(Loaded { name, images: images.seen_by(model.binarization), fingerprint })
}

fn load_grey<I: Images>(model: &ModelFile, requested: Option<&str>) -> anyhow::Result<Loaded<I>> {
    let source = match (requested, model.data.as_deref()) {
        (Some(requested), _) => requested,
        (None, Some("mnist") | None) => "auto",
        (None, Some(own)) => own,
    };
    data_source::load(source, DataConfig::default().digits)
}
