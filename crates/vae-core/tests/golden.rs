//! The hand-written forward and backward passes against PyTorch's, in float64, to 1e-5 of each tensor's largest entry.
//!
//! `golden/README.md` says what the files hold. In short, the program that made them:
//!
//! ```text
//! mu, lv = encoder(x).split(L, -1); z = mu + exp(0.5 * lv) * eps; g = decoder(z)
//! rec = binary_cross_entropy_with_logits(g, x, reduction='none').sum(-1)
//! kl = -0.5 * (1 + lv - mu**2 - lv.exp()).sum(-1); loss = (rec + beta * kl).mean(); loss.backward()
//! ```

#![allow(clippy::unwrap_used, reason = "a golden file that cannot be read fails its test")]

use std::path::Path;

use ndarray::{Array2, ArrayView2};
use safetensors::SafeTensors;
use vae_core::{
    Adam, AdamW, Adamax, Backprop, Batch, Method, Objective, Optimizer, RmsProp, Sgd, Training, Vae,
    VaeConfig,
};

const TOLERANCE: f64 = 1e-5;

struct Golden {
    bytes: Vec<u8>,
}

impl Golden {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        Self { bytes: std::fs::read(path.with_extension("safetensors")).unwrap() }
    }

    fn tensor(&self, name: &str) -> Vec<f64> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        tensor.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn fact(&self, key: &str) -> String {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).unwrap();
        metadata.metadata().as_ref().unwrap()[key].clone()
    }

    fn fact_if_any(&self, key: &str) -> Option<String> {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).unwrap();
        metadata.metadata().as_ref().unwrap().get(key).cloned()
    }

    fn matrix(&self, name: &str, columns: usize) -> Array2<f32> {
        let values: Vec<f32> = self.tensor(name).into_iter().map(|v| v as f32).collect();
        Array2::from_shape_vec((values.len() / columns, columns), values).unwrap()
    }

    /// The model whose parameters the file holds.
    fn model(&self) -> Vae {
        let hidden = self.fact("hidden");
        let hidden = hidden.trim_matches(['[', ']']).split(", ").map(|n| n.parse().unwrap()).collect();
        let latent = self.fact("latent").parse().unwrap();
        let activation = self.fact("activation").parse().unwrap();
        let likelihood = self.fact_if_any("likelihood").map(|text| text.parse().unwrap());
        let likelihood = likelihood.unwrap_or_default();
        let prior = self.fact_if_any("prior").map(|text| text.parse().unwrap()).unwrap_or_default();
        let config =
            VaeConfig { input: 12, hidden, latent, activation, likelihood, prior, ..VaeConfig::default() };
        let mut vae = Vae::new(config, 0).unwrap();
        for spec in vae.parameters().layout().tensors().to_vec() {
            let values = self.tensor(&spec.name);
            for (parameter, value) in vae.parameters_mut().values_mut()[spec.range].iter_mut().zip(values) {
                *parameter = value as f32;
            }
        }
        vae
    }

    fn assert_close<'a>(&self, name: &str, found: impl IntoIterator<Item = &'a f32>) {
        let (want, found): (Vec<f64>, Vec<&f32>) = (self.tensor(name), found.into_iter().collect());
        assert_eq!(found.len(), want.len(), "length of {name}");
        let largest = want.iter().fold(0f64, |largest, v| largest.max(v.abs()));
        for (i, (&&found, want)) in found.iter().zip(&want).enumerate() {
            let error = (f64::from(found) - want).abs();
            assert!(error <= TOLERANCE * largest, "{name}[{i}] is {found}, PyTorch has {want}");
        }
    }
}

/// Values on the way forward, and every gradient, at the first noise.
fn assert_forward_and_gradients(name: &str) {
    let golden = Golden::open(name);
    let vae = golden.model();
    let x = golden.matrix("x", 12);
    let eps = golden.matrix("eps", vae.latent());
    let eps: ArrayView2<'_, f32> = eps.slice(ndarray::s![..x.nrows(), ..]);
    let beta: f32 = golden.fact("beta").parse().unwrap();

    let posterior = vae.encode(x.view());
    golden.assert_close("mean", &posterior.mean);
    golden.assert_close("log_var", &posterior.log_var);
    let z = posterior.sample(eps);
    golden.assert_close("z", &z);
    golden.assert_close("logits", &vae.decode_parameters(z.view()));
    if golden.fact_if_any("likelihood").is_some() {
        golden.assert_close("pixel_mean", &vae.decode(z.view()));
    }
    let batch = Batch::new(x.view(), eps);
    let terms = vae.loss_per_image(batch).unwrap();
    golden.assert_close("reconstruction", &terms.reconstruction);
    golden.assert_close("kl", &terms.kl);

    let (mut backprop, objective) = (Backprop::new(), Objective::with_beta(beta));
    let (loss, gradient) = backprop.gradient(&vae, batch, &objective).unwrap();
    golden.assert_close("loss", [&(loss.objective(&objective) as f32)]);
    for (name, _, gradient) in vae.parameters().layout().iter(gradient) {
        golden.assert_close(&format!("grad.{name}"), gradient);
    }
}

