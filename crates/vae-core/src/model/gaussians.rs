//! A mixture of Gaussians as prior: p(z) = Σ_k π_k N(z; m_k, C_k), with π = softmax of the logits.
//!
//! C_k⁻¹ = (I + A_k)ᵀ diag exp(−v_k) (I + A_k): of a strictly lower triangle A_k, or diagonal where there is none. With
//! w_k = (I + A_k)(z − m_k)
//!
//! log p(z) = ln Σ_k exp(j_k), j_k = ln π_k − ½ Σ_L [w_k² exp(−v_k) + v_k + ln 2π], in nats; with the responsibilities
//! r_k = exp(j_k) / p(z) its gradient is Σ_k r_k ∂j_k (Bishop 2006, section 9.2.2).

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use crate::{
    Gaussian, GaussianMixture,
    formulas::HALF_LOG_TAU,
    kernel::{
        batch::BySample,
        distances::{Centres, Slopes, distances, distances_backward, triangle_row},
        special::exp,
        sums,
    },
    layers::layout::{Layout, Slot},
    model::posterior::bounded,
};

/// Where the parameters of K Gaussians over L latents lie.
#[derive(Clone, Debug)]
pub(crate) struct Gaussians {
    latent: usize,
    /// (K)
    logits: Slot,
    /// m (K, L)
    means: Slot,
    /// v (K, L)
    log_vars: Slot,
    /// A (K, L (L − 1) / 2), the rows of a triangle one behind the other
    skews: Option<Slot>,
}

/// A few samples on their way to log p(z) and back.
#[derive(Clone, Debug)]
pub(crate) struct GaussiansPass {
    z: BySample,
    /// π (K)
    shares: Vec<f32>,
    /// exp(−v) (K, L)
    precisions: Vec<f32>,
    /// j, and then r (B, K)
    responsibilities: BySample,
    /// The gradients of logits, means, log-variances and triangles, one behind the other; empty before the first way
    /// back.
    gradient: Vec<f32>,
}

impl Gaussians {
    pub(crate) fn new(layout: &mut Layout, latent: usize, components: usize, full: bool) -> Self {
        let logits = layout.push_tensor("prior.logits", &[components]);
        let means = layout.push_tensor("prior.mean", &[components, latent]);
        let log_vars = layout.push_tensor("prior.log_var", &[components, latent]);
        let triangle = latent * (latent - 1) / 2;
        let skews = (full && triangle > 0).then(|| layout.push_tensor("prior.skew", &[components, triangle]));
        Self { latent, logits, means, log_vars, skews }
    }

    /// Sets equal shares, these means (K, L), and one log-variance for all.
    pub(crate) fn start(&self, parameters: &mut [f32], means: ArrayView2<'_, f32>, log_var: f32) {
        self.logits.of_mut(parameters).fill(0.0);
        self.means.of_mut(parameters).iter_mut().zip(means).for_each(|(m, &mean)| *m = mean);
        self.log_vars.of_mut(parameters).fill(log_var);
        if let Some(skews) = &self.skews {
            skews.of_mut(parameters).fill(0.0);
        }
    }

    /// Sets it to another mixture of at most as many Gaussians; those that are left get next to no share.
    pub(crate) fn start_as(&self, parameters: &mut [f32], mixture: &GaussianMixture) {
        self.logits.of_mut(parameters).fill(UNUSED);
        for (k, Gaussian { weight, mean, factor }) in mixture.components.iter().enumerate() {
            self.logits.of_mut(parameters)[k] = weight.max(f32::MIN_POSITIVE).ln();
            let row = k * self.latent..(k + 1) * self.latent;
            self.means.of_mut(parameters)[row.clone()].copy_from_slice(mean);
            let (log_vars, skews) = precision(self.latent, factor, self.skews.is_some());
            self.log_vars.of_mut(parameters)[row].copy_from_slice(&log_vars);
            if let Some(slot) = &self.skews {
                let numbers = skews.len();
                slot.of_mut(parameters)[k * numbers..(k + 1) * numbers].copy_from_slice(&skews);
            }
        }
    }

