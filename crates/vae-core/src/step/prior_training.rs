//! Training of the prior alone, on codes of a model whose other weights stay as they are.
//!
//! The aggregated posterior q(z) = E_x q(z|x) is not N(0, I), and where the two differ the decoder draws what it never
//! learned. To fit p(z) to draws from q(z) is to lower E_x KL(q(z|x) ‖ p(z)) in p (Tomczak & Welling 2018, section 2):
//! the ELBO gets better, and so do samples.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::{
    gradient::{Gradient, Pass, not_finite},
    sink::Sink,
};
use crate::{
    GaussianMixture, Method, Optimizer, Vae, VaeError,
    error::require_finite,
    kernel::batch::{BySample, Samples},
    model::density::{Density, DensityPass},
};

/// A model whose prior is in training.
///
/// ```
/// use vae_core::{Adam, Prior, PriorTraining, Vae, VaeConfig};
/// use vae_core::ndarray::{Array1, Array2};
/// use vae_core::noise::{Purpose, standard_normal, stream, uniform};
///
/// # fn main() -> Result<(), vae_core::VaeError> {
/// // A model trained under N(0, I), and its training data.
/// # let vae = Vae::new(VaeConfig { input: 16, hidden: vec![32], latent: 2, ..VaeConfig::default() }, 7)?;
/// # let x = Array2::from_shape_fn((32, 16), |(i, j)| (-(i as f32 / 2.0 - j as f32).powi(2)).exp());
/// let posterior = vae.encode(x.view());
/// let mixture = vae.with_prior(Prior::Mixture { components: 8, full: true }, 7)?;
/// let mut training = PriorTraining::new(mixture, Adam { learning_rate: 1e-2, ..Adam::default() });
/// training.start_at(posterior.mean.view(), 0.0);
/// let mut eps = Array2::zeros((32, 2));
/// # let mut losses = Vec::new();
/// for step in 0..100 {
///     standard_normal(&mut stream(7, Purpose::PRIOR, 0, step), eps.view_mut());
///     let neg_log_p = training.step(posterior.sample(eps.view()).view())?;
/// #   losses.push(neg_log_p);
/// }
/// let vae = training.into_vae();
/// # assert!(losses[99] < losses[0], "{losses:?}");
///
/// // New vectors from the fitted prior.
/// let mut choices = Array1::zeros(32);
/// uniform(&mut stream(7, Purpose::SAMPLES, 0, 0), choices.view_mut());
/// standard_normal(&mut stream(7, Purpose::SAMPLES, 0, 1), eps.view_mut());
/// let new = vae.decode(vae.sample_prior(choices.view(), eps.view()).view());
/// assert_eq!(new.dim(), (32, 16));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PriorTraining {
    vae: Vae,
    /// What turns a gradient into a step. Its step size may be changed between steps.
    pub optimizer: Optimizer,
    gradient: Option<Gradient<Codes>>,
    /// −log p(z) of each code of the last batch.
    losses: Vec<f32>,
    /// Laid out like the prior's parameters.
    values: Vec<f32>,
}

/// A few codes on their way to log p(z) and back.
#[derive(Clone, Debug)]
struct Codes {
    z: BySample,
    dz: BySample,
    pass: DensityPass,
}

impl PriorTraining {
    /// A training of the prior of `vae` by this method, from its first step on.
    ///
    /// # Panics
    /// If the prior has no parameters.
    pub fn new(vae: Vae, method: impl Into<Method>) -> Self {
        let parameters = vae.prior_parameters().len();
        assert!(parameters > 0, "a prior to be trained has parameters");
        let optimizer = Optimizer::new(method, parameters);
        Self { vae, optimizer, gradient: None, losses: Vec::new(), values: vec![0.0; parameters] }
    }

    /// Puts the Gaussians of a mixture, or behind a flow, at these codes, with a log-variance; the flow itself starts
    /// as it always does, and leaves the codes where they are. A flow over N(0, I), without Gaussians, stays as it is.
    ///
    /// # Shapes
    /// `codes` (≥ K, L)
    ///
    /// # Panics
    /// If there are fewer codes than Gaussians, or of another number of latents.
    pub fn start_at(&mut self, codes: ArrayView2<'_, f32>, log_var: f32) {
        let (network, parameters) = self.vae.network_and_values_mut();
        if let Some(mixture) = network.prior.gaussians() {
            assert_eq!(codes.ncols(), mixture.latent(), "columns of the codes");
            assert!(codes.nrows() >= mixture.components(), "at least as many codes as Gaussians");
            let codes = codes.slice(ndarray::s![..mixture.components(), ..]);
            mixture.start(parameters, codes, log_var);
        }
    }

