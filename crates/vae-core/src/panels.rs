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
//!
//! Everything here works on the panels it is given, on the calling thread, but for [`rows_to_features`].

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
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

/// Of each panel the columns whose lanes are not all zero, in ascending order.
///
/// A column of zeros adds nothing to any sum, so the products of the first layer pass it over: of sixteen of MNIST's
/// images, nearly half of the pixels are black in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Support {
    /// (panels, columns), of each row the first `counts`.
    columns: Array2<u32>,
    counts: Vec<usize>,
}

impl Support {
    /// Room for `panels` of `columns` each.
    pub(crate) fn new(panels: usize, columns: usize) -> Self {
        Self { columns: Array2::zeros((panels, columns)), counts: vec![0; panels] }
    }

    /// The columns of panel `p` that are not zero.
    fn of(&self, p: usize) -> &[u32] {
        let columns = self.columns.row(p).to_slice().expect("rows are contiguous");
        &columns[..self.counts[p]]
    }

    /// Looks at every panel.
    pub(crate) fn find(&mut self, panels: ArrayView2<'_, Lanes>) {
        for ((mut columns, count), panel) in
            self.columns.rows_mut().into_iter().zip(&mut self.counts).zip(panels.rows())
        {
            let columns = columns.as_slice_mut().expect("rows are contiguous");
            *count = support(panel.to_slice().expect("panels are contiguous"), columns);
        }
    }
}

/// Lists the lanes that are not all zero, and returns their number.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn support(panel: &[Lanes], columns: &mut [u32]) -> usize {
    let mut count = 0;
    for (column, lanes) in panel.iter().enumerate() {
        // Written in any case, and kept by moving on: a branch would be guessed wrong too often.
        columns[count] = column as u32;
        let bits = lanes.0.iter().fold(0, |bits, lane| bits | lane.to_bits());
        count += usize::from(bits != 0);
    }
    count
}

/// Rows (≤ 16 P, F) to panels by sample (P, F), zero in the padding.
pub(crate) fn rows_to_samples(x: ArrayView2<'_, f32>, mut panels: ArrayViewMut2<'_, Lanes>) {
    for (mut panel, x) in panels.rows_mut().into_iter().zip(x.axis_chunks_iter(Axis(0), LANES)) {
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
    }
}

/// Panels by sample (P, F) to rows (≤ 16 P, F), without the padding.
pub(crate) fn samples_to_rows(panels: ArrayView2<'_, Lanes>, mut x: ArrayViewMut2<'_, f32>) {
    for (panel, mut x) in panels.rows().into_iter().zip(x.axis_chunks_iter_mut(Axis(0), LANES)) {
        for (lane, mut x) in x.rows_mut().into_iter().enumerate() {
            for (value, lanes) in x.iter_mut().zip(panel) {
                *value = lanes.0[lane];
            }
        }
    }
}

/// Rows (B, F) to panels by feature (Q, ≥ B), zero in the padding, and their support.
pub(crate) fn rows_to_features(
    x: ArrayView2<'_, f32>,
    mut panels: ArrayViewMut2<'_, Lanes>,
    found: &mut Support,
) {
    let places = found.columns.axis_iter_mut(Axis(0)).into_par_iter().zip(&mut found.counts);
    panels.axis_iter_mut(Axis(0)).into_par_iter().zip(places).enumerate().for_each(
        |(q, (mut panel, (mut columns, count)))| {
            let (start, end) = (LANES * q, (LANES * (q + 1)).min(x.ncols()));
            let panel = panel.as_slice_mut().expect("panels are contiguous");
            let (samples, padding) = panel.split_at_mut(x.nrows());
            padding.fill(Lanes::default());
            for (lanes, x) in samples.iter_mut().zip(x.slice(s![.., start..end]).rows()) {
                match x.to_slice() {
                    Some(x) => lanes.load(x),
                    None => lanes.0.iter_mut().zip(x).for_each(|(lane, &value)| *lane = value),
                }
                lanes.0[end - start..].fill(0.0);
            }
            *count = support(samples, columns.as_slice_mut().expect("rows are contiguous"));
        },
    );
}

