//! The likelihood of an image whose pixels are Bernoulli variables, on the decoder's logits.
//!
//! −log p(x|z) = Σ_D [softplus(g) − x·g], with p = σ(g) (Kingma & Welling 2014, appendix C.1). Taking the logarithm
//! of a computed σ(g) instead would give infinities at |g| > 17. For grey pixels x ∈ [0, 1] it is the cross-entropy
//! that the literature reports.

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use crate::{
    panels::{LANES, Lanes},
    special::{sigmoid, sigmoid_softplus},
};

/// −log p(x|z) of each image, in nats, summed over its pixels.
///
/// # Shapes
/// `logits` and `x` by sample (P, D), x in [0, 1]; `reconstruction` (B)
pub(crate) fn bernoulli_forward(
    logits: ArrayView2<'_, Lanes>,
    x: ArrayView2<'_, Lanes>,
    reconstruction: &mut [f32],
) {
    for ((reconstruction, g), x) in reconstruction.chunks_mut(LANES).zip(logits.rows()).zip(x.rows()) {
        let (g, x) = (g.to_slice(), x.to_slice());
        let sums = panel_forward(g.expect("panels are contiguous"), x.expect("panels are contiguous"));
        reconstruction.copy_from_slice(&sums.0[..reconstruction.len()]);
    }
}

/// The same, and the gradient scale · (σ(g) − x), zero in the padding.
///
/// # Shapes
/// `logits`, `x` and `dlogits` by sample (P, D), x in [0, 1]; `reconstruction` (B)
pub(crate) fn bernoulli_backward(
    logits: ArrayView2<'_, Lanes>,
    x: ArrayView2<'_, Lanes>,
    scale: f32,
    mut dlogits: ArrayViewMut2<'_, Lanes>,
    reconstruction: &mut [f32],
) {
    let panels = logits.rows().into_iter().zip(x.rows()).zip(dlogits.rows_mut());
    for (reconstruction, ((g, x), mut dg)) in reconstruction.chunks_mut(LANES).zip(panels) {
        let (g, x) = (g.to_slice(), x.to_slice());
        let (g, x) = (g.expect("panels are contiguous"), x.expect("panels are contiguous"));
        let dg = dg.as_slice_mut().expect("panels are contiguous");
        let sums = panel_backward(g, x, Lanes::first(reconstruction.len(), scale), dg);
        reconstruction.copy_from_slice(&sums.0[..reconstruction.len()]);
    }
}

/// p = σ(g), in place
pub(crate) fn probabilities(logits: &mut [f32]) {
    logits.par_chunks_mut(4096).for_each(sigmoid_in_place);
}

/// Pixels that are summed by themselves before their sum joins the others, for the sake of rounding.
const PART: usize = 64;

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_forward(g: &[Lanes], x: &[Lanes]) -> Lanes {
    let mut total = Lanes::default();
    for (g, x) in g.chunks(PART).zip(x.chunks(PART)) {
        let mut part = Lanes::default();
        for (g, x) in g.iter().zip(x) {
            for ((sum, &g), &x) in part.0.iter_mut().zip(&g.0).zip(&x.0) {
                *sum += sigmoid_softplus(g).1 - x * g;
            }
        }
        total.add(&part);
    }
    total
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_backward(g: &[Lanes], x: &[Lanes], scale: Lanes, dg: &mut [Lanes]) -> Lanes {
    let mut total = Lanes::default();
    for ((g, x), dg) in g.chunks(PART).zip(x.chunks(PART)).zip(dg.chunks_mut(PART)) {
        let mut part = Lanes::default();
        for ((g, x), dg) in g.iter().zip(x).zip(dg) {
            for lane in 0..LANES {
                let (sigmoid, softplus) = sigmoid_softplus(g.0[lane]);
                part.0[lane] += softplus - x.0[lane] * g.0[lane];
                dg.0[lane] = scale.0[lane] * (sigmoid - x.0[lane]);
            }
        }
        total.add(&part);
    }
    total
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn sigmoid_in_place(g: &mut [f32]) {
    for g in g {
        *g = sigmoid(*g);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::{
        panels::panels,
        turn::{rows_to_samples, samples_to_rows},
    };

    fn by_sample(x: &Array2<f32>) -> Array2<Lanes> {
        let mut lanes = Array2::from_elem((panels(x.nrows()), x.ncols()), Lanes::default());
        rows_to_samples(x.view(), lanes.view_mut());
        lanes
    }

    fn example() -> (Array2<f32>, Array2<f32>) {
        let g = Array2::from_shape_fn((21, 137), |(i, j)| ((i * 5 + j * 3) % 29) as f32 / 2.0 - 7.0);
        let x = Array2::from_shape_fn((21, 137), |(i, j)| ((i * 3 + j * 7) % 11) as f32 / 10.0);
        (g, x)
    }

    fn backward(g: &Array2<f32>, x: &Array2<f32>) -> (Vec<f32>, Array2<Lanes>) {
        let (g, x) = (by_sample(g), by_sample(x));
        let (mut loss, mut dg) = (vec![0.0; 21], g.clone());
        bernoulli_backward(g.view(), x.view(), 1.0, dg.view_mut(), &mut loss);
        (loss, dg)
    }

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_probabilities() {
        let (g, x) = example();
        let mut found = vec![0.0; 21];
        bernoulli_forward(by_sample(&g).view(), by_sample(&x).view(), &mut found);
        for i in 0..21 {
            let want: f64 = (0..137)
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
        let (g, x) = example();
        let mut forward = vec![0.0; 21];
        bernoulli_forward(by_sample(&g).view(), by_sample(&x).view(), &mut forward);
        assert_eq!(forward, backward(&g, &x).0);
    }

    #[test]
    fn the_gradient_is_sigmoid_minus_pixel() {
        let (g, x) = example();
        let want = g.mapv(|g| 1.0 / (1.0 + (-g).exp())) - &x;
        let mut found = Array2::zeros((21, 137));
        samples_to_rows(backward(&g, &x).1.view(), found.view_mut());
        assert!((found - want).iter().all(|error| error.abs() < 1e-6));
    }

    #[test]
    fn the_gradient_of_the_padding_is_zero() {
        let (g, x) = example();
        let (_, dg) = backward(&g, &x);
        assert!(dg.row(1).iter().all(|lanes| lanes.0[5..] == [0.0; 11]));
    }

    #[test]
    fn huge_logits_give_finite_losses() {
        let mut loss = [0.0; 1];
        let (g, x) = (array![[1e4, -1e4, 200.0, -200.0]], array![[1.0, 0.0, 0.0, 1.0]]);
        bernoulli_forward(by_sample(&g).view(), by_sample(&x).view(), &mut loss);
        assert_eq!(loss, [400.0]);
    }
}
