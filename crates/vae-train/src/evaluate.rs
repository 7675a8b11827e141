//! The loss of images that are not learned from.

use ndarray::ArrayView2;
use vae_core::{Loss, LossMean, Vae, VaeError};

use crate::blocks::for_each_batch;

/// The loss of the images at `indices`, averaged, with one draw of z an image. None for no images.
///
/// The noise depends on `seed` and on an image's place among the indices, so two models are compared on the same
/// draws.
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Errors
/// [`VaeError::OutOfRange`] for a likelihood that excludes numbers in [0, 1], [`VaeError::NotFinite`] for a term that
/// is infinite or not a number.
///
/// # Panics
/// If D is not the model's number of inputs or an index is not below N.
pub fn evaluate(
    vae: &Vae,
    images: ArrayView2<'_, u8>,
    indices: &[u32],
    seed: u64,
) -> Result<Option<Loss>, VaeError> {
    let mut mean = LossMean::default();
    for_each_batch(images, indices, vae.latent(), seed, |batch| {
        mean.add(vae.loss(batch)?, batch.samples());
        Ok(())
    })?;
    Ok(mean.mean())
}
