//! The fully connected layer, forward and backward side by side.
//!
//! The work is cut into tiles of the result, and each tile goes to one thread as a whole: no sum is ever shared
//! between threads, and the cut depends on the shapes alone. So the same numbers give the same bits with any number
//! of threads. A tile spans few rows of the weight, so each core keeps its share of the weights in its own cache.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::{
    Activation,
    kernel::{product, product_outer, product_transposed},
    optimizer::{Moments, Rates},
    panels::Lanes,
};

/// Rows of the weight, or features of the result, in a tile: a multiple of every kernel's block.
const TILE_FEATURES: usize = 24;
/// Panels of the batch in a tile.
const TILE_PANELS: usize = 8;

/// y = f(W x + b)
///
/// # Shapes
/// `w` (O, I), `b` (O), `x` by sample (P, I), `y` by sample (P, O)
pub(crate) fn linear_forward(
    w: ArrayView2<'_, f32>,
    b: &[f32],
    x: ArrayView2<'_, Lanes>,
    activation: Option<Activation>,
    y: ArrayViewMut2<'_, Lanes>,
) {
    let (weights, inputs) = (w.to_slice().expect("weights are contiguous"), w.ncols());
    for_each_tile(y, |panel, first, mut y| {
        let last = first + y.ncols();
        let x = x.slice(s![panel..panel + y.nrows(), ..]);
        product(&weights[first * inputs..last * inputs], &b[first..last], x, y.view_mut());
        if let Some(f) = activation {
            for mut y in y.rows_mut() {
                f.forward(y.as_slice_mut().expect("panels are contiguous"));
            }
        }
    });
}

/// From y = W x + b and x = f(a): da = (Wᵀ dy) · f′(a)
///
/// `x_of` is the activation that made `x`, with `x` itself, or none where `x` is not a layer's output.
///
/// # Shapes
/// `w` (O, I), `dy` by sample (P, O), `x` and `da` by sample (P, I)
pub(crate) fn linear_backward_input(
    w: ArrayView2<'_, f32>,
    dy: ArrayView2<'_, Lanes>,
    x_of: Option<(Activation, ArrayView2<'_, Lanes>)>,
    da: ArrayViewMut2<'_, Lanes>,
) {
    for_each_tile(da, |panel, first, mut da| {
        let dy = dy.slice(s![panel..panel + da.nrows(), ..]);
        product_transposed(w, first, dy, da.view_mut());
        if let Some((f, x)) = x_of {
            let x = x.slice(s![panel..panel + da.nrows(), first..first + da.ncols()]);
            for (x, mut da) in x.rows().into_iter().zip(da.rows_mut()) {
                let da = da.as_slice_mut().expect("panels are contiguous");
                f.backward(x.to_slice().expect("panels are contiguous"), da);
            }
        }
    });
}

/// From y = W x + b: dW = dy xᵀ and db = Σ_B dy
///
/// # Shapes
/// `dy` by sample (P, O), `x` by feature (Q, 16 P), `dw` (O, I) row-major, `db` (O)
pub(crate) fn linear_backward_parameters(
    dy: ArrayView2<'_, Lanes>,
    x: ArrayView2<'_, Lanes>,
    dw: &mut [f32],
    db: &mut [f32],
) {
    let inputs = dw.len() / db.len();
    dw.par_chunks_mut(TILE_FEATURES * inputs)
        .zip(db.par_chunks_mut(TILE_FEATURES))
        .enumerate()
        .for_each(|(i, (dw, db))| parameter_tile(dy, i * TILE_FEATURES, x, dw, db));
}

/// The same, and each tile of the gradient meets its update while it is still in the cache.
///
/// # Shapes
/// As [`linear_backward_parameters`]; `w` and `b` are what the optimizer has for the weight and for the bias
pub(crate) fn linear_backward_update(
    dy: ArrayView2<'_, Lanes>,
    x: ArrayView2<'_, Lanes>,
    dw: &mut [f32],
    db: &mut [f32],
    [w, b]: [Moments<'_>; 2],
    rates: Rates,
) {
    let inputs = dw.len() / db.len();
    dw.par_chunks_mut(TILE_FEATURES * inputs)
        .zip(db.par_chunks_mut(TILE_FEATURES))
        .zip(w.par_chunks(TILE_FEATURES * inputs).zip(b.par_chunks(TILE_FEATURES)))
        .enumerate()
        .for_each(|(i, ((dw, db), (w, b)))| {
            parameter_tile(dy, i * TILE_FEATURES, x, dw, db);
            w.update(dw, rates);
            b.update(db, rates);
        });
}

/// dW and db of the outputs from `first` on, as many as `db` has.
fn parameter_tile(
    dy: ArrayView2<'_, Lanes>,
    first: usize,
    x: ArrayView2<'_, Lanes>,
    dw: &mut [f32],
    db: &mut [f32],
) {
    let inputs = dw.len() / db.len();
    product_outer(dy, first, x, dw, inputs);
    for (o, db) in db.iter_mut().enumerate() {
        *db = bias_gradient(dy.column(first + o));
    }
}

/// Σ_B dy of one output: panel by panel, then across the lanes.
fn bias_gradient(dy: ArrayView1<'_, Lanes>) -> f32 {
    let mut sums = Lanes::default();
    dy.iter().for_each(|dy| sums.add(dy));
    sums.0.iter().sum()
}

/// Calls `f(first panel, first feature, tile)` for every tile of `y`, in parallel.
fn for_each_tile(mut y: ArrayViewMut2<'_, Lanes>, f: impl Fn(usize, usize, ArrayViewMut2<'_, Lanes>) + Sync) {
    y.axis_chunks_iter_mut(Axis(0), TILE_PANELS).into_par_iter().enumerate().for_each(|(i, mut band)| {
        band.axis_chunks_iter_mut(Axis(1), TILE_FEATURES)
            .into_par_iter()
            .enumerate()
            .for_each(|(j, tile)| f(i * TILE_PANELS, j * TILE_FEATURES, tile));
    });
}
