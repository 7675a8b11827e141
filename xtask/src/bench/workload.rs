//! The images for timed trainings: batches of the built-in digits in shuffled order.
//!
//! Random numbers would not do, because the number of black pixels decides how much of the arithmetic can be skipped.

use ndarray::ArrayViewMut2;
use vae_data::{Dataset, Split, digits, gather, shuffled};

/// The default number of digits.
pub(crate) const IMAGES: usize = 8_192;

/// The random seed of weights, noise, order and digits, the same for every measurement.
pub(crate) const SEED: u64 = 1;

/// Draws digits to train on.
pub(crate) fn draw(images: usize) -> Dataset {
    digits::generate(images, SEED, Split::Train)
}

/// Batches of a data set, epoch after epoch without end.
pub(crate) struct Batches<'d> {
    data: &'d Dataset,
    /// The order of this epoch.
    order: Vec<u32>,
    batch: usize,
    /// The position in `order` at which the next batch begins.
    next: usize,
    epoch: u64,
}

impl<'d> Batches<'d> {
    /// # Panics
    /// If `batch` is 0 or larger than the data set.
    pub(crate) fn new(data: &'d Dataset, batch: usize) -> Self {
        assert!(
            (1..=data.len()).contains(&batch),
            "expected a batch of 1 to {} images, found {batch}",
            data.len()
        );
        Self { data, order: shuffled(data.len(), SEED, 0), batch, next: 0, epoch: 0 }
    }

    /// Draws the order of the next epoch.
    pub(crate) fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.order = shuffled(self.data.len(), SEED, self.epoch);
        self.next = 0;
    }

    /// The number of whole batches left in this epoch.
    pub(crate) fn left(&self) -> usize {
        (self.order.len() - self.next) / self.batch
    }

    /// Fills `x` (B, D) with the next batch. Images at the end of an epoch that do not fill a batch are left out.
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
    fn an_epoch_has_every_image_once_and_the_next_in_another_order() {
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
