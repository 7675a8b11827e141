//! The ELBO of images that are not learned from.

use ndarray::ArrayView2;
use vae_core::{Elbo, ElboSum, Vae};

use crate::blocks::for_each_block_with_noise;

/// The ELBO of the images at `indices`, averaged, with one draw of z an image. None for no images.
///
/// The noise depends on `seed` and on an image's place among the indices, so two models are compared on the same
/// draws.
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Panics
/// If D is not the model's number of inputs or an index is not below N.
pub fn evaluate(vae: &Vae, images: ArrayView2<'_, u8>, indices: &[u32], seed: u64) -> Option<Elbo> {
    let mut sum = ElboSum::default();
    for_each_block_with_noise(images, indices, vae.latent(), seed, |x, eps| {
        sum += (vae.elbo(x, eps), x.nrows());
    });
    sum.mean()
}
