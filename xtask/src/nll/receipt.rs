//! The receipt of an evaluation: its numbers, and everything that they depend on.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use vae_train::{Bound, LogLikelihood, read_bounded};

use crate::{facts::Facts, term};

/// The largest file that is read as a receipt.
const MAX_BYTES: u64 = 64 << 20;

/// What the numbers depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Estimation {
    /// Samples an image, K.
    pub(super) samples: usize,
    #[serde(flatten)]
    pub(super) facts: Facts,
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
    pub(super) estimation: Estimation,
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

impl Estimation {
    /// The earlier receipt at `path`, if its numbers can be compared with those of an evaluation of these facts.
    pub(super) fn comparable(&self, path: &Path) -> anyhow::Result<Receipt> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        let receipt: Receipt = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: not a receipt of 'eval --nll'", path.display()))?;
        let (now, earlier) = (&self.facts, &receipt.estimation.facts);
        let begin = |digest: &str| digest.chars().take(12).collect::<String>();
        let of_data = |facts: &Facts| {
            format!("{} of {} ({}...)", facts.split.images(), facts.data, begin(&facts.data_sha256))
        };
        let number = |facts: &Facts| format!("{} images", term::thousands(facts.images));
        let of_pixels = |facts: &Facts| format!("{} pixels", facts.protocol);
        let of_samples = |of: &Self| format!("K = {}", of.samples);
        let of_likelihood = |facts: &Facts| format!("{} likelihood", facts.likelihood);
        let same = [
            (now.data_sha256 == earlier.data_sha256, [of_data(earlier), of_data(now)]),
            (now.images == earlier.images, [number(earlier), number(now)]),
            (now.protocol == earlier.protocol, [of_pixels(earlier), of_pixels(now)]),
            (now.likelihood == earlier.likelihood, [of_likelihood(earlier), of_likelihood(now)]),
            (self.samples == receipt.estimation.samples, [of_samples(&receipt.estimation), of_samples(self)]),
        ];
        for (same, [expected, found]) in same {
            let path = path.display();
            ensure!(same, "{path}: the receipt is of {expected}, this evaluation of {found}; no comparison");
        }
        Ok(receipt)
    }
}

impl Receipt {
    pub(super) fn new(estimation: Estimation, answer: &LogLikelihood) -> Self {
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
            estimation,
        }
    }

    /// The difference from an earlier receipt.
    pub(super) fn against(&self, earlier: &Self) -> Difference {
        let facts = &earlier.estimation.facts;
        Difference {
            model: facts.model.clone(),
            prior: facts.prior.clone(),
            model_sha256: facts.model_sha256.clone(),
            seed: facts.seed,
            nll: self.nll - earlier.nll,
            neg_elbo: self.neg_elbo - earlier.neg_elbo,
        }
    }
}
