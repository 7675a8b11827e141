//! draft
#![allow(dead_code, missing_docs)]
mod activation;
mod backprop;
mod bernoulli;
mod config;
mod elbo;
mod error;
mod gaussian;
mod init;
mod layout;
mod linear;
mod matmul;
mod mlp;
pub mod noise;
mod optimizer;
mod special;
mod vae;
pub mod weights;
pub use activation::Activation;
pub use backprop::Backprop;
pub use config::VaeConfig;
pub use elbo::*;
pub use error::VaeError;
pub use gaussian::LOG_VAR_BOUND;
pub use layout::*;
pub use optimizer::*;
pub use vae::*;
