//! How a batch lies in memory while it is computed with: sixteen numbers side by side that are treated alike.
//!
//! Two arrangements of the same numbers serve the three products of a layer, so that each of them reads and writes
//! whole cache lines, one behind the other:
//!
//! ```text
//! by sample   (P, F)  panel p, feature f: samples 16p to 16p + 15    y = W x, dx = Wᵀ dy, everything elementwise
//! by feature  (Q, B)  panel q, sample b: features 16q to 16q + 15    dW = dy xᵀ
//! ```
//! Lanes beyond the last sample or the last feature are padding. Whatever they hold is finite if the samples are,
//! and the gradients there are zero.

use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::support::Support;

/// Numbers side by side.
pub(crate) const LANES: usize = 16;

/// A cache line: two vectors of AVX2, one of AVX-512.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub(crate) struct Lanes(pub(crate) [f32; LANES]);

impl Lanes {
    /// `value` in the first `count` lanes, zero in the padding.
    pub(crate) fn first(count: usize, value: f32) -> Self {
        Self(std::array::from_fn(|lane| if lane < count { value } else { 0.0 }))
    }

    /// The first eight, and the last.
    #[inline(always)]
    pub(crate) fn halves(&self) -> &[[f32; LANES / 2]] {
        self.0.as_chunks().0
    }

    /// The same, to change.
    #[inline(always)]
    pub(crate) fn halves_mut(&mut self) -> &mut [[f32; LANES / 2]] {
        self.0.as_chunks_mut().0
    }

    /// Adds lane by lane.
    #[inline(always)]
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(&other.0) {
            *sum += value;
        }
    }
}

/// Panels that hold `count` samples, or features.
pub(crate) fn panels(count: usize) -> usize {
    count.div_ceil(LANES)
}

/// Outputs of a layer whose gradients are computed together: a multiple of every kernel's block.
pub(crate) const TILE: usize = 24;

/// The numbers of one sample at the outputs of a tile.
pub(crate) type Tile = [f32; TILE];

/// Panels of which some columns may be known to be zero.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    /// By sample (P, F) or by feature (Q, 16 P).
    pub(crate) lanes: ArrayView2<'a, Lanes>,
    /// The columns that are not zero; none if nobody looked.
    pub(crate) support: Option<&'a Support>,
}

impl<'a> Panels<'a> {
    /// Features by sample, samples by feature.
    pub(crate) fn columns(&self) -> usize {
        self.lanes.ncols()
    }

    /// The same for a shorter time.
    pub(crate) fn reborrow<'b>(self) -> Panels<'b>
    where
        'a: 'b,
    {
        Panels { lanes: self.lanes.reborrow(), support: self.support }
    }

    /// One panel, and its columns that are not zero.
    #[inline(always)]
    pub(crate) fn panel(&self, p: usize) -> (&'a [Lanes], Option<&'a [u32]>) {
        let lanes = self.lanes.index_axis_move(Axis(0), p).to_slice().expect("panels are contiguous");
        (lanes, self.support.map(|support| support.of(p)))
    }
}

impl<'a> From<ArrayView2<'a, Lanes>> for Panels<'a> {
    fn from(lanes: ArrayView2<'a, Lanes>) -> Self {
        Self { lanes, support: None }
    }
}

/// Σ v² over all numbers; infinite or NaN where one is, or where squares overflow.
pub(crate) fn square_sum(panels: ArrayView2<'_, Lanes>) -> f32 {
    let panel = |panel: ArrayView1<'_, Lanes>| {
        let sums = panel_square_sum(panel.to_slice().expect("panels are contiguous"));
        sums.0.into_iter().sum::<f32>()
    };
    panels.rows().into_iter().map(panel).sum()
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_square_sum(panel: &[Lanes]) -> Lanes {
    let mut sums = Lanes::default();
    for lanes in panel {
        for (sum, value) in sums.0.iter_mut().zip(&lanes.0) {
            *sum += value * value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn no_number_hides_from_the_sum_of_squares() {
        let number = |i: usize, lane: usize| (1 + (i * 37 + lane * 11) % 19) as f32;
        let mut panels = Array2::from_shape_fn((2, 37), |(p, f)| {
            Lanes(std::array::from_fn(|lane| number(37 * p + f, lane)))
        });
        let want: f32 = panels.iter().flat_map(|lanes| lanes.0).map(|v| v * v).sum();
        assert!((square_sum(panels.view()) - want).abs() < 1e-5 * want);
        panels[[0, 3]].0[7] = -1e30;
        assert_eq!(square_sum(panels.view()), f32::INFINITY);
        panels[[1, 36]].0[2] = f32::NEG_INFINITY;
        assert_eq!(square_sum(panels.view()), f32::INFINITY);
        panels[[0, 0]].0[0] = f32::NAN;
        assert!(square_sum(panels.view()).is_nan());
    }
}
