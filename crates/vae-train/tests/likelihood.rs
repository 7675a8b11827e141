//! The estimate of log p(x) against models whose likelihood is known exactly, and what it may not depend on.

#![allow(clippy::unwrap_used, reason = "a model or a pool that cannot be made fails its test")]

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use rayon::ThreadPoolBuilder;
use vae_core::{Likelihood, Vae, VaeConfig, VaeError};
use vae_data::{Split, digits};
use vae_train::{LogLikelihood, evaluate, log_likelihood};

/// All samples of all images.
fn estimate(vae: &Vae, images: ArrayView2<'_, u8>, samples: usize, seed: u64) -> LogLikelihood {
    log_likelihood(vae, images, samples, seed, |_| ControlFlow::Continue(())).unwrap().unwrap()
}

/// A model whose tensors are set by hand.
fn by_hand(config: VaeConfig, tensors: &[(&str, Vec<f32>)]) -> Vae {
    let mut vae = Vae::new(config, 1).unwrap();
    for (name, values) in tensors {
        let layout = vae.parameters().layout().tensors();
        let range = layout.iter().find(|tensor| tensor.name == *name).unwrap().range.clone();
        vae.parameters_mut().values_mut()[range].copy_from_slice(values);
    }
    vae
}

/// Mean and standard error of numbers.
fn mean_and_error(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

/// The linear Gaussian model p(x|z) = N(W z + b, s²), p(z) = N(0, I), for which p(x) = N(b, W Wᵀ + s²).
///
/// The columns of W are orthogonal, so that p(z|x) has a diagonal covariance: the mean of z_l is w_l·(x − b) / (w_l·w_l
/// + s²) and its variance s² / (w_l·w_l + s²).
mod linear {
    use super::*;

    pub(super) const D: usize = 4;
    pub(super) const L: usize = 2;
    const S: f64 = 0.3;
    const B: [f64; D] = [0.5, 0.4, 0.6, 0.3];
    /// The columns of W.
    const W: [[f64; D]; L] = [[0.4, 0.4, 0.2, -0.2], [0.1, -0.2, 0.3, 0.1]];

    pub(super) fn images() -> Array2<u8> {
        Array2::from_shape_fn((80, D), |(i, j)| ((i * 67 + j * 101 + i * j * 13) % 256) as u8)
    }

    fn deviations(image: usize) -> [f64; D] {
        std::array::from_fn(|j| f64::from(images()[[image, j]]) / 255.0 - B[j])
    }

    fn dot(a: &[f64; D], b: &[f64; D]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// The exact −log p(x): along each of the orthogonal w_l the variance is w_l·w_l + s², across them s².
    pub(super) fn nll(image: usize) -> f64 {
        let x = deviations(image);
        let tau = 2.0 * std::f64::consts::PI;
        let (mut distance, mut log_det) = (dot(&x, &x) / (S * S), D as f64 * (S * S).ln());
        for w in &W {
            let length = dot(w, w);
            distance += dot(w, &x).powi(2) / length * (1.0 / (length + S * S) - 1.0 / (S * S));
            log_det += (length + S * S).ln() - (S * S).ln();
        }
        0.5 * (distance + log_det + D as f64 * tau.ln())
    }

    /// The exact −ELBO of the model made by [`vae`] with these errors.
    pub(super) fn neg_elbo(image: usize, [mean_factor, var_factor]: [f64; 2]) -> f64 {
        let mut residual = deviations(image);
        let (mut spread, mut kl) = (0.0, 0.0);
        for w in &W {
            let length = dot(w, w);
            let mean = mean_factor * dot(w, &deviations(image)) / (length + S * S);
            let var = var_factor * S * S / (length + S * S);
            residual.iter_mut().zip(w).for_each(|(r, w)| *r -= w * mean);
            spread += var * length;
            kl += 0.5 * (mean * mean + var - 1.0 - var.ln());
        }
        let constant = D as f64 * (S.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
        0.5 * (dot(&residual, &residual) + spread) / (S * S) + constant + kl
    }

    /// The model, with an encoder whose means and variances are the exact ones times these factors.
    pub(super) fn vae([mean_factor, var_factor]: [f64; 2]) -> Vae {
        let likelihood = Likelihood::Gaussian { sigma: Some(S as f32) };
        let config = VaeConfig { input: D, hidden: vec![], latent: L, likelihood, ..VaeConfig::default() };
        let shrink = |w: &[f64; D]| dot(w, w) + S * S;
        let mean_rows = W.iter().flat_map(|w| w.map(|v| (mean_factor * v / shrink(w)) as f32));
        let mean_bias = W.iter().map(|w| (-mean_factor * dot(w, &B) / shrink(w)) as f32);
        let log_var = W.iter().map(|w| (var_factor * S * S / shrink(w)).ln() as f32);
        by_hand(
            config,
            &[
                ("encoder.fc1.weight", mean_rows.chain([0.0; L * D]).collect()),
                ("encoder.fc1.bias", mean_bias.chain(log_var).collect()),
                ("decoder.fc1.weight", (0..D).flat_map(|j| W.map(|w| w[j] as f32)).collect()),
                ("decoder.fc1.bias", B.map(|b| b as f32).to_vec()),
            ],
        )
    }

    #[test]
    fn the_columns_are_orthogonal() {
        assert!(dot(&W[0], &W[1]).abs() < 1e-12);
    }
}

#[test]
fn the_estimate_of_a_linear_gaussian_model_is_its_exact_likelihood() {
    let answer = estimate(&linear::vae([0.8, 1.3]), linear::images().view(), 4000, 7);
    let errors: Vec<f64> =
        answer.nll_per_image.iter().enumerate().map(|(i, nll)| nll - linear::nll(i)).collect();
    let (mean, error) = mean_and_error(&errors);
    assert!(error < 2e-3, "the error bar {error} is too wide to tell anything");
    assert!(mean.abs() < 4.0 * error, "{mean} ± {error}");
    assert!(errors.iter().all(|error| error.abs() < 0.1), "{errors:?}");
}

#[test]
fn the_exact_posterior_makes_every_weight_the_likelihood_itself() {
    let answer = estimate(&linear::vae([1.0, 1.0]), linear::images().view(), 300, 7);
    assert!((answer.effective_samples - 300.0).abs() < 1e-3, "{}", answer.effective_samples);
    let exact = (0..80).map(linear::nll).sum::<f64>() / 80.0;
    for bound in &answer.bounds {
        assert!((bound.nll - exact).abs() < 1e-5, "{bound:?}, {exact}");
    }
    assert!((answer.neg_elbo() - exact).abs() < 1e-5, "{}, {exact}", answer.neg_elbo());
}

#[test]
fn one_sample_is_the_elbo_in_expectation() {
    let factors = [0.8, 1.3];
    let vae = linear::vae(factors);
    let exact = |i| linear::neg_elbo(i, factors);
    // K = 1 with many seeds, and the average of a single run over its samples.
    let errors: Vec<f64> = (0..40)
        .map(|seed| estimate(&vae, linear::images().view(), 1, seed).nll_per_image)
        .flat_map(|nll| nll.into_iter().enumerate().map(|(i, nll)| nll - exact(i)).collect::<Vec<_>>())
        .collect();
    let (mean, error) = mean_and_error(&errors);
    assert!(error < 0.05 && mean.abs() < 4.0 * error, "{mean} ± {error}");
    let average = estimate(&vae, linear::images().view(), 10_000, 3).neg_elbo();
    let exact = (0..80).map(exact).sum::<f64>() / 80.0;
    assert!((average - exact).abs() < 0.01, "{average}, {exact}");
}

#[test]
fn the_bounds_improve_with_the_number_of_samples() {
    let answer = estimate(&linear::vae([0.0, 0.5]), linear::images().view(), 1000, 7);
    let samples: Vec<usize> = answer.bounds.iter().map(|bound| bound.samples).collect();
    assert_eq!(samples, [1, 10, 100, 1000]);
    assert!(answer.bounds.is_sorted_by(|a, b| a.nll > b.nll + 0.01), "{:?}", answer.bounds);
    assert!(answer.effective_samples > 1.0 && answer.effective_samples < 500.0);
}

/// Four pixels that are zero or one, and one latent: p(x) = ∫ p(x|z) p(z) dz by quadrature.
mod discrete {
    use super::*;

    /// All sixteen images there are.
    pub(super) fn images() -> Array2<u8> {
        Array2::from_shape_fn((16, 4), |(i, j)| if i >> j & 1 == 1 { 255 } else { 0 })
    }

    pub(super) fn vae() -> Vae {
        let config = VaeConfig { input: 4, hidden: vec![], latent: 1, ..VaeConfig::default() };
        by_hand(
            config,
            &[
                // The mean leans towards what the pixels tell of z, and does not meet the posterior.
                ("encoder.fc1.weight", [[0.3, -0.5, 0.2, 0.1], [0.0, 0.1, -0.1, 0.0]].concat()),
                ("encoder.fc1.bias", vec![-0.1, -0.4]),
                ("decoder.fc1.weight", vec![1.5, -2.5, 0.7, 0.2]),
                ("decoder.fc1.bias", vec![0.3, -0.2, 0.1, -1.0]),
            ],
        )
    }

    /// p(x) of each of the images.
    pub(super) fn likelihoods() -> Vec<f64> {
        let (count, step) = (4001, 0.005);
        let z = Array2::from_shape_fn((count, 1), |(i, _)| ((i as f64 - 2000.0) * step) as f32);
        let pixels = vae().decode(z.view()).mapv(f64::from);
        let p_z = |z: f32| (-0.5 * f64::from(z).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let p_x = |image: ndarray::ArrayView1<'_, u8>, p: ndarray::ArrayView1<'_, f64>| -> f64 {
            image.iter().zip(p).map(|(&x, &p)| if x > 0 { p } else { 1.0 - p }).product()
        };
        let integral = |image| {
            let terms = z.iter().zip(pixels.rows());
            terms.map(|(&z, p)| p_z(z) * p_x(image, p) * step).sum()
        };
        images().rows().into_iter().map(integral).collect()
    }
}

#[test]
fn the_estimates_of_a_discrete_model_are_its_exact_likelihoods_and_sum_to_one() {
    let exact = discrete::likelihoods();
    assert!((exact.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    let estimates: Vec<Vec<f64>> = (0..12)
        .map(|seed| estimate(&discrete::vae(), discrete::images().view(), 3000, seed).nll_per_image)
        .collect();
    for (i, exact) in exact.iter().enumerate() {
        let errors: Vec<f64> = estimates.iter().map(|nll| nll[i] + exact.ln()).collect();
        let (mean, error) = mean_and_error(&errors);
        assert!(error < 0.02 && mean.abs() < 4.0 * error, "image {i}: {mean} ± {error}");
    }
    let sums: Vec<f64> = estimates.iter().map(|nll| nll.iter().map(|nll| (-nll).exp()).sum()).collect();
    let (mean, error) = mean_and_error(&sums);
    assert!(error < 0.005 && (mean - 1.0).abs() < 4.0 * error, "{mean} ± {error}");
}

fn network() -> Vae {
    Vae::new(VaeConfig { hidden: vec![30, 20], latent: 5, ..VaeConfig::default() }, 3).unwrap()
}

#[test]
fn any_number_of_threads_gives_the_bits_of_one() {
    let (vae, data) = (network(), digits::generate(130, 1, Split::Test));
    // Several tasks an image, and several blocks of images.
    let with = |threads, samples| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| estimate(&vae, data.images(), samples, 5))
    };
    let serial = with(1, 2500);
    assert!(serial.nll_per_image.iter().all(|nll| nll.is_finite()));
    for threads in [2, 3] {
        assert!(with(threads, 2500) == serial, "{threads} threads give other bits than one");
    }
}

#[test]
fn the_noise_of_a_sample_depends_on_seed_image_and_sample_alone() {
    let (vae, data) = (network(), digits::generate(12, 1, Split::Test));
    let long = estimate(&vae, data.images(), 1500, 5);
    for (stage, samples) in [(1, 10), (2, 100), (3, 1000)] {
        let short = estimate(&vae, data.images(), samples, 5);
        assert_eq!(short.nll(), long.bounds[stage]);
    }
    let few = estimate(&vae, data.images().slice(ndarray::s![..7, ..]), 1500, 5);
    assert_eq!(few.nll_per_image, long.nll_per_image[..7]);
    let other = estimate(&vae, data.images(), 1500, 6);
    assert!(other.nll_per_image.iter().zip(&long.nll_per_image).all(|(a, b)| a != b));
    // Samples beyond a stream's are new ones, and not the first again, which would give the same mean.
    let [one, two] = [64, 128].map(|samples| estimate(&vae, data.images(), samples, 5).nll_per_image);
    assert!(one.iter().zip(&two).all(|(one, two)| (one - two).abs() > 1e-6), "{one:?}, {two:?}");
    // The same image twice has two noises.
    let twice = data.images().select(ndarray::Axis(0), &[3, 3]);
    let answer = estimate(&vae, twice.view(), 100, 5);
    assert_ne!(answer.nll_per_image[0], answer.nll_per_image[1]);
}

#[test]
fn the_kl_of_the_latents_adds_up_to_that_of_an_evaluation() {
    let (vae, data) = (network(), digits::generate(50, 1, Split::Test));
    let answer = estimate(&vae, data.images(), 2000, 5);
    let per_latent = &answer.kl_per_latent;
    let indices: Vec<u32> = (0..50).collect();
    let loss = evaluate(&vae, data.images(), &indices, 5).unwrap().unwrap();
    assert!((per_latent.iter().sum::<f64>() - loss.kl).abs() < 1e-4, "{per_latent:?}, {loss:?}");
    assert!((answer.kl - loss.kl).abs() < 0.02, "{}, {loss:?}", answer.kl);
}

#[test]
fn a_latent_is_active_if_its_mean_varies_over_the_images() {
    let mut vae = network();
    let tensors = vae.parameters().layout().tensors();
    let of = |name: &str| tensors.iter().find(|tensor| tensor.name == name).unwrap().range.clone();
    let (weight, bias) = (of("encoder.fc3.weight"), of("encoder.fc3.bias"));
    let values = vae.parameters_mut().values_mut();
    // Rows of 20: the means of latents 0 and 2 vary widely, 1 not at all, 3 and 4 a hundred times too little.
    for latent in 0..5 {
        let row = &mut values[weight.clone()][20 * latent..20 * (latent + 1)];
        let factor = [40.0, 0.0, 40.0, 0.01, 0.01][latent];
        row.iter_mut().for_each(|w| *w *= factor);
    }
    values[bias.start + 1] = 3.0;
    let data = digits::generate(60, 1, Split::Test);
    let answer = estimate(&vae, data.images(), 1, 5);
    assert_eq!(answer.active_units(), 2, "{:?}", answer.mean_variance);
    assert_eq!(answer.mean_variance[1], 0.0);
}

#[test]
fn the_observer_sees_every_block_and_may_stop() {
    let (vae, data) = (network(), digits::generate(300, 1, Split::Test));
    let mut seen = Vec::new();
    let answer = log_likelihood(&vae, data.images(), 2000, 5, |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    });
    let answer = answer.unwrap().unwrap();
    assert!(seen.len() > 1 && seen.is_sorted_by(|a, b| a.images < b.images));
    let last = seen.last().unwrap();
    assert_eq!(last.images, 300);
    assert!((last.nll - answer.nll().nll).abs() < 1e-9);
    let mut calls = 0;
    let stopped = log_likelihood(&vae, data.images(), 2000, 5, |_| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert_eq!((stopped.unwrap(), calls), (None, 1));
}

#[test]
fn a_single_image_has_an_estimate_and_no_standard_error() {
    let (vae, data) = (network(), digits::generate(1, 1, Split::Test));
    let answer = estimate(&vae, data.images(), 20, 5);
    assert_eq!(answer.nll().standard_error, None);
    assert_eq!(answer.nll().nll, answer.nll_per_image[0]);
}

#[test]
fn spoilt_weights_are_an_error_that_names_the_image() {
    let mut vae = network();
    vae.parameters_mut().values_mut().fill(f32::NAN);
    let data = digits::generate(3, 1, Split::Test);
    let error = log_likelihood(&vae, data.images(), 10, 5, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, VaeError::NotFinite { .. }));
    assert!(error.to_string().contains("log p(x) of image 0"), "{error}");
}