    /// Makes the Gaussians of a mixture, or behind a flow, those of another mixture of at most as many. A flow over
    /// N(0, I), without Gaussians, stays as it is.
    ///
    /// # Panics
    /// If the mixture does not validate, or is of another number of latents or of more Gaussians.
    pub fn start_as(&mut self, mixture: &GaussianMixture) {
        let (network, parameters) = self.vae.network_and_values_mut();
        if let Some(own) = network.prior.gaussians() {
            assert!(mixture.validate().is_ok(), "a mixture that makes sense");
            assert_eq!(mixture.latent(), own.latent(), "latents of the mixture");
            assert!(mixture.components.len() <= own.components(), "at most as many Gaussians");
            own.start_as(parameters, mixture);
        }
    }

    /// One step on codes drawn from the posteriors of images. Gives −log p(z) before the step, averaged over the codes,
    /// in nats.
    ///
    /// # Shapes
    /// `z` (B, L)
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a code that is not finite, [`VaeError::NotFinite`] for a loss or gradient that is
    /// infinite or not a number; the model is then as it was.
    ///
    /// # Panics
    /// If there is no code, or `z` does not have L columns.
    pub fn step(&mut self, z: ArrayView2<'_, f32>) -> Result<f64, VaeError> {
        let samples = z.nrows();
        assert!(samples > 0, "an empty batch has no average");
        assert_eq!(z.ncols(), self.vae.latent(), "columns of z");
        let Self { vae, optimizer, gradient, losses, values } = self;
        let (latent, prior, parameters) = (vae.latent(), &vae.network().prior, vae.parameters().values());
        if gradient.as_ref().is_none_or(|gradient| gradient.capacity() < samples) {
            let pass = |samples| Codes::new(prior, latent, samples);
            *gradient = Some(Gradient::new(prior.layers(), samples, pass));
        }
        let gradient = gradient.as_mut().expect("made above");
        losses.resize(samples, 0.0);
        let (micro_batch, passes) = gradient.micro_batches();
        let parts = z.axis_chunks_iter(Axis(0), micro_batch).into_par_iter();
        let parts = parts.zip(losses.par_chunks_mut(micro_batch));
        passes.par_iter_mut().zip(parts).for_each(|(codes, (z, losses))| {
            codes.run(prior, parameters, z, 1.0 / samples as f32, losses);
        });
        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / samples as f64;
        if !loss.is_finite() {
            require_finite("z", z, "the prior")?;
            return Err(VaeError::NotFinite { term: "log p(z)".to_owned() });
        }
        gradient.sum_into(samples, Sink::Write(values));
        let range = vae.prior_parameters();
        let layout = vae.parameters().layout().from(range.start);
        if let Some(name) = not_finite(&layout, values) {
            return Err(VaeError::NotFinite { term: format!("gradient of {name}") });
        }
        optimizer.step(&mut vae.parameters_mut().values_mut()[range], values);
        Ok(loss)
    }

    /// The model as it is now.
    pub fn vae(&self) -> &Vae {
        &self.vae
    }

    /// The model with its trained prior.
    pub fn into_vae(self) -> Vae {
        self.vae
    }
}

impl Codes {
    fn new(prior: &Density, latent: usize, samples: usize) -> Self {
        let zeroed = || BySample::zeroed(samples, latent);
        Self { z: zeroed(), dz: zeroed(), pass: prior.pass(samples) }
    }

    /// There and back: the loss is scale · −log p(z), summed over the codes; `losses` (B) are left unscaled.
    fn run(
        &mut self,
        prior: &Density,
        parameters: &[f32],
        z: ArrayView2<'_, f32>,
        scale: f32,
        losses: &mut [f32],
    ) {
        self.z.pack(z);
        self.dz.resize(z.nrows());
        self.dz.clear();
        prior.log_density(parameters, &self.z, &mut self.pass, losses);
        losses.iter_mut().for_each(|loss| *loss = -*loss);
        prior.backward(parameters, scale, &mut self.pass, &mut self.dz);
    }
}

