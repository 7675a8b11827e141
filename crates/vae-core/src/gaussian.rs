//! The approximate posterior q(z|x) = N(mean, exp(log_var)): drawing from it, and its divergence from the prior.
//!
//! Sources: the reparameterization z = mean + exp(log_var / 2) · ε and its gradient, Kingma & Welling 2014, section
//! 2.4; KL(q ‖ N(0, I)) = ½ Σ_L [mean² + exp(log_var) − 1 − log_var], ibid., appendix B.

use multiversion::multiversion;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::special::exp;

/// Log-variances are held within ± this bound, in value and in gradient: beyond it exp(log_var) means nothing in
/// `f32` sums, and far beyond it overflows.
pub const LOG_VAR_BOUND: f32 = 20.0;

/// Samples of a piece of work.
const ROWS: usize = 64;

/// z = mean + exp(log_var / 2) · ε, and KL(q(z|x) ‖ p(z)) of each sample, in nats, summed over the latents.
///
/// # Shapes
/// `posterior` (B, 2L): mean and log-variance side by side; `eps` (B, L), `z` (B, L), `kl` (B)
pub(crate) fn posterior_forward(
    posterior: ArrayView2<'_, f32>,
    eps: ArrayView2<'_, f32>,
    mut z: ArrayViewMut2<'_, f32>,
    kl: &mut [f32],
) {
    kl.par_chunks_mut(ROWS)
        .zip(posterior.axis_chunks_iter(Axis(0), ROWS))
        .zip(eps.axis_chunks_iter(Axis(0), ROWS))
        .zip(z.axis_chunks_iter_mut(Axis(0), ROWS))
        .for_each(|(((kl, posterior), eps), mut z)| {
            let rows = posterior.rows().into_iter().zip(eps.rows()).zip(z.rows_mut());
            for (kl, ((posterior, eps), mut z)) in kl.iter_mut().zip(rows) {
                let posterior = posterior.to_slice().expect("rows are contiguous");
                let (mean, log_var) = posterior.split_at(posterior.len() / 2);
                let eps = eps.to_slice().expect("rows are contiguous");
                *kl = row_forward(mean, log_var, eps, z.as_slice_mut().expect("rows are contiguous"));
            }
        });
}

/// The gradient of loss + weight · Σ_B KL with respect to the posterior's parameters, from dz of the loss:
///
/// d mean = dz + weight · mean, d log_var = ½ dz · ε · exp(log_var / 2) + ½ weight · (exp(log_var) − 1)
///
/// # Shapes
/// `posterior` and `dposterior` (B, 2L), `eps` (B, L), `dz` (B, L)
pub(crate) fn posterior_backward(
    posterior: ArrayView2<'_, f32>,
    eps: ArrayView2<'_, f32>,
    dz: ArrayView2<'_, f32>,
    weight: f32,
    mut dposterior: ArrayViewMut2<'_, f32>,
) {
    dposterior
        .axis_chunks_iter_mut(Axis(0), ROWS)
        .into_par_iter()
        .zip(posterior.axis_chunks_iter(Axis(0), ROWS))
        .zip(eps.axis_chunks_iter(Axis(0), ROWS))
        .zip(dz.axis_chunks_iter(Axis(0), ROWS))
        .for_each(|(((mut dposterior, posterior), eps), dz)| {
            let rows = posterior.rows().into_iter().zip(eps.rows()).zip(dz.rows());
            for (mut dposterior, ((posterior, eps), dz)) in dposterior.rows_mut().into_iter().zip(rows) {
                let posterior = posterior.to_slice().expect("rows are contiguous");
                let (mean, log_var) = posterior.split_at(posterior.len() / 2);
                let dposterior = dposterior.as_slice_mut().expect("rows are contiguous");
                let (dmean, dlog_var) = dposterior.split_at_mut(mean.len());
                let eps = eps.to_slice().expect("rows are contiguous");
                let dz = dz.to_slice().expect("rows are contiguous");
                row_backward(mean, log_var, eps, dz, weight, dmean, dlog_var);
            }
        });
}

/// A log-variance within the bound; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp_log_var(log_var: f32) -> f32 {
    log_var.clamp(-LOG_VAR_BOUND, LOG_VAR_BOUND)
}

#[multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))]
fn row_forward(mean: &[f32], log_var: &[f32], eps: &[f32], z: &mut [f32]) -> f32 {
    let mut kl = 0.0;
    for (((z, &mean), &log_var), &eps) in z.iter_mut().zip(mean).zip(log_var).zip(eps) {
        let log_var = clamp_log_var(log_var);
        let std = exp(0.5 * log_var);
        *z = mean + std * eps;
        kl += 0.5 * (mean * mean + exp(log_var) - 1.0 - log_var);
    }
    kl
}

#[multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))]
fn row_backward(
    mean: &[f32],
    log_var: &[f32],
    eps: &[f32],
    dz: &[f32],
    weight: f32,
    dmean: &mut [f32],
    dlog_var: &mut [f32],
) {
    for ((dmean, &mean), &dz) in dmean.iter_mut().zip(mean).zip(dz) {
        *dmean = dz + weight * mean;
    }
    for (((dlog_var, &log_var), &eps), &dz) in dlog_var.iter_mut().zip(log_var).zip(eps).zip(dz) {
        let inside = log_var.abs() <= LOG_VAR_BOUND;
        let log_var = clamp_log_var(log_var);
        let slope = 0.5 * (dz * eps * exp(0.5 * log_var) + weight * (exp(log_var) - 1.0));
        *dlog_var = if inside { slope } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn kl_of(mean: f32, log_var: f32) -> f32 {
        let mut kl = [0.0];
        let posterior = array![[mean, log_var]];
        posterior_forward(posterior.view(), array![[0.0]].view(), Array2::zeros((1, 1)).view_mut(), &mut kl);
        kl[0]
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
        let mut z = Array2::zeros((1, 2));
        let posterior = array![[1.0, -2.0, 4f32.ln(), 0.0]];
        posterior_forward(posterior.view(), array![[0.5, 3.0]].view(), z.view_mut(), &mut [0.0]);
        assert!((z[[0, 0]] - 2.0).abs() < 1e-6);
        assert_eq!(z[[0, 1]], 1.0);
    }

    #[test]
    fn a_log_variance_beyond_the_bound_is_held_in_value_and_gradient() {
        assert_eq!(kl_of(0.0, 500.0), kl_of(0.0, LOG_VAR_BOUND));
        let mut gradient = array![[0.0, 7.0]];
        let posterior = array![[0.0, 500.0]];
        let (eps, dz) = (array![[1.0]], array![[1.0]]);
        posterior_backward(posterior.view(), eps.view(), dz.view(), 1.0, gradient.view_mut());
        assert_eq!(gradient, array![[1.0, 0.0]]);
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(kl_of(0.0, f32::NAN).is_nan());
        assert!(kl_of(f32::NAN, 0.0).is_nan());
    }
}
