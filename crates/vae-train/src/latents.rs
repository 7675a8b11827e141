//! What each latent says of images, summed over them in their order.

use vae_core::{Posterior, Vae};

use crate::moments::Moments;

/// The variance of its posterior mean above which a latent is active (Burda et al. 2016, section 5.2).
const ACTIVE: f64 = 0.01;

/// How many of these variances of posterior means belong to latents that carry information about the image.
pub(crate) fn active(mean_variance: &[f64]) -> usize {
    mean_variance.iter().filter(|&&variance| variance > ACTIVE).count()
}

/// Sums over the images of which the posteriors have come.
#[derive(Clone, Debug)]
pub(crate) struct LatentSums {
    images: f64,
    kl: Vec<f64>,
    means: Vec<Moments>,
}

impl LatentSums {
    pub(crate) fn new(latent: usize) -> Self {
        Self { images: 0.0, kl: vec![0.0; latent], means: vec![Moments::default(); latent] }
    }

    /// Takes the posteriors of some images.
    pub(crate) fn add(&mut self, vae: &Vae, posterior: &Posterior) {
        self.images += posterior.mean.nrows() as f64;
        for mean in posterior.mean.rows() {
            self.means.iter_mut().zip(mean).for_each(|(moments, &mean)| moments.add(f64::from(mean)));
        }
        for kl in vae.kl_per_latent(posterior).rows() {
            self.kl.iter_mut().zip(kl).for_each(|(sum, &kl)| *sum += f64::from(kl));
        }
    }

    /// KL(q(z|x) ‖ N(0, 1)) of each latent, averaged over images, in nats.
    pub(crate) fn kl_per_latent(&self) -> Vec<f64> {
        self.kl.iter().map(|sum| sum / self.images).collect()
    }

    /// The variance over images of each latent's posterior mean.
    pub(crate) fn mean_variance(&self) -> Vec<f64> {
        self.means.iter().map(Moments::variance).collect()
    }
}
