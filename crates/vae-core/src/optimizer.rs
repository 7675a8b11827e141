//! What turns a gradient into the next parameters. One file an optimizer.

mod adam;

pub use adam::{Adam, AdamConfig};
pub(crate) use adam::{Moments, Rates};
use multiversion::multiversion;
use rayon::prelude::*;

/// Numbers of a piece of work: small enough that the moments and gradients of a piece stay in a core's cache.
const PIECE: usize = 1 << 14;

/// Whether no number is infinite or NaN.
pub(crate) fn all_finite(values: &[f32]) -> bool {
    values.par_chunks(PIECE).all(piece_is_finite)
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn piece_is_finite(values: &[f32]) -> bool {
    // The exponent's bits are all set exactly for infinities and NaN.
    const EXPONENT: u32 = 0x7f80_0000;
    values.iter().fold(0, |worst: u32, v| worst.max(v.to_bits() & EXPONENT)) < EXPONENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_that_is_not_finite_is_found() {
        let mut values = vec![f32::MAX; 3 * PIECE];
        assert!(all_finite(&values));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            values[2 * PIECE + 77] = bad;
            assert!(!all_finite(&values));
        }
    }
}
