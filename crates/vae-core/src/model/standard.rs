//! The standard normal prior, p(z) = N(0, I).
//!
//! KL(q ‖ p) = ½ Σ_L [mean² + exp(log_var) − 1 − log_var] in nats (Kingma & Welling 2014, appendix B).

use crate::{
    formulas::{HALF_LOG_TAU, PerLatent},
    kernel::special::exp,
};

/// The formulas, for one latent.
#[derive(Clone, Copy)]
pub(crate) struct Standard;

impl PerLatent for Standard {
    #[inline(always)]
    fn log_density(self, z: f32) -> f32 {
        -0.5 * (z * z) - HALF_LOG_TAU
    }

    #[inline(always)]
    fn kl(self, mean: f32, log_var: f32) -> f32 {
        0.5 * (mean * mean + exp(log_var) - 1.0 - log_var)
    }

    #[inline(always)]
    fn slopes(self, mean: f32, log_var: f32) -> (f32, f32) {
        (mean, 0.5 * (exp(log_var) - 1.0))
    }
}
