//! Averaged weights: a running average over the steps of a training, which often fits better than where it ended
//! (Polyak & Juditsky 1992).

use rayon::prelude::*;

use crate::kernel::blocking::PIECE;

/// w̄ ← w̄ + (1 − d) (w − w̄) after step t, with d = min(decay, (1 + t) / (10 + t)), so that where the training began
/// is soon forgotten.
///
/// # Panics
/// If the slices are not of the same length.
pub fn average_weights(average: &mut [f32], weights: &[f32], decay: f64, t: u64) {
    assert_eq!(average.len(), weights.len(), "number of weights");
    let d = decay.min((1.0 + t as f64) / (10.0 + t as f64));
    let share = (1.0 - d) as f32;
    average.par_chunks_mut(PIECE).zip(weights.par_chunks(PIECE)).for_each(|(average, weights)| {
        average.iter_mut().zip(weights).for_each(|(average, w)| *average += share * (w - *average));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_of_weights_that_stay_is_what_they_are() {
        let (mut average, weights) = (vec![0.0; 3], [1.0, -2.0, 3.0]);
        (1..2000).for_each(|t| average_weights(&mut average, &weights, 0.99, t));
        assert!(average.iter().zip(weights).all(|(a, w)| (a - w).abs() < 1e-5), "{average:?}");
    }

    #[test]
    fn weights_that_swing_are_averaged_out() {
        let mut average = vec![5.0];
        for t in 1..3000 {
            average_weights(&mut average, &[if t % 2 == 0 { 1.0 } else { -1.0 }], 0.99, t);
        }
        assert!(average[0].abs() < 0.02, "{average:?}");
    }
}
