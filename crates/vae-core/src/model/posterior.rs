//! The approximate posterior q(z|x) = N(mean, exp(log_var)), and drawing from it: the reparameterization.
//!
//! z = mean + exp(log_var / 2) · ε with ε drawn from N(0, I), and its gradient (Kingma & Welling 2014, section 2.4):
//! d mean = dz, d log_var = ½ dz · ε · exp(log_var / 2).

use ndarray::{Array2, ArrayView2};

use super::divergence::{Divergence, with_divergence};
use crate::{
    formulas::{HALF_LOG_TAU, PerDraw},
    kernel::{batch::BySample, densities, elementwise, repeated::Repeated, special::exp},
};

/// Log-variances are held within ± this bound, in value and in gradient: beyond it exp(log_var) means nothing in
/// `f32` sums, and far beyond it overflows.
pub const LOG_VAR_BOUND: f32 = 20.0;

/// q(z|x) = N(mean, exp(log_var)) of a batch: what the encoder gives for each sample.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Posterior {
    /// Means (B, L).
    pub mean: Array2<f32>,
    /// Logarithms of the variances (B, L), within ± [`LOG_VAR_BOUND`].
    pub log_var: Array2<f32>,
}

impl Posterior {
    /// The posterior of these means and log-variances (B, L).
    ///
    /// # Panics
    /// If their shapes differ.
    pub fn new(mean: Array2<f32>, log_var: Array2<f32>) -> Self {
        assert_eq!(mean.dim(), log_var.dim(), "shapes of the means and the log-variances");
        Self { mean, log_var }
    }

    /// z = mean + exp(log_var / 2) · ε: the reparameterization.
    ///
    /// # Shapes
    /// `eps` (B, L) → (B, L)
    ///
    /// # Panics
    /// If the shape of `eps` is not that of the means.
    pub fn sample(&self, eps: ArrayView2<'_, f32>) -> Array2<f32> {
        assert_eq!(eps.dim(), self.mean.dim(), "the shape of eps");
        &self.mean + &(self.log_var.mapv(|v| exp(0.5 * v)) * eps)
    }
}

/// The formulas, for one latent.
#[derive(Clone, Copy)]
struct Reparameterization;

impl PerDraw for Reparameterization {
    #[inline(always)]
    fn log_var(self, given: f32) -> f32 {
        bounded(given)
    }

    #[inline(always)]
    fn z(self, mean: f32, log_var: f32, eps: f32) -> f32 {
        mean + exp(0.5 * log_var) * eps
    }

    #[inline(always)]
    fn log_density(self, log_var: f32, eps: f32) -> f32 {
        -0.5 * (eps * eps + log_var) - HALF_LOG_TAU
    }

    #[inline(always)]
    fn slopes(self, log_var: f32, eps: f32, dz: f32) -> (f32, f32) {
        (dz, 0.5 * (dz * eps * exp(0.5 * log_var)))
    }
}

/// A log-variance within the bound; NaN stays NaN.
#[inline(always)]
pub(crate) fn bounded(log_var: f32) -> f32 {
    log_var.clamp(-LOG_VAR_BOUND, LOG_VAR_BOUND)
}

/// z, drawn from q(z|x) with the noise ε, and the divergence of each sample in nats, summed over the latents.
///
/// # Shapes
/// `posterior` (B, 2L), mean and log-variance side by side; `eps` and `z` (B, L), `kl` (B)
pub(crate) fn draw(
    divergence: Divergence,
    posterior: &BySample,
    eps: &BySample,
    z: &mut BySample,
    kl: &mut [f32],
) {
    with_divergence!(divergence, d => elementwise::draw(Reparameterization, d, posterior, eps, z, kl));
}

/// z of each ε, all drawn from the same q(z|x), and log q(z|x) in nats, summed over the latents.
///
/// # Shapes
/// mean and log-variance of `q` (L), `eps` and `z` (B, L), `log_q` (B)
pub(crate) fn draws_of_one(q: [&Repeated; 2], eps: &BySample, z: &mut BySample, log_q: &mut [f32]) {
    densities::draws_of_one(Reparameterization, q, eps, z, log_q);
}

