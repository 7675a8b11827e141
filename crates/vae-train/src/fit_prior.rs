//! A learned prior for a model that is trained: fitted to the codes of the training images, all other weights
//! untouched.

use std::ops::ControlFlow;

use ndarray::{Array2, Axis, s};
use vae_core::{
    Adam, GaussianMixture, MAX_FULL_LATENTS, MixtureConfig, Posterior, Prior, PriorTraining, Vae, VaeError,
    average_weights,
    noise::{Purpose, standard_normal, stream},
};
use vae_data::{Dataset, Holdout, shuffle};

use crate::{TrainError, encode::encode, image_size::check_image_size, schedule::StepSizes};

/// How a prior is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriorFit {
    /// What is fitted. Default `mixture:200:full`.
    pub prior: Prior,
    /// Passes over the codes, each drawn anew from its posterior every time; more where they are few, so that there are
    /// at least 300 steps. Default 10.
    pub epochs: u64,
    /// Codes of a step. Default 256.
    pub batch: usize,
    /// Adam's step size, which falls to nothing along half a cosine. Default 4·10⁻³.
    pub learning_rate: f64,
    /// Random seed of the prior's first weights, the draws and their order. Default 0.
    pub seed: u64,
}

impl Default for PriorFit {
    fn default() -> Self {
        let prior = Prior::Mixture { components: 200, full: true };
        Self { prior, epochs: 10, batch: 256, learning_rate: 4e-3, seed: 0 }
    }
}

/// How far a fit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriorFitReport {
    /// Steps done, and those of the whole fit.
    pub step: u64,
    /// All steps.
    pub steps: u64,
    /// −log p(z) of the codes of this step, averaged, in nats.
    pub neg_log_p: f64,
}

/// A model with its fitted prior, and what that brought.
#[derive(Clone, Debug)]
pub struct FittedPrior {
    /// The model; only its prior differs from the one given.
    pub vae: Vae,
    /// E_x KL(q(z|x) ‖ p(z)) of images that were not fitted to, in nats an image: under N(0, I), and under the prior
    /// that was fitted. Their difference is that of −ELBO. None if there are too few images.
    pub kl: Option<[f64; 2]>,
}

/// The fewest steps of a fit.
const LEAST_STEPS: u64 = 300;
/// The fewest images that the divergence is measured on, and the draws of each.
const LEAST_HELD_OUT: usize = 20;
const DRAWS: u64 = 8;
/// The share of the images that the divergence is measured on.
const HELD_OUT: usize = 10;
/// The most of them.
const MOST_HELD_OUT: usize = 1000;
/// The fewest images for each Gaussian, and the most numbers of all of them.
const IMAGES_A_GAUSSIAN: usize = 50;
const MAX_NUMBERS: usize = 40_000;
/// The most numbers of the gradients of a step: 1 GiB. Each 64 codes have one of their own.
const MAX_GRADIENTS: usize = 1 << 28;
/// The images that full covariances start from.
const EM_IMAGES: usize = 8000;
/// The decay of the running average of the prior's weights.
const AVERAGE: f64 = 0.998;

impl PriorFit {
    /// The same with fewer Gaussians where there are few images or many latents, lest the prior outgrow the model: one
    /// for 50 images, 40 000 numbers in all, and diagonal covariances above [`MAX_FULL_LATENTS`] latents.
    #[must_use]
    pub fn within_reason(self, latent: usize, images: usize) -> Self {
        let few = |components: usize, prior: Prior| {
            let most = (images / IMAGES_A_GAUSSIAN).min(MAX_NUMBERS / prior.mixture_numbers(latent).max(1));
            components.min(most.max(1))
        };
        let prior = match self.prior {
            Prior::Mixture { components, full } => {
                let full = full && latent <= MAX_FULL_LATENTS;
                Prior::Mixture { components: few(components, Prior::Mixture { components: 1, full }), full }
            }
            Prior::Flow { couplings, hidden, components } if components > 0 => {
                let one = Prior::Mixture { components: 1, full: false };
                Prior::Flow { couplings, hidden, components: few(components, one) }
            }
            other => other,
        };
        Self { prior, ..self }
    }

