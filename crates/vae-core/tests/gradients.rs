//! Every gradient against finite differences of a plain, slow evaluation of the loss in `f64`: loops over numbers,
//! with nothing in common with the crate's own passes.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::{Array2, ArrayView2};
use vae_core::{
    Activation, Backprop, Batch, Likelihood, Objective, Prior, Vae, VaeConfig,
    noise::{Purpose, standard_normal, stream},
};

/// −ELBO with the KL weighted by `beta`, averaged over the batch, straight from the definitions.
fn plain_loss(vae: &Vae, parameters: &[f64], x: &Array2<f32>, eps: ArrayView2<'_, f32>, beta: f64) -> f64 {
    let mut total = 0.0;
    for (x, eps) in x.rows().into_iter().zip(eps.rows()) {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let posterior = plain_mlp(vae, parameters, "encoder", &x);
        let (mean, log_var) = posterior.split_at(vae.latent());
        let z: Vec<f64> =
            (0..vae.latent()).map(|l| mean[l] + (log_var[l] / 2.0).exp() * f64::from(eps[l])).collect();
        let theta = plain_mlp(vae, parameters, "decoder", &z);
        for (d, x) in x.iter().enumerate() {
            total += plain_pixel_loss(vae.config().likelihood, &theta, d, *x);
        }
        if vae.config().prior == Prior::Standard {
            for (mean, log_var) in mean.iter().zip(log_var) {
                total += beta * 0.5 * (mean * mean + log_var.exp() - 1.0 - log_var);
            }
        } else {
            let entropy: f64 = log_var.iter().map(|v| 0.5 * (v + 1.0 + LN_2_PI)).sum();
            total -= beta * (entropy + plain_log_prior(vae, parameters, &z));
        }
    }
    total / x.nrows() as f64
}

const LN_2_PI: f64 = 1.8378770664093453;

/// log p(z) from the definitions.
fn plain_log_prior(vae: &Vae, parameters: &[f64], z: &[f64]) -> f64 {
    let of = |name: &str| {
        let tensors = vae.parameters().layout().tensors();
        &parameters[tensors.iter().find(|t| t.name == name).unwrap().range.clone()]
    };
    let normal = |z: f64, m: f64, v: f64| -0.5 * ((z - m).powi(2) / v.exp() + v + LN_2_PI);
    let mixture = |components: usize, z: &[f64]| {
        let (logits, means, log_vars) = (of("prior.logits"), of("prior.mean"), of("prior.log_var"));
        let all: f64 = logits.iter().map(|g| g.exp()).sum();
        let full = matches!(vae.config().prior, Prior::Mixture { full: true, .. });
        let density = |k: usize| {
            let away = |l: usize| z[l] - means[k * z.len() + l];
            let at = |l: usize| {
                let row = k * z.len() * (z.len() - 1) / 2 + l * l.saturating_sub(1) / 2;
                let below = |j: usize| if full { of("prior.skew")[row + j] * away(j) } else { 0.0 };
                normal(away(l) + (0..l).map(below).sum::<f64>(), 0.0, log_vars[k * z.len() + l])
            };
            logits[k].exp() / all * (0..z.len()).map(at).sum::<f64>().exp()
        };
        (0..components).map(density).sum::<f64>().ln()
    };
    match vae.config().prior {
        Prior::Mixture { components, .. } => mixture(components, z),
        Prior::Flow { couplings, components, .. } => {
            let (mut x, mut given) = (z[z.len().div_ceil(2)..].to_vec(), z[..z.len().div_ceil(2)].to_vec());
            let mut log_det = 0.0;
            for k in 0..couplings {
                let numbers = plain_mlp(vae, parameters, &format!("prior.coupling{}.", k + 1), &given);
                let (r, t) = numbers.split_at(x.len());
                for (x, (r, t)) in x.iter_mut().zip(r.iter().zip(t)) {
                    let s = 2.0 * (r / 2.0).tanh();
                    *x = *x * s.exp() + t;
                    log_det += s;
                }
                std::mem::swap(&mut x, &mut given);
            }
            // After an even number of couplings the first half of the latents is the half that is given.
            let u = if couplings % 2 == 0 { [given, x].concat() } else { [x, given].concat() };
            match components {
                0 => u.iter().map(|&u| normal(u, 0.0, 0.0)).sum::<f64>() + log_det,
                components => mixture(components, &u) + log_det,
            }
        }
        other => panic!("no plain {other}"),
    }
}

