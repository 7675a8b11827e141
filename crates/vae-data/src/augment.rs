//! Images that were never written and might have been: each epoch sees every image turned, moved and bent a little
//! anew, and so learns what may vary.
//!
//! An [`Augmentation`] says how far; an [`Augmenter`] does it while a batch is gathered, in place of
//! [`gather`](crate::gather()). All that happens to an image is one map from places to places, so that it is resampled
//! once and not blurred more than need be:
//!
//! ```text
//! warp      where a pixel comes from: rotation, shear, scale, shift and flips, one affine map
//! elastic   and a little to the side of there: random displacements, smoothed
//! resample  what is between four pixels
//! ```
//!
//! What is drawn for an image depends on (seed, epoch, the image's index in the data set) alone, so neither threads nor
//! batches nor a stop and a resume change a bit of it.

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

/// What the streams of this module are for.
const PURPOSE: &[u8; 8] = b"augment ";

/// An [`Augmentation`] made ready for images of one size.
#[derive(Clone, Debug)]
pub struct Augmenter {
    augmentation: Augmentation,
    elastic: Option<Elastic>,
    height: usize,
    width: usize,
}

/// Room that a thread keeps from one image to the next.
#[derive(Default)]
struct Room {
    source: Padded,
    elastic: elastic::Room,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

impl Augmenter {
    /// Augments images of `height` by `width` pixels.
    ///
    /// # Errors
    /// [`DataError::Augmentation`] for the first setting out of its range.
    pub fn new(augmentation: &Augmentation, height: usize, width: usize) -> Result<Self, DataError> {
        augmentation.validate()?;
        let elastic = Elastic::new(augmentation);
        Ok(Self { augmentation: augmentation.clone(), elastic, height, width })
    }

    /// Fills row `i` of `out` with image `indices[i]`, augmented as `epoch` has it, in [0, 1].
    ///
    /// In parallel; once every thread has met an image of this size, nothing is allocated.
    ///
    /// # Shapes
    /// `images` (N, D), `indices` (B), `out` (B, D), D = height * width.
    ///
    /// # Panics
    /// When the shapes do not fit, `out` or the rows of `images` are not contiguous, or an index is not below N.
    pub fn gather(
        &self,
        images: ArrayView2<'_, u8>,
        indices: &[u32],
        seed: u64,
        epoch: u64,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let (count, pixels) = images.dim();
        assert_eq!(pixels, self.height * self.width, "images must have the pixels of the augmenter's size");
        assert_eq!(
            out.dim(),
            (indices.len(), pixels),
            "out must have a row for each index and a column for each pixel"
        );
        let out = out.as_slice_mut().expect("out is contiguous");
        out.par_chunks_exact_mut(pixels).zip(indices).for_each(|(out, &index)| {
            assert!((index as usize) < count, "image {index} of {count}");
            let image = images.row(index as usize).to_slice().expect("the rows of images are contiguous");
            ROOM.with_borrow_mut(|room| self.augment(image, seed, epoch, index, room, out));
        });
    }

    fn augment(&self, image: &[u8], seed: u64, epoch: u64, index: u32, room: &mut Room, out: &mut [f32]) {
        let mut random = stream(seed, PURPOSE, [epoch, u64::from(index)]);
        let size = (self.height, self.width);
        let warp = Warp::draw(&self.augmentation, size, &mut random);
        let bend = self.elastic.as_ref().map(|elastic| elastic.draw(size, &mut random, &mut room.elastic));
        room.source.fill(image, size);
        room.source.resample(&warp, bend, out);
    }
}

#[cfg(test)]
mod tests;