    /// Fits the prior to the codes of `images`. None if the observer asked to stop.
    ///
    /// The same images, settings and seed give the same bits, with any number of threads.
    ///
    /// # Errors
    /// [`TrainError::Field`] for a setting out of its range or a prior without parameters, [`TrainError::NoImages`],
    /// [`TrainError::ImageSize`], and [`TrainError::Model`] for a prior that does not fit the model or numbers that are
    /// not finite.
    pub fn run(
        &self,
        vae: &Vae,
        images: &Dataset,
        mut observer: impl FnMut(&PriorFitReport) -> ControlFlow<()>,
    ) -> Result<Option<FittedPrior>, TrainError> {
        self.validate(vae.latent())?;
        check_image_size(vae, images)?;
        if images.is_empty() {
            return Err(TrainError::NoImages { what: "the training set" });
        }
        let vae = vae.with_prior(self.prior, self.seed)?;
        let codes = encode(&vae, images.images());
        let held_out = (images.len() / HELD_OUT).min(MOST_HELD_OUT);
        let holdout = Holdout::new(images.len(), held_out, self.seed)?;
        let adam = Adam { learning_rate: self.learning_rate as f32, ..Adam::default() };
        let mut training = PriorTraining::new(vae, adam);
        let batch = self.batch.min(holdout.train.len());
        let steps_per_epoch = holdout.train.len().div_ceil(batch) as u64;
        let epochs = self.epochs.max(LEAST_STEPS.div_ceil(steps_per_epoch));
        let step_sizes = StepSizes::cosine(epochs * steps_per_epoch);
        self.start(&mut training, &codes, &holdout.train)?;

        let mut average = training.vae().parameters().values()[training.vae().prior_parameters()].to_vec();
        let mut z = Array2::zeros((batch, training.vae().latent()));
        let mut step = 0;
        for epoch in 0..epochs {
            let mut order = holdout.train.clone();
            shuffle(&mut order, self.seed, epoch);
            for (indices, number) in order.chunks(batch).zip(0..) {
                let mut z = z.slice_mut(s![..indices.len(), ..]);
                standard_normal(&mut stream(self.seed, Purpose::PRIOR, 1 + epoch, number), z.view_mut());
                draw(&codes, indices, &mut z);
                training.optimizer.learning_rate = (self.learning_rate * step_sizes.factor(step)) as f32;
                let neg_log_p = training.step(z.view())?;
                step += 1;
                let range = training.vae().prior_parameters();
                average_weights(&mut average, &training.vae().parameters().values()[range], AVERAGE, step);
                let report = PriorFitReport { step, steps: epochs * steps_per_epoch, neg_log_p };
                if observer(&report).is_break() {
                    return Ok(None);
                }
            }
        }
        let mut vae = training.into_vae();
        let range = vae.prior_parameters();
        vae.parameters_mut().values_mut()[range].copy_from_slice(&average);
        let kl = (held_out >= LEAST_HELD_OUT).then(|| self.divergences(&vae, &codes, &holdout.validation));
        match kl.iter().flatten().find(|kl| !kl.is_finite()) {
            Some(_) => Err(VaeError::NotFinite { term: "KL".to_owned() }.into()),
            None => Ok(Some(FittedPrior { vae, kl })),
        }
    }

