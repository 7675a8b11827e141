//! The fully connected layer, forward and backward side by side.
//!
//! The work is cut into tiles of the result, and each tile goes to one thread as a whole: no sum is ever shared
//! between threads, and no sum depends on the cut. So the same numbers give the same bits with any number of threads.
//! A tile spans few rows of the weight, so each core keeps its share of the weights in its own cache.

use std::cell::RefCell;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::{
    Activation,
    kernel::{Outer, Product, Transposed},
    optimizer::Update,
    panels::{LANES, Lanes, Panels, TILE, Tile},
    vectors::dispatch,
};

/// y = f(W x + b), and f′(W x + b) into `slope` where the way back needs it.
///
/// # Shapes
/// `w` (O, I), `b` (O), `x` by sample (P, I), `y` and `slope` by sample (P, O)
pub(crate) fn linear_forward(
    w: ArrayView2<'_, f32>,
    b: &[f32],
    x: Panels<'_>,
    activation: Option<Activation>,
    y: ArrayViewMut2<'_, Lanes>,
    slope: Option<ArrayViewMut2<'_, Lanes>>,
) {
    let (weights, inputs) = (w.to_slice().expect("weights are contiguous"), w.ncols());
    for_each_tile(y, slope, |first, mut y, mut slope| {
        let last = first + y.ncols();
        let (w, b) = (&weights[first * inputs..last * inputs], &b[first..last]);
        dispatch(Product { w, b, x: x.reborrow(), y: y.view_mut() });
        if let Some(f) = activation {
            let mut slopes = slope.as_mut().map(|slope| slope.rows_mut().into_iter());
            for mut y in y.rows_mut() {
                let slope = slopes.as_mut().and_then(Iterator::next);
                let slope = slope.map(|row| row.into_slice().expect("panels are contiguous"));
                f.forward(y.as_slice_mut().expect("panels are contiguous"), slope);
            }
        }
    });
}

/// From y = W x + b and x = f(a): da = (Wᵀ dy) · f′(a)
///
/// `x_of` is the activation that made `x`, with what it keeps for the way back, x or f′(a); none where `x` is not a
/// layer's output.
///
/// # Shapes
/// `w` (O, I), `dy` by sample (P, O), what is kept and `da` by sample (P, I)
pub(crate) fn linear_backward_input(
    w: ArrayView2<'_, f32>,
    dy: ArrayView2<'_, Lanes>,
    x_of: Option<(Activation, ArrayView2<'_, Lanes>)>,
    da: ArrayViewMut2<'_, Lanes>,
) {
    for_each_tile(da, None, |first, mut da, _| {
        dispatch(Transposed { w: w.reborrow(), first, dy: dy.reborrow(), dx: da.view_mut() });
        if let Some((f, kept)) = x_of {
            let kept = kept.slice(s![.., first..first + da.ncols()]);
            for (kept, mut da) in kept.rows().into_iter().zip(da.rows_mut()) {
                let da = da.as_slice_mut().expect("panels are contiguous");
                f.backward(kept.to_slice().expect("panels are contiguous"), da);
            }
        }
    });
}

/// From y = W x + b: dW = dy xᵀ and db = Σ_B dy. Where an update is wanted, it is given each tile of dW while that is
/// in the cache, and `dw` stays as it was: 4 bytes a parameter that need not go to memory and back.
///
/// # Shapes
/// `dy` in tiles (T, 16 P), `x` by feature (Q, 16 P), `dw` (O, I) row-major, `db` (O); `update` is of (W, b)
pub(crate) fn linear_backward_parameters(
    dy: ArrayView2<'_, Tile>,
    x: Panels<'_>,
    dw: &mut [f32],
    db: &mut [f32],
    update: Option<[Update<'_>; 2]>,
) {
    let (inputs, tiles) = (dw.len() / db.len(), dy.nrows());
    if tiles > 1 {
        let (dy, dy_rest) = dy.split_at(Axis(0), tiles / 2);
        let rows = TILE * dy.nrows();
        let (dw, dw_rest) = dw.split_at_mut(rows * inputs);
        let (db, db_rest) = db.split_at_mut(rows);
        let (update, update_rest) = update
            .map(|[w, b]| (w.split_at(rows * inputs), b.split_at(rows)))
            .map(|((w, w_rest), (b, b_rest))| ([w, b], [w_rest, b_rest]))
            .unzip();
        rayon::join(
            || linear_backward_parameters(dy, x.reborrow(), dw, db, update),
            || linear_backward_parameters(dy_rest, x.reborrow(), dw_rest, db_rest, update_rest),
        );
        return;
    }
    let dy = dy.to_slice().expect("a tile is contiguous");
    bias_gradient(dy, db);
    let width = LANES * x.lanes.nrows();
    with_scratch(db.len() * width, |gradient| {
        dispatch(Outer { dy, x: x.reborrow(), dw: gradient.as_chunks_mut().0 });
        let rows = gradient.chunks_exact(width).map(|row| &row[..inputs]);
        match update {
            Some([mut w, mut b]) => {
                rows.enumerate().for_each(|(o, row)| w.apply(o * inputs, row));
                b.apply(0, db);
            }
            None => dw.chunks_exact_mut(inputs).zip(rows).for_each(|(dw, row)| dw.copy_from_slice(row)),
        }
    });
}

/// Lends room for `length` numbers, at the start of a cache line; what they are is left from before.
///
/// Each thread keeps its room, so that it is in the thread's own cache and no step allocates any.
fn with_scratch(length: usize, f: impl FnOnce(&mut [f32])) {
    thread_local!(static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length + LANES {
            scratch.resize(length + LANES, 0.0);
        }
        let start = scratch.as_ptr().align_offset(align_of::<Lanes>()).min(LANES);
        f(&mut scratch[start..start + length]);
    });
}

/// Σ_B dy of the outputs of a tile, sample by sample.
fn bias_gradient(dy: &[Tile], db: &mut [f32]) {
    let mut sums = [0.0; TILE];
    for dy in dy {
        for (sum, dy) in sums.iter_mut().zip(dy) {
            *sum += dy;
        }
    }
    db.copy_from_slice(&sums[..db.len()]);
}

/// Calls `f(first feature, tile of y, tile of slope)` for every tile, in parallel.
fn for_each_tile(
    mut y: ArrayViewMut2<'_, Lanes>,
    slope: Option<ArrayViewMut2<'_, Lanes>>,
    f: impl Fn(usize, ArrayViewMut2<'_, Lanes>, Option<ArrayViewMut2<'_, Lanes>>) + Sync,
) {
    let tiles = y.axis_chunks_iter_mut(Axis(1), TILE).into_par_iter().enumerate();
    match slope {
        None => tiles.for_each(|(i, y)| f(i * TILE, y, None)),
        Some(mut slope) => {
            let slopes = slope.axis_chunks_iter_mut(Axis(1), TILE).into_par_iter();
            tiles.zip(slopes).for_each(|((i, y), slope)| f(i * TILE, y, Some(slope)));
        }
    }
}