/// From dz, the gradient of loss + weight · Σ_B divergence with respect to mean and log-variance.
///
/// # Shapes
/// `posterior` and `dposterior` (B, 2L), `eps` and `dz` (B, L)
pub(crate) fn backward(
    divergence: Divergence,
    posterior: &BySample,
    eps: &BySample,
    dz: &BySample,
    weight: f32,
    dposterior: &mut BySample,
) {
    let q = Reparameterization;
    with_divergence!(divergence, d => elementwise::draw_backward(q, d, posterior, eps, dz, weight, dposterior));
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn batch(rows: &Array2<f32>) -> BySample {
        let mut batch = BySample::zeroed(rows.nrows(), rows.ncols());
        batch.pack(rows.view());
        batch
    }

    /// One latent of one sample: (z, KL).
    fn forward(mean: f32, log_var: f32, eps: f32) -> (f32, f32) {
        let (mut z, mut kl) = (batch(&array![[0.0]]), [0.0]);
        let (posterior, eps) = (batch(&array![[mean, log_var]]), batch(&array![[eps]]));
        draw(Divergence::FromStandard, &posterior, &eps, &mut z, &mut kl);
        (z.sample(0).next().unwrap(), kl[0])
    }

    fn kl_of(mean: f32, log_var: f32) -> f32 {
        forward(mean, log_var, 0.0).1
    }

    #[test]
    fn kl_of_the_prior_itself_is_zero() {
        assert_eq!(kl_of(0.0, 0.0), 0.0);
    }

    #[test]
    fn kl_is_the_integral_of_q_log_q_over_p() {
        let (mean, log_var) = (0.8f64, -1.1f64);
        let var = log_var.exp();
        let log_q = |z: f64| -0.5 * ((z - mean).powi(2) / var + log_var);
        let log_p = |z: f64| -0.5 * z * z;
        let step = 1e-3;
        let integral: f64 = (-12_000..12_000)
            .map(|i| f64::from(i) * step)
            .map(|z| log_q(z).exp() / (2.0 * std::f64::consts::PI).sqrt() * (log_q(z) - log_p(z)) * step)
            .sum();
        assert!((f64::from(kl_of(mean as f32, log_var as f32)) - integral).abs() < 1e-5);
    }

    #[test]
    fn z_is_mean_plus_deviation_times_noise() {
        assert!((forward(1.0, 4f32.ln(), 0.5).0 - 2.0).abs() < 1e-6);
        assert_eq!(forward(-2.0, 0.0, 3.0).0, 1.0);
    }

    #[test]
    fn a_log_variance_beyond_the_bound_is_held_in_value_and_gradient() {
        assert_eq!(kl_of(0.0, 500.0), kl_of(0.0, LOG_VAR_BOUND));
        let one = batch(&array![[1.0], [1.0], [1.0]]);
        let posterior = batch(&Array2::from_shape_fn((3, 2), |(_, l)| 500.0 * l as f32));
        let mut gradient = posterior.clone();
        backward(Divergence::FromStandard, &posterior, &one, &one, 1.0, &mut gradient);
        for sample in 0..3 {
            assert_eq!(gradient.sample(sample).collect::<Vec<_>>(), [1.0, 0.0]);
        }
    }

    #[test]
    fn the_gradient_of_the_padding_is_zero() {
        let mut posterior = batch(&Array2::from_elem((16, 2), 0.7));
        let mut eps = batch(&Array2::ones((16, 1)));
        posterior.resize(3);
        eps.resize(3);
        let dz = batch(&Array2::ones((3, 1)));
        let mut gradient = batch(&Array2::from_elem((16, 2), f32::NAN));
        backward(Divergence::FromStandard, &posterior, &eps, &dz, 1.0, &mut gradient);
        gradient.resize(16);
        for sample in 0..16 {
            assert_eq!(gradient.sample(sample).all(|g| g != 0.0), sample < 3);
            assert_eq!(gradient.sample(sample).all(|g| g == 0.0), sample >= 3);
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(kl_of(0.0, f32::NAN).is_nan());
        assert!(kl_of(f32::NAN, 0.0).is_nan());
    }
}
