//! The batches of training: images, augmented or not, and noise.

use ndarray::{Array2, s};
use vae_core::{
    Batch,
    noise::{self, Purpose},
};
use vae_data::{Augmenter, Binarization, Dataset, gather};

use crate::{TrainConfig, TrainError};

/// The images that batches are made of, and the seed of their noise.
#[derive(Debug)]
pub(crate) struct Source<'d> {
    pub(crate) data: &'d Dataset,
    /// None if the images are used as they are.
    augmenter: Option<Augmenter>,
    binarization: Binarization,
    seed: u64,
}

impl<'d> Source<'d> {
    pub(crate) fn new(config: &TrainConfig, data: &'d Dataset) -> Result<Self, TrainError> {
        let augmentation = &config.augmentation;
        let augmenter = match augmentation.is_none() {
            true => None,
            false => Some(Augmenter::new(augmentation, data.height(), data.width())?),
        };
        let (binarization, seed) = (config.data.binarization, config.training.seed);
        Ok(Self { data, augmenter, binarization, seed })
    }
}

/// The memory of a batch: the images and the noise of a training step.
#[derive(Debug)]
pub(crate) struct Buffers {
    /// (B, D), images.
    pub(crate) x: Array2<f32>,
    /// (B, L), noise.
    pub(crate) eps: Array2<f32>,
}

impl Buffers {
    /// Zeroed buffers for `images` images of `pixels` pixels, and for noise of `latent` dimensions an image.
    pub(crate) fn zeroed(images: usize, pixels: usize, latent: usize) -> Self {
        Self { x: Array2::zeros((images, pixels)), eps: Array2::zeros((images, latent)) }
    }

    /// The first `rows` images with their noise.
    pub(crate) fn batch(&self, rows: usize) -> Batch<'_> {
        Batch::new(self.x.slice(s![..rows, ..]), self.eps.slice(s![..rows, ..]))
    }

    /// Fills the first rows with the images at `indices`, and with the noise of batch number `batch` of `epoch`.
    pub(crate) fn prepare(&mut self, source: &Source<'_>, indices: &[u32], epoch: u64, batch: u64) {
        let Source { data, augmenter, binarization, seed } = source;
        let mut x = self.x.slice_mut(s![..indices.len(), ..]);
        match augmenter {
            Some(augmenter) => augmenter.gather(data.images(), indices, *seed, epoch, x.view_mut()),
            None => gather(data.images(), indices, x.view_mut()),
        }
        binarization.apply(*seed, epoch, indices, x);
        let mut stream = noise::stream(*seed, Purpose::TRAINING, epoch, batch);
        noise::standard_normal(&mut stream, self.eps.slice_mut(s![..indices.len(), ..]));
    }
}