    /// Their number, K.
    pub(crate) fn components(&self) -> usize {
        self.logits.len()
    }

    /// Latent dimensions, L.
    pub(crate) fn latent(&self) -> usize {
        self.latent
    }

    /// Memory for up to `samples` samples.
    pub(crate) fn pass(&self, samples: usize) -> GaussiansPass {
        let (k, l) = (self.components(), self.latent);
        GaussiansPass {
            z: BySample::zeroed(samples, l),
            shares: vec![0.0; k],
            precisions: vec![0.0; k * l],
            responsibilities: BySample::zeroed(samples, k),
            gradient: Vec::new(),
        }
    }

    /// log p(z) of each sample in nats.
    ///
    /// # Shapes
    /// `z` (B, L), `log_p` (B)
    pub(crate) fn log_density(
        &self,
        parameters: &[f32],
        z: &BySample,
        pass: &mut GaussiansPass,
        log_p: &mut [f32],
    ) {
        let log_vars = self.log_vars.of(parameters);
        softmax(self.logits.of(parameters), &mut pass.shares);
        for (precision, &v) in pass.precisions.iter_mut().zip(log_vars) {
            *precision = exp(-bounded(v));
        }
        let constants: Vec<f32> = pass
            .shares
            .iter()
            .zip(log_vars.chunks_exact(self.latent))
            .map(|(share, v)| {
                share.ln() - 0.5 * v.iter().map(|&v| bounded(v) + 2.0 * HALF_LOG_TAU).sum::<f32>()
            })
            .collect();
        pass.z.copy_from(z);
        let j = &mut pass.responsibilities;
        let skews = self.skews.as_ref().map(|skews| skews.of(parameters));
        let centres = Centres { m: self.means.of(parameters), a: &pass.precisions, skew: skews };
        distances(z, &centres, j);
        sums::log_sum_exp(&constants, -0.5, j, log_p);
    }

    /// Adds the gradient of −weight · Σ_B log p(z) to dz, after [`log_density`](Self::log_density), and leaves that of
    /// the parameters.
    ///
    /// # Shapes
    /// `dz` (B, L)
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        weight: f32,
        pass: &mut GaussiansPass,
        dz: &mut BySample,
    ) {
        let GaussiansPass { z, shares, precisions, responsibilities: r, gradient } = pass;
        let own = self.logits.len() + self.means.len() + self.log_vars.len();
        gradient.resize(own + self.skews.as_ref().map_or(0, Slot::len), 0.0);
        let (dlogits, rest) = gradient.split_at_mut(self.components());
        let (dmeans, rest) = rest.split_at_mut(self.means.len());
        let (dlog_vars, dskews) = rest.split_at_mut(self.log_vars.len());
        // δ = weight · r, so that −weight · Σ log p has the slope ½ δ in each squared distance.
        sums::scale(r, weight);
        sums::column_sums(r, dlogits);
        let skews = self.skews.as_ref().map(|skews| skews.of(parameters));
        let centres = Centres { m: self.means.of(parameters), a: &*precisions, skew: skews };
        let slopes = Slopes { dm: dmeans, da: &mut *dlog_vars, dskew: dskews };
        distances_backward(z, &centres, r, dz, slopes);

        let samples = z.samples() as f32;
        let rows = dlog_vars.chunks_exact_mut(self.latent).zip(precisions.chunks_exact(self.latent));
        let log_vars = self.log_vars.of(parameters).chunks_exact(self.latent);
        for (((row, precisions), log_vars), &mass) in rows.zip(log_vars).zip(&*dlogits) {
            for ((d, precision), &v) in row.iter_mut().zip(precisions).zip(log_vars) {
                // From the slope in exp(−v) to that in v; the normalization adds ½ of the mass.
                *d = if bounded(v) == v { 0.5 * (mass - *d * precision) } else { 0.0 };
            }
        }
        for (d, share) in dlogits.iter_mut().zip(&*shares) {
            *d = weight * samples * share - *d;
        }
    }

    /// z from the noise `u` drawn from N(0, I), in place: `choices`, uniform on [0, 1), say of which Gaussian.
    ///
    /// # Shapes
    /// `choices` (B,), `u` (B, L)
    pub(crate) fn sample(
        &self,
        parameters: &[f32],
        choices: ArrayView1<'_, f32>,
        mut u: ArrayViewMut2<'_, f32>,
    ) {
        let mut shares = vec![0.0; self.components()];
        softmax(self.logits.of(parameters), &mut shares);
        let (means, log_vars) = (self.means.of(parameters), self.log_vars.of(parameters));
        for (mut u, &choice) in u.rows_mut().into_iter().zip(choices) {
            let mut end = 0.0;
            let reaches = |share: &f32| {
                end += share;
                choice < end
            };
            let k = shares.iter().position(reaches).unwrap_or(shares.len() - 1);
            let row = k * self.latent..(k + 1) * self.latent;
            let skew = self.skews.as_ref().map(|slot| {
                let numbers = slot.len() / self.components();
                &slot.of(parameters)[k * numbers..(k + 1) * numbers]
            });
            // w = exp(v / 2) u, then z − m = (I + A)⁻¹ w, from the first latent to the last.
            for (l, &v) in log_vars[row.clone()].iter().enumerate() {
                let mut away = exp(0.5 * bounded(v)) * u[l];
                for (j, a) in skew.map_or(&[][..], |skew| triangle_row(skew, l)).iter().enumerate() {
                    away -= a * u[j];
                }
                u[l] = away;
            }
            u.iter_mut().zip(&means[row]).for_each(|(u, m)| *u += m);
        }
    }
}

