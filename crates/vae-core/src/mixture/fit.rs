//! A mixture of few Gaussians for one of many.
//!
//! Expectation maximisation as usual (Dempster, Laird & Rubin 1977), but on Gaussians N(mean_n, diag(v_n)), the
//! posteriors of the images, instead of on points. With r_nk the share that component k takes of image n:
//!
//! ```text
//! E   ln r_nk = E_q(z|n) ln w_k N(z; μ_k, C_k) + const
//!             = ln w_k + ln N(mean_n; μ_k, C_k) − ½ tr(C_k⁻¹ diag(v_n)) + const,  with Σ_k r_nk = 1
//! M   w_k = Σ_n r_nk / N,  μ_k = Σ_n r_nk mean_n / Σ_n r_nk,
//!     C_k = Σ_n r_nk [(mean_n − μ_k)(mean_n − μ_k)ᵀ + diag(v_n)] / Σ_n r_nk
//! ```
//! A round never raises the bound −Σ_n Σ_k r_nk [E_q(z|n) ln w_k N(z; μ_k, C_k) − ln r_nk] of the
//! cross-entropy between the many and the few. With one component it is the fit by moments: covariance of the means
//! plus mean of the variances.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::{
    covariance::{Covariance, Factor},
    model::{Gaussian, GaussianMixture},
};
use crate::VaeError;

/// Above this many latents a Gaussian has a diagonal covariance: full ones would outgrow the model that they belong to.
pub const MAX_FULL_LATENTS: usize = 128;

/// How a mixture is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixtureConfig {
    /// The most components; one that has nothing to explain is dropped. Default 16.
    pub components: usize,
    /// Rounds of expectation maximisation. Default 10.
    pub rounds: usize,
    /// How many posteriors, at equal distances in their order, all rounds but the last look at. Default 2000.
    pub sample: usize,
}

impl Default for MixtureConfig {
    fn default() -> Self {
        Self { components: 16, rounds: 10, sample: 2000 }
    }
}

impl GaussianMixture {
    /// The mixture that is close to the mean of N(mean_n, diag(exp(log_var_n))).
    ///
    /// It starts from some of these at equal distances in their order: no chance is involved.
    ///
    /// # Shapes
    /// `means` and `log_vars` (N, L)
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for a number that is infinite or not a number.
    ///
    /// # Panics
    /// If there are no rows or no latents, the shapes differ, or no components are asked for.
    pub fn fit(
        means: ArrayView2<'_, f32>,
        log_vars: ArrayView2<'_, f32>,
        config: &MixtureConfig,
    ) -> Result<Self, VaeError> {
        assert_eq!(means.dim(), log_vars.dim(), "shapes of the means and the log-variances");
        assert!(!means.is_empty() && config.components > 0, "a mixture of nothing");
        if means.iter().chain(log_vars).any(|v| !v.is_finite()) {
            return Err(VaeError::NotFinite { term: "posterior".to_owned() });
        }
        let all = Posteriors::new(means, log_vars);
        let few = all.sample(config.sample.max(config.components));
        let mut components = few.maximise(&few.nearest(config.components));
        for _ in 1..config.rounds {
            components = few.maximise(&few.expect(&components));
        }
        components = all.maximise(&all.expect(&components));
        Ok(Self { components: components.iter().map(Component::rounded).collect() })
    }
}

/// A component in `f64`.
struct Component {
    weight: f64,
    mean: Vec<f64>,
    factor: Factor,
}

impl Component {
    fn rounded(&self) -> Gaussian {
        let round = |values: &[f64]| values.iter().map(|&v| v as f32).collect();
        Gaussian { weight: self.weight as f32, mean: round(&self.mean), factor: round(self.factor.numbers()) }
    }
}

/// What a mixture is fitted to.
#[derive(Clone)]
struct Posteriors {
    /// (N, L).
    means: Vec<Vec<f64>>,
    /// (N, L).
    variances: Vec<Vec<f64>>,
}

