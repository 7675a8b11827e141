//! Posterior collapse: a run at whose end the codes say nearly nothing of the images.
//!
//! KL(q(z|x) ‖ p(z)), averaged over images, bounds the information that a code has about its image. Where it ends at
//! nothing, the posterior is the prior for every image: the decoder ignores z and draws the mean of the data, in
//! reconstructions and in samples alike (Bowman et al., *Generating sentences from a continuous space*, 2016).

use std::f64::consts::LN_2;

use vae_core::{Likelihood, Prior};
use vae_data::Binarization;

use crate::{EpochMetrics, TrainConfig};

/// Steps below which a model may just not have learned anything yet.
const FEW_STEPS: u64 = 1000;

/// A fixed σ of pixels in [0, 1] from which on a whole image is hardly more than noise.
const WIDE_SIGMA: f32 = 0.5;

/// The end of a run whose codes say nearly nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Collapse {
    /// The KL term of the last epoch, in nats an image: of the held-out images if there are any, else of those
    /// trained on.
    pub kl: f64,
    /// What would help, as far as the configuration leaves it to do, the likeliest first.
    pub remedies: Vec<Remedy>,
}

/// What can help against a posterior that collapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// A smaller weight of the KL term; β is above 1.
    SmallerBeta,
    /// More epochs or a smaller batch; the run had few steps.
    MoreSteps,
    /// A smaller σ of the Gaussian likelihood, so that the reconstruction counts for more.
    SmallerSigma,
    /// Another likelihood than a Bernoulli one for pixels that are grey.
    OtherLikelihood,
    /// A warm-up of β, in which reconstruction is learned first.
    BetaWarmup,
    /// Nats that each latent may carry for nothing.
    FreeBits,
    /// Fewer hidden layers.
    FewerLayers,
}

impl Collapse {
    /// The KL term, in nats an image, below which a run has collapsed: one bit, which tells two kinds of images apart
    /// and no more.
    pub const LIMIT: f64 = LN_2;

    /// Looks at the metrics of a run of this configuration, which took so many steps. None if its last epoch has a KL
    /// term of at least [`LIMIT`](Self::LIMIT), or if there is no epoch.
    pub fn find(metrics: &[EpochMetrics], config: &TrainConfig, steps: u64) -> Option<Self> {
        let last = metrics.last()?;
        let kl = last.validation_kl.unwrap_or(last.train_kl);
        (kl < Self::LIMIT).then(|| Self { kl, remedies: remedies(config, steps) })
    }
}

fn remedies(config: &TrainConfig, steps: u64) -> Vec<Remedy> {
    let TrainConfig { model, training, data, .. } = config;
    let grey = data.binarization == Binarization::Grey;
    [
        (Remedy::SmallerBeta, training.beta > 1.0),
        (Remedy::MoreSteps, steps < FEW_STEPS),
        (
            Remedy::SmallerSigma,
            matches!(model.likelihood, Likelihood::Gaussian { sigma: Some(sigma) } if sigma >= WIDE_SIGMA),
        ),
        (Remedy::OtherLikelihood, model.likelihood == Likelihood::Bernoulli && grey),
        (Remedy::BetaWarmup, training.beta_warmup_epochs == 0.0),
        (Remedy::FreeBits, training.free_bits == 0.0 && model.prior == Prior::Standard),
        (Remedy::FewerLayers, model.hidden.len() > 2),
    ]
    .into_iter()
    .filter_map(|(remedy, applies)| applies.then_some(remedy))
    .collect()
}

#[cfg(test)]
mod tests {
    use vae_core::Loss;
    use vae_data::{Split, digits};

    use super::*;
    use crate::{EpochEnd, Trainer};

    fn epoch(train_kl: f64, validation_kl: Option<f64>) -> EpochMetrics {
        let loss = |kl| Loss { reconstruction: 200.0, kl };
        EpochMetrics::new(1, loss(train_kl), validation_kl.map(loss), None, 1e-3, 1.0, 100)
    }