    /// Checks every field, for a model of so many latents.
    ///
    /// # Errors
    /// [`TrainError::Field`] or [`TrainError::Model`] for the first that is wrong.
    pub fn validate(&self, latent: usize) -> Result<(), TrainError> {
        let check = |field, ok: bool, expected: &str, found: String| {
            if ok { Ok(()) } else { Err(TrainError::Field { field, expected: expected.to_owned(), found }) }
        };
        let Self { prior, epochs, batch, learning_rate, .. } = *self;
        check("prior", prior != Prior::Standard, "a prior that is learned", prior.to_string())?;
        prior.validate(latent)?;
        check("epochs", (1..=10_000).contains(&epochs), "between 1 and 10000", epochs.to_string())?;
        check("batch", (1..=1 << 16).contains(&batch), "between 1 and 65536", batch.to_string())?;
        let most = (MAX_GRADIENTS / prior.mixture_numbers(latent).max(1)).saturating_mul(64);
        check(
            "batch",
            batch <= most.max(64),
            &format!("at most {most} for a prior of this size"),
            batch.to_string(),
        )?;
        let ok = learning_rate > 0.0 && learning_rate <= 1.0;
        check("learning_rate", ok, "above 0 and at most 1", learning_rate.to_string())
    }

    /// Diagonal Gaussians start at codes of as many images, with their variance; full ones as expectation maximisation
    /// finds them for some thousand images.
    fn start(
        &self,
        training: &mut PriorTraining,
        codes: &Posterior,
        images: &[u32],
    ) -> Result<(), TrainError> {
        let (Prior::Mixture { components, .. } | Prior::Flow { components, .. }) = self.prior else {
            return Ok(());
        };
        if components == 0 {
            return Ok(());
        }
        if images.len() < components {
            let expected = format!("at most {} Gaussians for as many images", images.len());
            return Err(TrainError::Field { field: "prior", expected, found: self.prior.to_string() });
        }
        let mut order = images.to_vec();
        shuffle(&mut order, self.seed, 0);
        if let Prior::Mixture { full: true, .. } = self.prior {
            order.truncate(EM_IMAGES.max(components));
            let rows: Vec<usize> = order.iter().map(|&index| index as usize).collect();
            let [means, log_vars] = [&codes.mean, &codes.log_var].map(|codes| codes.select(Axis(0), &rows));
            let config = MixtureConfig { components, sample: rows.len(), ..MixtureConfig::default() };
            training.start_as(&GaussianMixture::fit(means.view(), log_vars.view(), &config)?);
            return Ok(());
        }
        order.truncate(components);
        let mut z = Array2::zeros((components, codes.mean.ncols()));
        standard_normal(&mut stream(self.seed, Purpose::PRIOR, 0, 1), z.view_mut());
        draw(codes, &order, &mut z.view_mut());
        let variance = codes.log_var.mapv(|v| f64::from(v).exp()).mean().unwrap_or(1.0);
        training.start_at(z.view(), (2.0 * variance).min(1.0).ln() as f32);
        Ok(())
    }

    /// E_x KL(q(z|x) ‖ ·) under N(0, I) and under the fitted prior, with a few draws an image for the latter.
    fn divergences(&self, vae: &Vae, codes: &Posterior, indices: &[u32]) -> [f64; 2] {
        let mut z = Array2::zeros((indices.len(), vae.latent()));
        let mut log_p = 0.0;
        for which in 0..DRAWS {
            standard_normal(&mut stream(self.seed, Purpose::PRIOR, 0, 2 + which), z.view_mut());
            draw(codes, indices, &mut z.view_mut());
            log_p += vae.log_prior(z.view()).iter().map(|&log_p| f64::from(log_p)).sum::<f64>();
        }
        log_p /= DRAWS as f64;
        let (mut standard, mut entropy) = (0.0, 0.0);
        for &index in indices {
            let index = index as usize;
            for (&mean, &log_var) in codes.mean.row(index).iter().zip(codes.log_var.row(index)) {
                let (mean, log_var) = (f64::from(mean), f64::from(log_var));
                standard += 0.5 * (mean * mean + log_var.exp() - 1.0 - log_var);
                entropy += 0.5 * (1.0 + (2.0 * std::f64::consts::PI).ln() + log_var);
            }
        }
        let images = indices.len() as f64;
        [standard / images, -(entropy + log_p) / images]
    }
}

