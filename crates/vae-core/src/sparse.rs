//! dW of the first layer from the pixels that are not zero, each by itself.
//!
//! Of MNIST's pixels a fifth are not zero, of the groups of sixteen that a kernel on panels takes or leaves as a whole
//! more than half. Here the lanes lie along the outputs instead: of a pixel, the deltas of those samples are summed in
//! which it is not zero.
//!
//! ```text
//! dWᵀ[i, ·] = Σ over the samples s with x[s, i] ≠ 0 of x[s, i] · dy[s, ·]
//! ```
//! The terms that are left come in the order they have in the whole sum, so a sum is the same to the bit.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{
    factors::Parts,
    layout::Linear,
    panels::{LANES, Lanes},
    support::Support,
    vectors::{Kernel, Vectors},
};

/// Samples that are told apart by the bits of a word; their deltas stay in the first cache for all pixels.
pub(crate) const WORD: usize = 64;

/// Panels of a word.
const PANELS: usize = WORD / LANES;

/// Lines of outputs that are summed together: as many as AVX2 has registers for.
pub(crate) const LINES: usize = 6;

/// Outputs from which on it may pay.
const LEAST_OUTPUTS: usize = 4 * LANES;

/// Whether a batch has so few numbers that are not zero that it is quicker to take them one by one than by panels; seen
/// from the support of its panels.
///
/// A number taken by itself costs half as much again as one in a panel, and turning the sums into rows of dW as much as
/// some five numbers of each feature. With few outputs, the sums of a number wait for those of the number before.
pub(crate) fn pays<'a>(support: impl Iterator<Item = &'a Support>, layer: &Linear) -> bool {
    let (listed, nonzero) = support.fold((0, 0), |(l, n), band| (l + band.listed, n + band.nonzero));
    layer.outputs >= LEAST_OUTPUTS && nonzero + nonzero / 2 + 5 * layer.inputs < listed
}

/// A batch feature by feature, and which of its numbers are not zero.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// (⌈B / 64⌉, I): bit s for the sample s of a word.
    nonzero: Array2<u64>,
    /// (⌈B / 64⌉, I)
    values: Array2<[f32; WORD]>,
}

impl Columns {
    /// Room for `samples` of `features` each.
    pub(crate) fn new(samples: usize, features: usize) -> Self {
        let shape = (samples.div_ceil(WORD), features);
        Self { nonzero: Array2::zeros(shape), values: Array2::from_elem(shape, [0.0; WORD]) }
    }

    /// Takes the numbers of a batch.
    pub(crate) fn fill<'a>(&mut self, parts: impl Parts<'a>) {
        let full = parts.clone().next().map_or(1, |part| part.nrows());
        let panel = |p: usize| {
            let part = parts.clone().nth(p / full).filter(|part| p % full < part.nrows())?;
            part.index_axis_move(Axis(0), p % full).to_slice()
        };
        let words =
            self.nonzero.axis_iter_mut(Axis(0)).into_par_iter().zip(self.values.axis_iter_mut(Axis(0)));
        words.enumerate().for_each(|(word, (mut nonzero, mut values))| {
            nonzero.fill(0);
            let nonzero = nonzero.as_slice_mut().expect("rows are contiguous");
            let values = values.as_slice_mut().expect("rows are contiguous");
            for (p, panel) in (0..PANELS).map_while(|p| Some((p, panel(PANELS * word + p)?))) {
                fill_panel(panel, LANES * p, nonzero, values);
            }
        });
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn fill_panel(panel: &[Lanes], first: usize, nonzero: &mut [u64], values: &mut [[f32; WORD]]) {
    for ((lanes, nonzero), values) in panel.iter().zip(nonzero).zip(values) {
        values[first..first + LANES].copy_from_slice(&lanes.0);
        let bit = |(lane, value): (usize, &f32)| u64::from(value.to_bits() != 0) << lane;
        *nonzero |= lanes.0.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit) << first;
    }
}

/// dWᵀ = x dyᵀ, for up to [`LINES`] lines of sixteen rows of W
pub(crate) struct SparseOuter<'a> {
    /// By feature (M, ≥ B): whole words of samples.
    pub(crate) dy: ArrayView2<'a, Lanes>,
    pub(crate) x: &'a Columns,
    /// By feature (M, I), one behind the other.
    pub(crate) dw: &'a mut [Lanes],
}

impl Kernel for SparseOuter<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(self, v: V) {
        match self.dy.nrows() {
            1 => self.lines::<V, 1>(v),
            2 => self.lines::<V, 2>(v),
            3 => self.lines::<V, 3>(v),
            4 => self.lines::<V, 4>(v),
            5 => self.lines::<V, 5>(v),
            LINES => self.lines::<V, LINES>(v),
            lines => unreachable!("{lines} lines, at most {LINES}"),
        }
    }
}

