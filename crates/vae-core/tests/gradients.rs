//! Every gradient against finite differences of a plain, slow evaluation of the loss in `f64`: loops over numbers,
//! with nothing in common with the crate's own passes.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::{Array2, ArrayView2};
use vae_core::{Activation, Backprop, Vae, VaeConfig};

/// −ELBO with the KL weighted by `beta`, averaged over the batch, straight from the definitions.
fn plain_loss(vae: &Vae, parameters: &[f64], x: &Array2<f32>, eps: ArrayView2<'_, f32>, beta: f64) -> f64 {
    let mut total = 0.0;
    for (x, eps) in x.rows().into_iter().zip(eps.rows()) {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let posterior = plain_mlp(vae, parameters, "encoder", &x);
        let (mean, log_var) = posterior.split_at(vae.latent());
        let z: Vec<f64> =
            (0..vae.latent()).map(|l| mean[l] + (log_var[l] / 2.0).exp() * f64::from(eps[l])).collect();
        let logits = plain_mlp(vae, parameters, "decoder", &z);
        for (g, x) in logits.iter().zip(&x) {
            let p = 1.0 / (1.0 + (-g).exp());
            total -= x * p.ln() + (1.0 - x) * (1.0 - p).ln();
        }
        for (mean, log_var) in mean.iter().zip(log_var) {
            total += beta * 0.5 * (mean * mean + log_var.exp() - 1.0 - log_var);
        }
    }
    total / x.nrows() as f64
}

fn plain_mlp(vae: &Vae, parameters: &[f64], half: &str, x: &[f64]) -> Vec<f64> {
    let layers: Vec<_> = vae.layout().tensors().iter().filter(|t| t.name.starts_with(half)).collect();
    let mut x = x.to_vec();
    for (layer, pair) in layers.chunks(2).enumerate() {
        let (weight, bias) = (&parameters[pair[0].range.clone()], &parameters[pair[1].range.clone()]);
        let mut y = bias.to_vec();
        for (o, y) in y.iter_mut().enumerate() {
            for (i, x) in x.iter().enumerate() {
                *y += weight[o * pair[0].shape[1] + i] * x;
            }
            if 2 * (layer + 1) < layers.len() {
                *y = match vae.activation() {
                    Activation::Relu => y.max(0.0),
                    Activation::Tanh => y.tanh(),
                    other => panic!("no plain {other}"),
                };
            }
        }
        x = y;
    }
    x
}

fn assert_gradients(hidden: &[usize], activation: Activation, beta: f32) {
    let config =
        VaeConfig { input: 9, hidden: hidden.to_vec(), latent: 3, activation, ..VaeConfig::default() };
    let vae = Vae::new(config, 11).unwrap();
    let x = Array2::from_shape_fn((4, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
    let eps = Array2::from_shape_fn((4, 3), |(i, j)| (i as f32 - 1.5) * 0.6 + j as f32 * 0.3);
    let mut backprop = Backprop::new(&vae, 4);
    let elbo = backprop.run(&vae, x.view(), eps.view(), beta).unwrap();

    let parameters: Vec<f64> = vae.parameters().iter().map(|&p| f64::from(p)).collect();
    let loss = |parameters: &[f64]| plain_loss(&vae, parameters, &x, eps.view(), f64::from(beta));
    assert!((elbo.loss(beta) - loss(&parameters)).abs() < 1e-5 * elbo.loss(beta));
    let slope = |i: usize| {
        let at = |shift: f64| {
            let mut moved = parameters.clone();
            moved[i] += shift;
            loss(&moved)
        };
        (at(1e-6) - at(-1e-6)) / 2e-6
    };
    for spec in vae.layout().tensors() {
        let slopes: Vec<f64> = spec.range.clone().map(slope).collect();
        let largest = slopes.iter().fold(0f64, |largest, v| largest.max(v.abs()));
        assert!(largest > 0.0, "{} has no influence on the loss", spec.name);
        for (i, slope) in spec.range.clone().zip(slopes) {
            let found = f64::from(backprop.gradients()[i]);
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
