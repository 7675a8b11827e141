//! The products of a dense layer on many threads.
//!
//! The work is cut into tiles of the result, and each tile goes to one thread as a whole: no sum is ever shared
//! between threads, and no sum depends on the cut. So the same numbers give the same bits with any number of threads.
//! A tile spans few rows of the weight, so each core keeps its share of the weights in its own cache.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::{
    batch::{BySample, Samples, SamplesMut},
    blocking::{LANES, LINES, TILE},
    by_feature::{Features, Tiles},
    lanes::Values,
    pack::panel_to_rows,
    products::{Outer, Product, Transposed},
    scratch,
    simd::dispatch,
    sparse::{SparseColumns, SparseOuter},
};

/// y = W x + b, and then `f` on each piece of y while it is in the cache, with the piece of `saved` that belongs to it.
///
/// # Shapes
/// `w` (O, I), `b` (O), `x` (B, I), `y` and `saved` (B, O)
pub(crate) fn affine(
    w: ArrayView2<'_, f32>,
    b: &[f32],
    x: Samples<'_>,
    y: &mut BySample,
    saved: Option<&mut BySample>,
    f: impl Fn(&mut Values, Option<&mut Values>) + Sync,
) {
    let (weights, inputs) = (w.to_slice().expect("weights are contiguous"), w.ncols());
    y.resize(x.samples());
    let tile = |(first, mut y): (usize, SamplesMut<'_>), saved: Option<SamplesMut<'_>>| {
        let last = first + y.features();
        let (w, b) = (&weights[first * inputs..last * inputs], &b[first..last]);
        dispatch(Product { w, b, x, y: y.reborrow() });
        match saved {
            Some(mut saved) => y.panels().zip(saved.panels()).for_each(|(y, saved)| f(y, Some(saved))),
            None => y.panels().for_each(|y| f(y, None)),
        }
    };
    let mut y = y.view_mut();
    match saved {
        Some(saved) => {
            saved.resize(x.samples());
            let mut saved = saved.view_mut();
            y.tiles().zip(saved.tiles()).for_each(|(y, (_, saved))| tile(y, Some(saved)));
        }
        None => y.tiles().for_each(|y| tile(y, None)),
    }
}

/// dx = Wᵀ dy, and then `f` on each piece of dx while it is in the cache, with the piece of `saved` that belongs to
/// it.
///
/// # Shapes
/// `w` (O, I), `dy` (B, O), `dx` and `saved` (B, I)
pub(crate) fn transposed(
    w: ArrayView2<'_, f32>,
    dy: &BySample,
    dx: &mut BySample,
    saved: Option<&BySample>,
    f: impl Fn(&Values, &mut Values) + Sync,
) {
    dx.resize(dy.samples());
    dx.view_mut().tiles().for_each(|(first, mut dx)| {
        dispatch(Transposed { w, first, dy: dy.view(), dx: dx.reborrow() });
        if let Some(saved) = saved {
            let features = first..first + dx.features();
            dx.panels().zip(saved.panels()).for_each(|(dx, saved)| f(&saved[features.clone()], dx));
        }
    });
}

/// Takes the gradient of some of a layer's outputs, piece by piece, while each piece is in the cache.
pub(crate) trait GradientSink: Send + Sized {
    /// Numbers of outputs and inputs, O and I.
    fn dim(&self) -> (usize, usize);
    /// The sinks of the first `outputs`, and of the others.
    fn split_at(self, outputs: usize) -> (Self, Self);
    /// Takes the rows of dW of the outputs from `first` on.
    fn take_rows<'a>(&mut self, first: usize, rows: impl Iterator<Item = &'a [f32]>);
    /// Takes db (O).
    fn take_bias(&mut self, db: &[f32]);
}

/// dW = dy xᵀ and db = Σ_B dy
///
/// # Shapes
/// `dy` (T, 16 P), `x` (Q, 16 P)
pub(crate) fn outer(dy: Tiles<'_>, x: Features<'_>, mut sink: impl GradientSink) {
    let tiles = dy.len();
    if tiles > 1 {
        let (dy, dy_rest) = dy.split_at(tiles / 2);
        let (sink, rest) = sink.split_at(TILE * dy.len());
        rayon::join(|| outer(dy, x, sink), || outer(dy_rest, x, rest));
        return;
    }
    let (outputs, inputs) = sink.dim();
    let dy = dy.tile(0);
    sink.take_bias(&sum_of(dy.iter())[..outputs]);
    let width = LANES * x.len();
    scratch::with_numbers(outputs * width, |dw| {
        dispatch(Outer { dy, x, dw: dw.as_chunks_mut().0 });
        sink.take_rows(0, dw.chunks_exact(width).map(|row| &row[..inputs]));
    });
}

/// dW = dy xᵀ and db = Σ_B dy from the numbers of x that are not zero.
///
/// # Shapes
/// `dy` (Q, whole words of samples)
pub(crate) fn sparse_outer(dy: Features<'_>, x: &SparseColumns, mut sink: impl GradientSink) {
    let lines = dy.len();
    if lines > LINES {
        let (dy, dy_rest) = dy.split_at(lines / 2);
        let (sink, rest) = sink.split_at(LANES * dy.len());
        rayon::join(|| sparse_outer(dy, x, sink), || sparse_outer(dy_rest, x, rest));
        return;
    }
    let (outputs, inputs) = sink.dim();
    let mut db = [[0.0; LANES]; LINES];
    for (db, dy) in db.iter_mut().zip(dy.panels()) {
        *db = sum_of(dy.iter().map(|dy| &dy.0));
    }
    sink.take_bias(&db.as_flattened()[..outputs]);
    scratch::with_values(lines * inputs, |sums| {
        dispatch(SparseOuter { dy, x, dw: sums });
        scratch::with_numbers(LANES * inputs, |rows| {
            for (line, first) in sums.chunks_exact(inputs).zip((0..outputs).step_by(LANES)) {
                let rows = &mut rows[..LANES.min(outputs - first) * inputs];
                panel_to_rows(line, rows.chunks_exact_mut(inputs));
                sink.take_rows(first, rows.chunks_exact(inputs));
            }
        });
    });
}

/// Σ_B dy, sample by sample, for the outputs that lie side by side.
fn sum_of<'a, const N: usize>(dy: impl Iterator<Item = &'a [f32; N]>) -> [f32; N] {
    let mut sums = [0.0; N];
    for dy in dy {
        for (sum, dy) in sums.iter_mut().zip(dy) {
            *sum += dy;
        }
    }
    sums
}