impl SparseOuter<'_> {
    #[inline(always)]
    fn lines<V: Vectors, const M: usize>(self, v: V) {
        let features = self.x.nonzero.ncols();
        let mut lines = self.dw.chunks_exact_mut(features);
        let mut dw: [&mut [Lanes]; M] = std::array::from_fn(|_| lines.next().expect("room for every line"));
        let words = self.dy.ncols() / WORD;
        for (word, (nonzero, values)) in
            self.x.nonzero.rows().into_iter().zip(self.x.values.rows()).take(words).enumerate()
        {
            let dy: [&[Lanes; WORD]; M] = std::array::from_fn(|m| {
                let line = self.dy.index_axis_move(Axis(0), m).to_slice().expect("panels are contiguous");
                &line.as_chunks().0[word]
            });
            for (i, (&nonzero, values)) in nonzero.iter().zip(values).enumerate() {
                let mut sums: [V::Line; M] =
                    std::array::from_fn(|m| v.load(if word > 0 { &dw[m][i].0 } else { &[0.0; LANES] }));
                let mut left = nonzero;
                while left != 0 {
                    let s = left.trailing_zeros() as usize % WORD;
                    for (sum, dy) in sums.iter_mut().zip(dy) {
                        *sum = v.multiply_add(values[s], v.load(&dy[s].0), *sum);
                    }
                    left &= left - 1;
                }
                for (dw, &sum) in dw.iter_mut().zip(&sums) {
                    v.store(sum, &mut dw[i].0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::{
        kernel::Outer,
        layout::Layout,
        panels::{TILE, panels},
        turn::{rows_to_samples, samples_to_features, samples_to_rows, turn},
        vectors::dispatch,
    };

    /// (B, F), of which one number in `every` is not zero.
    fn rows(samples: usize, features: usize, every: usize) -> Array2<f32> {
        Array2::from_shape_fn((samples, features), |(i, j)| {
            let k = i * 37 + j * 11 + i * j;
            if k.is_multiple_of(every) { (k % 19) as f32 / 19.0 - 0.45 } else { 0.0 }
        })
    }

    fn by_sample(rows: &Array2<f32>) -> Array2<Lanes> {
        let mut lanes = Array2::from_elem((panels(rows.nrows()), rows.ncols()), Lanes::default());
        rows_to_samples(rows.view(), lanes.view_mut());
        lanes
    }

    fn by_feature(rows: &Array2<f32>, samples: usize) -> Array2<Lanes> {
        let mut lanes = Array2::from_elem((panels(rows.ncols()), samples), Lanes::default());
        samples_to_features([by_sample(rows).view()].into_iter(), lanes.view_mut());
        lanes
    }

    fn fill(columns: &mut Columns, rows: &Array2<f32>) {
        columns.fill([by_sample(rows).view()].into_iter());
    }

    /// (O, I)
    fn one_by_one(dy: &Array2<f32>, columns: &Columns) -> Array2<f32> {
        let lanes = by_feature(dy, dy.nrows().next_multiple_of(WORD));
        let shape = (lanes.nrows(), columns.nonzero.ncols());
        let mut sums = Array2::from_elem(shape, Lanes([f32::NAN; LANES]));
        dispatch(SparseOuter { dy: lanes.view(), x: columns, dw: sums.as_slice_mut().unwrap() });
        let mut dw = Array2::zeros((dy.ncols(), shape.1));
        samples_to_rows(sums.view(), dw.view_mut());
        dw
    }

    /// (O, I)
    fn by_panels(dy: &Array2<f32>, x: &Array2<f32>) -> Array2<f32> {
        let samples = LANES * panels(x.nrows());
        let (lanes, dy_lanes) = (by_feature(x, samples), by_sample(dy));
        let mut dw = Array2::zeros((dy.ncols().next_multiple_of(TILE), LANES * panels(x.ncols())));
        for (t, mut dw) in dw.axis_chunks_iter_mut(Axis(0), TILE).enumerate() {
            let mut tiles = vec![[0.0; TILE]; samples];
            if TILE * t < dy.ncols() {
                turn(dy_lanes.view(), TILE * t, tiles.iter_mut().map(|tile| &mut tile[..]));
            }
            let dw = dw.as_slice_mut().unwrap().as_chunks_mut().0;
            dispatch(Outer { dy: &tiles, x: lanes.view().into(), dw });
        }
        dw.slice(s![..dy.ncols(), ..x.ncols()]).to_owned()
    }

    #[test]
    fn it_is_the_product_of_panels_to_the_bit() {
        let sizes = [(1, 1, 1), (16, 20, 17), (64, 37, 40), (65, 9, 64), (150, 30, 80), (200, 33, 96)];
        for (samples, features, outputs) in sizes {
            for every in [1, 2, 5] {
                let (x, dy) = (rows(samples, features, every), rows(samples, outputs, 1));
                let mut columns = Columns::new(samples, features);
                fill(&mut columns, &x);
                let found = one_by_one(&dy, &columns);
                assert_eq!(found, by_panels(&dy, &x), "{samples}, {features}, {outputs}, {every}");
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_larger_batch() {
        let mut columns = Columns::new(200, 9);
        fill(&mut columns, &rows(200, 9, 1));
        let (x, dy) = (rows(70, 9, 3), rows(70, 20, 1));
        fill(&mut columns, &x);
        assert_eq!(one_by_one(&dy, &columns), by_panels(&dy, &x));
    }

    #[test]
    fn it_pays_for_scattered_numbers_and_not_for_whole_columns() {
        let pays = |rows: &Array2<f32>, outputs| {
            let layer = Layout::default().push_linear("", rows.ncols(), outputs);
            let (lanes, mut support) = (by_sample(rows), Support::new(panels(rows.nrows()), rows.ncols()));
            support.find(lanes.view());
            pays([&support].into_iter(), &layer)
        };
        assert!(pays(&rows(64, 100, 5), 64));
        assert!(!pays(&rows(64, 100, 5), 32), "too few outputs");
        assert!(!pays(&rows(1, 100, 5), 64), "too few samples");
        assert!(!pays(&rows(64, 100, 1), 64), "too few zeros");
        let mut columns = rows(64, 100, 1);
        columns.slice_mut(s![.., 20..]).fill(0.0);
        assert!(!pays(&columns, 64), "no zeros but those of whole panels");
    }
}
