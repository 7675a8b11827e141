//! The likelihood of an image whose pixels are Bernoulli variables, on the decoder's logits.
//!
//! −log p(x|z) = Σ_D [softplus(g) − x·g], with p = σ(g) (Kingma & Welling 2014, appendix C.1). Taking the logarithm
//! of a computed σ(g) instead would give infinities at |g| > 17. For grey pixels x ∈ [0, 1] it is the cross-entropy
//! that the literature reports.

use multiversion::multiversion;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::special::{sigmoid, sigmoid_softplus};

/// Images of a piece of work.
const ROWS: usize = 16;

/// −log p(x|z) of each image, in nats, summed over its pixels.
///
/// # Shapes
/// `logits` (B, D), `x` (B, D) in [0, 1], `reconstruction` (B)
pub(crate) fn bernoulli_forward(
    logits: ArrayView2<'_, f32>,
    x: ArrayView2<'_, f32>,
    reconstruction: &mut [f32],
) {
    reconstruction
        .par_chunks_mut(ROWS)
        .zip(logits.axis_chunks_iter(Axis(0), ROWS))
        .zip(x.axis_chunks_iter(Axis(0), ROWS))
        .for_each(|((reconstruction, g), x)| {
            for ((reconstruction, g), x) in reconstruction.iter_mut().zip(g.rows()).zip(x.rows()) {
                let g = g.to_slice().expect("rows are contiguous");
                *reconstruction = row_forward(g, x.to_slice().expect("rows are contiguous"));
            }
        });
}

/// The same, and the logits give way to their gradient: dg = scale · (σ(g) − x).
///
/// # Shapes
/// `logits` (B, D), `x` (B, D) in [0, 1], `reconstruction` (B)
pub(crate) fn bernoulli_backward(
    mut logits: ArrayViewMut2<'_, f32>,
    x: ArrayView2<'_, f32>,
    scale: f32,
    reconstruction: &mut [f32],
) {
    reconstruction
        .par_chunks_mut(ROWS)
        .zip(logits.axis_chunks_iter_mut(Axis(0), ROWS))
        .zip(x.axis_chunks_iter(Axis(0), ROWS))
        .for_each(|((reconstruction, mut g), x)| {
            for ((reconstruction, mut g), x) in reconstruction.iter_mut().zip(g.rows_mut()).zip(x.rows()) {
                let g = g.as_slice_mut().expect("rows are contiguous");
                *reconstruction = row_backward(g, x.to_slice().expect("rows are contiguous"), scale);
            }
        });
}

/// p = σ(g), in place
pub(crate) fn probabilities(logits: &mut [f32]) {
    logits.par_chunks_mut(4096).for_each(sigmoid_in_place);
}

/// Sums that run beside each other, so that they fit any vector width and give the same bits in each.
const LANES: usize = 16;

#[multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))]
fn row_forward(g: &[f32], x: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (g, x) in g.chunks(LANES).zip(x.chunks(LANES)) {
        for ((sum, &g), &x) in sums.iter_mut().zip(g).zip(x) {
            *sum += sigmoid_softplus(g).1 - x * g;
        }
    }
    sums.iter().sum()
}

#[multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))]
fn row_backward(g: &mut [f32], x: &[f32], scale: f32) -> f32 {
    let mut sums = [0.0; LANES];
    for (g, x) in g.chunks_mut(LANES).zip(x.chunks(LANES)) {
        for ((sum, g), &x) in sums.iter_mut().zip(g).zip(x) {
            let (sigmoid, softplus) = sigmoid_softplus(*g);
            *sum += softplus - x * *g;
            *g = scale * (sigmoid - x);
        }
    }
    sums.iter().sum()
}

#[multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))]
fn sigmoid_in_place(g: &mut [f32]) {
    for g in g {
        *g = sigmoid(*g);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn example() -> (Array2<f32>, Array2<f32>) {
        let g = Array2::from_shape_fn((21, 37), |(i, j)| ((i * 5 + j * 3) % 29) as f32 / 2.0 - 7.0);
        let x = Array2::from_shape_fn((21, 37), |(i, j)| ((i * 3 + j * 7) % 11) as f32 / 10.0);
        (g, x)
    }

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_probabilities() {
        let (g, x) = example();
        let mut found = vec![0.0; 21];
        bernoulli_forward(g.view(), x.view(), &mut found);
        for i in 0..21 {
            let want: f64 = (0..37)
                .map(|j| {
                    let (p, x) = (1.0 / (1.0 + (-f64::from(g[[i, j]])).exp()), f64::from(x[[i, j]]));
                    -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
                })
                .sum();
            assert!((f64::from(found[i]) - want).abs() < 1e-5 * want, "{} instead of {want}", found[i]);
        }
    }

    #[test]
    fn the_backward_pass_gives_the_forward_loss_to_the_bit() {
        let (mut g, x) = example();
        let (mut forward, mut backward) = (vec![0.0; 21], vec![0.0; 21]);
        bernoulli_forward(g.view(), x.view(), &mut forward);
        bernoulli_backward(g.view_mut(), x.view(), 1.0, &mut backward);
        assert_eq!(forward, backward);
    }

    #[test]
    fn the_gradient_is_sigmoid_minus_pixel() {
        let (mut g, x) = example();
        let want = g.mapv(|g| 1.0 / (1.0 + (-g).exp())) - &x;
        bernoulli_backward(g.view_mut(), x.view(), 1.0, &mut [0.0; 21]);
        assert!((g - want).iter().all(|error| error.abs() < 1e-6));
    }

    #[test]
    fn huge_logits_give_finite_losses() {
        let mut loss = [0.0; 1];
        let g = array![[1e4, -1e4, 200.0, -200.0]];
        bernoulli_forward(g.view(), array![[1.0, 0.0, 0.0, 1.0]].view(), &mut loss);
        assert_eq!(loss, [400.0]);
    }
}
