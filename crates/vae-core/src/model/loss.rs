//! The loss that training minimises, and its two terms.

use ndarray::Array1;

/// The two terms of −ELBO(x) = −E_q log p(x|z) + KL(q(z|x) ‖ p(z)), estimated with one draw of z an image: nats
/// an image, summed over pixels and latents, averaged over images (Kingma & Welling 2014, equation 7).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// −log p(x|z), nats an image.
    pub reconstruction: f64,
    /// KL(q(z|x) ‖ p(z)), nats an image.
    pub kl: f64,
}

impl Loss {
    /// −ELBO in nats an image, an upper bound of −log p(x).
    pub fn neg_elbo(&self) -> f64 {
        self.reconstruction + self.kl
    }

    /// What training minimises: reconstruction + β · KL; −ELBO at β = 1.
    pub fn objective(&self, objective: &Objective) -> f64 {
        self.reconstruction + f64::from(objective.beta) * self.kl
    }

    /// The average over a batch, summed in the order of the images.
    pub(crate) fn mean(reconstruction: &[f32], kl: &[f32]) -> Self {
        let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        Self { reconstruction: mean(reconstruction), kl: mean(kl) }
    }
}

/// The two terms of −ELBO, image by image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LossPerImage {
    /// −log p(x|z) (B,), nats, summed over pixels.
    pub reconstruction: Array1<f32>,
    /// KL(q(z|x) ‖ p(z)) (B,), nats, summed over latents.
    pub kl: Array1<f32>,
}

impl LossPerImage {
    /// −ELBO of each image, in nats.
    pub fn neg_elbos(&self) -> impl Iterator<Item = f64> + '_ {
        let sum = |(&reconstruction, &kl): (&f32, &f32)| f64::from(reconstruction) + f64::from(kl);
        self.reconstruction.iter().zip(&self.kl).map(sum)
    }

    /// The average over the images, as [`Vae::loss`](crate::Vae::loss) gives it; not a number if there are none.
    pub fn mean(&self) -> Loss {
        let mean =
            |values: &Array1<f32>| values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        Loss { reconstruction: mean(&self.reconstruction), kl: mean(&self.kl) }
    }
}

/// How the terms of the loss are weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Objective {
    /// β, the weight of the KL term (Higgins et al. 2017, equation 4). Default 1: the ELBO.
    pub beta: f32,
    /// Nats that each latent may carry about each image without being pushed to the prior (Kingma et al. 2016, appendix
    /// C.8): it changes the gradient alone, and the loss told is the ELBO's. Default 0. Only the standard prior has
    /// them, as the divergence from others is not a sum over latents.
    pub free_bits: f32,
}

impl Objective {
    /// The objective of this β.
    pub fn with_beta(beta: f32) -> Self {
        Self { beta, ..Self::default() }
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self { beta: 1.0, free_bits: 0.0 }
    }
}

/// A running average of losses over batches of different sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossMean {
    /// Sum of −log p(x|z) over the images, nats.
    pub reconstruction: f64,
    /// Sum of KL over the images, nats.
    pub kl: f64,
    /// Number of images.
    pub images: u64,
}

impl LossMean {
    /// Takes the loss of a batch of so many images.
    pub fn add(&mut self, loss: Loss, images: usize) {
        self.reconstruction += loss.reconstruction * images as f64;
        self.kl += loss.kl * images as f64;
        self.images += images as u64;
    }

    /// The average over all images, or none before the first.
    pub fn mean(&self) -> Option<Loss> {
        let images = self.images as f64;
        let mean = Loss { reconstruction: self.reconstruction / images, kl: self.kl / images };
        (self.images > 0).then_some(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_weighs_the_kl_alone() {
        let loss = Loss { reconstruction: 80.0, kl: 25.0 };
        assert_eq!(loss.neg_elbo(), 105.0);
        assert_eq!(loss.objective(&Objective::with_beta(4.0)), 180.0);
    }

    #[test]
    fn a_small_last_batch_counts_by_its_images() {
        let mut mean = LossMean::default();
        assert_eq!(mean.mean(), None);
        mean.add(Loss { reconstruction: 10.0, kl: 1.0 }, 3);
        mean.add(Loss { reconstruction: 20.0, kl: 5.0 }, 1);
        assert_eq!(mean.mean(), Some(Loss { reconstruction: 12.5, kl: 2.0 }));
    }
}
