//! The evidence lower bound and its two parts.

use std::ops::AddAssign;

/// The two parts of −ELBO(x) = −E_q log p(x|z) + KL(q(z|x) ‖ p(z)), estimated with one draw of z an image: nats an
/// image, summed over pixels and latents, averaged over images (Kingma & Welling 2014, equation 7).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Elbo {
    /// −log p(x|z), nats an image.
    pub reconstruction: f64,
    /// KL(q(z|x) ‖ p(z)), nats an image.
    pub kl: f64,
}

impl Elbo {
    /// −ELBO in nats an image, an upper bound of −log p(x).
    pub fn neg_elbo(&self) -> f64 {
        self.reconstruction + self.kl
    }

    /// What training minimises: reconstruction + β · KL (Higgins et al. 2017, equation 4); −ELBO at β = 1.
    pub fn loss(&self, beta: f32) -> f64 {
        self.reconstruction + f64::from(beta) * self.kl
    }

    /// The average over a batch, summed in the order of the images.
    pub(crate) fn mean(reconstruction: &[f32], kl: &[f32]) -> Self {
        let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        Self { reconstruction: mean(reconstruction), kl: mean(kl) }
    }
}

/// A running average over batches of different sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ElboSum {
    /// Sum of −log p(x|z) over the images, nats.
    pub reconstruction: f64,
    /// Sum of KL over the images, nats.
    pub kl: f64,
    /// Number of images.
    pub images: u64,
}

impl ElboSum {
    /// The average over all images, or none before the first.
    pub fn mean(&self) -> Option<Elbo> {
        let images = self.images as f64;
        let mean = Elbo { reconstruction: self.reconstruction / images, kl: self.kl / images };
        (self.images > 0).then_some(mean)
    }
}

impl AddAssign<(Elbo, usize)> for ElboSum {
    /// Adds a batch: its mean and its number of images.
    fn add_assign(&mut self, (elbo, images): (Elbo, usize)) {
        self.reconstruction += elbo.reconstruction * images as f64;
        self.kl += elbo.kl * images as f64;
        self.images += images as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_weighs_the_kl_alone() {
        let elbo = Elbo { reconstruction: 80.0, kl: 25.0 };
        assert_eq!(elbo.neg_elbo(), 105.0);
        assert_eq!(elbo.loss(4.0), 180.0);
    }

    #[test]
    fn a_small_last_batch_counts_by_its_images() {
        let mut sum = ElboSum::default();
        assert_eq!(sum.mean(), None);
        sum += (Elbo { reconstruction: 10.0, kl: 1.0 }, 3);
        sum += (Elbo { reconstruction: 20.0, kl: 5.0 }, 1);
        assert_eq!(sum.mean(), Some(Elbo { reconstruction: 12.5, kl: 2.0 }));
    }
}