impl Posteriors {
    fn new(means: ArrayView2<'_, f32>, log_vars: ArrayView2<'_, f32>) -> Self {
        let rows = |array: ArrayView2<'_, f32>, f: fn(f64) -> f64| {
            array.rows().into_iter().map(|row| row.iter().map(|&v| f(f64::from(v))).collect()).collect()
        };
        Self { means: rows(means, |mean| mean), variances: rows(log_vars, f64::exp) }
    }

    fn len(&self) -> usize {
        self.means.len()
    }

    fn latent(&self) -> usize {
        self.means[0].len()
    }

    /// At most `count` of them, at equal distances in their order.
    fn sample(&self, count: usize) -> Self {
        let count = count.min(self.len());
        let pick = |rows: &[Vec<f64>]| (0..count).map(|i| rows[i * rows.len() / count].clone()).collect();
        Self { means: pick(&self.means), variances: pick(&self.variances) }
    }

    /// The shares (N, K) to start from: each belongs to the nearest of `components` of them.
    fn nearest(&self, components: usize) -> Vec<Vec<f64>> {
        let centres = self.sample(components).means;
        let share = |mean: &Vec<f64>| {
            let distance =
                |centre: &Vec<f64>| mean.iter().zip(centre).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            let distances: Vec<f64> = centres.iter().map(distance).collect();
            let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
            let nearest = distances.iter().position(|&d| d == least);
            (0..centres.len()).map(|k| if Some(k) == nearest { 1.0 } else { 0.0 }).collect()
        };
        self.means.iter().map(share).collect()
    }

    /// The E step: r (N, K).
    fn expect(&self, components: &[Component]) -> Vec<Vec<f64>> {
        if let [_] = components {
            return vec![vec![1.0]; self.len()];
        }
        let constants: Vec<(f64, Vec<f64>)> = components
            .iter()
            .map(|c| (c.weight.ln() - 0.5 * c.factor.log_determinant(), c.factor.inverse_diagonal()))
            .collect();
        let shares = |(mean, variances): (&Vec<f64>, &Vec<f64>)| {
            let mut away = vec![0.0; self.latent()];
            let log_share = |(component, (constant, inverse)): (&Component, &(f64, Vec<f64>))| {
                subtract(mean, &component.mean, &mut away);
                component.factor.solve(&mut away);
                let squares: f64 = away.iter().map(|y| y * y).sum();
                let trace: f64 = inverse.iter().zip(variances).map(|(inverse, v)| inverse * v).sum();
                constant - 0.5 * (squares + trace)
            };
            let mut r: Vec<f64> = components.iter().zip(&constants).map(log_share).collect();
            let largest = r.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            r.iter_mut().for_each(|r| *r = (*r - largest).exp());
            let sum: f64 = r.iter().sum();
            r.iter_mut().for_each(|r| *r /= sum);
            r
        };
        self.means.par_iter().zip(&self.variances).with_min_len(64).map(shares).collect()
    }

    /// The M step from r (N, K). A component that takes less than one posterior is dropped, unless it is the largest.
    fn maximise(&self, shares: &[Vec<f64>]) -> Vec<Component> {
        let totals: Vec<f64> = (0..shares[0].len()).map(|k| shares.iter().map(|r| r[k]).sum()).collect();
        let enough = totals.iter().copied().fold(0.0, f64::max).min(1.0);
        let kept: Vec<usize> = (0..totals.len()).filter(|&k| totals[k] >= enough).collect();
        let sum: f64 = kept.iter().map(|&k| totals[k]).sum();
        // One thread sums a component, so that no sum depends on the number of threads.
        kept.into_par_iter().map(|k| self.component(k, shares, totals[k], totals[k] / sum)).collect()
    }

    fn component(&self, k: usize, shares: &[Vec<f64>], total: f64, weight: f64) -> Component {
        let latent = self.latent();
        let mut mean = vec![0.0; latent];
        for (r, m) in shares.iter().zip(&self.means) {
            mean.iter_mut().zip(m).for_each(|(sum, m)| *sum += r[k] * m);
        }
        mean.iter_mut().for_each(|sum| *sum /= total);
        let mut covariance = Covariance::zeros(latent, latent <= MAX_FULL_LATENTS);
        let mut away = vec![0.0; latent];
        for ((r, m), variances) in shares.iter().zip(&self.means).zip(&self.variances) {
            // What a posterior far away would add is nothing, and most are far from most components.
            if r[k] > 1e-9 {
                subtract(m, &mean, &mut away);
                covariance.add(r[k], &away, variances);
            }
        }
        Component { weight, mean, factor: covariance.factor(1.0 / total) }
    }
}

