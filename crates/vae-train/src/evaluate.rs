//! The ELBO of images that are not learned from.

use ndarray::{Array2, ArrayView2, s};
use vae_core::{
    Elbo, ElboSum, Vae,
    noise::{self, Purpose},
};
use vae_data::gather;

/// Images that are converted and evaluated together.
const BLOCK: usize = 1000;

/// The ELBO of the images at `indices`, averaged, with one draw of z an image.
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
    let mut x = Array2::zeros((indices.len().min(BLOCK), images.ncols()));
    let mut eps = Array2::zeros((x.nrows(), vae.latent()));
    let mut sum = ElboSum::default();
    for (block, indices) in indices.chunks(BLOCK).enumerate() {
        let mut x = x.slice_mut(s![..indices.len(), ..]);
        let mut eps = eps.slice_mut(s![..indices.len(), ..]);
        gather(images, indices, x.view_mut());
        noise::standard_normal(
            &mut noise::stream(seed, Purpose::Evaluation, 0, block as u64),
            eps.view_mut(),
        );
        sum += (vae.elbo(x.view(), eps.view()), indices.len());
    }
    sum.mean()
}
