//! Gradients of length one, tensor by tensor: the direction alone is left to the optimizer.

use std::ops::Range;

use rayon::prelude::*;

/// Divides each of these stretches of the gradient by its norm √Σ g² + 10⁻⁷ (the recipe of Tomczak & Welling 2018,
/// after Yu et al. 2017, *Normalized gradient with adaptive stepsize method*).
///
/// # Panics
/// If the stretches are not in ascending order, without overlap, within the gradient.
pub fn normalise_each(gradients: &mut [f32], stretches: &[Range<usize>]) {
    let mut rest = (0, gradients);
    let mut parts = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let (first, values) = rest;
        let (part, others) = values[stretch.start - first..].split_at_mut(stretch.len());
        parts.push(part);
        rest = (stretch.end, others);
    }
    parts.into_par_iter().for_each(|part| {
        let norm = part.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt();
        let scale = (1.0 / (norm + 1e-7)) as f32;
        part.iter_mut().for_each(|g| *g *= scale);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_gets_the_length_one_and_what_lies_between_stays() {
        let mut gradients = [3.0, 4.0, 7.0, 0.0, 0.0, -5.0];
        normalise_each(&mut gradients, &[0..2, 3..5, 5..6]);
        let want = [0.6, 0.8, 7.0, 0.0, 0.0, -1.0];
        assert!(gradients.iter().zip(want).all(|(g, want)| (g - want).abs() < 1e-6), "{gradients:?}");
    }
}
