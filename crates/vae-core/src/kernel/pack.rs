//! From the rows of a batch to its panels and back, as BLIS and gemm pack: the same numbers, transposed.
//!
//! Number by number, packing a weight's gradient would take longer than Adam takes to use it. Squares of eight by eight
//! are transposed in registers instead; what is left at the edges goes number by number. All of it works on the calling
//! thread.

use ndarray::ArrayView2;
use pulp::cast;

use super::{
    blocking::{LANES, SQUARE},
    lanes::{Lanes, Values},
    simd::{Kernel, Vectors, dispatch},
};

/// Up to sixteen rows `x` (≤ 16, F) to a panel (F), with zeros in the padding.
pub(crate) fn rows_to_panel(x: ArrayView2<'_, f32>, panel: &mut Values) {
    let mut rows = x.rows().into_iter().map(|row| row.to_slice());
    let rows: [Option<&[f32]>; LANES] = std::array::from_fn(|_| rows.next().flatten());
    if rows.iter().all(Option::is_some) {
        dispatch(ToPanel { rows: rows.map(Option::unwrap_or_default), panel });
        return;
    }
    panel.fill(Lanes::default());
    for (lane, x) in x.rows().into_iter().enumerate() {
        for (lanes, &value) in panel.iter_mut().zip(x) {
            lanes.0[lane] = value;
        }
    }
}

/// The first F columns of a panel (≥ F) to the numbers of each of its samples, up to sixteen slices of F numbers;
/// where the panel has fewer columns, the rest of a slice is zero.
pub(crate) fn panel_to_rows<'a>(panel: &Values, mut samples: impl Iterator<Item = &'a mut [f32]>) {
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
    panel: &'a Values,
    /// (16, F)
    rows: [&'a mut [f32]; LANES],
}

impl Kernel for ToRows<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(mut self, v: V) {
        let length = self.rows[0].len();
        let (squares, _) = self.panel[..length].as_chunks::<SQUARE>();
        for (i, square) in squares.iter().enumerate() {
            for octet in 0..LANES / SQUARE {
                let transposed = v.transpose(std::array::from_fn(|k| cast(square[k].octets()[octet])));
                for (row, transposed) in self.rows[SQUARE * octet..].iter_mut().zip(transposed) {
                    row.as_chunks_mut::<SQUARE>().0[i] = cast(transposed);
                }
            }
        }
        for (i, lanes) in self.panel[..length].iter().enumerate().skip(SQUARE * squares.len()) {
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
    panel: &'a mut Values,
}

impl Kernel for ToPanel<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(self, v: V) {
        let (squares, rest) = self.panel.as_chunks_mut::<SQUARE>();
        let done = SQUARE * squares.len();
        for (i, square) in squares.iter_mut().enumerate() {
            for octet in 0..LANES / SQUARE {
                let rows = &self.rows[SQUARE * octet..];
                let transposed =
                    v.transpose(std::array::from_fn(|k| cast(rows[k].as_chunks::<SQUARE>().0[i])));
                for (lanes, transposed) in square.iter_mut().zip(transposed) {
                    lanes.octets_mut()[octet] = cast(transposed);
                }
            }
        }
        for (i, lanes) in rest.iter_mut().enumerate() {
            lanes.0 = std::array::from_fn(|lane| self.rows[lane][done + i]);
        }
    }
}
