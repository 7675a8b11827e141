//! What is trained on while the clock runs: real batches of the built-in digits, in shuffled order.
//!
//! Numbers from nowhere would not do: how many pixels are black decides how much of the arithmetic can be left out.

use ndarray::ArrayViewMut2;
use vae_data::{Dataset, Split, digits, gather, shuffled};

/// Digits that times are taken on, where nobody says how many.
pub(crate) const IMAGES: usize = 8_192;

/// Weights, noise, order and digits follow from it: no measurement depends on luck.
pub(crate) const SEED: u64 = 1;

/// Draws digits to train on.
pub(crate) fn draw(images: usize) -> Dataset {
    digits::generate(images, SEED, Split::Train)
}

/// Batches of a data set, epoch after epoch, for ever.
pub(crate) struct Batches<'d> {
    data: &'d Dataset,
    /// The order of this epoch.
    order: Vec<u32>,
    batch: usize,
    /// Where in `order` the next batch begins.
    next: usize,
    epoch: u64,
}

impl<'d> Batches<'d> {
    /// # Panics
    /// If `batch` is 0 or more images than there are.
    pub(crate) fn new(data: &'d Dataset, batch: usize) -> Self {
        assert!((1..=data.len()).contains(&batch), "a batch of {batch}, of {} images", data.len());
        Self { data, order: shuffled(data.len(), SEED, 0), batch, next: 0, epoch: 0 }
    }

    /// Draws the order of the next epoch.
    pub(crate) fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.order = shuffled(self.data.len(), SEED, self.epoch);
        self.next = 0;
    }

    /// Whole batches left of this epoch.
    pub(crate) fn left(&self) -> usize {
        (self.order.len() - self.next) / self.batch
    }

    /// Fills `x` (B, D) with the next batch. What is left over at the end of an epoch is passed over.
    pub(crate) fn fill(&mut self, x: ArrayViewMut2<'_, f32>) {
        if self.left() == 0 {
            self.begin_epoch();
        }
        let indices = &self.order[self.next..][..self.batch];
        gather(self.data.images(), indices, x);
        self.next += self.batch;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn an_epoch_meets_every_image_once_and_the_next_in_another_order() {
        let data = draw(20);
        let mut batches = Batches::new(&data, 10);
        let mut epoch = || -> Vec<Vec<u32>> {
            let mut images = Vec::new();
            for _ in 0..2 {
                let mut x = Array2::zeros((10, data.pixels()));
                batches.fill(x.view_mut());
                images
                    .extend(x.rows().into_iter().map(|row| row.iter().map(|p: &f32| p.to_bits()).collect()));
            }
            images
        };
        let (mut first, mut second) = (epoch(), epoch());
        assert_ne!(first, second);
        first.sort();
        second.sort();
        assert_eq!(first, second);
        first.dedup();
        assert_eq!(first.len(), 20);
    }
}
