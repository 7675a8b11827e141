//! Images of a data set given to a model for an answer, a block of them at a time, so that the numbers of a whole data
//! set never lie in memory at once.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use vae_core::{
    Batch,
    noise::{self, Purpose},
};
use vae_data::gather;

/// Images of a block. Results depend on it: the noise of an evaluation is keyed by the number of the block.
const BLOCK: usize = 1000;

/// Images that a thread converts at a time.
const PIECE: usize = 100;

/// The indices of all images, in order.
pub(crate) fn all(images: ArrayView2<'_, u8>) -> Vec<u32> {
    (0..images.nrows() as u32).collect()
}

/// Calls `ask` with each block of the images at `indices`: its pixels x, and its range among the indices.
///
/// # Shapes
/// `images` (N, D) u8 → x (B, D) in [0, 1]
///
/// # Errors
/// The first of `ask`.
///
/// # Panics
/// If an index is not below N.
pub(crate) fn for_each_block<E>(
    images: ArrayView2<'_, u8>,
    indices: &[u32],
    mut ask: impl FnMut(ArrayView2<'_, f32>, Range<usize>) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = Array2::zeros((indices.len().min(BLOCK), images.ncols()));
    for (number, indices) in indices.chunks(BLOCK).enumerate() {
        let first = number * BLOCK;
        let mut x = buffer.slice_mut(s![..indices.len(), ..]);
        x.axis_chunks_iter_mut(Axis(0), PIECE)
            .into_par_iter()
            .zip(indices.par_chunks(PIECE))
            .for_each(|(x, indices)| gather(images, indices, x));
        ask(x.view(), first..first + indices.len())?;
    }
    Ok(())
}

/// Calls `ask` with each block of the images at `indices` as a batch, whose noise ε for `latent` dimensions depends on
/// `seed` and on an image's place among the indices alone.
///
/// # Shapes
/// `images` (N, D) u8 → x (B, D) in [0, 1], ε (B, L) drawn from N(0, I)
///
/// # Errors
/// The first of `ask`.
///
/// # Panics
/// If an index is not below N.
pub(crate) fn for_each_batch<E>(
    images: ArrayView2<'_, u8>,
    indices: &[u32],
    latent: usize,
    seed: u64,
    mut ask: impl FnMut(Batch<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = Array2::zeros((indices.len().min(BLOCK), latent));
    for_each_block(images, indices, |x, range| {
        let mut eps = buffer.slice_mut(s![..range.len(), ..]);
        draw_noise(eps.view_mut(), seed, 0, &range);
        ask(Batch::new(x, eps.view()))
    })
}

/// Draws the noise ε of a block, whose place among the indices is `range`, for the draw of z with this number.
///
/// # Shapes
/// `eps` (B, L)
pub(crate) fn draw_noise(eps: ArrayViewMut2<'_, f32>, seed: u64, draw: u64, range: &Range<usize>) {
    let number = (range.start / BLOCK) as u64;
    noise::standard_normal(&mut noise::stream(seed, Purpose::EVALUATION, draw, number), eps);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Image i has the pixels i mod 256 and i / 256.
    fn images(count: usize) -> Array2<u8> {
        Array2::from_shape_fn((count, 2), |(i, pixel)| if pixel == 0 { i as u8 } else { (i / 256) as u8 })
    }

    #[test]
    fn the_blocks_hold_every_image_once_in_the_order_of_the_indices() {
        let images = images(2 * BLOCK + 30);
        let indices: Vec<u32> = (0..images.nrows() as u32).rev().collect();
        let (mut met, mut lengths) = (0, Vec::new());
        let done = for_each_block(images.view(), &indices, |x, range| {
            assert_eq!((range.start, range.len()), (met, x.nrows()));
            for (row, &index) in x.rows().into_iter().zip(&indices[range]) {
                let expected = images.row(index as usize).mapv(|byte| f32::from(byte) / 255.0);
                assert_eq!(row, expected);
            }
            met += x.nrows();
            lengths.push(x.nrows());
            Ok::<_, Infallible>(())
        });
        assert_eq!(done, Ok(()));
        assert_eq!(lengths, [BLOCK, BLOCK, 30]);
    }

    #[test]
    fn no_indices_make_no_block() {
        let done: Result<(), ()> =
            for_each_block(images(5).view(), &[], |_, range| panic!("a block of {range:?}"));
        assert_eq!(done, Ok(()));
    }

    /// The noise of the first `count` images.
    fn noise_of(count: usize, seed: u64) -> Vec<f32> {
        let (images, mut noise) = (images(count), Vec::new());
        let done = for_each_batch(images.view(), &all(images.view()), 3, seed, |batch| {
            assert_eq!(batch.eps.dim(), (batch.samples(), 3));
            noise.extend(batch.eps);
            Ok::<_, Infallible>(())
        });
        assert_eq!(done, Ok(()));
        noise
    }

    #[test]
    fn the_noise_of_an_image_depends_on_its_place_and_the_seed_alone() {
        let (few, many) = (noise_of(BLOCK + 1, 5), noise_of(BLOCK + 500, 5));
        assert_eq!(few, many[..few.len()]);
        assert_ne!(few, noise_of(BLOCK + 1, 6));
    }

    #[test]
    fn no_two_blocks_have_the_same_noise() {
        let noise = noise_of(2 * BLOCK, 5);
        let (first, second) = noise.split_at(3 * BLOCK);
        assert_ne!(first, second);
    }
}
