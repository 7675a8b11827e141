//! Streams of random numbers, keyed by what they are for.
//!
//! The mathematics takes its noise as an argument, and its caller draws the noise here. A stream depends on its
//! key alone, never on a thread or on what was drawn before, so any batch of any epoch can be drawn again.

use ndarray::{ArrayViewMut1, ArrayViewMut2};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// What a stream of random numbers is for, so that no two uses share one.
///
/// ```
/// use vae_core::noise::{Purpose, stream};
/// const DROPOUT: Purpose = Purpose::new(b"dropout ");
/// let mut rng = stream(7, DROPOUT, 0, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose([u8; 8]);

impl Purpose {
    /// The weights that training starts from.
    pub const WEIGHTS: Self = Self::new(b"weights ");
    /// ε of the training batches.
    pub const TRAINING: Self = Self::new(b"training");
    /// ε of evaluations, of the validation or of the test set.
    pub const EVALUATION: Self = Self::new(b"evaluate");
    /// The parameters that a learned prior starts from, and the codes that it is fitted to.
    pub const PRIOR: Self = Self::new(b"prior   ");
    /// z of samples from the prior.
    pub const SAMPLES: Self = Self::new(b"samples ");

    /// A purpose of one's own: eight bytes that no other purpose has.
    pub const fn new(tag: &[u8; 8]) -> Self {
        Self(*tag)
    }
}

/// The stream of `purpose` for one batch of one epoch. ChaCha8, whose 32-byte seed is the key itself.
pub fn stream(seed: u64, purpose: Purpose, epoch: u64, batch: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.0);
    key[16..24].copy_from_slice(&epoch.to_le_bytes());
    key[24..].copy_from_slice(&batch.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Fills `eps` with independent draws from N(0, 1), row by row.
pub fn standard_normal(rng: &mut impl RngCore, mut eps: ArrayViewMut2<'_, f32>) {
    eps.map_inplace(|e| *e = StandardNormal.sample(rng));
}

/// Fills `choices` with independent draws from the uniform distribution on [0, 1), as a
/// [mixture](crate::GaussianMixture::sample) takes them.
pub fn uniform(rng: &mut impl RngCore, mut choices: ArrayViewMut1<'_, f32>) {
    choices.map_inplace(|choice| *choice = StandardUniform.sample(rng));
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::*;

    fn draw(seed: u64, purpose: Purpose, epoch: u64, batch: u64) -> Array2<f32> {
        let mut eps = Array2::zeros((100, 100));
        standard_normal(&mut stream(seed, purpose, epoch, batch), eps.view_mut());
        eps
    }

    #[test]
    fn the_same_key_gives_the_same_noise() {
        assert_eq!(draw(1, Purpose::TRAINING, 2, 3), draw(1, Purpose::TRAINING, 2, 3));
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let noise = draw(1, Purpose::TRAINING, 2, 3);
        assert_ne!(noise, draw(0, Purpose::TRAINING, 2, 3));
        assert_ne!(noise, draw(1, Purpose::EVALUATION, 2, 3));
        assert_ne!(noise, draw(1, Purpose::TRAINING, 3, 3));
        assert_ne!(noise, draw(1, Purpose::TRAINING, 2, 2));
    }

    #[test]
    fn the_moments_are_those_of_a_standard_normal() {
        let noise = draw(5, Purpose::SAMPLES, 0, 0).mapv(f64::from);
        let moment = |power: i32| noise.mapv(|e| e.powi(power)).mean().unwrap();
        assert!(moment(1).abs() < 0.03 && (moment(2) - 1.0).abs() < 0.05 && (moment(4) - 3.0).abs() < 0.3);
    }

    #[test]
    fn each_tenth_of_the_unit_interval_is_chosen_as_often() {
        let mut choices = Array1::zeros(10_000);
        uniform(&mut stream(5, Purpose::SAMPLES, 0, 0), choices.view_mut());
        let mut counts = [0; 10];
        choices.iter().for_each(|choice| counts[(choice * 10.0) as usize] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
