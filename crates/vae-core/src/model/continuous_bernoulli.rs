//! Pixels in [0, 1] with the continuous Bernoulli density, on the decoder's logits g: λ = σ(g).
//!
//! p(x) = C(λ) λˣ (1 − λ)¹⁻ˣ with C(λ) = 2 artanh(1 − 2λ) / (1 − 2λ), and 2 at λ = ½ (Loaiza-Ganem
//! & Cunningham, *The continuous Bernoulli: fixing a pervasive error in variational autoencoders*, 2019, equations 4
//! and 5). On logits this is the exponential distribution cut off at 1:
//!
//! ```text
//! −log p(x) = A(g) − x·g,  A(g) = log((eᵍ − 1) / g),  with the slope A′(g) − x
//! mean of x = A′(g) = 1 / (1 − e⁻ᵍ) − 1 / g
//! ```
//! The normaliser, which is singular in form at λ = ½ only, is taken from its series there. A density of grey
//! pixels in nats, which may be negative: it is not comparable with the cross-entropy of
//! [`bernoulli`](super::bernoulli).

use crate::{
    formulas::PerPixel,
    kernel::special::{exp, ln},
};

/// The formulas, for one pixel.
#[derive(Clone, Copy)]
pub(crate) struct ContinuousBernoulli;

/// |g| below which the series are taken.
const NEAR: f32 = 1.0;

/// What A(g) is made of, and its slope.
struct LogNormaliser {
    /// A(g) = centre · g + rest, so that A(g) − x·g = (centre − x) · g + rest loses no digits where x is 0 or 1.
    centre: f32,
    rest: f32,
    /// A′(g)
    slope: f32,
}

#[inline(always)]
fn log_normaliser(g: f32) -> LogNormaliser {
    let (magnitude, t) = (g.abs(), g * g);
    // A(g) = g/2 + g²/24 − g⁴/2880 + g⁶/181440 − …, A′(g) = 1/2 + g/12 − g³/720 + g⁵/30240 − …
    let p = t * (1.0 / 9_676_800.0);
    let p = t * (1.0 / 181_440.0 - p);
    let p = t * (1.0 / 2880.0 - p);
    let rest_near = t * (1.0 / 24.0 - p);
    let q = t * (1.0 / 47_900_160.0);
    let q = t * (1.0 / 1_209_600.0 - q);
    let q = t * (1.0 / 30_240.0 - q);
    let q = t * (1.0 / 720.0 - q);
    let slope_near = 0.5 + g * (1.0 / 12.0 - q);
    // With e = exp(−|g|): A(g) = max(g, 0) + log((1 − e) / |g|), and A′(−g) = 1 − A′(g).
    let below_one = 1.0 - exp(-magnitude);
    let rest_far = ln(below_one / magnitude);
    let slope_far = 1.0 / below_one - 1.0 / magnitude;
    let slope_far = if g < 0.0 { 1.0 - slope_far } else { slope_far };
    let centre_far = if g < 0.0 { 0.0 } else { 1.0 };
    let near = magnitude < NEAR;
    LogNormaliser {
        centre: if near { 0.5 } else { centre_far },
        rest: if near { rest_near } else { rest_far },
        slope: if near { slope_near } else { slope_far },
    }
}

impl PerPixel<1> for ContinuousBernoulli {
    const SUPPORT: [f32; 2] = [0.0, 1.0];

    #[inline(always)]
    fn loss(self, g: [f32; 1], x: f32) -> f32 {
        self.loss_and_slopes(g, x).0
    }

    #[inline(always)]
    fn loss_and_slopes(self, [g]: [f32; 1], x: f32) -> (f32, [f32; 1]) {
        let LogNormaliser { centre, rest, slope } = log_normaliser(g);
        ((centre - x) * g + rest, [slope - x])
    }

    #[inline(always)]
    fn mean(self, [g]: [f32; 1]) -> f32 {
        log_normaliser(g).slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A(g) and A′(g) in `f64`.
    fn exact(g: f64) -> (f64, f64) {
        if g.abs() < 1e-3 {
            return (g / 2.0 + g * g / 24.0, 0.5 + g / 12.0 - g.powi(3) / 720.0);
        }
        let positive = g.max(0.0);
        let a = positive + (-(-g.abs()).exp_m1() / g.abs()).ln();
        (a, -1.0 / (-g).exp_m1() - 1.0 / g)
    }

    #[test]
    fn the_normaliser_and_the_mean_are_exact_everywhere_and_steady_around_one_half() {
        for i in -400_000..=400_000 {
            let g = (i as f32 / 4000.0).powi(3) / 1e4;
            let (want, want_slope) = exact(f64::from(g));
            let LogNormaliser { centre, rest, slope } = log_normaliser(g);
            let found = f64::from(centre) * f64::from(g) + f64::from(rest);
            assert!((found - want).abs() < 3e-7 * want.abs().max(1.0), "A({g}) = {found} instead of {want}");
            let error = (f64::from(slope) - want_slope).abs();
            assert!(error < 3e-7, "A'({g}) = {slope} instead of {want_slope}");
        }
    }

    #[test]
    fn the_density_integrates_to_one_with_the_mean_that_is_said() {
        for g in [-30.0, -2.0, -1e-4, 0.0, 0.3, 5.0, 30.0] {
            let n = 20_000;
            let at = |i: i32| (f64::from(i) + 0.5) / f64::from(n);
            let density = |x: f64| f64::from(-ContinuousBernoulli.loss([g], x as f32)).exp();
            let mass: f64 = (0..n).map(|i| density(at(i)) / f64::from(n)).sum();
            let mean: f64 = (0..n).map(|i| at(i) * density(at(i)) / f64::from(n)).sum();
            assert!((mass - 1.0).abs() < 1e-5, "{mass} at {g}");
            assert!((mean - f64::from(ContinuousBernoulli.mean([g]))).abs() < 1e-5, "{mean} at {g}");
        }
    }

    #[test]
    fn a_black_or_white_pixel_keeps_its_digits_at_large_logits() {
        for (g, x) in [(6e4, 1.0), (-6e4, 0.0)] {
            let loss = f64::from(ContinuousBernoulli.loss([g], x));
            assert!((loss + 6e4f64.ln()).abs() < 2e-6, "{loss}");
        }
    }

    #[test]
    fn huge_logits_give_finite_losses_and_nan_is_not_hidden() {
        assert!(ContinuousBernoulli.loss([1e30], 1.0).is_finite());
        assert!(ContinuousBernoulli.loss([-1e30], 0.0).is_finite());
        assert!(ContinuousBernoulli.loss([f32::NAN], 0.5).is_nan());
    }
}
