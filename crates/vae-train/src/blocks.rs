//! Images in blocks: converted together, and handed on in their order, so that any number of them needs little memory.

use ndarray::{Array2, ArrayView2, s};
use vae_core::{
    Batch, VaeError,
    noise::{Purpose, standard_normal, stream},
};
use vae_data::gather;

/// Images of a block. The noise of an evaluation is keyed by the block, so another number would draw other noise.
const BLOCK: usize = 1000;

/// Calls `f` with the images at `indices` as numbers in [0, 1], a block (≤ 1000, D) at a time.
///
/// # Shapes
/// `images` (N, D) u8
pub(crate) fn for_each_block<E>(
    images: ArrayView2<'_, u8>,
    indices: &[u32],
    mut f: impl FnMut(ArrayView2<'_, f32>) -> Result<(), E>,
) -> Result<(), E> {
    let mut x = Array2::zeros((indices.len().min(BLOCK), images.ncols()));
    indices.chunks(BLOCK).try_for_each(|indices| {
        let mut x = x.slice_mut(s![..indices.len(), ..]);
        gather(images, indices, x.view_mut());
        f(x.view())
    })
}

/// Calls `f` with the images at `indices` and the noise of an evaluation for `latent` latents, a block at a time.
///
/// The noise depends on `seed` and on an image's place among the indices.
pub(crate) fn for_each_batch(
    images: ArrayView2<'_, u8>,
    indices: &[u32],
    latent: usize,
    seed: u64,
    mut f: impl FnMut(Batch<'_>) -> Result<(), VaeError>,
) -> Result<(), VaeError> {
    let mut eps = Array2::zeros((indices.len().min(BLOCK), latent));
    let mut block = 0;
    for_each_block(images, indices, |x| {
        let mut eps = eps.slice_mut(s![..x.nrows(), ..]);
        standard_normal(&mut stream(seed, Purpose::EVALUATION, 0, block), eps.view_mut());
        block += 1;
        f(Batch::new(x, eps.view()))
    })
}

/// The indices of all images, in order.
pub(crate) fn all(images: ArrayView2<'_, u8>) -> Vec<u32> {
    (0..images.nrows() as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_in_order_and_leave_out_nothing() {
        let images = Array2::from_shape_fn((2 * BLOCK + 7, 1), |(i, _)| (i % 251) as u8);
        let mut found = Vec::new();
        let collected: Result<(), ()> = for_each_block(images.view(), &all(images.view()), |x| {
            found.extend(x.iter().map(|x| (x * 255.0).round() as u8));
            Ok(())
        });
        assert!(collected.is_ok());
        assert_eq!(found, images.into_raw_vec_and_offset().0);
    }

    #[test]
    fn the_noise_of_an_image_depends_on_its_place_alone() {
        let images = Array2::zeros((BLOCK + 3, 2));
        let noise = |count: u32| {
            let mut found = Vec::new();
            let indices: Vec<u32> = (0..count).collect();
            for_each_batch(images.view(), &indices, 3, 5, |batch| {
                found.extend(batch.eps.iter().copied());
                Ok(())
            })
            .unwrap();
            found
        };
        assert_eq!(noise(2), noise(1003)[..6]);
    }
}
