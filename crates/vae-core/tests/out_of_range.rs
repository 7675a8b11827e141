//! Whatever computes a loss refuses a number that its likelihood excludes, and says where it is.

#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

use ndarray::{Array2, s};
use vae_core::{
    Adam, Backprop, Batch, Likelihood, LogWeight, Objective, Prior, PriorTraining, Training, Vae, VaeConfig,
    VaeError, noise,
};

/// Samples: more than go through the network together, and no multiple of sixteen.
const B: usize = 70;
const D: usize = 9;
const L: usize = 2;

/// Standardised numbers and others that are no pixels, under each likelihood that takes [0, 1], and what is not finite
/// under each that takes all others.
fn excluded() -> Vec<(Likelihood, f32)> {
    let bounded = [-0.001, 1.001, -1.3, 255.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let real = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let of = |likelihood, numbers: &[f32]| numbers.iter().map(move |&x| (likelihood, x)).collect::<Vec<_>>();
    let mut all = of(Likelihood::Bernoulli, &bounded);
    all.extend(of(Likelihood::ContinuousBernoulli, &bounded));
    all.extend(of(Likelihood::Gaussian { sigma: Some(0.3) }, &real));
    all.extend(of(Likelihood::Gaussian { sigma: None }, &real));
    all
}

fn model(likelihood: Likelihood) -> Vae {
    let config = VaeConfig { input: D, hidden: vec![12], latent: L, likelihood, ..VaeConfig::default() };
    Vae::new(config, 3).unwrap()
}

fn samples() -> (Array2<f32>, Array2<f32>) {
    let x = Array2::from_shape_fn((B, D), |(i, j)| ((i * 5 + j * 3) % 11) as f32 / 10.0);
    (x, Array2::from_shape_fn((B, L), |(i, j)| ((i * 3 + j) % 5) as f32 / 2.0 - 1.0))
}

/// That the error names the place, the number and what would be right.
fn assert_names<T>(
    what: &str,
    answer: Result<T, VaeError>,
    place: (usize, usize),
    likelihood: Likelihood,
    x: f32,
) {
    let text = answer.err().unwrap_or_else(|| panic!("{what} took {x} under {likelihood}")).to_string();
    let (row, column) = place;
    let range = match likelihood {
        Likelihood::Bernoulli | Likelihood::ContinuousBernoulli => "numbers between 0 and 1",
        _ => "finite numbers",
    };
    let expected = format!("row {row}, column {column} of x is {x}, {} takes {range}", likelihood.name());
    assert_eq!(text, expected, "{what}");
}

#[test]
fn every_loss_names_the_place_of_a_number_that_its_likelihood_excludes() {
    for (likelihood, number) in excluded() {
        // The first sample, one beyond the first part of the batch, and the last.
        for place in [(0, 0), (66, 4), (B - 1, D - 1)] {
            let (mut x, eps) = samples();
            x[place] = number;
            let (vae, batch) = (model(likelihood), Batch::new(x.view(), eps.view()));
            let check = |what, answer| assert_names(what, answer, place, likelihood, number);
            check("Likelihood::check", likelihood.check(x.view()));
            check("Vae::loss", vae.loss(batch).map(drop));
            check("Vae::loss_per_image", vae.loss_per_image(batch).map(drop));
            let mut backprop = Backprop::new();
            check("Backprop::gradient", backprop.gradient(&vae, batch, &Objective::default()).map(drop));
            for clip_norm in [None, Some(1.0)] {
                let mut training = Training::new(vae.clone(), Adam::default());
                training.optimizer.clip_norm = clip_norm;
                check("Training::step", training.step(batch).map(drop));
                assert_eq!(training.vae().parameters(), vae.parameters());
                assert_eq!(training.optimizer.steps(), 0);
            }
        }
    }
}

#[test]
fn a_learned_prior_does_not_hide_the_number() {
    let priors =
        ["mixture:3", "mixture:2:full", "flow:2:5", "flow:2:5:3"].map(|prior| prior.parse().unwrap());
    for prior in priors {
        let likelihood = Likelihood::Bernoulli;
        let vae: Vae = model(likelihood).with_prior(prior, 1).unwrap();
        let (mut x, eps) = samples();
        x[[66, 4]] = -1.3;
        let mut training = Training::new(vae, Adam::default());
        let answer = training.step(Batch::new(x.view(), eps.view())).map(drop);
        assert_names("Training::step", answer, (66, 4), likelihood, -1.3);
    }
}

#[test]
fn importance_sampling_names_the_column_and_stays_with_the_image_before() {
    for (likelihood, number) in excluded() {
        let (vae, (x, eps)) = (model(likelihood), samples());
        let posterior = vae.encode(x.view());
        let of = |i: usize| (posterior.mean.row(i), posterior.log_var.row(i));
        let weights = |sampler: &mut vae_core::ImportanceSampler<'_>| {
            let mut weights = [LogWeight::default(); B];
            sampler.log_weights(eps.view(), &mut weights);
            weights
        };
        let mut sampler = vae.importance_sampler();
        sampler.set_image(x.row(1), of(1).0, of(1).1).unwrap();
        let before = weights(&mut sampler);
        assert!(before.iter().all(|weight| weight.value().is_finite()));
        let mut spoilt = x.row(2).to_owned();
        spoilt[5] = number;
        let answer = sampler.set_image(spoilt.view(), of(2).0, of(2).1);
        assert_names("ImportanceSampler::set_image", answer, (0, 5), likelihood, number);
        assert_eq!(weights(&mut sampler), before);
    }
}

#[test]
fn noise_that_is_not_finite_is_named_and_not_the_samples() {
    for (likelihood, _) in excluded() {
        for number in [f32::NAN, f32::INFINITY] {
            let (x, mut eps) = samples();
            eps[[66, 1]] = number;
            let (vae, batch) = (model(likelihood), Batch::new(x.view(), eps.view()));
            let expected = format!("row 66, column 1 of eps is {number}, the posterior takes finite numbers");
            let mut training = Training::new(vae.clone(), Adam::default());
            for error in [
                vae.loss(batch).map(drop),
                vae.loss_per_image(batch).map(drop),
                training.step(batch).map(drop),
            ] {
                assert_eq!(error.unwrap_err().to_string(), expected, "{likelihood}");
            }
        }
    }
}

#[test]
fn a_code_that_is_not_finite_is_named_by_the_training_of_a_prior() {
    for prior in ["mixture:3", "mixture:2:full", "flow:2:5", "flow:2:5:3"] {
        let prior: Prior = prior.parse().unwrap();
        let vae = model(Likelihood::Bernoulli).with_prior(prior, 1).unwrap();
        let mut z = Array2::zeros((B, L));
        noise::standard_normal(&mut noise::stream(1, noise::Purpose::PRIOR, 0, 0), z.view_mut());
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut z = z.clone();
            z[[66, 1]] = number;
            let mut training = PriorTraining::new(vae.clone(), Adam::default());
            let error = training.step(z.view()).unwrap_err().to_string();
            assert_eq!(error, format!("row 66, column 1 of z is {number}, the prior takes finite numbers"));
            assert_eq!(training.vae().parameters(), vae.parameters());
        }
        assert!(PriorTraining::new(vae, Adam::default()).step(z.slice(s![..66, ..])).is_ok());
    }
}