    fn find(metrics: &[EpochMetrics]) -> Option<f64> {
        Collapse::find(metrics, &TrainConfig::default(), 5000).map(|collapse| collapse.kl)
    }

    #[test]
    fn the_last_epoch_decides_and_its_held_out_images_if_there_are_any() {
        let (nothing, much) = (epoch(0.02, Some(0.01)), epoch(12.0, Some(13.0)));
        assert_eq!(find(&[]), None);
        assert_eq!(find(&[nothing.clone(), much.clone()]), None);
        assert_eq!(find(&[much, nothing]), Some(0.01));
        assert_eq!(find(&[epoch(12.0, Some(0.3))]), Some(0.3));
        assert_eq!(find(&[epoch(0.3, None)]), Some(0.3));
        assert_eq!(find(&[epoch(0.3, Some(12.0))]), None);
    }

    #[test]
    fn a_bit_is_the_limit() {
        assert_eq!(find(&[epoch(0.0, Some(0.69))]), Some(0.69));
        assert_eq!(find(&[epoch(0.0, Some(0.70))]), None);
    }

    #[test]
    fn what_the_configuration_has_done_already_is_not_advised() {
        let of = |change: fn(&mut TrainConfig), steps| {
            let mut config = TrainConfig::default();
            change(&mut config);
            Collapse::find(&[epoch(0.0, None)], &config, steps).unwrap().remedies
        };
        use Remedy::{
            BetaWarmup, FewerLayers, FreeBits, MoreSteps, OtherLikelihood, SmallerBeta, SmallerSigma,
        };
        assert_eq!(of(|_| {}, 5000), [OtherLikelihood, BetaWarmup, FreeBits]);
        assert_eq!(
            of(|config| config.training.beta = 50.0, 5000),
            [SmallerBeta, OtherLikelihood, BetaWarmup, FreeBits]
        );
        assert_eq!(of(|_| {}, 100), [MoreSteps, OtherLikelihood, BetaWarmup, FreeBits]);
        let wide = |config: &mut TrainConfig| config.model.likelihood = "gaussian:1".parse().unwrap();
        assert_eq!(of(wide, 5000), [SmallerSigma, BetaWarmup, FreeBits]);
        let narrow = |config: &mut TrainConfig| config.model.likelihood = "gaussian:0.1".parse().unwrap();
        assert_eq!(of(narrow, 5000), [BetaWarmup, FreeBits]);
        let much = |config: &mut TrainConfig| {
            config.model.hidden = vec![64; 4];
            config.data.binarization = Binarization::Dynamic;
            (config.training.beta_warmup_epochs, config.training.free_bits) = (2.0, 0.1);
        };
        assert_eq!(of(much, 5000), [FewerLayers]);
    }

    /// The end of a training of real digits.
    fn trained(beta: f64) -> Option<Collapse> {
        let data = digits::generate(640, 1, Split::Train);
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![32], 4);
        (config.data.validation, config.training.batch, config.training.beta) = (Some(0), 32, beta);
        config.optimizer.learning_rate = 3e-3;
        let mut trainer = Trainer::new(config, &data).unwrap();
        let mut metrics = Vec::new();
        for number in 1..=15 {
            let EpochEnd::Complete { train, .. } = trainer.train_epoch(&mut ()).unwrap() else { panic!() };
            metrics.push(EpochMetrics::new(number, train, None, None, 3e-3, 1.0, 640));
        }
        Collapse::find(&metrics, trainer.config(), 15 * trainer.steps_per_epoch())
    }

    #[test]
    fn a_huge_beta_collapses_a_real_training_and_a_beta_of_one_does_not() {
        assert_eq!(trained(1.0), None);
        let collapse = trained(1000.0).expect("codes that say nothing");
        assert_eq!(collapse.remedies[0], Remedy::SmallerBeta);
    }
}
