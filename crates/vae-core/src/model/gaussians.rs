//! A mixture of Gaussians as prior: p(z) = Σ_k π_k N(z; m_k, diag exp(v_k)), with π = softmax of the logits.
//!
//! log p(z) = ln Σ_k exp(j_k), j_k = ln π_k − ½ Σ_L [(z − m_k)² exp(−v_k) + v_k + ln 2π], in nats; with the responsibilities
//! r_k = exp(j_k) / p(z) its gradient is Σ_k r_k ∂j_k (Bishop 2006, section 9.2.2).

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use crate::{
    formulas::HALF_LOG_TAU,
    kernel::{
        batch::BySample,
        distances::{distances, distances_backward},
        elementwise,
        special::exp,
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
    /// Of logits, means and log-variances, one behind the other.
    gradient: Vec<f32>,
}

impl Gaussians {
    pub(crate) fn new(layout: &mut Layout, latent: usize, components: usize) -> Self {
        let logits = layout.push_tensor("prior.logits", &[components]);
        let means = layout.push_tensor("prior.mean", &[components, latent]);
        let log_vars = layout.push_tensor("prior.log_var", &[components, latent]);
        Self { latent, logits, means, log_vars }
    }

    /// Sets equal shares, these means (K, L), and one log-variance for all.
    pub(crate) fn start(&self, parameters: &mut [f32], means: ArrayView2<'_, f32>, log_var: f32) {
        self.logits.of_mut(parameters).fill(0.0);
        self.means.of_mut(parameters).iter_mut().zip(means).for_each(|(m, &mean)| *m = mean);
        self.log_vars.of_mut(parameters).fill(log_var);
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
            gradient: vec![0.0; k * (2 * l + 1)],
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
        distances(z, self.means.of(parameters), &pass.precisions, j);
        elementwise::log_sum_exp(&constants, -0.5, j, log_p);
    }

    /// Adds the gradient of −weight · Σ_B log p(z) to dz, after [`log_density`](Self::log_density), and leaves that of the
    /// parameters.
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
        let (dlogits, rest) = gradient.split_at_mut(self.components());
        let (dmeans, dlog_vars) = rest.split_at_mut(self.means.len());
        // δ = weight · r, so that −weight · Σ log p has the slope ½ δ in each squared distance.
        elementwise::scale(r, weight);
        elementwise::column_sums(r, dlogits);
        distances_backward(z, self.means.of(parameters), precisions, r, dz, [&mut *dmeans, &mut *dlog_vars]);

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
            for ((u, m), &v) in u.iter_mut().zip(&means[row.clone()]).zip(&log_vars[row]) {
                *u = m + exp(0.5 * bounded(v)) * *u;
            }
        }
    }
}

impl GaussiansPass {
    /// The gradient of the parameters, summed over the samples.
    pub(crate) fn gradient(&self) -> &[f32] {
        &self.gradient
    }
}

/// exp(g) / Σ exp(g)
fn softmax(logits: &[f32], shares: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    shares.iter_mut().zip(logits).for_each(|(share, g)| *share = exp(g - largest));
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
}
