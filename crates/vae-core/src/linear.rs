//! The fully connected layer, forward and backward side by side.
//!
//! The work is cut into tiles of the result, and each tile goes to one thread as a whole: no sum is ever shared
//! between threads, and the cut depends on the shapes alone. So the same numbers give the same bits with any number
//! of threads.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::{Activation, matmul::matmul};

/// Rows of a tile of activations: enough to reuse a weight's cache line many times.
const TILE_ROWS: usize = 128;
/// Columns of a tile of activations: a few microseconds of work at the sizes of a digit.
const TILE_COLS: usize = 64;
/// Rows of a tile of a weight's gradient.
const GRADIENT_ROWS: usize = 32;

/// y = f(x Wᵀ + b)
///
/// # Shapes
/// `x` (B, I), `w` (O, I), `b` (O), `y` (B, O)
pub(crate) fn linear_forward(
    x: ArrayView2<'_, f32>,
    w: ArrayView2<'_, f32>,
    b: ArrayView1<'_, f32>,
    activation: Option<Activation>,
    y: ArrayViewMut2<'_, f32>,
) {
    for_each_tile(y, |row, col, mut y| {
        let x = x.slice(s![row..row + y.nrows(), ..]);
        let w = w.slice(s![col..col + y.ncols(), ..]);
        matmul(x, w.t(), y.view_mut());
        let b = b.slice(s![col..col + y.ncols()]);
        for mut y in y.rows_mut() {
            y += &b;
            if let Some(f) = activation {
                f.forward(y.as_slice_mut().expect("rows are contiguous"));
            }
        }
    });
}

/// From y = x Wᵀ + b and x = f(a): da = (dy W) · f′(a)
///
/// `x_of` is the activation that made `x`, with `x` itself, or none where `x` is not a layer's output.
///
/// # Shapes
/// `dy` (B, O), `w` (O, I), `x` (B, I), `da` (B, I)
pub(crate) fn linear_backward_input(
    dy: ArrayView2<'_, f32>,
    w: ArrayView2<'_, f32>,
    x_of: Option<(Activation, ArrayView2<'_, f32>)>,
    da: ArrayViewMut2<'_, f32>,
) {
    for_each_tile(da, |row, col, mut da| {
        let dy = dy.slice(s![row..row + da.nrows(), ..]);
        let w = w.slice(s![.., col..col + da.ncols()]);
        matmul(dy, w, da.view_mut());
        if let Some((f, x)) = x_of {
            let x = x.slice(s![row..row + da.nrows(), col..col + da.ncols()]);
            for (x, mut da) in x.rows().into_iter().zip(da.rows_mut()) {
                let da = da.as_slice_mut().expect("rows are contiguous");
                f.backward(x.to_slice().expect("rows are contiguous"), da);
            }
        }
    });
}

/// From y = x Wᵀ + b: dW = dyᵀ x, db = Σ_B dy
///
/// # Shapes
/// `dy` (B, O), `x` (B, I), `dw` (O, I), `db` (O)
pub(crate) fn linear_backward_parameters(
    dy: ArrayView2<'_, f32>,
    x: ArrayView2<'_, f32>,
    mut dw: ArrayViewMut2<'_, f32>,
    mut db: ArrayViewMut1<'_, f32>,
) {
    dw.axis_chunks_iter_mut(Axis(0), GRADIENT_ROWS)
        .into_par_iter()
        .zip(db.axis_chunks_iter_mut(Axis(0), GRADIENT_ROWS))
        .enumerate()
        .for_each(|(i, (dw, mut db))| {
            let dy = dy.slice(s![.., i * GRADIENT_ROWS..i * GRADIENT_ROWS + db.len()]);
            matmul(dy.t(), x, dw);
            db.fill(0.0);
            for dy in dy.rows() {
                db += &dy;
            }
        });
}

/// Calls `f(first row, first column, tile)` for every tile of `y`, in parallel.
fn for_each_tile(mut y: ArrayViewMut2<'_, f32>, f: impl Fn(usize, usize, ArrayViewMut2<'_, f32>) + Sync) {
    y.axis_chunks_iter_mut(Axis(0), TILE_ROWS).into_par_iter().enumerate().for_each(|(i, mut band)| {
        band.axis_chunks_iter_mut(Axis(1), TILE_COLS)
            .into_par_iter()
            .enumerate()
            .for_each(|(j, tile)| f(i * TILE_ROWS, j * TILE_COLS, tile));
    });
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::*;

    fn numbers(rows: usize, cols: usize, phase: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 37 + j * 11 + phase) % 19) as f32 / 19.0 - 0.45)
    }

    fn assert_close(found: ArrayView2<'_, f32>, want: ArrayView2<'_, f32>) {
        assert_eq!(found.dim(), want.dim());
        for (found, want) in found.iter().zip(want) {
            assert!((found - want).abs() < 1e-4 * want.abs().max(1.0), "{found} instead of {want}");
        }
    }

    /// More rows and columns than a tile has, and no multiples of it.
    const B: usize = TILE_ROWS + 5;
    const I: usize = TILE_COLS * 2 + 3;
    const O: usize = TILE_COLS + 7;

    #[test]
    fn the_forward_pass_is_the_formula() {
        let (x, w, b) = (numbers(B, I, 0), numbers(O, I, 5), Array1::linspace(-1.0, 1.0, O));
        let mut y = Array2::zeros((B, O));
        linear_forward(x.view(), w.view(), b.view(), Some(Activation::Relu), y.view_mut());
        assert_close(y.view(), (x.dot(&w.t()) + &b).mapv(|a| a.max(0.0)).view());
    }

    #[test]
    fn the_backward_pass_to_the_input_is_the_formula() {
        let (dy, w, x) = (numbers(B, O, 2), numbers(O, I, 3), numbers(B, I, 4));
        let mut da = Array2::zeros((B, I));
        linear_backward_input(dy.view(), w.view(), Some((Activation::Tanh, x.view())), da.view_mut());
        assert_close(da.view(), (dy.dot(&w) * x.mapv(|x| 1.0 - x * x)).view());
    }

    #[test]
    fn the_backward_pass_to_the_parameters_is_the_formula() {
        let (dy, x) = (numbers(B, O, 2), numbers(B, I, 3));
        let (mut dw, mut db) = (Array2::from_elem((O, I), 7.0), Array1::from_elem(O, 7.0));
        linear_backward_parameters(dy.view(), x.view(), dw.view_mut(), db.view_mut());
        assert_close(dw.view(), dy.t().dot(&x).view());
        let want = dy.sum_axis(Axis(0));
        assert_close(db.insert_axis(Axis(0)).view(), want.insert_axis(Axis(0)).view());
    }
}
