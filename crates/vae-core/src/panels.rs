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

use multiversion::multiversion;
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

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

    /// Takes the first lanes, as many as there are values; a whole line at once where it is whole.
    #[inline(always)]
    pub(crate) fn load(&mut self, values: &[f32]) {
        if let Ok(values) = <&[f32; LANES]>::try_from(values) {
            self.0 = *values;
        } else {
            self.0[..values.len()].copy_from_slice(values);
        }
    }

    /// Gives the first lanes, as many as there is room for; a whole line at once where it is whole.
    #[inline(always)]
    pub(crate) fn store(&self, room: &mut [f32]) {
        if let Ok(room) = <&mut [f32; LANES]>::try_from(&mut *room) {
            *room = self.0;
        } else {
            room.copy_from_slice(&self.0[..room.len()]);
        }
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

/// Rows (B, F) to panels by sample (P, F), zero in the padding.
pub(crate) fn rows_to_samples(x: ArrayView2<'_, f32>, mut panels: ArrayViewMut2<'_, Lanes>) {
    panels.axis_iter_mut(Axis(0)).into_par_iter().zip(x.axis_chunks_iter(Axis(0), LANES)).for_each(
        |(mut panel, x)| {
            let panel = panel.as_slice_mut().expect("panels are contiguous");
            if x.nrows() < LANES {
                panel.fill(Lanes::default());
            }
            // A square at a time, which stays in the first cache.
            for (square, x) in panel.chunks_mut(LANES).zip(x.axis_chunks_iter(Axis(1), LANES)) {
                for (lane, x) in x.rows().into_iter().enumerate() {
                    for (lanes, &value) in square.iter_mut().zip(x) {
                        lanes.0[lane] = value;
                    }
                }
            }
        },
    );
}

/// Panels by sample (P, F) to rows (B, F), without the padding.
pub(crate) fn samples_to_rows(panels: ArrayView2<'_, Lanes>, mut x: ArrayViewMut2<'_, f32>) {
    panels.axis_iter(Axis(0)).into_par_iter().zip(x.axis_chunks_iter_mut(Axis(0), LANES)).for_each(
        |(panel, mut x)| {
            for (lane, mut x) in x.rows_mut().into_iter().enumerate() {
                for (value, lanes) in x.iter_mut().zip(panel) {
                    *value = lanes.0[lane];
                }
            }
        },
    );
}

/// Rows (B, F) to panels by feature (Q, ≥ B), zero in the padding.
pub(crate) fn rows_to_features(x: ArrayView2<'_, f32>, mut panels: ArrayViewMut2<'_, Lanes>) {
    panels.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(q, mut panel)| {
        let (start, end) = (LANES * q, (LANES * (q + 1)).min(x.ncols()));
        panel.as_slice_mut().expect("panels are contiguous")[x.nrows()..].fill(Lanes::default());
        for (lanes, x) in panel.iter_mut().zip(x.slice(s![.., start..end]).rows()) {
            lanes.0[end - start..].fill(0.0);
            for (lane, &value) in lanes.0.iter_mut().zip(x) {
                *lane = value;
            }
        }
    });
}

/// Panels by sample (P, F) to panels by feature (Q, 16 P), zero in the features' padding.
pub(crate) fn samples_to_features(x: ArrayView2<'_, Lanes>, mut panels: ArrayViewMut2<'_, Lanes>) {
    panels.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(q, mut panel)| {
        let (start, end) = (LANES * q, (LANES * (q + 1)).min(x.ncols()));
        let panel = panel.as_slice_mut().expect("panels are contiguous");
        for (square, x) in panel.chunks_mut(LANES).zip(x.rows()) {
            let x = &x.to_slice().expect("panels are contiguous")[start..end];
            for (sample, lanes) in square.iter_mut().enumerate() {
                lanes.0[x.len()..].fill(0.0);
                for (lane, x) in lanes.0.iter_mut().zip(x) {
                    *lane = x.0[sample];
                }
            }
        }
    });
}

/// The largest magnitude; infinite or NaN if there is such a number.
pub(crate) fn largest(panels: ArrayView2<'_, Lanes>) -> f32 {
    let panel = |panel: ArrayView1<'_, Lanes>| largest_bits(panel.to_slice().expect("panels are contiguous"));
    f32::from_bits(panels.rows().into_iter().map(panel).max().unwrap_or(0))
}

/// Without their sign, numbers are ordered as their bits are: zero, finite, infinite, NaN.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn largest_bits(lanes: &[Lanes]) -> u32 {
    let mut largest = [0; LANES];
    for lanes in lanes {
        for (largest, lane) in largest.iter_mut().zip(&lanes.0) {
            *largest = (*largest).max(lane.to_bits() & 0x7fff_ffff);
        }
    }
    largest.into_iter().fold(0, u32::max)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    const B: usize = 21;
    const F: usize = 37;

    fn rows() -> Array2<f32> {
        Array2::from_shape_fn((B, F), |(b, f)| (1 + b * F + f) as f32)
    }

    fn dirty(rows: usize, cols: usize) -> Array2<Lanes> {
        Array2::from_elem((rows, cols), Lanes([f32::NAN; LANES]))
    }

    fn by_sample() -> Array2<Lanes> {
        let mut panels = dirty(2, F);
        rows_to_samples(rows().view(), panels.view_mut());
        panels
    }

    #[test]
    fn a_sample_lies_in_its_lane_and_the_padding_is_zero() {
        let panels = by_sample();
        for ((p, f), lanes) in panels.indexed_iter() {
            for (lane, &value) in lanes.0.iter().enumerate() {
                let want = rows().get((LANES * p + lane, f)).copied().unwrap_or(0.0);
                assert_eq!(value, want, "panel {p}, feature {f}, lane {lane}");
            }
        }
    }

    #[test]
    fn the_largest_magnitude_is_found_and_nothing_hides_behind_it() {
        let mut panels = by_sample();
        panels[[0, 3]].0[7] = -1e9;
        assert_eq!(largest(panels.view()), 1e9);
        panels[[1, 36]].0[2] = f32::NEG_INFINITY;
        assert_eq!(largest(panels.view()), f32::INFINITY);
        panels[[0, 0]].0[0] = f32::NAN;
        assert!(largest(panels.view()).is_nan());
    }

    #[test]
    fn rows_come_back_from_panels() {
        let mut back = Array2::zeros((B, F));
        samples_to_rows(by_sample().view(), back.view_mut());
        assert_eq!(back, rows());
    }

    #[test]
    fn a_feature_lies_in_its_lane_and_the_padding_is_zero() {
        let mut panels = dirty(3, 32);
        rows_to_features(rows().view(), panels.view_mut());
        for ((q, b), lanes) in panels.indexed_iter() {
            for (lane, &value) in lanes.0.iter().enumerate() {
                let want = rows().get((b, LANES * q + lane)).copied().unwrap_or(0.0);
                assert_eq!(value, want, "panel {q}, sample {b}, lane {lane}");
            }
        }
    }

    #[test]
    fn both_ways_to_panels_by_feature_agree() {
        let (mut direct, mut turned) = (dirty(3, 32), dirty(3, 32));
        rows_to_features(rows().view(), direct.view_mut());
        samples_to_features(by_sample().view(), turned.view_mut());
        assert_eq!(direct, turned);
    }
}
