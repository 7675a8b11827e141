//! A variational autoencoder for the CPU, written by hand: forward and backward passes side by side, in the letters
//! of the paper (Kingma & Welling, *Auto-Encoding Variational Bayes*, 2014).
//!
//! ```text
//! x ─► encoder ─► mean, log-variance ─► z = mean + exp(log_var / 2) · ε ─► decoder ─► θ of p(x|z)
//! loss = −log p(x|z) + β · KL(q(z|x) ‖ p(z))
//! ```
//! Losses are in nats, summed over pixels and latents, averaged over the batch.
//!
//! # Algorithm 1
//! A [`Vae`] is the parameters and what they compute; a [`Training`] takes steps with it. Noise is always an argument;
//! [`noise`] draws it from streams that are keyed by what they are for. Your own vectors will do as well as digits:
//! ```
//! use vae_core::{Adam, Batch, Training, Vae, VaeConfig, ndarray::Array2};
//! use vae_core::noise::{Purpose, standard_normal, stream};
//!
//! # fn main() -> Result<(), vae_core::VaeError> {
//! // 32 vectors of 16 numbers in [0, 1]: a bump at one of 32 places.
//! let x = Array2::from_shape_fn((32, 16), |(i, j)| (-(i as f32 / 2.0 - j as f32).powi(2)).exp());
//! let mut eps = Array2::zeros((32, 2));
//!
//! let config = VaeConfig { input: 16, hidden: vec![32], latent: 2, ..VaeConfig::default() };
//! let mut training = Training::new(Vae::new(config, 7)?, Adam { learning_rate: 1e-2, ..Adam::default() });
//! for step in 0..300 {
//!     standard_normal(&mut stream(7, Purpose::TRAINING, 0, step), eps.view_mut());
//!     training.step(Batch::new(x.view(), eps.view()))?;
//! }
//! let vae = training.into_vae();
//! assert!(vae.loss(Batch::new(x.view(), eps.view()))?.neg_elbo() < 8.0);
//!
//! // Four vectors that never existed, decoded from z drawn from the prior.
//! let mut z = Array2::zeros((4, 2));
//! standard_normal(&mut stream(7, Purpose::SAMPLES, 0, 0), z.view_mut());
//! assert_eq!(vae.decode(z.view()).dim(), (4, 16));
//! # Ok(())
//! # }
//! ```
//! Build with `--release`: without optimisation a step takes about a hundred times as long. A [`Vae`] is `Clone`, and a
//! clone keeps the weights of the best epoch. A [`PriorTraining`] fits a prior to the codes of a finished model.
//!
//! What lies below it, for loops of one's own: [`Backprop`] gives the gradient of a batch, and an [`Optimizer`] turns a
//! gradient into the next parameters.
//!
//! # Which likelihood for which data
//! The [`Likelihood`] says what a number of x can be; a number that it excludes is a [`VaeError::OutOfRange`] of every
//! function that computes a loss. The error names its row in the batch; [`Likelihood::check`] on all of the data,
//! before training, names its row in the data.
//!
//! | numbers of x | likelihood |
//! | --- | --- |
//! | in [0, 1], nearly all near to 0 or 1, as in line art | [`Bernoulli`](Likelihood::Bernoulli), the default |
//! | anywhere in [0, 1], as in photographs | [`ContinuousBernoulli`](Likelihood::ContinuousBernoulli), or a Gaussian |
//! | real: measurements, coordinates, features | [`Gaussian`](Likelihood::Gaussian) |
//!
//! Standardise real numbers, column by column, to mean 0 and deviation 1. σ then says how near a reconstruction is to
//! come: 0.1 is a tenth of the data's deviation. A smaller σ lets the latents say more, a larger one less; without a σ
//! the decoder gives one for each number. Numbers that are not standardised are no error, but one column in large units
//! outweighs all others. [`Vae::decode`] gives the mean of p(x|z); a draw of x has noise of deviation σ around it.
//!
//! A Bernoulli likelihood takes a number between 0 and 1 for the probability of a 1. Where most are in between, as with
//! coordinates squeezed into [0, 1], its cross-entropy hardly tells one vector from another: KL falls to nothing, and
//! all reconstructions and samples are the mean of the data. `examples/own_vectors.rs` shows both on a ring of points.
//!
//! # Shapes
//! `B` batch, `D` pixels (numbers in a sample), `H` a hidden layer, `L` latents, `P` numbers that the decoder gives for
//! each pixel, `I` and `O` a layer's inputs and outputs. Arrays are row-major, one sample a row.
//!
//! # What it does not do
//! No files, no clock, no printing, no randomness but from a seed that you give. The work runs on rayon's current
//! thread pool: call within `ThreadPool::install` to choose the number of threads. The same seed gives the same
//! bits with any number of them.
//!
//! # Features
//! - `serde`: activations, likelihoods and methods are read and written by name, mixtures as lists.
//! - `portable`: the code is compiled for the machine that the compiler targets, and for no other. Without it, it is
//!   compiled for several kinds, and the kind at hand is found at run time: no flags are needed.
//! - `benchmarks`: what `cargo bench -p vae-core --features benchmarks` calls.
//!
//! # Reading path
//! The mathematics, in this order; no file of it names a machine:
//!
//! | file | holds |
//! | --- | --- |
//! | `lib.rs` | this tour |
//! | `model/pass.rs` | the whole way there and back, in the letters above |
//! | `model/posterior.rs` | q(z\|x), the reparameterization and its gradient |
//! | `model/divergence.rs`, `model/standard.rs` | the divergence from p(z); priors that are learned lie beside it |
//! | `model/likelihood.rs`, `model/bernoulli.rs` | p(x\|z) on the decoder's numbers; its siblings lie beside it |
//! | `model/loss.rs`, `model/network.rs` | the terms of the loss; what there is between x and θ |
//! | `layers/stack.rs`, `layers/layer.rs`, `layers/dense.rs` | layers one after the other, and each, there and back |
//! | `layers/activation.rs`, `layers/activation/pointwise.rs` | nonlinearities beside their derivatives |
//! | `formulas.rs` | what each of these formulas offers to the loops |
//! | `step/training.rs`, `step/backprop.rs` | Algorithm 1, and the gradient of a batch |
//! | `optim/adam.rs` | what the gradient becomes; its siblings lie beside it |
//!
//! Beside the path lie `model/density.rs` (priors that are learned: `flow.rs`, `gaussians.rs`), `model/importance.rs`
//! (log p(x) itself, estimated with many samples), `config.rs`, `parameters.rs`, `noise.rs`, `error.rs` and `weights`
//! (safetensors, under PyTorch's names), and two companions of the model: a [`GaussianMixture`] keeps what a class of
//! images looks like in the latent space, and a [`Classifier`] reads what a model wrote. Below it lies `kernel`: the
//! same sums, faster.