impl GaussiansPass {
    /// The gradient of the parameters, summed over the samples.
    pub(crate) fn gradient(&self) -> &[f32] {
        &self.gradient
    }
}

/// The logit of a Gaussian that is not used.
const UNUSED: f32 = -30.0;

/// v and A of the inverse of G Gᵀ, from the rows of G's lower triangle or from standard deviations: G⁻¹ is
/// diag exp(−v / 2) (I + A). Without `full`, of G's diagonal covariance.
fn precision(latent: usize, factor: &[f32], full: bool) -> (Vec<f32>, Vec<f32>) {
    let log_var = |variance: f64| variance.max(f64::from(f32::MIN_POSITIVE)).ln() as f32;
    if factor.len() == latent {
        let log_vars = factor.iter().map(|&g| log_var(f64::from(g).powi(2))).collect();
        return (log_vars, vec![0.0; if full { latent * (latent - 1) / 2 } else { 0 }]);
    }
    let row = |i: usize| &factor[i * (i + 1) / 2..(i + 1) * (i + 2) / 2];
    if !full {
        let variance = |i| row(i).iter().map(|&g| f64::from(g).powi(2)).sum();
        return ((0..latent).map(|i| log_var(variance(i))).collect(), Vec::new());
    }
    // Rows of G⁻¹, by forward substitution of the unit vectors.
    let mut inverse = vec![vec![0.0; latent]; latent];
    for i in 0..latent {
        let g = row(i);
        let (above, below) = inverse.split_at_mut(i);
        for (j, inverse) in below[0][..=i].iter_mut().enumerate() {
            let known: f64 = (j..i).map(|k| f64::from(g[k]) * above[k][j]).sum();
            *inverse = (f64::from(u8::from(i == j)) - known) / f64::from(g[i]);
        }
    }
    let log_vars = (0..latent).map(|i| log_var(f64::from(row(i)[i]).powi(2))).collect();
    let skew = |i: usize| {
        let inverse = inverse[i].clone();
        (0..i).map(move |j| (inverse[j] * f64::from(row(i)[i])) as f32)
    };
    (log_vars, (0..latent).flat_map(skew).collect())
}

/// exp(g) / Σ exp(g)
fn softmax(logits: &[f32], shares: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    shares.iter_mut().zip(logits).for_each(|(share, g)| *share = exp(g - largest));
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
}
