//! log p(x) by importance sampling: the posterior proposes, and weights make up for its errors.
//!
//! ```text
//! log p(x) ≈ log 1/K Σ_k w_k,    w_k = p(x|z_k) p(z_k) / q(z_k|x),    z_k drawn from q(z|x)
//! ```
//! (Rezende, Mohamed & Wierstra 2014, appendix E; Burda, Grosse & Salakhutdinov 2016, equation 8). In expectation it is
//! a lower bound for every K, the ELBO for K = 1, and rises to log p(x) with K. x is encoded once; this file gives the
//! logarithms of the weights, whose sum the caller takes.

use ndarray::{ArrayView1, ArrayView2, Axis};

use super::{density::DensityPass, network::Network, posterior};
use crate::{
    VaeError,
    kernel::{batch::BySample, blocking::MICRO_BATCH, repeated::Repeated},
    layers::stack::Tape,
};

/// The logarithms of the three densities that a weight is made of, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogWeight {
    /// log p(x|z), summed over pixels.
    pub log_p_x: f32,
    /// log p(z), summed over latents.
    pub log_p_z: f32,
    /// log q(z|x), summed over latents.
    pub log_q: f32,
}

impl LogWeight {
    /// log w = log p(x|z) + log p(z) − log q(z|x): a single draw's estimate of the ELBO.
    pub fn value(self) -> f64 {
        f64::from(self.log_p_x) - self.kl()
    }

    /// log q(z|x) − log p(z): a single draw's estimate of KL(q(z|x) ‖ p(z)).
    pub fn kl(self) -> f64 {
        f64::from(self.log_q) - f64::from(self.log_p_z)
    }
}

/// Weighs draws from the posterior of one image after the other, in memory that it keeps: see
/// [`Vae::importance_sampler`](crate::Vae::importance_sampler).
///
/// log p(x) is the logarithm of the mean of the weights, taken with the largest of them set apart:
/// ```
/// use vae_core::{LogWeight, Vae, VaeConfig, ndarray::Array2};
/// use vae_core::noise::{Purpose, standard_normal, stream};
///
/// # fn main() -> Result<(), vae_core::VaeError> {
/// # let vae = Vae::new(VaeConfig { input: 16, hidden: vec![32], latent: 2, ..VaeConfig::default() }, 7)?;
/// # let x = Array2::from_elem((1, 16), 0.5);
/// let (posterior, mut eps) = (vae.encode(x.view()), Array2::zeros((100, 2)));
/// standard_normal(&mut stream(7, Purpose::EVALUATION, 0, 0), eps.view_mut());
/// let (mut sampler, mut weights) = (vae.importance_sampler(), [LogWeight::default(); 100]);
/// sampler.set_image(x.row(0), posterior.mean.row(0), posterior.log_var.row(0))?;
/// sampler.log_weights(eps.view(), &mut weights);
/// let largest = weights.iter().map(|w| w.value()).fold(f64::NEG_INFINITY, f64::max);
/// let sum: f64 = weights.iter().map(|w| (w.value() - largest).exp()).sum();
/// let log_p = largest + (sum / 100.0).ln();
/// assert!(log_p < largest && log_p > -20.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImportanceSampler<'v> {
    network: &'v Network,
    parameters: &'v [f32],
    /// x (D)
    x: Repeated,
    /// Mean and log-variance of q(z|x) (L).
    q: [Repeated; 2],
    /// ε (B, L)
    eps: BySample,
    /// z (B, L)
    z: BySample,
    /// The way of z to log p(z).
    prior: DensityPass,
    /// The decoder's layers; the last gives θ (B, P·D).
    decoder: Tape,
    /// −log p(x|z), log p(z) and log q(z|x) (B).
    terms: [Vec<f32>; 3],
}

