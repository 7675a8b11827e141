//! A variational autoencoder for the CPU, written by hand: forward and backward passes side by side, in the letters
//! of the paper (Kingma & Welling, *Auto-Encoding Variational Bayes*, 2014).
//!
//! ```text
//! x ─► encoder ─► mean, log-variance ─► z = mean + exp(log_var / 2) · ε ─► decoder ─► logits
//! loss = −log p(x|z) + β · KL(q(z|x) ‖ p(z))
//! ```
//! Losses are in nats, summed over pixels and latents, averaged over the batch.
//!
//! Three types meet: a [`Vae`] is the parameters and what they compute; a [`Backprop`] holds the buffers of a
//! training step and finds the gradient; an [`Optimizer`] turns a gradient into the next parameters. Noise is always an
//! argument; [`noise`] draws it from streams that are keyed by what they are for.
//!
//! # Example
//! Your own vectors in [0, 1] will do as well as digits:
//! ```
//! use ndarray::Array2;
//! use vae_core::{Adam, Backprop, Optimizer, Vae, VaeConfig};
//! use vae_core::noise::{Purpose, standard_normal, stream};
//!
//! # fn main() -> Result<(), vae_core::VaeError> {
//! // 32 vectors of 16 numbers: a bump at one of 32 places.
//! let x = Array2::from_shape_fn((32, 16), |(i, j)| (-(i as f32 / 2.0 - j as f32).powi(2)).exp());
//!
//! let config = VaeConfig { input: 16, hidden: vec![32], latent: 2, ..VaeConfig::default() };
//! let mut vae = Vae::new(config, 7)?;
//! let mut backprop = Backprop::new(&vae, x.nrows());
//! let adam = Adam { learning_rate: 1e-2, ..Adam::default() };
//! let mut optimizer = Optimizer::new(adam, vae.parameters().len());
//!
//! let mut eps = Array2::zeros((32, 2));
//! let before = vae.elbo(x.view(), eps.view());
//! for step in 0..300 {
//!     standard_normal(&mut stream(7, Purpose::Training, 0, step), eps.view_mut());
//!     vae.train_step(&mut backprop, &mut optimizer, x.view(), eps.view(), 1.0)?;
//! }
//! assert!(vae.elbo(x.view(), eps.view()).neg_elbo() < before.neg_elbo() - 4.0);
//!
//! // Four vectors that never existed.
//! let mut eps = Array2::zeros((4, 2));
//! standard_normal(&mut stream(7, Purpose::Samples, 0, 0), eps.view_mut());
//! let new = vae.sample(eps.view());
//! assert_eq!(new.dim(), (4, 16));
//! # Ok(())
//! # }
//! ```
//!
//! # Shapes
//! `B` batch, `D` pixels (numbers in a sample), `H` a hidden layer, `L` latents, `I` and `O` a layer's inputs and
//! outputs. Arrays are row-major, one sample a row.
//!
//! # What it does not do
//! No files, no clock, no printing, no randomness but from a seed that you give. The work runs on rayon's current
//! thread pool: call within `ThreadPool::install` to choose the number of threads. The same seed gives the same
//! bits with any number of them.
//!
//! # Speed
//! The matrix products are written for AVX2 and AVX-512, everything else is compiled for them, and what the machine has
//! is found out at run time: no flags are needed. With the feature `portable` all of it is left out, and the instruction
//! set is that of the compilation. `cargo bench -p vae-core --features benchmarks` times the pieces of a step.
//!
//! # Modules in reading order
//! [`VaeConfig`], [`Layout`] (where each tensor lies in the one buffer of parameters) and what it starts from (`init`);
//! how a batch lies in memory (`panels`), how it gets there and back (`turn`) and what of it is zero (`support`), the
//! arithmetic of the machine at hand (`vectors`), the products (`kernel`), the first layer's gradient from the numbers that
//! are not zero (`sparse`), the layers (`linear`, `activation` with its `special` functions, `mlp`); the two terms of the loss (`bernoulli`,
//! `gaussian`) and their sum (`elbo`); the way of a few samples through the network (`forward`) and back (`band`),
//! [`Vae`], what the gradients are made of (`factors`), [`Backprop`], the optimizers ([`Optimizer`]), [`noise`], and
//! [`weights`] (safetensors, under PyTorch's names).
//!
//! Beside the model: a [`GaussianMixture`] (with `covariance`) keeps what a class of images looks like in the latent space,
//! and a [`Classifier`] (with `softmax`) reads what a model wrote.

mod config;
mod error;

mod init;
mod layout;

mod activation;
mod kernel;
mod linear;
mod mlp;
mod panels;
mod sparse;
mod special;
mod support;
mod turn;
mod vectors;

mod bernoulli;
mod elbo;
mod gaussian;

mod backprop;
mod band;
mod factors;
mod forward;
mod vae;

mod optimizer;

mod covariance;
mod mixture;

mod softmax;

mod classifier;

#[cfg(feature = "benchmarks")]
#[doc(hidden)]
pub mod benchmarks;
pub mod noise;
pub mod weights;

pub use activation::Activation;
pub use backprop::Backprop;
pub use classifier::{Classifier, ClassifierConfig};
pub use config::VaeConfig;
pub use elbo::{Elbo, ElboSum};
pub use error::VaeError;
pub use gaussian::LOG_VAR_BOUND;
pub use layout::{Layout, TensorSpec};
pub use mixture::{Gaussian, GaussianMixture, MAX_FULL_LATENTS, MixtureConfig};
pub use optimizer::{Adam, AdamW, Adamax, Method, Optimizer, RmsProp, Sgd, clip_by_norm};
pub use vae::{ElboTerms, Posterior, Vae};
