//! The parts of `cargo xtask generate`: a file for each way to request a digit, all of which return a `Drawing`.
//!
//! ```text
//! like     index of an image       ─► posterior mean ─► reconstruction below the image
//! class    label                   ─► q(z|class)     ─► new images, and the share that a classifier recognises
//! photo    the user's own digit    ─► posterior mean ─► reconstruction, −ELBO, and the class by a classifier
//! latent   coordinates             ─► z              ─► decoded image
//! ```

pub(crate) mod drawing;

pub(crate) mod digit_classifier;

pub(crate) mod class;
pub(crate) mod latent;
pub(crate) mod like;
pub(crate) mod photo;
