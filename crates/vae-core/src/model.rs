//! The paper: what a VAE computes, there and back.
//!
//! In reading order: the way of a few samples through the network and home (`pass`), the posterior and its
//! reparameterization, the divergence from the prior (and log p(z), where the prior is learned: `density`), the
//! likelihoods, the loss that they sum up to, the network that they belong to, and the estimate of log p(x) itself
//! (`importance`).

pub(crate) mod batch;
pub(crate) mod bernoulli;
pub(crate) mod continuous_bernoulli;
pub(crate) mod density;
pub(crate) mod divergence;
pub(crate) mod flow;
pub(crate) mod gaussian;
pub(crate) mod gaussians;
pub(crate) mod importance;
pub(crate) mod likelihood;
pub(crate) mod loss;
pub(crate) mod network;
pub(crate) mod pass;
pub(crate) mod posterior;
pub(crate) mod prior;
pub(crate) mod standard;