/// −log p(x|z) of pixel `d`, from the formulas of the papers as they are printed.
fn plain_pixel_loss(likelihood: Likelihood, theta: &[f64], d: usize, x: f64) -> f64 {
    let half_log_tau = 0.5 * (2.0 * std::f64::consts::PI).ln();
    let gaussian = |mu: f64, sigma: f64| 0.5 * ((x - mu) / sigma).powi(2) + sigma.ln() + half_log_tau;
    let p = 1.0 / (1.0 + (-theta[d]).exp());
    let cross_entropy = -(x * p.ln() + (1.0 - x) * (1.0 - p).ln());
    match likelihood {
        Likelihood::Bernoulli => cross_entropy,
        Likelihood::ContinuousBernoulli => {
            cross_entropy - (2.0 * (1.0 - 2.0 * p).atanh() / (1.0 - 2.0 * p)).ln()
        }
        Likelihood::Gaussian { sigma: Some(sigma) } => gaussian(theta[d], f64::from(sigma)),
        Likelihood::Gaussian { sigma: None } => {
            let raw = theta[theta.len() / 2 + d];
            gaussian(theta[d], ((raw + 6.0).exp().ln_1p() - 6.0).exp())
        }
        other => panic!("no plain {other}"),
    }
}

fn plain_mlp(vae: &Vae, parameters: &[f64], side: &str, x: &[f64]) -> Vec<f64> {
    let layers: Vec<_> =
        vae.parameters().layout().tensors().iter().filter(|t| t.name.starts_with(side)).collect();
    let activation = if side.starts_with("prior") { Activation::Relu } else { vae.config().activation };
    let mut x = x.to_vec();
    for (layer, pair) in layers.chunks(2).enumerate() {
        let (weight, bias) = (&parameters[pair[0].range.clone()], &parameters[pair[1].range.clone()]);
        let mut y = bias.to_vec();
        for (o, y) in y.iter_mut().enumerate() {
            for (i, x) in x.iter().enumerate() {
                *y += weight[o * pair[0].shape[1] + i] * x;
            }
            if 2 * (layer + 1) < layers.len() {
                *y = match activation {
                    Activation::Relu => y.max(0.0),
                    Activation::Tanh => y.tanh(),
                    Activation::Glu => *y,
                    other => panic!("no plain {other}"),
                };
            }
        }
        if activation == Activation::Glu && 2 * (layer + 1) < layers.len() {
            let gates = y.split_off(y.len() / 2);
            y.iter_mut().zip(gates).for_each(|(a, g)| *a /= 1.0 + (-g).exp());
        }
        x = y;
    }
    x
}

