//! KL(q(z|x) ‖ p(z)) as far as it has a closed form: the one place that lists what that can be.
//!
//! Under N(0, I) all of it has one. Under a prior that is learned, KL = −H(q) − E_q log p(z): the entropy has one, and
//! [`density`](super::density) gives log p(z) at the draw.

use super::standard::Standard;
use crate::formulas::{HALF_LOG_TAU, PerLatent};

/// What is known of the divergence without a draw.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Divergence {
    /// KL(q ‖ N(0, I))
    FromStandard,
    /// The same, with no gradient for a latent that carries fewer nats than this.
    FreeBits(f32),
    /// −H(q)
    NegativeEntropy,
}

/// The list: `$do` with the formulas of the divergence.
macro_rules! with_divergence {
    ($divergence:expr, $formulas:ident => $do:expr) => {
        match $divergence {
            $crate::model::divergence::Divergence::FromStandard => {
                let $formulas = $crate::model::standard::Standard;
                $do
            }
            $crate::model::divergence::Divergence::FreeBits(nats) => {
                let $formulas = $crate::model::divergence::FreeBits { nats };
                $do
            }
            $crate::model::divergence::Divergence::NegativeEntropy => {
                let $formulas = $crate::model::divergence::NegativeEntropy;
                $do
            }
        }
    };
}

pub(crate) use with_divergence;

/// KL(q ‖ N(0, I)) that is not pushed below a number of nats a latent: free bits (Kingma et al. 2016, appendix C.8),
/// for each image by itself.
#[derive(Clone, Copy)]
pub(crate) struct FreeBits {
    pub(crate) nats: f32,
}

impl PerLatent for FreeBits {
    #[inline(always)]
    fn kl(self, mean: f32, log_var: f32) -> f32 {
        Standard.kl(mean, log_var)
    }

    #[inline(always)]
    fn slopes(self, mean: f32, log_var: f32) -> (f32, f32) {
        let push = if Standard.kl(mean, log_var) < self.nats { 0.0 } else { 1.0 };
        let (dmean, dlog_var) = Standard.slopes(mean, log_var);
        (push * dmean, push * dlog_var)
    }
}

/// −H(N(mean, exp(log_var))) = −½ (1 + ln 2π + log_var)
#[derive(Clone, Copy)]
pub(crate) struct NegativeEntropy;

impl PerLatent for NegativeEntropy {
    #[inline(always)]
    fn kl(self, mean: f32, log_var: f32) -> f32 {
        // 0 · mean is zero, or NaN where the mean is not a number.
        -0.5 * (1.0 + 2.0 * HALF_LOG_TAU + log_var) + 0.0 * mean
    }

    #[inline(always)]
    fn slopes(self, _: f32, _: f32) -> (f32, f32) {
        (0.0, -0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entropy_is_the_integral_of_q_log_q() {
        let (log_var, step) = (-0.7f64, 1e-3);
        let log_q = |z: f64| -0.5 * (z * z * (-log_var).exp() + log_var + (2.0 * std::f64::consts::PI).ln());
        let z = (-12_000..12_000).map(|i| f64::from(i) * step);
        let integral: f64 = z.map(|z| log_q(z).exp() * log_q(z) * step).sum();
        assert!((f64::from(NegativeEntropy.kl(3.0, log_var as f32)) - integral).abs() < 1e-5);
    }

    #[test]
    fn a_latent_within_its_free_bits_is_not_pushed_and_its_divergence_is_told() {
        let (few, many) = ((0.1, 0.05), (2.0, -1.0));
        let free = FreeBits { nats: 0.1 };
        assert_eq!(free.slopes(few.0, few.1), (0.0, 0.0));
        assert_eq!(free.slopes(many.0, many.1), Standard.slopes(many.0, many.1));
        assert_eq!(free.kl(few.0, few.1), Standard.kl(few.0, few.1));
    }
}