/// Panels by sample (P, ≥ F) to the numbers of each sample (16 P), F of them from feature `first` on and zeros in the
/// padding: the lanes of a panel by feature, or a [`Tile`].
pub(crate) fn turn<'a>(
    x: ArrayView2<'_, Lanes>,
    first: usize,
    mut samples: impl Iterator<Item = &'a mut [f32]>,
) {
    for x in x.rows() {
        turn_panel(&x.to_slice().expect("panels are contiguous")[first..], &mut samples);
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn turn_panel<'a>(x: &[Lanes], samples: &mut impl Iterator<Item = &'a mut [f32]>) {
    for (lane, sample) in samples.take(LANES).enumerate() {
        let known = sample.len().min(x.len());
        for (value, x) in sample.iter_mut().zip(&x[..known]) {
            *value = x.0[lane];
        }
        sample[known..].fill(0.0);
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
    fn no_number_hides_from_the_sum_of_squares() {
        let mut panels = by_sample();
        let want: f32 = rows().iter().map(|v| v * v).sum();
        assert!((square_sum(panels.view()) - want).abs() < 1e-5 * want);
        panels[[0, 3]].0[7] = -1e30;
        assert_eq!(square_sum(panels.view()), f32::INFINITY);
        panels[[1, 36]].0[2] = f32::NEG_INFINITY;
        assert_eq!(square_sum(panels.view()), f32::INFINITY);
        panels[[0, 0]].0[0] = f32::NAN;
        assert!(square_sum(panels.view()).is_nan());
    }

    #[test]
    fn rows_come_back_from_panels() {
        let mut back = Array2::zeros((B, F));
        samples_to_rows(by_sample().view(), back.view_mut());
        assert_eq!(back, rows());
    }

    fn by_feature(rows: &Array2<f32>) -> (Array2<Lanes>, Support) {
        let (mut panels, mut support) = (dirty(3, 32), Support::new(3, 32));
        rows_to_features(rows.view(), panels.view_mut(), &mut support);
        (panels, support)
    }

    #[test]
    fn a_feature_lies_in_its_lane_and_the_padding_is_zero() {
        for ((q, b), lanes) in by_feature(&rows()).0.indexed_iter() {
            for (lane, &value) in lanes.0.iter().enumerate() {
                let want = rows().get((b, LANES * q + lane)).copied().unwrap_or(0.0);
                assert_eq!(value, want, "panel {q}, sample {b}, lane {lane}");
            }
        }
    }

    #[test]
    fn turned_panels_are_the_rows_again() {
        let (direct, by_sample) = (by_feature(&rows()).0, by_sample());
        let mut turned = dirty(3, 32);
        for (q, mut panel) in turned.rows_mut().into_iter().enumerate() {
            turn(by_sample.view(), LANES * q, panel.iter_mut().map(|lanes| &mut lanes.0[..]));
        }
        assert_eq!(direct, turned);
        let mut tile = [[f32::NAN; TILE]; 32];
        turn(by_sample.view(), TILE, tile.iter_mut().map(|tile| &mut tile[..]));
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

    #[test]
    fn the_support_leaves_out_the_columns_of_zeros_and_nothing_else() {
        let mut rows = rows();
        rows.slice_mut(s![..16, 3..5]).fill(0.0);
        rows.slice_mut(s![16.., 36]).fill(0.0);
        rows[[20, 36]] = f32::NAN;
        let mut panels = dirty(2, F);
        rows_to_samples(rows.view(), panels.view_mut());
        let mut by_sample = Support::new(2, F);
        by_sample.find(panels.view());
        let all_but =
            |without: &[u32], count| (0..count).filter(|c| !without.contains(c)).collect::<Vec<u32>>();
        assert_eq!(by_sample.of(0), all_but(&[3, 4], 37));
        assert_eq!(by_sample.of(1), all_but(&[], 37));

        rows.slice_mut(s![7, 16..32]).fill(0.0);
        let support = by_feature(&rows).1;
        assert_eq!(support.of(0), all_but(&[], 21));
        assert_eq!(support.of(1), all_but(&[7], 21));
        assert_eq!(support.of(2), all_but(&[], 21));
    }
}