fn assert_gradients(hidden: &[usize], activation: Activation, beta: f32) {
    let config =
        VaeConfig { input: 9, hidden: hidden.to_vec(), latent: 3, activation, ..VaeConfig::default() };
    let x = Array2::from_shape_fn((4, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
    assert_gradients_of(config, &x, beta);
}

fn assert_gradients_of(config: VaeConfig, x: &Array2<f32>, beta: f32) {
    let mut vae = Vae::new(config, 11).unwrap();
    // Away from where a flow starts, at which half of its gradient is zero.
    let mut away = Array2::zeros((1, vae.parameters().len()));
    standard_normal(&mut stream(3, Purpose::WEIGHTS, 7, 7), away.view_mut());
    for spec in vae.parameters().layout().tensors().to_vec() {
        if spec.name.starts_with("prior") {
            let shifts = away.iter().skip(spec.range.start);
            let values = &mut vae.parameters_mut().values_mut()[spec.range];
            values.iter_mut().zip(shifts).for_each(|(value, shift)| *value += 0.3 * shift);
        }
    }
    let eps = Array2::from_shape_fn((4, 3), |(i, j)| (i as f32 - 1.5) * 0.6 + j as f32 * 0.3);
    let mut backprop = Backprop::new();
    let objective = Objective::with_beta(beta);
    let (loss, gradient) = backprop.gradient(&vae, Batch::new(x.view(), eps.view()), &objective).unwrap();
    let found_loss = loss.objective(&objective);

    let parameters: Vec<f64> = vae.parameters().values().iter().map(|&p| f64::from(p)).collect();
    let loss = |parameters: &[f64]| plain_loss(&vae, parameters, x, eps.view(), f64::from(beta));
    assert!((found_loss - loss(&parameters)).abs() < 1e-5 * found_loss.abs());
    let slope = |i: usize| {
        let at = |shift: f64| {
            let mut moved = parameters.clone();
            moved[i] += shift;
            loss(&moved)
        };
        (at(1e-6) - at(-1e-6)) / 2e-6
    };
    for spec in vae.parameters().layout().tensors() {
        let slopes: Vec<f64> = spec.range.clone().map(slope).collect();
        let largest = slopes.iter().fold(0f64, |largest, v| largest.max(v.abs()));
        assert!(largest > 0.0, "{} has no influence on the loss", spec.name);
        for (i, slope) in spec.range.clone().zip(slopes) {
            let found = f64::from(gradient[i]);
            let error = (found - slope).abs();
            assert!(error < 1e-5 * largest, "{} at {i}: {found} instead of {slope}", spec.name);
        }
    }
}

#[test]
fn gradients_of_a_linear_model_are_slopes() {
    assert_gradients(&[], Activation::Relu, 1.0);
}

#[test]
fn gradients_through_one_relu_layer_are_slopes() {
    assert_gradients(&[8], Activation::Relu, 1.0);
}

#[test]
fn gradients_through_two_tanh_layers_are_slopes() {
    assert_gradients(&[8, 6], Activation::Tanh, 1.0);
}

#[test]
fn gradients_through_three_layers_are_slopes() {
    assert_gradients(&[8, 7, 5], Activation::Tanh, 1.0);
}

#[test]
fn gradients_under_another_beta_are_slopes() {
    assert_gradients(&[8], Activation::Tanh, 4.0);
    assert_gradients(&[8], Activation::Tanh, 0.0);
}

fn assert_gradients_under(likelihood: Likelihood, x: &Array2<f32>) {
    let (input, hidden, activation) = (9, vec![8], Activation::Tanh);
    let config = VaeConfig { input, hidden, latent: 3, activation, likelihood, ..VaeConfig::default() };
    assert_gradients_of(config, x, 1.0);
}

#[test]
fn gradients_of_the_continuous_bernoulli_are_slopes() {
    let x = Array2::from_shape_fn((4, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
    assert_gradients_under(Likelihood::ContinuousBernoulli, &x);
}

#[test]
fn gradients_of_gaussians_are_slopes_on_numbers_of_any_sign() {
    let x = Array2::from_shape_fn((4, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 4.0 - 1.5);
    assert_gradients_under(Likelihood::Gaussian { sigma: Some(0.7) }, &x);
    assert_gradients_under(Likelihood::Gaussian { sigma: None }, &x);
}

#[test]
fn gradients_through_gated_layers_are_slopes() {
    assert_gradients(&[8], Activation::Glu, 1.0);
    assert_gradients(&[8, 7, 5], Activation::Glu, 1.0);
}

fn assert_gradients_with(prior: Prior, beta: f32) {
    let (input, hidden, activation) = (9, vec![8], Activation::Tanh);
    let config = VaeConfig { input, hidden, latent: 3, activation, prior, ..VaeConfig::default() };
    let x = Array2::from_shape_fn((4, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
    assert_gradients_of(config, &x, beta);
}

#[test]
fn gradients_through_a_flow_are_slopes() {
    assert_gradients_with(Prior::Flow { couplings: 2, hidden: 5, components: 0 }, 1.0);
    assert_gradients_with(Prior::Flow { couplings: 5, hidden: 7, components: 0 }, 0.6);
    assert_gradients_with(Prior::Flow { couplings: 3, hidden: 7, components: 3 }, 0.6);
}

#[test]
fn gradients_of_a_mixture_are_slopes() {
    assert_gradients_with(Prior::Mixture { components: 2, full: false }, 1.0);
    assert_gradients_with(Prior::Mixture { components: 4, full: false }, 0.6);
    assert_gradients_with(Prior::Mixture { components: 3, full: true }, 0.6);
}
