//! What one evaluation of the loss is about.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

/// Samples, and the noise that their latents are drawn with. Whatever else a sample may bring with it joins here.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// x (B, D), a sample a row, in the range of the model's [likelihood](crate::Likelihood::range).
    pub x: ArrayView2<'a, f32>,
    /// ε (B, L), drawn from N(0, I): see [`noise`](crate::noise).
    pub eps: ArrayView2<'a, f32>,
}

impl<'a> Batch<'a> {
    /// Samples `x` (B, D) with their noise `eps` (B, L).
    ///
    /// # Panics
    /// If the numbers of rows differ.
    pub fn new(x: ArrayView2<'a, f32>, eps: ArrayView2<'a, f32>) -> Self {
        assert_eq!(x.nrows(), eps.nrows(), "rows of x and of eps");
        Self { x, eps }
    }

    /// Number of samples, B.
    pub fn samples(&self) -> usize {
        self.x.nrows()
    }

    /// The batch in parts of `samples` samples, for many threads; the last may be smaller.
    pub(crate) fn par_parts(&self, samples: usize) -> impl IndexedParallelIterator<Item = Batch<'_>> {
        let x = self.x.axis_chunks_iter(Axis(0), samples).into_par_iter();
        let eps = self.eps.axis_chunks_iter(Axis(0), samples);
        x.zip(eps).map(|(x, eps)| Batch { x, eps })
    }
}
