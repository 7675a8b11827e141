//! Loops that look at many numbers and give a few: sums of squares, what is zero, whether all are finite.

use super::{
    blocking::{LANES, PIECE, WORD},
    lanes::{Lanes, Values},
};
use rayon::prelude::*;

/// Σ v²; infinite or NaN where one is, or where squares overflow.
pub(crate) fn square_sum(values: &Values) -> f32 {
    lane_square_sums(values).0.into_iter().sum()
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn lane_square_sums(values: &Values) -> Lanes {
    let mut sums = Lanes::default();
    for lanes in values {
        for (sum, value) in sums.0.iter_mut().zip(&lanes.0) {
            *sum += value * value;
        }
    }
    sums
}

/// Lists the columns whose lanes are not all zero; returns their number, and that of all lanes that are not zero.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn nonzero_columns(panel: &Values, columns: &mut [u32]) -> (usize, usize) {
    let (mut count, mut nonzero) = (0, [0_u32; LANES]);
    for (column, lanes) in panel.iter().enumerate() {
        // Written in any case, and kept by moving on: a branch would be guessed wrong too often.
        columns[count] = column as u32;
        let bits = lanes.0.iter().fold(0, |bits, lane| bits | lane.to_bits());
        count += usize::from(bits != 0);
        for (nonzero, lane) in nonzero.iter_mut().zip(&lanes.0) {
            *nonzero += u32::from(lane.to_bits() != 0);
        }
    }
    (count, nonzero.iter().sum::<u32>() as usize)
}

/// Copies a panel to the samples from `first` on of each feature's word, and sets the bits of those that are not zero.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn nonzero_bits(panel: &Values, first: usize, nonzero: &mut [u64], values: &mut [[f32; WORD]]) {
    for ((lanes, nonzero), values) in panel.iter().zip(nonzero).zip(values) {
        values[first..first + LANES].copy_from_slice(&lanes.0);
        let bit = |(lane, value): (usize, &f32)| u64::from(value.to_bits() != 0) << lane;
        *nonzero |= lanes.0.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit) << first;
    }
}

/// Whether every number is finite and below `limit` in magnitude.
pub(crate) fn all_below(values: &[f32], limit: f32) -> bool {
    values.par_chunks(PIECE).all(|piece| largest_magnitude(piece) < limit.to_bits())
}

/// The bits of the largest magnitude. Without their sign, numbers are ordered as their bits are: finite, infinite, NaN.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn largest_magnitude(values: &[f32]) -> u32 {
    let magnitude = |v: &f32| v.to_bits() & 0x7fff_ffff;
    values.iter().fold(0, |largest: u32, v| largest.max(magnitude(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_that_is_not_finite_is_found() {
        let mut values = vec![-1e18; 3 * PIECE];
        assert!(all_below(&values, 9e18));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e19, -1e19] {
            values[2 * PIECE + 77] = bad;
            assert!(!all_below(&values, 9e18));
        }
    }
}
