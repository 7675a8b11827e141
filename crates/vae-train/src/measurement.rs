//! −ELBO of images with all that is quoted beside it: its standard error, bits a dimension, active latents.

use std::{f64::consts::LN_2, ops::ControlFlow};

use ndarray::{Array2, ArrayView2, s};
use vae_core::{Batch, Loss, LossMean, Vae, VaeError};

use crate::{
    blocks::{all, draw_noise, for_each_block},
    latents::{LatentSums, active},
    moments::Moments,
};

/// The largest number of draws of z an image.
pub const MAX_DRAWS: usize = 10_000;

/// The loss of images that are not learned from, and what their codes tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// Averaged over draws and images, in nats an image: with one draw, what [`evaluate`](crate::evaluate) gives.
    pub loss: Loss,
    /// The standard error over images of −ELBO, of which each image has the average of its draws; none for a single
    /// image.
    pub standard_error: Option<f64>,
    /// Numbers of an image, D.
    pub dimensions: usize,
    /// KL(q(z|x) ‖ N(0, 1)) of each latent in nats, averaged over images.
    pub kl_per_latent: Vec<f64>,
    /// The variance over images of each latent's posterior mean.
    pub mean_variance: Vec<f64>,
}

impl Measurement {
    /// −ELBO in bits a dimension, −ELBO / (D ln 2). It is comparable with lossless coding where pixels have
    /// probabilities, as black or white ones have under a Bernoulli likelihood; of a density it may be negative.
    pub fn bits_per_dim(&self) -> f64 {
        self.loss.neg_elbo() / (self.dimensions as f64 * LN_2)
    }

    /// Latents that carry information about the image.
    pub fn active_units(&self) -> usize {
        active(&self.mean_variance)
    }
}

/// How far a measurement has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasureProgress {
    /// Images done, with all their draws.
    pub images: usize,
    /// −ELBO, averaged over all that has been measured.
    pub neg_elbo: f64,
}

