//! A mixture of a few Gaussians over the latent space, beside the model: what is kept of the posteriors of a class's
//! images, so that new images of that class can be drawn without the old ones.
//!
//! The aggregated posterior of a class c is the mean of q(z|x) over its images x (Makhzani et al., *Adversarial
//! Autoencoders*, 2015, section 2; Hoffman & Johnson, *ELBO surgery*, 2016). Decoded draws from it look like c, also
//! for a model that was never given any label.

mod covariance;
mod fit;
mod model;

pub use fit::{MAX_FULL_LATENTS, MixtureConfig};
pub use model::{Gaussian, GaussianMixture};
