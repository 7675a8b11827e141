//! Random numbers that are the same on every machine: the draws are written out here, in integers and exact products,
//! as the results of a library's distributions may change with its version.

use rand_chacha::{ChaCha8Rng, rand_core::RngCore};

use crate::stream::stream;

/// A stream of random numbers.
pub(super) struct Dice {
    rng: ChaCha8Rng,
}

impl Dice {
    /// The stream of `(seed, purpose, index)`.
    pub(super) fn new(seed: u64, purpose: &[u8; 8], index: u64) -> Self {
        Self { rng: stream(seed, purpose, [index, 0]) }
    }

    /// An integer in `0..end`, uniform to within `end / 2^32`.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.rng.next_u32()) * u64::from(end)) >> 32) as u32
    }

    /// A number in `[0, 1)`, uniform on the multiples of 2^-24, all of which an `f32` holds exactly.
    fn unit(&mut self) -> f32 {
        (self.rng.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// A number about zero with the given standard deviation, bell-shaped and never beyond 3.47 of them.
    ///
    /// The sum of four uniform draws has variance 1/3. It needs no logarithm, and its bounds keep every digit legible.
    pub(super) fn bell(&mut self, deviation: f32) -> f32 {
        const SQRT_3: f32 = 1.732_050_8;
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * SQRT_3 * deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_below_reach_both_ends_and_stay_inside() {
        let mut dice = Dice::new(0, b"dicetest", 0);
        let mut seen = [0; 5];
        for _ in 0..5_000 {
            seen[dice.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| (850..1_150).contains(&count)), "{seen:?}");
    }

    #[test]
    fn the_bell_has_the_deviation_it_is_asked_for() {
        let mut dice = Dice::new(0, b"dicetest", 0);
        let draws: Vec<f32> = (0..20_000).map(|_| dice.bell(2.0)).collect();
        let mean = draws.iter().sum::<f32>() / draws.len() as f32;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f32>() / draws.len() as f32;
        assert!(mean.abs() < 0.06, "{mean}");
        assert!((variance.sqrt() - 2.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn the_bell_is_bounded() {
        let mut dice = Dice::new(0, b"dicetest", 0);
        assert!((0..20_000).all(|_| dice.bell(1.0).abs() < 3.47));
    }
}
