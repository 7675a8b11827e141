//! The receipt of an evaluation: its numbers, and everything that they depend on.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vae_data::Dataset;
use vae_train::{Bound, LogLikelihood, read_bounded};

use crate::{data_source::Loaded, model_source::ModelSource, paths, term};

/// The largest file that is read as a receipt.
const MAX_BYTES: u64 = 64 << 20;

/// What the numbers depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Samples an image, K.
    pub(super) samples: usize,
    pub(super) images: usize,
    pub(super) likelihood: String,
    /// How pixels become x.
    pub(super) protocol: String,
    pub(super) prior: String,
    pub(super) seed: u64,
    pub(super) data: String,
    /// [`Dataset::fingerprint`] of all test images.
    pub(super) data_sha256: String,
    pub(super) model: String,
    /// SHA-256 of the model file.
    pub(super) model_sha256: String,
    /// The version of this program.
    pub(super) version: String,
    /// Parameters of the model.
    pub(super) parameters: usize,
    /// Latents of the model.
    pub(super) latent: usize,
}

/// The numbers of an evaluation and what they depend on. Losses are in nats per image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    /// The estimate of -log p(x) with all samples.
    pub(super) nll: f64,
    pub(super) standard_error: Option<f64>,
    pub(super) bounds: Vec<BoundRow>,
    /// Averaged over all samples, as are its two terms.
    pub(super) neg_elbo: f64,
    pub(super) reconstruction: f64,
    pub(super) kl: f64,
    pub(super) effective_samples: f64,
    pub(super) active_units: usize,
    /// KL of each latent from N(0, 1); they add up to the KL term under the standard prior alone.
    pub(super) kl_per_latent: Vec<f64>,
    #[serde(flatten)]
    pub(super) facts: Facts,
}

/// A bound of fewer samples, or of all.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct BoundRow {
    pub(super) samples: usize,
    pub(super) nll: f64,
    pub(super) standard_error: Option<f64>,
}

/// The difference from an earlier receipt of the same images.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Difference {
    /// The model of the earlier receipt.
    pub(super) model: String,
    pub(super) model_sha256: String,
    /// Its prior, which may be another.
    pub(super) prior: String,
    pub(super) seed: u64,
    /// This -log p(x) less the earlier.
    pub(super) nll: f64,
    /// This -ELBO less the earlier.
    pub(super) neg_elbo: f64,
}

impl Facts {
    pub(super) fn new(
        source: &ModelSource,
        loaded: &Loaded<Dataset>,
        images: usize,
        samples: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let vae = &source.model.vae;
        let model = paths::display(&source.path);
        Ok(Self {
            samples,
            images,
            likelihood: vae.config().likelihood.to_string(),
            protocol: source.model.binarization.to_string(),
            prior: vae.config().prior.to_string(),
            seed,
            data: loaded.name.clone(),
            data_sha256: loaded.fingerprint.clone(),
            model,
            model_sha256: sha256(&source.bytes()?),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parameters: vae.parameters().len(),
            latent: vae.latent(),
        })
    }

    /// The earlier receipt at `path`, if its numbers can be compared with those of an evaluation of these facts.
    pub(super) fn comparable(&self, path: &Path) -> anyhow::Result<Receipt> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        let receipt: Receipt = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: not a receipt of 'eval --nll'", path.display()))?;
        let earlier = &receipt.facts;
        let begin = |digest: &str| digest.chars().take(12).collect::<String>();
        let of_data = |facts: &Self| format!("data {} ({}...)", facts.data, begin(&facts.data_sha256));
        let number = |facts: &Self| format!("{} images", term::thousands(facts.images));
        let of_pixels = |facts: &Self| format!("{} pixels", facts.protocol);
        let of_samples = |facts: &Self| format!("K = {}", facts.samples);
        let of_likelihood = |facts: &Self| format!("{} likelihood", facts.likelihood);
        let same = [
            (self.data_sha256 == earlier.data_sha256, [of_data(earlier), of_data(self)]),
            (self.images == earlier.images, [number(earlier), number(self)]),
            (self.protocol == earlier.protocol, [of_pixels(earlier), of_pixels(self)]),
            (self.likelihood == earlier.likelihood, [of_likelihood(earlier), of_likelihood(self)]),
            (self.samples == earlier.samples, [of_samples(earlier), of_samples(self)]),
        ];
        for (same, [expected, found]) in same {
            let path = path.display();
            ensure!(same, "{path}: the receipt is of {expected}, this evaluation of {found}; no comparison");
        }
        Ok(receipt)
    }
}

impl Receipt {
    pub(super) fn new(facts: Facts, answer: &LogLikelihood) -> Self {
        let row = |&Bound { samples, nll, standard_error }: &Bound| BoundRow { samples, nll, standard_error };
        let all = answer.nll();
        Self {
            nll: all.nll,
            standard_error: all.standard_error,
            bounds: answer.bounds.iter().map(row).collect(),
            neg_elbo: answer.neg_elbo(),
            reconstruction: answer.reconstruction,
            kl: answer.kl,
            effective_samples: answer.effective_samples,
            active_units: answer.active_units(),
            kl_per_latent: answer.kl_per_latent.clone(),
            facts,
        }
    }

    /// The difference from an earlier receipt.
    pub(super) fn against(&self, earlier: &Self) -> Difference {
        Difference {
            model: earlier.facts.model.clone(),
            prior: earlier.facts.prior.clone(),
            model_sha256: earlier.facts.model_sha256.clone(),
            seed: earlier.facts.seed,
            nll: self.nll - earlier.nll,
            neg_elbo: self.neg_elbo - earlier.neg_elbo,
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
fn sha256(bytes: &[u8]) -> String {
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
