//! What turns a gradient into the next parameters. One file an optimizer.

mod adam;

pub(crate) use adam::Update;
pub use adam::{Adam, AdamConfig};
use rayon::prelude::*;

/// Numbers of a piece of work: small enough that the moments and gradients of a piece stay in a core's cache.
const PIECE: usize = 1 << 14;

/// The largest gradient that an optimizer can square: 2⁶³ and above it are taken as not finite.
pub(crate) const LARGEST_GRADIENT: f32 = 9.223_372e18;

/// Whether no number is infinite or NaN, nor its square.
pub(crate) fn all_finite(values: &[f32]) -> bool {
    values.par_chunks(PIECE).all(piece_is_finite)
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn piece_is_finite(values: &[f32]) -> bool {
    // Without their sign, numbers are ordered as their bits are: finite, infinite, NaN.
    let magnitude = |v: &f32| v.to_bits() & 0x7fff_ffff;
    values.iter().fold(0, |largest: u32, v| largest.max(magnitude(v))) < LARGEST_GRADIENT.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_that_is_not_finite_is_found() {
        let mut values = vec![-1e18; 3 * PIECE];
        assert!(all_finite(&values));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e19, -1e19] {
            values[2 * PIECE + 77] = bad;
            assert!(!all_finite(&values));
        }
    }
}
