//! `generate`: the ways to ask for a digit, each of which makes a picture and has something to say about it.
//!
//! ```text
//! like     an image of the data    ─► posterior mean ─► its reconstruction below it
//! class    a label                 ─► q(z|class)     ─► new images, and how often a classifier reads that label
//! photo    somebody's own digit    ─► posterior mean ─► its reconstruction, −ELBO, and what a classifier reads
//! latent   numbers                 ─► z              ─► what the decoder makes of them
//! ```

pub(crate) mod class;
pub(crate) mod judge;
pub(crate) mod latent;
pub(crate) mod like;
pub(crate) mod photo;

use vae_viz::GridStyle;

use crate::pictures::Captioned;

/// A picture, and lines to print below its name.
pub(crate) struct Made {
    pub(crate) picture: Captioned,
    pub(crate) lines: Vec<String>,
}

/// A grid for `count` images: few are drawn large, in short rows.
fn style(count: usize) -> GridStyle {
    let (cols, scale) = if count <= 30 { (10, 4) } else { (20, 2) };
    let cols = count.clamp(1, cols);
    GridStyle { rows: count.div_ceil(cols), cols, scale, ..GridStyle::default() }
}