impl<'v> ImportanceSampler<'v> {
    pub(crate) fn new(network: &'v Network, parameters: &'v [f32]) -> Self {
        let latent = network.latent();
        let latents = || BySample::zeroed(MICRO_BATCH, latent);
        Self {
            network,
            parameters,
            x: Repeated::zeroed(network.input()),
            q: [Repeated::zeroed(latent), Repeated::zeroed(latent)],
            eps: latents(),
            z: latents(),
            prior: network.prior.pass(MICRO_BATCH),
            decoder: network.decoder.tape(MICRO_BATCH),
            terms: [(); 3].map(|()| vec![0.0; MICRO_BATCH]),
        }
    }

    /// Turns to the image x, whose posterior has this mean and log-variance.
    ///
    /// # Shapes
    /// `x` (D,), `mean` and `log_var` (L,)
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number of x that the likelihood excludes, which would have a weight of zero. Its
    /// row is 0. The sampler then stays with the image before.
    ///
    /// # Panics
    /// If the shapes do not fit the model.
    pub fn set_image(
        &mut self,
        x: ArrayView1<'_, f32>,
        mean: ArrayView1<'_, f32>,
        log_var: ArrayView1<'_, f32>,
    ) -> Result<(), VaeError> {
        self.network.likelihood.check(x.insert_axis(Axis(0)))?;
        self.x.set(x);
        self.q[0].set(mean);
        self.q[1].set(log_var);
        Ok(())
    }

    /// The weight of z = mean + exp(log_var / 2) · ε for each row of `eps`. A weight does not depend on the others. One
    /// whose ε, mean or log-variance is not a number is none either.
    ///
    /// # Shapes
    /// `eps` (K, L) → `weights` (K)
    ///
    /// # Panics
    /// If the shapes do not fit the model or each other.
    pub fn log_weights(&mut self, eps: ArrayView2<'_, f32>, weights: &mut [LogWeight]) {
        assert_eq!(eps.dim(), (weights.len(), self.network.latent()), "the shape of eps");
        let parts = eps.axis_chunks_iter(Axis(0), MICRO_BATCH);
        for (eps, weights) in parts.zip(weights.chunks_mut(MICRO_BATCH)) {
            self.weigh(eps, weights);
        }
    }

    fn weigh(&mut self, eps: ArrayView2<'_, f32>, weights: &mut [LogWeight]) {
        let Self { network, parameters, x, q: [mean, log_var], z, prior, decoder, terms, .. } = self;
        let [loss, log_p_z, log_q] = terms.each_mut().map(|term| &mut term[..weights.len()]);
        self.eps.pack(eps);
        posterior::draws_of_one([mean, log_var], &self.eps, z, log_q);
        network.prior.log_density(parameters, z, prior, log_p_z);
        network.decoder.forward(parameters, z.view(), decoder);
        network.likelihood.loss_of_one(decoder.output(), x, loss);
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight = LogWeight { log_p_x: -loss[i], log_p_z: log_p_z[i], log_q: log_q[i] };
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, s};

    use crate::{Batch, Likelihood, LogWeight, Vae, VaeConfig};

    /// Samples; more than go through the network together, and no multiple of sixteen.
    const K: usize = 150;
    const LIKELIHOODS: [Likelihood; 4] = [
        Likelihood::Bernoulli,
        Likelihood::ContinuousBernoulli,
        Likelihood::Gaussian { sigma: Some(0.3) },
        Likelihood::Gaussian { sigma: None },
    ];

    fn vae(likelihood: Likelihood) -> Vae {
        let config = VaeConfig { input: 70, hidden: vec![20], latent: 3, likelihood, ..VaeConfig::default() };
        Vae::new(config, 3).unwrap()
    }

    fn eps() -> Array2<f32> {
        Array2::from_shape_fn((K, 3), |(k, l)| ((k * 7 + l * 5) % 13) as f32 / 4.0 - 1.5)
    }

    fn image(seed: usize) -> Array1<f32> {
        Array1::from_shape_fn(70, |j| ((j * 5 + seed) % 9) as f32 / 8.0)
    }