impl Pass for Codes {
    fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        self.pass.operands(layer)
    }

    fn square_sums(&self) -> [f32; 2] {
        self.pass.square_sums()
    }

    fn gradient(&self) -> &[f32] {
        self.pass.gradient()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::{
        Adam, Backprop, Batch, Gaussian, Objective, Prior, VaeConfig,
        noise::{Purpose, standard_normal, stream, uniform},
    };

    const PRIORS: [Prior; 4] = [
        Prior::Mixture { components: 3, full: false },
        Prior::Mixture { components: 2, full: true },
        Prior::Flow { couplings: 3, hidden: 7, components: 0 },
        Prior::Flow { couplings: 3, hidden: 7, components: 2 },
    ];

    fn model(prior: Prior) -> Vae {
        let config = VaeConfig { input: 6, hidden: vec![5], latent: 3, prior, ..VaeConfig::default() };
        Vae::new(config, 4).unwrap()
    }

    /// Two clouds.
    fn codes() -> Array2<f32> {
        let mut z = Array2::zeros((300, 3));
        standard_normal(&mut stream(1, Purpose::PRIOR, 0, 0), z.view_mut());
        z.rows_mut().into_iter().enumerate().for_each(|(i, mut z)| {
            z *= 0.4;
            z += if i % 2 == 0 { 1.5 } else { -1.0 };
        });
        z
    }

    #[test]
    fn the_prior_finds_the_codes_and_the_other_weights_stay() {
        for prior in PRIORS {
            let before = model(prior);
            let mut training =
                PriorTraining::new(before.clone(), Adam { learning_rate: 1e-2, ..Adam::default() });
            training.start_at(codes().view(), 0.0);
            let first = training.step(codes().view()).unwrap();
            for _ in 0..400 {
                training.step(codes().view()).unwrap();
            }
            let last = -f64::from(training.vae().log_prior(codes().view()).mean().unwrap());
            // Each cloud by itself has −log p of 3 · (½ ln 2πe + ln 0.4), and ln 2 says which.
            let exact = 3.0 * (1.418_94 + 0.4f64.ln()) + 2f64.ln();
            assert!(first > exact + 0.8 && last < exact + 0.25, "{prior}: {first}, {last}, {exact}");
            let others = before.prior_parameters().start;
            assert_eq!(
                training.vae().parameters().values()[..others],
                before.parameters().values()[..others]
            );
        }
    }

    #[test]
    #[should_panic(expected = "at least as many codes as Gaussians")]
    fn gaussians_do_not_start_at_fewer_codes() {
        let prior = Prior::Mixture { components: 4, full: false };
        let config = VaeConfig { input: 3, hidden: vec![2], latent: 2, prior, ..VaeConfig::default() };
        let vae = Vae::new(config, 1).expect("a valid configuration");
        PriorTraining::new(vae, Adam::default()).start_at(Array2::zeros((3, 2)).view(), 0.0);
    }

    #[test]
    fn a_mixture_starts_as_another_and_has_its_density_and_its_draws() {
        let one = |weight, mean: [f32; 3], factor: &[f32]| Gaussian {
            weight,
            mean: mean.to_vec(),
            factor: factor.to_vec(),
        };
        let mixture = GaussianMixture {
            components: vec![
                one(0.3, [1.0, -1.0, 0.5], &[1.0, 0.5, 2.0, -0.3, 0.7, 0.6]),
                one(0.7, [-1.0, 0.0, 2.0], &[0.5, 1.5, 0.8]),
            ],
        };
        let mut training =
            PriorTraining::new(model(Prior::Mixture { components: 4, full: true }), Adam::default());
        training.start_as(&mixture);
        let (mut choices, mut eps) = (ndarray::Array1::zeros(50), Array2::zeros((50, 3)));
        standard_normal(&mut stream(5, Purpose::PRIOR, 0, 0), eps.view_mut());
        uniform(&mut stream(6, Purpose::PRIOR, 0, 0), choices.view_mut());
        let z = training.vae().sample_prior(choices.view(), eps.view());
        let want = mixture.sample(choices.view(), eps.view());
        assert!(z.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5));
        // Far from the others, log p is that of one Gaussian.
        let at = ndarray::array![[-1.0, 0.0, 2.0]];
        let exact = 0.7f64.ln() - 3.0 * 0.918_938_5 - (0.5f64 * 1.5 * 0.8).ln();
        let other = {
            // (z − m) of the first Gaussian through G⁻¹, by hand.
            let y0: f64 = -2.0;
            let y1 = (1.0 - 0.5 * y0) / 2.0;
            let y2 = (1.5 + 0.3 * y0 - 0.7 * y1) / 0.6;
            0.3f64.ln() - 3.0 * 0.918_938_5 - (2.0f64 * 0.6).ln() - 0.5 * (y0 * y0 + y1 * y1 + y2 * y2)
        };
        let exact = (exact.exp() + other.exp()).ln();
        let found = f64::from(training.vae().log_prior(at.view())[0]);
        assert!((found - exact).abs() < 1e-5, "{found}, {exact}");
    }

    #[test]
    fn its_gradient_is_the_priors_part_of_the_whole_gradient() {
        for prior in PRIORS {
            let vae = model(prior);
            let x = Array2::from_shape_fn((20, 6), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
            let mut eps = Array2::zeros((20, 3));
            standard_normal(&mut stream(2, Purpose::PRIOR, 0, 0), eps.view_mut());
            let z = vae.encode(x.view()).sample(eps.view());
            let mut backprop = Backprop::new();
            let batch = Batch::new(x.view(), eps.view());
            let (_, whole) = backprop.gradient(&vae, batch, &Objective::default()).unwrap();
            let mut training = PriorTraining::new(vae.clone(), Adam::default());
            training.step(z.view()).unwrap();
            let whole = &whole[vae.prior_parameters()];
            assert!(training.values.iter().zip(whole).all(|(a, b)| (a - b).abs() < 1e-5), "{prior}");
        }
    }
}
