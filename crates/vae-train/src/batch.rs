//! The buffers of a batch, and the images and noise that they are filled with.

use ndarray::{Array2, s};
use vae_core::noise::{self, Purpose};
use vae_data::{Augmenter, Dataset, gather};

use crate::{TrainConfig, TrainError};

/// The training images, and how they are varied.
#[derive(Debug)]
pub(crate) struct Source<'d> {
    pub(crate) data: &'d Dataset,
    /// None where images are learned as they are.
    augmenter: Option<Augmenter>,
    seed: u64,
}

impl<'d> Source<'d> {
    pub(crate) fn new(config: &TrainConfig, data: &'d Dataset) -> Result<Self, TrainError> {
        let augmentation = &config.augmentation;
        let augmenter = match augmentation.is_none() {
            true => None,
            false => Some(Augmenter::new(augmentation, data.height(), data.width())?),
        };
        Ok(Self { data, augmenter, seed: config.training.seed })
    }
}

/// A batch's images and noise.
#[derive(Debug)]
pub(crate) struct Buffers {
    /// (B, D), images.
    pub(crate) x: Array2<f32>,
    /// (B, L), noise.
    pub(crate) eps: Array2<f32>,
}

impl Buffers {
    /// Zeros for `rows` images of `pixels` pixels, with the noise of `latent` dimensions each.
    pub(crate) fn zeroed(rows: usize, pixels: usize, latent: usize) -> Self {
        Self { x: Array2::zeros((rows, pixels)), eps: Array2::zeros((rows, latent)) }
    }

    /// Takes the images at `indices`, and draws the noise of batch number `batch` of `epoch`.
    pub(crate) fn prepare(&mut self, source: &Source<'_>, indices: &[u32], epoch: u64, batch: u64) {
        let Source { data, augmenter, seed } = source;
        let x = self.x.slice_mut(s![..indices.len(), ..]);
        match augmenter {
            Some(augmenter) => augmenter.gather(data.images(), indices, *seed, epoch, x),
            None => gather(data.images(), indices, x),
        }
        let mut stream = noise::stream(*seed, Purpose::TRAINING, epoch, batch);
        noise::standard_normal(&mut stream, self.eps.slice_mut(s![..indices.len(), ..]));
    }
}
