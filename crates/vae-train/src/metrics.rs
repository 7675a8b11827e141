//! The metrics of an epoch: a line of `metrics.jsonl`.

use serde::{Deserialize, Serialize};
use vae_core::Loss;

/// The metrics of one epoch; losses in nats an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// The epoch, from 1.
    pub epoch: u64,
    /// −ELBO, averaged over the training images; each is measured in the step that used it.
    pub train_neg_elbo: f64,
    /// Its part −log p(x|z).
    pub train_reconstruction: f64,
    /// Its part KL(q(z|x) ‖ p(z)).
    pub train_kl: f64,
    /// −ELBO of the held-out images after the epoch. None if no images are held out.
    pub validation_neg_elbo: Option<f64>,
    /// Its part −log p(x|z).
    pub validation_reconstruction: Option<f64>,
    /// Its part KL(q(z|x) ‖ p(z)).
    pub validation_kl: Option<f64>,
    /// −ELBO of the held-out images under the averaged weights, which the model file then holds. None without an
    /// average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_neg_elbo: Option<f64>,
    /// The optimizer's step size in the last step of the epoch.
    pub learning_rate: f64,
    /// Seconds spent on the epoch's training steps, without validation.
    pub train_seconds: f64,
    /// Training images per second.
    pub images_per_second: f64,
}

impl EpochMetrics {
    #[allow(clippy::too_many_arguments, reason = "a line has as many numbers")]
    pub(crate) fn new(
        epoch: u64,
        train: Loss,
        validation: Option<Loss>,
        average: Option<Loss>,
        learning_rate: f64,
        train_seconds: f64,
        images: u64,
    ) -> Self {
        Self {
            epoch,
            train_neg_elbo: train.neg_elbo(),
            train_reconstruction: train.reconstruction,
            train_kl: train.kl,
            validation_neg_elbo: validation.map(|loss| loss.neg_elbo()),
            validation_reconstruction: validation.map(|loss| loss.reconstruction),
            validation_kl: validation.map(|loss| loss.kl),
            average_neg_elbo: average.map(|loss| loss.neg_elbo()),
            learning_rate,
            train_seconds,
            images_per_second: images as f64 / train_seconds.max(f64::MIN_POSITIVE),
        }
    }
}
