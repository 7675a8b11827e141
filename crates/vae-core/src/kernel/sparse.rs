//! dW of the first layer from the pixels that are not zero, one by one.
//!
//! A fifth of MNIST's pixels are not zero, but more than half of the groups of sixteen that a kernel on panels takes or
//! leaves as a whole. Here the lanes lie along the outputs instead: for each pixel, the deltas of those samples are
//! summed in which it is not zero.
//!
//! ```text
//! dWᵀ[i, ·] = Σ over the samples s with x[s, i] ≠ 0 of x[s, i] · dy[s, ·]
//! ```
//! The terms that are left come in the order they have in the whole sum, so a sum is the same to the bit.

use ndarray::Array2;
use rayon::prelude::*;

use super::{
    batch::Parts,
    blocking::{LANES, LINES, SPARSE_OUTPUTS, WORD},
    by_feature::Features,
    lanes::{Lanes, Values},
    nonzero::Nonzero,
    reductions,
    simd::{Kernel, Vectors},
};

/// Panels of a word.
const PANELS: usize = WORD / LANES;

/// Whether so few numbers of a batch are not zero that it is quicker to take them one by one than by panels, for a
/// layer of so many inputs and outputs.
///
/// A number taken by itself costs half as much again as one in a panel, and packing the sums into rows of dW as much as
/// some five numbers of each feature. With few outputs, the sums of a number wait for those of the number before.
pub(crate) fn sparse_is_faster<'a>(
    parts: impl Iterator<Item = &'a Nonzero>,
    inputs: usize,
    outputs: usize,
) -> bool {
    let add = |(kept, nonzero), part: &Nonzero| (kept + part.lanes_kept, nonzero + part.lanes_nonzero);
    let (kept, nonzero) = parts.fold((0, 0), add);
    outputs >= SPARSE_OUTPUTS && nonzero + nonzero / 2 + 5 * inputs < kept
}

/// A batch feature by feature, and which of its numbers are not zero.
#[derive(Clone, Debug)]
pub(crate) struct SparseColumns {
    /// (⌈B / 64⌉, I): bit s for the sample s of a word.
    nonzero: Array2<u64>,
    /// (⌈B / 64⌉, I)
    values: Array2<[f32; WORD]>,
}

impl SparseColumns {
    /// Zeros for up to `samples` samples of `features` features each.
    pub(crate) fn zeroed(samples: usize, features: usize) -> Self {
        let shape = (samples.div_ceil(WORD), features);
        Self { nonzero: Array2::zeros(shape), values: Array2::from_elem(shape, [0.0; WORD]) }
    }

    /// Takes the numbers of a batch.
    pub(crate) fn pack<'a>(&mut self, parts: impl Parts<'a>) {
        let full = parts.clone().next().map_or(1, |part| part.len());
        let panel = |p: usize| {
            let part = parts.clone().nth(p / full).filter(|part| p % full < part.len())?;
            Some(part.panel(p % full))
        };
        let words = self.nonzero.outer_iter_mut().into_par_iter().zip(self.values.outer_iter_mut());
        words.enumerate().for_each(|(word, (mut nonzero, mut values))| {
            nonzero.fill(0);
            let nonzero = nonzero.as_slice_mut().expect("rows are contiguous");
            let values = values.as_slice_mut().expect("rows are contiguous");
            for (p, panel) in (0..PANELS).map_while(|p| Some((p, panel(PANELS * word + p)?))) {
                reductions::nonzero_bits(panel, LANES * p, nonzero, values);
            }
        });
    }
}

/// dWᵀ = x dyᵀ, for up to [`LINES`] lines of sixteen rows of W each
pub(crate) struct SparseOuter<'a> {
    /// (M, ≥ B): whole words of samples.
    pub(crate) dy: Features<'a>,
    pub(crate) x: &'a SparseColumns,
    /// (M, I): the lines of all inputs, one output panel behind the other.
    pub(crate) dw: &'a mut Values,
}

