//! Real-valued pixels with a Gaussian density around the decoder's means μ, of a fixed or a learned deviation σ.
//!
//! ```text
//! −log p(x) = ½ ((x − μ) / σ)² + log σ + ½ log 2π
//! slopes      (μ − x) / σ² for μ, 1 − ((x − μ) / σ)² for log σ
//! ```
//! (Kingma & Welling 2014, appendix C.2). A learned σ is the decoder's, pixel by pixel: of the 2 D numbers of its last
//! layer the first D are the means, and the others, r, give log σ = −6 + softplus(r + 6), which bounds σ from
//! below, as the likelihood of a pixel that never changes would else have no bound (Rybkin, Daniilidis & Levine,
//! *Simple and effective VAE training with calibrated decoders*, 2021).

use crate::{
    formulas::{HALF_LOG_TAU, PerPixel},
    kernel::special::{exp, sigmoid_softplus},
};

/// What log σ stays above when it is learned.
const LEAST_LOG_SIGMA: f32 = -6.0;

/// The formulas for one pixel of fixed σ.
#[derive(Clone, Copy)]
pub(crate) struct FixedSigma {
    /// 1 / σ
    inverse: f32,
    /// log σ + ½ log 2π
    constant: f32,
}

impl FixedSigma {
    pub(crate) fn new(sigma: f32) -> Self {
        Self { inverse: 1.0 / sigma, constant: sigma.ln() + HALF_LOG_TAU }
    }
}

impl PerPixel<1> for FixedSigma {
    const SUPPORT: [f32; 2] = [f32::MIN, f32::MAX];

    #[inline(always)]
    fn loss(self, [mu]: [f32; 1], x: f32) -> f32 {
        let t = (x - mu) * self.inverse;
        0.5 * (t * t) + self.constant
    }

    #[inline(always)]
    fn loss_and_slopes(self, [mu]: [f32; 1], x: f32) -> (f32, [f32; 1]) {
        let t = (x - mu) * self.inverse;
        (0.5 * (t * t) + self.constant, [-(t * self.inverse)])
    }

    #[inline(always)]
    fn mean(self, [mu]: [f32; 1]) -> f32 {
        mu
    }
}

/// The formulas for one pixel of learned σ, from μ and r.
#[derive(Clone, Copy)]
pub(crate) struct LearnedSigma;

impl PerPixel<2> for LearnedSigma {
    const SUPPORT: [f32; 2] = [f32::MIN, f32::MAX];

    #[inline(always)]
    fn loss(self, theta: [f32; 2], x: f32) -> f32 {
        self.loss_and_slopes(theta, x).0
    }

    #[inline(always)]
    fn loss_and_slopes(self, [mu, r]: [f32; 2], x: f32) -> (f32, [f32; 2]) {
        let (sigmoid, softplus) = sigmoid_softplus(r - LEAST_LOG_SIGMA);
        let log_sigma = LEAST_LOG_SIGMA + softplus;
        let inverse = exp(-log_sigma);
        let t = (x - mu) * inverse;
        let loss = 0.5 * (t * t) + log_sigma + HALF_LOG_TAU;
        (loss, [-(t * inverse), (1.0 - t * t) * sigmoid])
    }

    #[inline(always)]
    fn mean(self, [mu, _]: [f32; 2]) -> f32 {
        mu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formulas::moments;

    #[test]
    fn the_densities_integrate_to_one_around_their_means() {
        for (mu, sigma) in [(0.0, 1.0), (-3.0, 0.1), (2.5, 7.0)] {
            let (mass, mean) = moments(FixedSigma::new(sigma), [mu], 20.0 * f64::from(sigma));
            assert!((mass - 1.0).abs() < 1e-5 && (mean - f64::from(mu)).abs() < 1e-4, "{mass} {mean}");
            let (mass, mean) = moments(LearnedSigma, [mu, sigma.ln()], 20.0 * f64::from(sigma));
            assert!((mass - 1.0).abs() < 3e-3 && (mean - f64::from(mu)).abs() < 1e-2, "{mass} {mean}");
        }
    }

    #[test]
    fn a_learned_deviation_has_a_least_value() {
        let loss = LearnedSigma.loss([0.5, -1e3], 0.5);
        assert!((loss - (LEAST_LOG_SIGMA + HALF_LOG_TAU)).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn a_fixed_deviation_gives_what_a_learned_one_gives_there() {
        // log σ = −6 + softplus(r + 6) for σ = 0.3
        let r = (0.3f64.ln() + 6.0).exp_m1().ln() - 6.0;
        let (fixed, learned) = (FixedSigma::new(0.3), LearnedSigma);
        for x in [-1.0, 0.2, 4.0] {
            let (fixed, learned) =
                (fixed.loss_and_slopes([0.5], x), learned.loss_and_slopes([0.5, r as f32], x));
            assert!((fixed.0 - learned.0).abs() < 1e-4, "{fixed:?} {learned:?}");
            assert!((fixed.1[0] - learned.1[0]).abs() < 1e-4 * fixed.1[0].abs(), "{fixed:?} {learned:?}");
        }
    }
}
