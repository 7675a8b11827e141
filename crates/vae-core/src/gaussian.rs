//! The approximate posterior q(z|x) = N(mean, exp(log_var)): drawing from it, and its divergence from the prior.
//!
//! Sources: the reparameterization z = mean + exp(log_var / 2) · ε and its gradient, Kingma & Welling 2014, section
//! 2.4; KL(q ‖ N(0, I)) = ½ Σ_L [mean² + exp(log_var) − 1 − log_var], ibid., appendix B.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use crate::{
    panels::{LANES, Lanes},
    special::exp,
};

/// Log-variances are held within ± this bound, in value and in gradient: beyond it exp(log_var) means nothing in
/// `f32` sums, and far beyond it overflows.
pub const LOG_VAR_BOUND: f32 = 20.0;

/// z = mean + exp(log_var / 2) · ε, and KL(q(z|x) ‖ p(z)) of each sample, in nats, summed over the latents.
///
/// # Shapes
/// By sample: `posterior` (P, 2L), mean and log-variance side by side, `eps` and `z` (P, L); `kl` (B)
pub(crate) fn posterior_forward(
    posterior: ArrayView2<'_, Lanes>,
    eps: ArrayView2<'_, Lanes>,
    mut z: ArrayViewMut2<'_, Lanes>,
    kl: &mut [f32],
) {
    let panels = posterior.rows().into_iter().zip(eps.rows()).zip(z.rows_mut());
    for (kl, ((posterior, eps), mut z)) in kl.chunks_mut(LANES).zip(panels) {
        let (mean, log_var) = halves(&posterior);
        let eps = eps.to_slice().expect("panels are contiguous");
        let sums = panel_forward(mean, log_var, eps, z.as_slice_mut().expect("panels are contiguous"));
        kl.copy_from_slice(&sums.0[..kl.len()]);
    }
}

/// The gradient of loss + weight · Σ_B KL with respect to the posterior's parameters, from dz of the loss:
///
/// d mean = dz + weight · mean, d log_var = ½ dz · ε · exp(log_var / 2) + ½ weight · (exp(log_var) − 1)
///
/// # Shapes
/// By sample: `posterior` and `dposterior` (P, 2L), `eps` and `dz` (P, L), of `rows` samples
pub(crate) fn posterior_backward(
    posterior: ArrayView2<'_, Lanes>,
    eps: ArrayView2<'_, Lanes>,
    dz: ArrayView2<'_, Lanes>,
    weight: f32,
    rows: usize,
    mut dposterior: ArrayViewMut2<'_, Lanes>,
) {
    let panels = posterior.rows().into_iter().zip(eps.rows()).zip(dz.rows()).zip(dposterior.rows_mut());
    for (p, (((posterior, eps), dz), mut dposterior)) in panels.enumerate() {
        let (mean, log_var) = halves(&posterior);
        let dposterior = dposterior.as_slice_mut().expect("panels are contiguous");
        let (dmean, dlog_var) = dposterior.split_at_mut(mean.len());
        let (eps, dz) = (eps.to_slice(), dz.to_slice());
        let (eps, dz) = (eps.expect("panels are contiguous"), dz.expect("panels are contiguous"));
        let weight = Lanes::first(rows - LANES * p, weight);
        panel_backward(mean, log_var, eps, dz, weight, dmean, dlog_var);
    }
}

/// Means and log-variances of a panel.
fn halves<'a>(posterior: &ArrayView1<'a, Lanes>) -> (&'a [Lanes], &'a [Lanes]) {
    let posterior = posterior.to_slice().expect("panels are contiguous");
    posterior.split_at(posterior.len() / 2)
}

/// A log-variance within the bound; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp_log_var(log_var: f32) -> f32 {
    log_var.clamp(-LOG_VAR_BOUND, LOG_VAR_BOUND)
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_forward(mean: &[Lanes], log_var: &[Lanes], eps: &[Lanes], z: &mut [Lanes]) -> Lanes {
    let mut kl = Lanes::default();
    for (((z, mean), log_var), eps) in z.iter_mut().zip(mean).zip(log_var).zip(eps) {
        for lane in 0..LANES {
            let (mean, log_var) = (mean.0[lane], clamp_log_var(log_var.0[lane]));
            let std = exp(0.5 * log_var);
            z.0[lane] = mean + std * eps.0[lane];
            kl.0[lane] += 0.5 * (mean * mean + exp(log_var) - 1.0 - log_var);
        }
    }
    kl
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_backward(
    mean: &[Lanes],
    log_var: &[Lanes],
    eps: &[Lanes],
    dz: &[Lanes],
    weight: Lanes,
    dmean: &mut [Lanes],
    dlog_var: &mut [Lanes],
) {
    for ((dmean, mean), dz) in dmean.iter_mut().zip(mean).zip(dz) {
        for lane in 0..LANES {
            dmean.0[lane] = dz.0[lane] + weight.0[lane] * mean.0[lane];
        }
    }
    for (((dlog_var, log_var), eps), dz) in dlog_var.iter_mut().zip(log_var).zip(eps).zip(dz) {
        for lane in 0..LANES {
            let inside = log_var.0[lane].abs() <= LOG_VAR_BOUND;
            let log_var = clamp_log_var(log_var.0[lane]);
            let of_z = dz.0[lane] * eps.0[lane] * exp(0.5 * log_var);
            let slope = 0.5 * (of_z + weight.0[lane] * (exp(log_var) - 1.0));
            dlog_var.0[lane] = if inside { slope } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// One latent of one sample: (z, KL).
    fn forward(mean: f32, log_var: f32, eps: f32) -> (f32, f32) {
        let lanes =
            |values: &[f32]| Array2::from_shape_fn((1, values.len()), |(_, l)| Lanes::first(1, values[l]));
        let (mut z, mut kl) = (lanes(&[0.0]), [0.0]);
        posterior_forward(lanes(&[mean, log_var]).view(), lanes(&[eps]).view(), z.view_mut(), &mut kl);
        (z[[0, 0]].0[0], kl[0])
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
        let one = |value: f32| Array2::from_elem((1, 1), Lanes([value; LANES]));
        let posterior = Array2::from_shape_fn((1, 2), |(_, l)| Lanes([500.0 * l as f32; LANES]));
        let mut gradient = posterior.clone();
        posterior_backward(posterior.view(), one(1.0).view(), one(1.0).view(), 1.0, 3, gradient.view_mut());
        assert_eq!(gradient[[0, 0]].0[..3], [1.0; 3]);
        assert_eq!(gradient[[0, 1]].0, [0.0; LANES]);
    }

    #[test]
    fn the_gradient_of_the_padding_is_zero() {
        let posterior = Array2::from_elem((1, 2), Lanes([0.7; LANES]));
        let (eps, dz) =
            (Array2::from_elem((1, 1), Lanes([1.0; LANES])), Array2::from_elem((1, 1), Lanes::first(3, 1.0)));
        let mut gradient = posterior.clone();
        posterior_backward(posterior.view(), eps.view(), dz.view(), 1.0, 3, gradient.view_mut());
        for lanes in &gradient {
            assert!(lanes.0[..3].iter().all(|&g| g != 0.0));
            assert_eq!(lanes.0[3..], [0.0; 13]);
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(kl_of(0.0, f32::NAN).is_nan());
        assert!(kl_of(f32::NAN, 0.0).is_nan());
    }
}