/// out = a − b
fn subtract(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a - b;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::noise::{Purpose, standard_normal, stream};

    fn with(components: usize) -> MixtureConfig {
        MixtureConfig { components, ..MixtureConfig::default() }
    }

    #[test]
    fn one_gaussian_has_the_covariance_of_the_means_and_the_mean_of_the_variances() {
        let means = array![[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]];
        let log_vars = array![[1.0f32, 4.0], [2.0, 5.0], [3.0, 6.0]].mapv(f32::ln);
        let mixture = GaussianMixture::fit(means.view(), log_vars.view(), &with(1)).unwrap();
        let [Gaussian { weight, mean, factor }] = &mixture.components[..] else { panic!("{mixture:?}") };
        assert_eq!((*weight, &mean[..]), (1.0, &[3.0, 4.0][..]));
        // C = [[8/3, 4/3], [4/3, 8/3]] + diag(2, 5)
        let g = |i: usize| f64::from(factor[i]);
        let c = [g(0) * g(0), g(1) * g(0), g(1) * g(1) + g(2) * g(2)];
        let want = [14.0 / 3.0, 4.0 / 3.0, 23.0 / 3.0];
        assert!(c.iter().zip(want).all(|(c, want)| (c - want).abs() < 1e-5), "{c:?}");
    }

    /// 300 means around (−5, 0) and 100 around (5, 5), each with variances of (0.04, 0.25).
    fn two_groups() -> (Array2<f32>, Array2<f32>) {
        let mut means = Array2::zeros((400, 2));
        standard_normal(&mut stream(1, Purpose::SAMPLES, 0, 0), means.view_mut());
        for (i, mut mean) in means.rows_mut().into_iter().enumerate() {
            let centre = if i % 4 == 3 { [5.0, 5.0] } else { [-5.0, 0.0] };
            mean.iter_mut().zip(centre).for_each(|(mean, centre)| *mean += centre);
        }
        (means, Array2::from_shape_fn((400, 2), |(_, l)| [0.04f32, 0.25][l].ln()))
    }

    #[test]
    fn two_groups_are_found_with_their_shares() {
        let (means, log_vars) = two_groups();
        let mut fitted = GaussianMixture::fit(means.view(), log_vars.view(), &with(2)).unwrap().components;
        fitted.sort_by(|a, b| a.mean[0].total_cmp(&b.mean[0]));
        for (gaussian, (weight, centre)) in fitted.iter().zip([(0.75, [-5.0, 0.0]), (0.25, [5.0, 5.0])]) {
            assert!((gaussian.weight - weight).abs() < 1e-3, "{gaussian:?}");
            assert!(gaussian.mean.iter().zip(centre).all(|(mean, c)| (mean - c).abs() < 0.3), "{gaussian:?}");
            let deviation = gaussian.factor[0];
            assert!((deviation - 1.04f32.sqrt()).abs() < 0.15, "{gaussian:?}");
        }
    }

    #[test]
    fn the_same_posteriors_give_the_same_mixture() {
        let (means, log_vars) = two_groups();
        let fit = || GaussianMixture::fit(means.view(), log_vars.view(), &with(3)).unwrap();
        assert_eq!(fit(), fit());
    }

    #[test]
    fn every_fit_is_valid_however_few_there_are() {
        for (count, latent) in [(1, 1), (1, 3), (2, 5), (3, 1), (7, 2)] {
            let means = Array2::from_shape_fn((count, latent), |(i, l)| (i * l) as f32);
            let log_vars = Array2::from_elem((count, latent), -20.0);
            let mixture = GaussianMixture::fit(means.view(), log_vars.view(), &with(4)).unwrap();
            assert!(mixture.validate().is_ok(), "{count} of {latent}");
            assert_eq!(mixture.latent(), latent);
        }
    }

    #[test]
    fn equal_posteriors_need_one_component() {
        let mixture =
            GaussianMixture::fit(Array2::ones((50, 2)).view(), Array2::zeros((50, 2)).view(), &with(4));
        let mixture = mixture.unwrap();
        assert_eq!(mixture.components.len(), 1, "{mixture:?}");
        assert_eq!(mixture.components[0].factor, [1.0, 0.0, 1.0]);
    }

    #[test]
    fn beyond_the_limit_covariances_are_diagonal() {
        let latent = MAX_FULL_LATENTS + 1;
        let means = Array2::from_shape_fn((5, latent), |(i, _)| i as f32);
        let mixture =
            GaussianMixture::fit(means.view(), Array2::zeros((5, latent)).view(), &with(1)).unwrap();
        assert_eq!(mixture.components[0].factor.len(), latent);
        // Means 0 to 4 have a variance of 2; the posteriors, of 1.
        assert!((mixture.components[0].factor[7] - 3f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused() {
        let means = array![[0.0], [f32::INFINITY]];
        let error = GaussianMixture::fit(means.view(), Array2::zeros((2, 1)).view(), &with(1)).unwrap_err();
        assert_eq!(error.to_string(), "posterior is not finite");
    }
}