impl Kernel for SparseOuter<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(self, v: V) {
        match self.dy.len() {
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
        let mut dw: [&mut Values; M] = std::array::from_fn(|_| lines.next().expect("room for every line"));
        let words = self.dy.columns() / WORD;
        for (word, (nonzero, values)) in
            self.x.nonzero.rows().into_iter().zip(self.x.values.rows()).take(words).enumerate()
        {
            let dy: [&[Lanes; WORD]; M] = std::array::from_fn(|m| &self.dy.panel(m).as_chunks().0[word]);
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
    use crate::kernel::{
        batch::{BySample, Data},
        blocking::TILE,
        by_feature::{ByFeature, ByTile},
        lanes::panels,
        pack::panel_to_rows,
        products::Outer,
        simd::dispatch,
    };

    /// (B, F), where one number in `every` is not zero.
    fn rows(samples: usize, features: usize, every: usize) -> Array2<f32> {
        Array2::from_shape_fn((samples, features), |(i, j)| {
            let k = i * 37 + j * 11 + i * j;
            if k.is_multiple_of(every) { (k % 19) as f32 / 19.0 - 0.45 } else { 0.0 }
        })
    }

    fn by_sample(rows: &Array2<f32>) -> BySample {
        let mut batch = BySample::zeroed(rows.nrows(), rows.ncols());
        batch.pack(rows.view());
        batch
    }

    fn by_feature(rows: &Array2<f32>, samples: usize) -> ByFeature {
        let mut batch = ByFeature::zeroed(rows.ncols(), samples);
        batch.pack([by_sample(rows).view()].into_iter(), samples);
        batch
    }

    fn pack(columns: &mut SparseColumns, rows: &Array2<f32>) {
        columns.pack([by_sample(rows).view()].into_iter());
    }

    /// (O, I)
    fn one_by_one(dy: &Array2<f32>, columns: &SparseColumns) -> Array2<f32> {
        let dy_lanes = by_feature(dy, dy.nrows().next_multiple_of(WORD));
        let inputs = columns.nonzero.ncols();
        let mut sums = vec![Lanes([f32::NAN; LANES]); dy_lanes.view().len() * inputs];
        dispatch(SparseOuter { dy: dy_lanes.view(), x: columns, dw: &mut sums });
        let mut dw = Array2::zeros((dy.ncols(), inputs));
        let mut rows = dw.as_slice_mut().unwrap().chunks_exact_mut(inputs);
        sums.chunks_exact(inputs).for_each(|line| panel_to_rows(line, &mut rows));
        dw
    }

    /// (O, I)
    fn by_panels(dy: &Array2<f32>, x: &Array2<f32>) -> Array2<f32> {
        let samples = LANES * panels(x.nrows());
        let x_lanes = by_feature(x, samples);
        let mut tiles = ByTile::zeroed(dy.ncols(), samples);
        tiles.pack([by_sample(dy).view()].into_iter(), samples);
        let mut dw = Array2::zeros((dy.ncols().next_multiple_of(TILE), LANES * panels(x.ncols())));
        for (t, mut dw) in dw.axis_chunks_iter_mut(ndarray::Axis(0), TILE).enumerate() {
            let dw = dw.as_slice_mut().unwrap().as_chunks_mut().0;
            dispatch(Outer { dy: tiles.view().tile(t), x: x_lanes.view(), dw });
        }
        dw.slice(s![..dy.ncols(), ..x.ncols()]).to_owned()
    }

    #[test]
    fn it_is_the_product_of_panels_to_the_bit() {
        let sizes = [(1, 1, 1), (16, 20, 17), (64, 37, 40), (65, 9, 64), (150, 30, 80), (200, 33, 96)];
        for (samples, features, outputs) in sizes {
            for every in [1, 2, 5] {
                let (x, dy) = (rows(samples, features, every), rows(samples, outputs, 1));
                let mut columns = SparseColumns::zeroed(samples, features);
                pack(&mut columns, &x);
                let found = one_by_one(&dy, &columns);
                assert_eq!(found, by_panels(&dy, &x), "{samples}, {features}, {outputs}, {every}");
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_larger_batch() {
        let mut columns = SparseColumns::zeroed(200, 9);
        pack(&mut columns, &rows(200, 9, 1));
        let (x, dy) = (rows(70, 9, 3), rows(70, 20, 1));
        pack(&mut columns, &x);
        assert_eq!(one_by_one(&dy, &columns), by_panels(&dy, &x));
    }

    #[test]
    fn it_pays_for_scattered_numbers_and_not_for_whole_columns() {
        let pays = |rows: &Array2<f32>, outputs| {
            let mut data = Data::zeroed(rows.nrows(), rows.ncols());
            data.pack(rows.view());
            sparse_is_faster(data.view().zeros().into_iter(), rows.ncols(), outputs)
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
