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
    sparse::{Columns, LINES, SparseOuter},
    turn::turn_panel,
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

/// Where the gradient of some of a layer's outputs goes: into `dw` and `db`, or, where an update is wanted, piece by
/// piece into that while the piece is in the cache; `dw` then stays as it was, 4 bytes a parameter that need not go to
/// memory and back.
pub(crate) struct Gradient<'a> {
    /// (O, I) row-major
    pub(crate) dw: &'a mut [f32],
    /// (O)
    pub(crate) db: &'a mut [f32],
    /// Of W and b.
    pub(crate) update: Option<[Update<'a>; 2]>,
}

impl Gradient<'_> {
    fn inputs(&self) -> usize {
        self.dw.len() / self.db.len()
    }

    /// That of the first `outputs`, and the rest.
    fn split_at(self, outputs: usize) -> (Self, Self) {
        let weights = outputs * self.inputs();
        let (dw, dw_rest) = self.dw.split_at_mut(weights);
        let (db, db_rest) = self.db.split_at_mut(outputs);
        let (update, update_rest) = self
            .update
            .map(|[w, b]| (w.split_at(weights), b.split_at(outputs)))
            .map(|((w, w_rest), (b, b_rest))| ([w, b], [w_rest, b_rest]))
            .unzip();
        (Self { dw, db, update }, Self { dw: dw_rest, db: db_rest, update: update_rest })
    }

    /// Takes rows of dW, those of the outputs from `first` on.
    fn rows<'b>(&mut self, first: usize, rows: impl Iterator<Item = &'b [f32]>) {
        let inputs = self.inputs();
        for (o, row) in (first..).zip(rows) {
            match &mut self.update {
                Some([w, _]) => w.apply(o * inputs, row),
                None => self.dw[o * inputs..][..inputs].copy_from_slice(row),
            }
        }
    }

    /// Takes db, which lies in its place.
    fn bias(&mut self) {
        if let Some([_, b]) = &mut self.update {
            b.apply(0, self.db);
        }
    }
}

/// From y = W x + b: dW = dy xᵀ and db = Σ_B dy
///
/// # Shapes
/// `dy` in tiles (T, 16 P), `x` by feature (Q, 16 P)
pub(crate) fn linear_backward_parameters(
    dy: ArrayView2<'_, Tile>,
    x: Panels<'_>,
    mut gradient: Gradient<'_>,
) {
    let tiles = dy.nrows();
    if tiles > 1 {
        let (dy, dy_rest) = dy.split_at(Axis(0), tiles / 2);
        let (gradient, rest) = gradient.split_at(TILE * dy.nrows());
        rayon::join(
            || linear_backward_parameters(dy, x.reborrow(), gradient),
            || linear_backward_parameters(dy_rest, x.reborrow(), rest),
        );
        return;
    }
    let dy = dy.to_slice().expect("a tile is contiguous");
    sum_of(dy.iter(), gradient.db);
    gradient.bias();
    let (inputs, width) = (gradient.inputs(), LANES * x.lanes.nrows());
    with_scratch(gradient.db.len() * width, |dw| {
        dispatch(Outer { dy, x: x.reborrow(), dw: dw.as_chunks_mut().0 });
        gradient.rows(0, dw.chunks_exact(width).map(|row| &row[..inputs]));
    });
}

/// The same from the numbers of x that are not zero.
///
/// # Shapes
/// `dy` by feature (Q, 64 words)
pub(crate) fn sparse_backward_parameters(dy: ArrayView2<'_, Lanes>, x: &Columns, mut gradient: Gradient<'_>) {
    let lines = dy.nrows();
    if lines > LINES {
        let (dy, dy_rest) = dy.split_at(Axis(0), lines / 2);
        let (gradient, rest) = gradient.split_at(LANES * dy.nrows());
        rayon::join(
            || sparse_backward_parameters(dy, x, gradient),
            || sparse_backward_parameters(dy_rest, x, rest),
        );
        return;
    }
    for (dy, db) in dy.rows().into_iter().zip(gradient.db.chunks_mut(LANES)) {
        sum_of(dy.into_iter().map(|dy| &dy.0), db);
    }
    gradient.bias();
    let (inputs, outputs) = (gradient.inputs(), gradient.db.len());
    with_lines(lines * inputs, |sums| {
        dispatch(SparseOuter { dy, x, dw: sums });
        with_scratch(LANES * inputs, |rows| {
            for (line, first) in sums.chunks_exact(inputs).zip((0..outputs).step_by(LANES)) {
                let rows = &mut rows[..LANES.min(outputs - first) * inputs];
                turn_panel(line, rows.chunks_exact_mut(inputs));
                gradient.rows(first, rows.chunks_exact(inputs));
            }
        });
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

/// Lends room for `length` lines, likewise.
fn with_lines(length: usize, f: impl FnOnce(&mut [Lanes])) {
    thread_local!(static SCRATCH: RefCell<Vec<Lanes>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length {
            scratch.resize(length, Lanes::default());
        }
        f(&mut scratch[..length]);
    });
}

/// db = Σ_B dy, sample by sample, for the outputs that lie side by side.
fn sum_of<'a, const N: usize>(dy: impl Iterator<Item = &'a [f32; N]>, db: &mut [f32]) {
    let mut sums = [0.0; N];
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
