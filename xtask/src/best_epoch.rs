//! The best epoch of a run.

use serde::Serialize;
use vae_train::EpochMetrics;

/// The best epoch of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Best {
    pub(crate) epoch: u64,
    /// Nats an image.
    pub(crate) neg_elbo: f64,
    pub(crate) measured_on: Measured,
}

/// The images that a loss is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measured {
    /// Held-out images.
    Validation,
    /// Held-out images, under the average of the weights.
    ValidationAveraged,
    /// Training images: none are held out.
    Train,
}

/// The epoch with the lowest −ELBO, of the held-out images if there are any.
pub(crate) fn best(metrics: &[EpochMetrics]) -> Option<Best> {
    let held_out = |line: &EpochMetrics| match (line.average_neg_elbo, line.validation_neg_elbo) {
        (Some(average), _) => Some((average, Measured::ValidationAveraged)),
        (None, validation) => validation.map(|neg_elbo| (neg_elbo, Measured::Validation)),
    };
    let best = |value: &dyn Fn(&EpochMetrics) -> Option<(f64, Measured)>| {
        let epochs = metrics.iter().filter_map(|line| {
            let (neg_elbo, measured_on) = value(line).filter(|(neg_elbo, _)| neg_elbo.is_finite())?;
            Some(Best { epoch: line.epoch, neg_elbo, measured_on })
        });
        epochs.min_by(|a, b| a.neg_elbo.total_cmp(&b.neg_elbo))
    };
    best(&held_out).or_else(|| best(&|line| Some((line.train_neg_elbo, Measured::Train))))
}