/// Ten steps of Adam, each with its own noise.
fn assert_ten_adam_steps(name: &str) {
    let golden = Golden::open(name);
    let vae = golden.model();
    let x = golden.matrix("x", 12);
    let eps = golden.matrix("eps", vae.latent());
    let mut training = Training::new(vae, Adam { learning_rate: 1e-2, ..Adam::default() });
    training.objective = Objective::with_beta(golden.fact("beta").parse().unwrap());
    let mut losses = Vec::new();
    for eps in eps.axis_chunks_iter(ndarray::Axis(0), x.nrows()) {
        let loss = training.step(Batch::new(x.view(), eps)).unwrap();
        losses.push(loss.objective(&training.objective) as f32);
    }
    assert_eq!(losses.len(), 10);
    golden.assert_close("losses", &losses);
    for (name, _, values) in training.vae().parameters().iter() {
        golden.assert_close(&format!("after.{name}"), values);
    }
}

/// The tests below name the files there are; a new one is met here before it has a test of its own.
#[test]
fn no_golden_file_of_a_model_is_left_out() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let names = files.filter_map(|path| path.file_stem()?.to_str().map(str::to_owned));
    let models: Vec<String> = names.filter(|name| name.starts_with("elbo_")).collect();
    models.iter().for_each(|name| assert_forward_and_gradients(name));
    assert!(models.len() >= 18, "{models:?}");
}

#[test]
fn one_hidden_layer_meets_pytorch() {
    assert_forward_and_gradients("elbo_adam");
}

#[test]
fn two_hidden_layers_meet_pytorch() {
    assert_forward_and_gradients("elbo_deep");
}

#[test]
fn a_beta_of_four_meets_pytorch() {
    assert_forward_and_gradients("elbo_beta");
}

#[test]
fn relu_meets_pytorch() {
    assert_forward_and_gradients("elbo_relu");
}

#[test]
fn leaky_relu_meets_pytorch() {
    assert_forward_and_gradients("elbo_leaky_relu");
}

#[test]
fn elu_meets_pytorch() {
    assert_forward_and_gradients("elbo_elu");
}

#[test]
fn tanh_meets_pytorch() {
    assert_forward_and_gradients("elbo_tanh");
}

#[test]
fn silu_meets_pytorch() {
    assert_forward_and_gradients("elbo_silu");
}

#[test]
fn gelu_meets_pytorch() {
    assert_forward_and_gradients("elbo_gelu");
}

#[test]
fn softplus_meets_pytorch() {
    assert_forward_and_gradients("elbo_softplus");
}

#[test]
fn sigmoid_meets_pytorch() {
    assert_forward_and_gradients("elbo_sigmoid");
}

#[test]
fn gated_layers_meet_pytorch() {
    assert_forward_and_gradients("elbo_glu");
}

#[test]
fn learned_priors_and_ten_steps_under_them_meet_pytorch() {
    for name in ["elbo_mixture_4", "elbo_flow_4_6", "elbo_flow_3_6_4"] {
        assert_forward_and_gradients(name);
        assert_ten_adam_steps(name);
    }
}

#[test]
fn the_continuous_bernoulli_meets_pytorch() {
    assert_forward_and_gradients("elbo_continuous_bernoulli");
}

#[test]
fn a_gaussian_of_fixed_deviation_meets_pytorch() {
    assert_forward_and_gradients("elbo_gaussian");
}

#[test]
fn a_gaussian_of_learned_deviation_meets_pytorch() {
    assert_forward_and_gradients("elbo_gaussian_learned");
}

#[test]
fn ten_adam_steps_of_one_hidden_layer_meet_pytorch() {
    assert_ten_adam_steps("elbo_adam");
}

#[test]
fn ten_adam_steps_of_two_hidden_layers_meet_pytorch() {
    assert_ten_adam_steps("elbo_deep");
}

/// Twelve steps of one optimizer, on given gradients.
fn assert_optimizer(name: &str, method: impl Into<Method>) {
    let golden = Golden::open("optimizers");
    let mut parameters: Vec<f32> = golden.tensor("start").iter().map(|&v| v as f32).collect();
    let mut optimizer = Optimizer::new(method, parameters.len());
    let mut path = Vec::new();
    for mut gradients in golden.matrix("grads", parameters.len()).rows_mut() {
        optimizer.step(&mut parameters, gradients.as_slice_mut().unwrap());
        path.extend_from_slice(&parameters);
    }
    golden.assert_close(name, &path);
}

const ADAM: Adam = Adam { learning_rate: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

#[test]
fn gradient_descent_meets_pytorch() {
    assert_optimizer("sgd", Sgd { learning_rate: 0.05, momentum: 0.0 });
}

#[test]
fn gradient_descent_with_momentum_meets_pytorch() {
    assert_optimizer("momentum", Sgd { learning_rate: 0.05, momentum: 0.9 });
}

#[test]
fn adam_meets_pytorch() {
    assert_optimizer("adam", ADAM);
}

#[test]
fn adamw_meets_pytorch() {
    assert_optimizer("adamw", AdamW { adam: ADAM, weight_decay: 0.1 });
}

#[test]
fn adamax_meets_pytorch() {
    assert_optimizer("adamax", Adamax(ADAM));
}

#[test]
fn rmsprop_meets_pytorch() {
    assert_optimizer("rmsprop", RmsProp { learning_rate: 0.05, ..RmsProp::default() });
}
