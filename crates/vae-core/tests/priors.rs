//! Learned priors are densities, and what is drawn from them is distributed as they say.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::{Array1, Array2, Axis, s};
use rayon::ThreadPoolBuilder;
use vae_core::{
    Adam, Batch, Prior, Training, Vae, VaeConfig, VaeError,
    noise::{Purpose, standard_normal, stream, uniform},
};

const FLOW: Prior = Prior::Flow { couplings: 4, hidden: 6, components: 0 };
const FLOW_OF_MIXTURE: Prior = Prior::Flow { couplings: 3, hidden: 6, components: 3 };
const MIXTURE: Prior = Prior::Mixture { components: 3, full: false };
const FULL_MIXTURE: Prior = Prior::Mixture { components: 3, full: true };

/// A model whose prior is far from N(0, I).
fn model(prior: Prior, latent: usize) -> Vae {
    let config = VaeConfig { input: 4, hidden: vec![5], latent, prior, ..VaeConfig::default() };
    let mut vae = Vae::new(config, 3).unwrap();
    let mut away = Array2::zeros((1, vae.parameters().len()));
    standard_normal(&mut stream(3, Purpose::WEIGHTS, 7, 7), away.view_mut());
    for spec in vae.parameters().layout().tensors().to_vec() {
        if spec.name.starts_with("prior") {
            let shifts = away.iter().skip(spec.range.start);
            let values = &mut vae.parameters_mut().values_mut()[spec.range];
            values.iter_mut().zip(shifts).for_each(|(value, shift)| *value += 0.3 * shift);
        }
    }
    vae
}

fn draws(vae: &Vae, count: usize) -> (Array2<f32>, Array2<f32>) {
    let (mut choices, mut eps) = (Array1::zeros(count), Array2::zeros((count, vae.latent())));
    let mut stream = stream(1, Purpose::SAMPLES, 0, 0);
    standard_normal(&mut stream, eps.view_mut());
    uniform(&mut stream, choices.view_mut());
    (vae.sample_prior(choices.view(), eps.view()), eps)
}

#[test]
fn the_density_over_two_latents_integrates_to_one() {
    let (side, width) = (1500usize, 50.0f32);
    let at = |i: usize| width * ((i as f32 + 0.5) / side as f32 - 0.5);
    let z = Array2::from_shape_fn((side * side, 2), |(i, l)| at(if l == 0 { i / side } else { i % side }));
    for prior in [Prior::Standard, MIXTURE, FULL_MIXTURE, FLOW, FLOW_OF_MIXTURE] {
        let log_p = model(prior, 2).log_prior(z.view());
        let cell = f64::from(width / side as f32).powi(2);
        let mass: f64 = log_p.iter().map(|&log_p| f64::from(log_p).exp() * cell).sum();
        assert!((mass - 1.0).abs() < 1e-3, "{prior}: {mass}");
    }
}

#[test]
fn draws_are_distributed_as_the_density_says() {
    for prior in [Prior::Standard, MIXTURE, FULL_MIXTURE, FLOW, FLOW_OF_MIXTURE] {
        let vae = model(prior, 2);
        let (z, _) = draws(&vae, 40_000);
        // The mass of a region by its share of the draws, and by a sum over a fine grid.
        let inside = z.rows().into_iter().filter(|z| z[0] > 0.3 && z[1] < 0.5).count() as f64 / 40_000.0;
        let (side, width) = (900usize, 24.0f32);
        let at = |i: usize| width * ((i as f32 + 0.5) / side as f32 - 0.5);
        let grid =
            Array2::from_shape_fn((side * side, 2), |(i, l)| at(if l == 0 { i / side } else { i % side }));
        let log_p = vae.log_prior(grid.view());
        let cell = f64::from(width / side as f32).powi(2);
        let within = grid.rows().into_iter().zip(&log_p).filter(|(z, _)| z[0] > 0.3 && z[1] < 0.5);
        let mass: f64 = within.map(|(_, &log_p)| f64::from(log_p).exp() * cell).sum();
        assert!((inside - mass).abs() < 0.015, "{prior}: {inside} of the draws, a mass of {mass}");
    }
}

#[test]
fn the_density_of_a_flow_has_the_determinant_of_its_draws() {
    for latent in [2, 3, 7] {
        let vae = model(FLOW, latent);
        let (z, u) = draws(&vae, 100);
        // log p(z) = log N(u) − log |det ∂z/∂u| at the u that z was made of, if the density finds that u again.
        let log_p = vae.log_prior(z.view());
        let ln_2_pi = (2.0 * std::f32::consts::PI).ln();
        let mut errors = Vec::new();
        for (i, u) in u.rows().into_iter().enumerate() {
            let log_n: f32 = u.iter().map(|u| -0.5 * (u * u + ln_2_pi)).sum();
            let det = determinant(&vae, u.to_owned());
            errors.push((f64::from(log_p[i] - log_n) + det.ln()).abs());
        }
        // Where a difference goes over the kink of a relu it is no slope.
        errors.sort_by(f64::total_cmp);
        assert!(errors[85] < 1e-2, "{latent} latents: {errors:?}");
    }
}

