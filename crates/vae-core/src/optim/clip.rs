//! Gradients that are too large are made shorter, and keep their direction.

use rayon::prelude::*;

use crate::kernel::blocking::PIECE;

/// Scales `gradients` so that their norm √Σ g², over all of them together, is at most `largest` (Pascanu, Mikolov &
/// Bengio 2013, algorithm 1; PyTorch's `clip_grad_norm_`), and gives the norm that they had.
pub fn clip_by_norm(gradients: &mut [f32], largest: f32) -> f32 {
    let norm = square_sum(gradients).sqrt() as f32;
    if norm > largest {
        let scale = largest / norm;
        gradients.par_chunks_mut(PIECE).for_each(|piece| piece.iter_mut().for_each(|g| *g *= scale));
    }
    norm
}

/// Σ g². How it is cut depends on the length alone, so it is the same to the bit with any number of threads.
fn square_sum(values: &[f32]) -> f64 {
    if values.len() <= PIECE {
        return values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    }
    let (low, high) = values.split_at(values.len() / 2);
    let (low, high) = rayon::join(|| square_sum(low), || square_sum(high));
    low + high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gradient_gets_the_largest_norm_and_keeps_its_direction() {
        let mut gradients = [3.0, -4.0];
        assert_eq!(clip_by_norm(&mut gradients, 1.0), 5.0);
        assert!((gradients[0] - 0.6).abs() < 1e-6 && (gradients[1] + 0.8).abs() < 1e-6);
    }

    #[test]
    fn a_short_gradient_stays_to_the_bit() {
        let mut gradients = [0.3, -0.4];
        clip_by_norm(&mut gradients, 0.6);
        assert_eq!(gradients, [0.3, -0.4]);
    }

    #[test]
    fn the_norm_is_over_all_pieces() {
        let mut gradients = vec![0.5; 3 * PIECE + 5];
        let norm = clip_by_norm(&mut gradients, 1e9);
        assert!((norm - 0.5 * ((3 * PIECE + 5) as f32).sqrt()).abs() < 1e-3, "{norm}");
    }

    #[test]
    fn squares_beyond_f32_do_not_overflow() {
        let mut gradients = [3e30, 4e30];
        assert_eq!(clip_by_norm(&mut gradients, 1.0), 5e30);
        assert!((gradients[0] - 0.6).abs() < 1e-6);
    }
}
