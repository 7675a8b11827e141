//! Variations of images: in each epoch, every image is rotated, moved and distorted a little differently.
//!
//! An [`Augmentation`] gives the ranges; an [`Augmenter`] applies it while a batch is gathered, in place of
//! [`gather`](crate::gather()). All changes to an image are one map of places, so that it is resampled only once and
//! blurred as little as possible:
//!
//! ```text
//! warp      where a pixel comes from: rotation, shear, scale, shift and flips, one affine map
//! elastic   smoothed random displacements, added to that place
//! resample  the value at that place, between four pixels
//! ```
//!
//! The variation of an image depends on (seed, epoch, the image's index in the data set) alone: threads, batches, or
//! a stop and a resume do not change a bit of it.

mod elastic;
mod resample;
mod settings;
mod warp;

use std::cell::RefCell;

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use self::{elastic::Elastic, resample::Padded, warp::Warp};
use crate::{error::DataError, stream::stream};

pub use self::settings::Augmentation;

/// The purpose of this module's streams.
const PURPOSE: &[u8; 8] = b"augment ";

/// An [`Augmentation`] prepared for images of one size.
#[derive(Clone, Debug)]
pub struct Augmenter {
    augmentation: Augmentation,
    elastic: Option<Elastic>,
    height: usize,
    width: usize,
}

/// Memory that a thread keeps from one image to the next.
#[derive(Default)]
struct Buffers {
    source: Padded,
    elastic: elastic::Buffers,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

impl Augmenter {
    /// Prepares the augmentation of images of `height` by `width` pixels.
    ///
    /// # Errors
    /// [`DataError::Augmentation`] for the first setting out of its range.
    pub fn new(augmentation: &Augmentation, height: usize, width: usize) -> Result<Self, DataError> {
        augmentation.validate()?;
        let elastic = Elastic::new(augmentation);
        Ok(Self { augmentation: augmentation.clone(), elastic, height, width })
    }

    /// Fills row `i` of `out` with image `indices[i]`, augmented for `epoch`, in [0, 1].
    ///
    /// In parallel. Once every thread has had an image of this size, only the random bits of an elastic distortion are
    /// allocated, four bytes a pixel.
    ///
    /// # Shapes
    /// `images` (N, D), `indices` (B), `out` (B, D), D = height * width.
    ///
    /// # Panics
    /// If the shapes do not fit, if `out` or the rows of `images` are not contiguous, or if an index is not below N.
    pub fn gather(
        &self,
        images: ArrayView2<'_, u8>,
        indices: &[u32],
        seed: u64,
        epoch: u64,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let (count, pixels) = images.dim();
        assert_eq!(
            pixels,
            self.height * self.width,
            "images must have as many pixels as the augmenter was made for"
        );
        assert_eq!(
            out.dim(),
            (indices.len(), pixels),
            "out must have a row for each index and a column for each pixel"
        );
        let out = out.as_slice_mut().expect("out must be contiguous");
        out.par_chunks_exact_mut(pixels).zip(indices).for_each(|(out, &index)| {
            assert!((index as usize) < count, "index {index} is out of range for {count} images");
            let image = images.row(index as usize).to_slice().expect("the rows of images must be contiguous");
            BUFFERS.with_borrow_mut(|buffers| self.augment(image, seed, epoch, index, buffers, out));
        });
    }

    fn augment(
        &self,
        image: &[u8],
        seed: u64,
        epoch: u64,
        index: u32,
        buffers: &mut Buffers,
        out: &mut [f32],
    ) {
        let mut random = stream(seed, PURPOSE, [epoch, u64::from(index)]);
        let size = (self.height, self.width);
        let warp = Warp::draw(&self.augmentation, size, &mut random);
        let bend = self.elastic.as_ref().map(|elastic| elastic.draw(size, &mut random, &mut buffers.elastic));
        buffers.source.fill(image, size);
        buffers.source.resample(&warp, bend, out);
    }
}

#[cfg(test)]
mod tests;
