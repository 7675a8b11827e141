//! From rows to panels and back: the same numbers, turned.
//!
//! Turned one number at a time, a weight's gradient would take longer to turn than Adam takes to use it. Squares of eight
//! by eight turn in registers instead; what is left at the edges goes number by number.
//!
//! Everything here works on the panels it is given, on the calling thread, but for [`samples_to_features`].

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use pulp::cast;
use rayon::prelude::*;

use crate::{
    panels::{LANES, Lanes},
    vectors::{Kernel, Vectors, dispatch},
};

/// The side of a square.
const SIDE: usize = 8;

/// Rows (≤ 16 P, F) to panels by sample (P, F), zero in the padding.
pub(crate) fn rows_to_samples(x: ArrayView2<'_, f32>, mut panels: ArrayViewMut2<'_, Lanes>) {
    for (mut panel, x) in panels.rows_mut().into_iter().zip(x.axis_chunks_iter(Axis(0), LANES)) {
        let panel = panel.as_slice_mut().expect("panels are contiguous");
        let mut rows = x.rows().into_iter().map(|row| row.to_slice());
        let rows: [Option<&[f32]>; LANES] = std::array::from_fn(|_| rows.next().flatten());
        if rows.iter().all(Option::is_some) {
            dispatch(ToPanel { rows: rows.map(Option::unwrap_or_default), panel });
            continue;
        }
        panel.fill(Lanes::default());
        for (lane, x) in x.rows().into_iter().enumerate() {
            for (lanes, &value) in panel.iter_mut().zip(x) {
                lanes.0[lane] = value;
            }
        }
    }
}

/// Panels by sample (P, F) to rows (≤ 16 P, F), without the padding.
pub(crate) fn samples_to_rows(panels: ArrayView2<'_, Lanes>, mut x: ArrayViewMut2<'_, f32>) {
    let x = x.as_slice_mut().expect("rows are contiguous");
    turn(panels, 0, x.chunks_exact_mut(panels.ncols()));
}

/// Panels by sample (P, F) of consecutive parts of a batch to panels by feature (Q, ≥ 16 P), with zeros after the last
/// sample.
pub(crate) fn samples_to_features<'a>(
    parts: impl Iterator<Item = ArrayView2<'a, Lanes>> + Clone + Sync,
    mut panels: ArrayViewMut2<'_, Lanes>,
) {
    panels.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(q, mut panel)| {
        let mut samples = panel.iter_mut().map(|lanes| &mut lanes.0[..]);
        for part in parts.clone() {
            turn(part, LANES * q, &mut samples);
        }
        samples.for_each(|sample| sample.fill(0.0));
    });
}

/// Panels by sample (P, ≥ F) to the numbers of each sample (≤ 16 P), F of them from feature `first` on and zeros in the
/// padding: rows, the lanes of a panel by feature, or a [`Tile`](crate::panels::Tile).
pub(crate) fn turn<'a>(
    x: ArrayView2<'_, Lanes>,
    first: usize,
    mut samples: impl Iterator<Item = &'a mut [f32]>,
) {
    for x in x.rows() {
        turn_panel(&x.to_slice().expect("panels are contiguous")[first..], &mut samples);
    }
}

/// One panel (≥ F) to the numbers of its samples, as [`turn`] does.
pub(crate) fn turn_panel<'a>(panel: &[Lanes], mut samples: impl Iterator<Item = &'a mut [f32]>) {
    let mut count = 0;
    let mut rows = [(); LANES].map(|()| {
        samples.next().map_or(&mut [][..], |sample| {
            count += 1;
            let (known, padding) = sample.split_at_mut(sample.len().min(panel.len()));
            padding.fill(0.0);
            known
        })
    });
    if count == LANES {
        dispatch(ToRows { panel, rows });
        return;
    }
    for (lane, row) in rows[..count].iter_mut().enumerate() {
        for (value, lanes) in row.iter_mut().zip(panel) {
            *value = lanes.0[lane];
        }
    }
}

/// rowsᵀ = panel
struct ToRows<'a> {
    /// (≥ F)
    panel: &'a [Lanes],
    /// (16, F)
    rows: [&'a mut [f32]; LANES],
}

impl Kernel for ToRows<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(mut self, v: V) {
        let length = self.rows[0].len();
        let (squares, _) = self.panel[..length].as_chunks::<SIDE>();
        for (i, square) in squares.iter().enumerate() {
            for half in 0..LANES / SIDE {
                let turned = v.transpose(std::array::from_fn(|k| cast(square[k].halves()[half])));
                for (row, turned) in self.rows[SIDE * half..].iter_mut().zip(turned) {
                    row.as_chunks_mut::<SIDE>().0[i] = cast(turned);
                }
            }
        }
        for (i, lanes) in self.panel[..length].iter().enumerate().skip(SIDE * squares.len()) {
            for (row, value) in self.rows.iter_mut().zip(lanes.0) {
                row[i] = value;
            }
        }
    }
}

/// panel = rowsᵀ
struct ToPanel<'a> {
    /// (16, F)
    rows: [&'a [f32]; LANES],
    /// (F)
    panel: &'a mut [Lanes],
}

impl Kernel for ToPanel<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(self, v: V) {
        let (squares, rest) = self.panel.as_chunks_mut::<SIDE>();
        let done = SIDE * squares.len();
        for (i, square) in squares.iter_mut().enumerate() {
            for half in 0..LANES / SIDE {
                let rows = &self.rows[SIDE * half..];
                let turned = v.transpose(std::array::from_fn(|k| cast(rows[k].as_chunks::<SIDE>().0[i])));
                for (lanes, turned) in square.iter_mut().zip(turned) {
                    lanes.halves_mut()[half] = cast(turned);
                }
            }
        }
        for (i, lanes) in rest.iter_mut().enumerate() {
            lanes.0 = std::array::from_fn(|lane| self.rows[lane][done + i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::panels::TILE;

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
    fn rows_come_back_from_panels() {
        let mut back = Array2::zeros((B, F));
        samples_to_rows(by_sample().view(), back.view_mut());
        assert_eq!(back, rows());
    }

    fn by_feature() -> Array2<Lanes> {
        let mut panels = dirty(3, 40);
        samples_to_features([by_sample().view()].into_iter(), panels.view_mut());
        panels
    }

    #[test]
    fn a_feature_lies_in_its_lane_and_the_padding_is_zero() {
        for ((q, b), lanes) in by_feature().indexed_iter() {
            for (lane, &value) in lanes.0.iter().enumerate() {
                let want = rows().get((b, LANES * q + lane)).copied().unwrap_or(0.0);
                assert_eq!(value, want, "panel {q}, sample {b}, lane {lane}");
            }
        }
    }

    #[test]
    fn a_sample_lies_in_its_tile_and_the_padding_is_zero() {
        let mut tile = [[f32::NAN; TILE]; 32];
        turn(by_sample().view(), TILE, tile.iter_mut().map(|tile| &mut tile[..]));
        for (b, tile) in tile.iter().enumerate() {
            for (f, &value) in tile.iter().enumerate() {
                assert_eq!(
                    value,
                    rows().get((b, TILE + f)).copied().unwrap_or(0.0),
                    "sample {b}, feature {f}"
                );
            }
        }
    }
}