/// |det ∂z/∂u|, by central differences.
fn determinant(vae: &Vae, u: Array1<f32>) -> f64 {
    let l = vae.latent();
    let mut moved = Array2::from_shape_fn((2 * l, l), |(_, j)| u[j]);
    let h = 1e-2;
    (0..l).for_each(|i| {
        moved[[2 * i, i]] += h;
        moved[[2 * i + 1, i]] -= h;
    });
    let z = vae.sample_prior(Array1::zeros(2 * l).view(), moved.view()).mapv(f64::from);
    let mut a =
        Array2::from_shape_fn((l, l), |(i, j)| (z[[2 * i, j]] - z[[2 * i + 1, j]]) / (2.0 * f64::from(h)));
    let mut det = 1.0;
    for k in 0..l {
        let pivot = (k..l).max_by(|&i, &j| a[[i, k]].abs().total_cmp(&a[[j, k]].abs())).unwrap();
        (0..l).for_each(|j| a.swap([k, j], [pivot, j]));
        det *= a[[k, k]];
        for i in k + 1..l {
            let factor = a[[i, k]] / a[[k, k]];
            (k..l).for_each(|j| a[[i, j]] -= factor * a[[k, j]]);
        }
    }
    det.abs()
}

#[test]
fn a_fresh_flow_is_the_standard_normal() {
    let config = VaeConfig { input: 4, latent: 5, prior: FLOW, ..VaeConfig::default() };
    let vae = Vae::new(config, 3).unwrap();
    let (z, eps) = draws(&vae, 50);
    assert_eq!(z, eps);
    let standard = vae.with_prior(Prior::Standard, 0).unwrap();
    let (flow, standard) = (vae.log_prior(z.view()), standard.log_prior(z.view()));
    assert!(flow.iter().zip(&standard).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn another_prior_leaves_all_other_weights() {
    let vae = model(Prior::Standard, 3);
    let other = vae.with_prior(FLOW, 9).unwrap();
    assert_eq!(other.parameters().values()[..vae.parameters().len()], *vae.parameters().values());
    assert_eq!(other.with_prior(Prior::Standard, 1).unwrap().parameters(), vae.parameters());
    let error = model(Prior::Standard, 1).with_prior(FLOW, 0).unwrap_err();
    assert!(matches!(error, VaeError::Prior { .. }), "{error}");
}

#[test]
fn a_learned_prior_lowers_the_loss_and_any_number_of_threads_gives_the_same_bits() {
    let x = Array2::from_shape_fn((70, 4), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
    let train = |prior| {
        let mut training = Training::new(model(prior, 3), Adam { learning_rate: 1e-2, ..Adam::default() });
        let mut eps = Array2::zeros((70, 3));
        let mut losses = Vec::new();
        for step in 0..150 {
            standard_normal(&mut stream(1, Purpose::TRAINING, 0, step), eps.view_mut());
            losses.push(training.step(Batch::new(x.view(), eps.view())).unwrap().neg_elbo());
        }
        (losses[0], losses[149], training.into_vae().parameters().values().to_vec())
    };
    for prior in [MIXTURE, FULL_MIXTURE, FLOW, FLOW_OF_MIXTURE] {
        let of =
            |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| train(prior));
        let one = of(1);
        assert!(one.1 < one.0 - 0.5, "{prior}: from {} to {}", one.0, one.1);
        assert!(of(2) == one && of(3) == one, "{prior}");
    }
}

#[test]
fn a_model_with_a_learned_prior_reads_back() {
    for prior in [MIXTURE, FULL_MIXTURE, FLOW, FLOW_OF_MIXTURE] {
        let vae = model(prior, 3);
        let (read, facts) = Vae::from_safetensors(&vae.to_safetensors(&Default::default()), None).unwrap();
        assert_eq!((read.parameters(), read.config()), (vae.parameters(), vae.config()));
        assert_eq!(facts["prior"], prior.to_string());
        // A file that lost its facts, such as one that PyTorch saved again, tells the prior by its tensors.
        let tensors = vae.parameters().iter().map(|(name, shape, values)| (name.to_owned(), shape, values));
        let bytes = vae_core::weights::to_safetensors(tensors, Default::default());
        let module = Some(vae_core::weights::ModuleFacts::default());
        let (read, _) = Vae::from_safetensors(&bytes, module).unwrap();
        assert_eq!((read.parameters(), read.config()), (vae.parameters(), vae.config()));
    }
}

#[test]
fn less_noise_gives_draws_that_are_more_usual() {
    let vae = model(FLOW, 4);
    let (z, eps) = draws(&vae, 500);
    let narrow = vae.sample_prior(Array1::zeros(500).view(), (&eps * 0.5).view());
    let mean = |z: &Array2<f32>| vae.log_prior(z.view()).mean_axis(Axis(0)).unwrap().into_scalar();
    assert!(mean(&narrow) > mean(&z) + 0.3);
    assert_eq!(vae.sample_prior(Array1::zeros(1).view(), eps.slice(s![..1, ..])), z.slice(s![..1, ..]));
}
