//! The parts of `cargo xtask generate`: a file for each way to request a digit, which return a `Drawing`, those of
//! new images the bare numbers too.
//!
//! ```text
//! like     index of an image       ─► posterior mean ─► reconstruction below the image
//! class    label                   ─► q(z|class)     ─► new images, and the share that a classifier recognises
//! photo    the user's own digit    ─► posterior mean ─► reconstruction, −ELBO, and the class by a classifier
//! latent   coordinates             ─► z              ─► decoded image
//! samples  nothing                 ─► prior          ─► new images
//! ```

pub(crate) mod drawing;
pub(crate) mod point_labels;
pub(crate) mod wish;

pub(crate) mod digit_classifier;
mod prepared;
pub(crate) mod prior;
mod reading;

pub(crate) mod class;
pub(crate) mod latent;
pub(crate) mod like;
pub(crate) mod photo;
pub(crate) mod samples;

pub(crate) mod numbers;