    fn weights(vae: &Vae, x: &Array1<f32>, eps: &Array2<f32>) -> Vec<LogWeight> {
        let posterior = vae.encode(x.view().insert_axis(ndarray::Axis(0)));
        let mut sampler = vae.importance_sampler();
        // What the sampler met before leaves no trace.
        sampler.set_image(image(5).view(), Array1::ones(3).view(), Array1::ones(3).view()).unwrap();
        sampler.log_weights(Array2::ones((70, 3)).view(), &mut [LogWeight::default(); 70]);
        sampler.set_image(x.view(), posterior.mean.row(0), posterior.log_var.row(0)).unwrap();
        let mut weights = vec![LogWeight::default(); eps.nrows()];
        sampler.log_weights(eps.view(), &mut weights);
        weights
    }

    #[test]
    fn log_p_of_x_is_the_loss_of_as_many_copies_of_the_image_to_the_bit() {
        for likelihood in LIKELIHOODS {
            let (vae, x, eps) = (vae(likelihood), image(1), eps());
            let copies = x.broadcast((K, 70)).unwrap().to_owned();
            let loss = vae.loss_per_image(Batch::new(copies.view(), eps.view())).unwrap();
            let found: Array1<f32> = weights(&vae, &x, &eps).iter().map(|weight| -weight.log_p_x).collect();
            assert_eq!(found, loss.reconstruction, "{likelihood}");
        }
    }

    #[test]
    fn the_densities_of_z_are_those_of_the_formulas() {
        let (vae, x, eps) = (vae(Likelihood::Bernoulli), image(1), eps());
        let posterior = vae.encode(x.view().insert_axis(ndarray::Axis(0)));
        let normal = |z: f64, mean: f64, var: f64| {
            -0.5 * ((z - mean).powi(2) / var + var.ln() + (2.0 * std::f64::consts::PI).ln())
        };
        for (eps, weight) in eps.rows().into_iter().zip(weights(&vae, &x, &eps)) {
            let (mut log_p, mut log_q) = (0.0, 0.0);
            for (l, &eps) in eps.iter().enumerate() {
                let mean = f64::from(posterior.mean[[0, l]]);
                let var = f64::from(posterior.log_var[[0, l]]).exp();
                let z = mean + var.sqrt() * f64::from(eps);
                log_p += normal(z, 0.0, 1.0);
                log_q += normal(z, mean, var);
            }
            assert!((f64::from(weight.log_p_z) - log_p).abs() < 1e-5, "{weight:?}, {log_p}");
            assert!((f64::from(weight.log_q) - log_q).abs() < 1e-5, "{weight:?}, {log_q}");
            let value = f64::from(weight.log_p_x) + log_p - log_q;
            assert!((weight.value() - value).abs() < 1e-4 && (weight.kl() - (log_q - log_p)).abs() < 1e-5);
        }
    }

    #[test]
    fn a_weight_does_not_depend_on_the_others() {
        let (vae, x, eps) = (vae(Likelihood::Bernoulli), image(1), eps());
        let all = weights(&vae, &x, &eps);
        for range in [0..1, 3..20, 60..140] {
            let few = weights(&vae, &x, &eps.slice(s![range.clone(), ..]).to_owned());
            assert_eq!(few, all[range]);
        }
    }

    #[test]
    fn the_kl_of_the_latents_is_the_loss_of_the_batch() {
        let (vae, x, eps) = (vae(Likelihood::Bernoulli), Array2::from_elem((4, 70), 0.3), eps());
        let kl = vae.kl_per_latent(&vae.encode(x.view()));
        let loss = vae.loss_per_image(Batch::new(x.view(), eps.slice(s![..4, ..]))).unwrap();
        for (kl, expected) in kl.rows().into_iter().zip(&loss.kl) {
            assert!((kl.sum() - expected).abs() < 1e-6, "{kl}, {expected}");
        }
    }

    #[test]
    #[should_panic(expected = "the shape of eps")]
    fn noise_of_other_latents_is_refused() {
        let vae = vae(Likelihood::Bernoulli);
        vae.importance_sampler().log_weights(Array2::zeros((2, 4)).view(), &mut [LogWeight::default(); 2]);
    }
}