mod config;
mod error;
mod names;
pub mod noise;
mod parameters;
mod vae;

mod model;

mod formulas;
mod layers;

mod step;

mod optim;

pub mod weights;

mod kernel;

mod classifier;
mod mixture;

#[cfg(feature = "benchmarks")]
#[doc(hidden)]
pub mod benchmarks;

/// The arrays that this crate takes and gives.
pub use ndarray;

pub use classifier::{Classifier, ClassifierConfig};
pub use config::VaeConfig;
pub use error::VaeError;
pub use layers::{
    activation::Activation,
    layout::{Layout, TensorSpec},
};
pub use mixture::{Gaussian, GaussianMixture, MAX_FULL_LATENTS, MixtureConfig};
pub use model::{
    batch::Batch,
    importance::{ImportanceSampler, LogWeight},
    likelihood::Likelihood,
    loss::{Loss, LossMean, LossPerImage, Objective},
    posterior::{LOG_VAR_BOUND, Posterior},
    prior::Prior,
};
pub use optim::{
    adam::Adam,
    adamax::Adamax,
    adamw::AdamW,
    average::average_weights,
    clip::clip_by_norm,
    list::{Method, MethodKind},
    normalise::normalise_each,
    optimizer::Optimizer,
    rmsprop::RmsProp,
    sgd::Sgd,
};
pub use parameters::Parameters;
pub use step::{backprop::Backprop, prior_training::PriorTraining, training::Training};
pub use vae::Vae;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