/// z of these images, in place of the noise ε.
fn draw(codes: &Posterior, indices: &[u32], z: &mut ndarray::ArrayViewMut2<'_, f32>) {
    for (mut z, &index) in z.rows_mut().into_iter().zip(indices) {
        let index = index as usize;
        for ((z, mean), log_var) in z.iter_mut().zip(codes.mean.row(index)).zip(codes.log_var.row(index)) {
            *z = mean + (0.5 * log_var).exp() * *z;
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;
    use vae_core::VaeConfig;
    use vae_data::{Split, digits};

    use super::*;
    use crate::{TrainConfig, Trainer};

    fn trained(data: &Dataset) -> Vae {
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![32], 4);
        (config.data.validation, config.training.batch, config.optimizer.learning_rate) =
            (Some(50), 32, 5e-3);
        let mut trainer = Trainer::new(config, data).unwrap();
        for _ in 0..6 {
            trainer.train_epoch(&mut ()).unwrap();
        }
        trainer.vae().clone()
    }

    fn fit(prior: Prior) -> PriorFit {
        PriorFit { prior, epochs: 30, batch: 64, learning_rate: 5e-3, seed: 1 }
    }

    #[test]
    fn a_fitted_prior_is_nearer_to_the_codes_than_the_standard_one() {
        let data = digits::generate(1500, 1, Split::Train);
        let vae = trained(&data);
        for prior in [
            Prior::Flow { couplings: 4, hidden: 24, components: 10 },
            Prior::Mixture { components: 30, full: false },
            Prior::Mixture { components: 10, full: true },
        ] {
            let run = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| fit(prior).run(&vae, &data, |_| ControlFlow::Continue(()))).unwrap().unwrap()
            };
            let fitted = run(1);
            let [standard, learned] = fitted.kl.unwrap();
            assert!(learned < standard - 0.2, "{prior}: {standard} to {learned}");
            let others = vae.parameters().len();
            assert_eq!(fitted.vae.parameters().values()[..others], *vae.parameters().values());
            assert_eq!(run(2).vae.parameters(), fitted.vae.parameters(), "{prior}");
        }
    }

    #[test]
    fn few_images_and_many_latents_have_few_gaussians() {
        let of = |latent, images| match PriorFit::default().within_reason(latent, images).prior {
            Prior::Mixture { components, .. } => components,
            other => panic!("{other}"),
        };
        assert_eq!(
            [of(16, 59_000), of(16, 1000), of(16, 20), of(64, 59_000), of(1000, 59_000)],
            [200, 20, 1, 18, 19]
        );
        let flow = PriorFit { prior: Prior::FLOW, ..PriorFit::default() };
        assert_eq!(flow.within_reason(64, 10), flow);
    }

    #[test]
    fn an_observer_may_stop_it() {
        let data = digits::generate(40, 1, Split::Train);
        let vae = Vae::new(VaeConfig { hidden: vec![8], latent: 2, ..VaeConfig::default() }, 1).unwrap();
        let stopped = fit(Prior::FLOW).run(&vae, &data, |report| {
            if report.step == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(stopped.unwrap().is_none());
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let data = digits::generate(40, 1, Split::Train);
        let vae =
            |latent| Vae::new(VaeConfig { hidden: vec![8], latent, ..VaeConfig::default() }, 1).unwrap();
        let error = |fit: PriorFit, latent| {
            fit.run(&vae(latent), &data, |_| ControlFlow::Continue(())).unwrap_err().to_string()
        };
        let good = fit(Prior::FLOW);
        assert!(error(PriorFit { prior: Prior::Standard, ..good }, 3).contains("a prior that is learned"));
        assert!(error(PriorFit { epochs: 0, ..good }, 3).contains("epochs"));
        assert!(error(PriorFit { learning_rate: f64::NAN, ..good }, 3).contains("learning_rate"));
        assert!(error(good, 1).contains("at least two latents"));
        assert!(error(fit(Prior::MIXTURE), 3).contains("at most 36 Gaussians"));
    }
}