/// Measures `images` with so many draws of z an image. `observer` is called after each draw for a block of images, and
/// may break; the answer is then none, as it is for no images.
///
/// The noise depends on the seed, the number of the draw and an image's place alone: the first draws of many are those
/// of few, and the only draw is that of [`evaluate`](crate::evaluate).
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Errors
/// [`VaeError::OutOfRange`] for a likelihood that excludes numbers in [0, 1], [`VaeError::NotFinite`] for a term that
/// is infinite or not a number.
///
/// # Panics
/// If D is not the model's number of inputs, or the number of draws is not between 1 and [`MAX_DRAWS`].
pub fn measure(
    vae: &Vae,
    images: ArrayView2<'_, u8>,
    draws: usize,
    seed: u64,
    mut observer: impl FnMut(MeasureProgress) -> ControlFlow<()>,
) -> Result<Option<Measurement>, VaeError> {
    assert!((1..=MAX_DRAWS).contains(&draws), "between 1 and {MAX_DRAWS} draws, found {draws}");
    let (mut mean, mut moments) = (LossMean::default(), Moments::default());
    let (mut latents, mut eps) = (LatentSums::new(vae.latent()), Array2::zeros((0, vae.latent())));
    let done = for_each_block(images, &all(images), |x, range| {
        latents.add(vae, &vae.encode(x));
        if eps.nrows() < range.len() {
            eps = Array2::zeros((range.len(), vae.latent()));
        }
        let mut eps = eps.slice_mut(s![..range.len(), ..]);
        let mut neg_elbos = vec![0.0; range.len()];
        for draw in 0..draws {
            draw_noise(eps.view_mut(), seed, draw as u64, &range);
            let terms = vae.loss_per_image(Batch::new(x, eps.view()))?;
            let loss = terms.mean();
            for (term, value) in [("reconstruction", loss.reconstruction), ("KL", loss.kl)] {
                if !value.is_finite() {
                    return Err(Stop::Error(VaeError::NotFinite { term: term.to_owned() }));
                }
            }
            mean.add(loss, range.len());
            neg_elbos.iter_mut().zip(terms.neg_elbos()).for_each(|(sum, neg_elbo)| *sum += neg_elbo);
            let images = if draw + 1 == draws { range.end } else { range.start };
            let neg_elbo = mean.mean().unwrap_or_default().neg_elbo();
            if observer(MeasureProgress { images, neg_elbo }).is_break() {
                return Err(Stop::Asked);
            }
        }
        neg_elbos.iter().for_each(|sum| moments.add(sum / draws as f64));
        Ok(())
    });
    match done {
        Ok(()) => Ok(mean.mean().map(|loss| Measurement {
            loss,
            standard_error: moments.standard_error(),
            dimensions: images.ncols(),
            kl_per_latent: latents.kl_per_latent(),
            mean_variance: latents.mean_variance(),
        })),
        Err(Stop::Asked) => Ok(None),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// Why a measurement ends early.
enum Stop {
    Asked,
    Error(VaeError),
}

impl From<VaeError> for Stop {
    fn from(error: VaeError) -> Self {
        Self::Error(error)
    }
}

#[cfg(test)]
mod tests {
    use vae_core::VaeConfig;
    use vae_data::{Dataset, Split, digits};

    use super::*;
    use crate::{evaluate, neg_elbos};

    /// More images than a block, and no multiple of one.
    fn model_and_images() -> (Vae, Dataset) {
        let config = VaeConfig { hidden: vec![12], latent: 3, ..VaeConfig::default() };
        (Vae::new(config, 1).unwrap(), digits::generate(1040, 3, Split::Test))
    }

    fn measured(draws: usize, seed: u64) -> Measurement {
        let (vae, data) = model_and_images();
        measure(&vae, data.images(), draws, seed, |_| ControlFlow::Continue(())).unwrap().unwrap()
    }

    #[test]
    fn one_draw_is_what_evaluate_gives_to_the_bit() {
        let (vae, data) = model_and_images();
        let loss = evaluate(&vae, data.images(), &all(data.images()), 5).unwrap().unwrap();
        assert_eq!(measured(1, 5).loss, loss);
    }

    #[test]
    fn the_standard_error_is_that_of_the_images_and_of_bits_there_are_as_many_as_nats_say() {
        let (vae, data) = model_and_images();
        let (values, found) = (neg_elbos(&vae, data.images()).unwrap(), measured(1, 0));
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let error = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        assert!((found.standard_error.unwrap() - error).abs() < 1e-9 * error);
        assert!((found.bits_per_dim() * 784.0 * LN_2 - mean).abs() < 1e-9 * mean);
    }

    #[test]
    fn more_draws_are_an_average_over_draws_that_begins_with_the_first() {
        // With two draws, the second is what is missing to the mean of both: another than the first, near to it.
        let (one, two, three) = (measured(1, 0), measured(2, 0), measured(3, 0));
        let elbo = |found: &Measurement| found.loss.neg_elbo();
        let second = 2.0 * elbo(&two) - elbo(&one);
        let third = 3.0 * elbo(&three) - 2.0 * elbo(&two);
        for (a, b) in [(elbo(&one), second), (second, third), (elbo(&one), third)] {
            assert!(a != b && (a - b).abs() < 0.1 * a, "{a} {b}");
        }
        // The divergence from N(0, I) does not depend on the draw.
        assert!((two.loss.kl - one.loss.kl).abs() < 1e-9);
        assert_eq!(two.mean_variance, one.mean_variance);
    }

    #[test]
    fn latents_are_counted_whose_means_vary() {
        let (mut vae, data) = model_and_images();
        let of =
            |vae: &Vae| measure(vae, data.images(), 1, 0, |_| ControlFlow::Continue(())).unwrap().unwrap();
        // Means of hundreds of times the size vary; means without weights do not.
        for (factor, active) in [(0.0, 0), (300.0, 3)] {
            for spec in vae.parameters().layout().tensors().to_vec() {
                if spec.name == "encoder.fc2.weight" {
                    let half = spec.range.len() / 2;
                    let means = spec.range.start..spec.range.start + half;
                    let fresh = Vae::new(vae.config().clone(), 1).unwrap();
                    let weights = vae.parameters_mut().values_mut();
                    weights[means.clone()].copy_from_slice(&fresh.parameters().values()[means.clone()]);
                    weights[means].iter_mut().for_each(|weight| *weight *= factor);
                }
            }
            assert_eq!(of(&vae).active_units(), active);
        }
    }

    #[test]
    fn an_observer_that_breaks_and_no_images_have_no_answer() {
        let (vae, data) = model_and_images();
        let mut seen = Vec::new();
        let answer = measure(&vae, data.images(), 1, 0, |now| {
            seen.push(now.images);
            ControlFlow::Break(())
        });
        assert_eq!((answer.unwrap(), seen), (None, vec![1000]));
        let none = data.images().slice_move(s![..0, ..]);
        assert_eq!(measure(&vae, none, 1, 0, |_| ControlFlow::Continue(())).unwrap(), None);
    }
}
