//! What the numbers of an evaluation depend on, so that they can be quoted and repeated: the same facts in the output
//! of `eval` and in the receipts of `eval --nll`.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vae_data::Dataset;

use crate::{data_source::Loaded, model_source::ModelSource, paths, term};

/// The split that is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MeasuredSplit {
    /// All training images, those held out among them
    Train,
    /// The test images
    #[default]
    Test,
}

/// What the numbers depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) images: usize,
    /// Receipts of earlier versions are of test images and do not say it.
    #[serde(default)]
    pub(crate) split: MeasuredSplit,
    pub(crate) likelihood: String,
    /// How pixels become x.
    pub(crate) protocol: String,
    pub(crate) prior: String,
    pub(crate) seed: u64,
    pub(crate) data: String,
    /// [`Dataset::fingerprint`] of all images of the split.
    pub(crate) data_sha256: String,
    pub(crate) model: String,
    /// SHA-256 of the model file.
    pub(crate) model_sha256: String,
    /// The version of this program.
    pub(crate) version: String,
    /// Parameters of the model.
    pub(crate) parameters: usize,
    /// Latents of the model.
    pub(crate) latent: usize,
}

impl MeasuredSplit {
    /// What its images are called.
    pub(crate) fn images(self) -> &'static str {
        match self {
            Self::Train => "training images",
            Self::Test => "test images",
        }
    }
}

impl Facts {
    /// The facts of an evaluation of the first `images` images of a split.
    pub(crate) fn new(
        source: &ModelSource,
        loaded: &Loaded<Dataset>,
        split: MeasuredSplit,
        images: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let vae = &source.model.vae;
        Ok(Self {
            images,
            split,
            likelihood: vae.config().likelihood.to_string(),
            protocol: source.model.binarization.to_string(),
            prior: vae.config().prior.to_string(),
            seed,
            data: loaded.name.clone(),
            data_sha256: loaded.fingerprint.clone(),
            model: paths::display(&source.path),
            model_sha256: sha256(&source.bytes()?),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parameters: vae.parameters().len(),
            latent: vae.latent(),
        })
    }

    /// What is measured, as the beginning of a line: `10 000 test images of mnist, grey pixels, ...`.
    pub(crate) fn describe(&self) -> String {
        let Self { split, data, protocol, likelihood, prior, .. } = self;
        let (count, images) = (term::thousands(self.images), split.images());
        format!("{count} {images} of {data}, {protocol} pixels, {likelihood} likelihood, {prior} prior")
    }
}

/// SHA-256, in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
    }
}
