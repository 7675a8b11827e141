//! The one product under everything, and the only `unsafe` of the crate.
//!
//! A product runs on the thread that asks for it: the layers cut their work into pieces and hand each piece to a
//! thread, which at these sizes beats handing a small product to a parallel library.

use ndarray::{ArrayView2, ArrayViewMut2};

/// C = A · B on the calling thread. Any strides will do, so a transposed view is as good as any other.
///
/// # Shapes
/// `a` (m, k), `b` (k, n), `c` (m, n)
///
/// # Panics
/// If the shapes do not fit.
#[allow(unsafe_code)] // `gemm` takes raw pointers; it reaches twice the throughput of ndarray's own `dot`.
pub(crate) fn matmul(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, mut c: ArrayViewMut2<'_, f32>) {
    let ((m, k), (_, n)) = (a.dim(), b.dim());
    assert_eq!(b.nrows(), k, "inner sizes of a product");
    assert_eq!(c.dim(), (m, n), "outer sizes of a product");
    // SAFETY: pointers, sizes and strides come from live views, `c` is borrowed exclusively and so overlaps
    // neither `a` nor `b`; `read_dst` is false, so the old content of `c` is not read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            c.strides()[1],
            c.strides()[0],
            false,
            a.as_ptr(),
            a.strides()[1],
            a.strides()[0],
            b.as_ptr(),
            b.strides()[1],
            b.strides()[0],
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;

    fn numbers(rows: usize, cols: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 31 + j * 17) % 23) as f32 / 23.0 - 0.4)
    }

    fn assert_product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, c: ArrayView2<'_, f32>) {
        for ((i, j), &c) in c.indexed_iter() {
            let want: f64 = (0..a.ncols()).map(|k| f64::from(a[[i, k]]) * f64::from(b[[k, j]])).sum();
            assert!((f64::from(c) - want).abs() < 1e-4, "at {i}, {j}: {c} instead of {want}");
        }
    }

    #[test]
    fn products_of_many_shapes_are_right() {
        for (m, k, n) in
            [(1, 1, 1), (1, 7, 5), (5, 7, 1), (3, 300, 2), (33, 17, 65), (64, 784, 20), (2, 1, 9)]
        {
            let (a, b) = (numbers(m, k), numbers(k, n));
            let mut c = Array2::from_elem((m, n), f32::NAN);
            matmul(a.view(), b.view(), c.view_mut());
            assert_product(a.view(), b.view(), c.view());
        }
    }

    #[test]
    fn transposed_and_sliced_views_are_read_and_written_in_place() {
        let (a, b) = (numbers(30, 12), numbers(20, 30));
        let mut c = Array2::from_elem((12, 40), 9.0);
        matmul(a.t(), b.t(), c.slice_mut(s![.., 10..30]));
        assert_product(a.t(), b.t(), c.slice(s![.., 10..30]));
        assert!(c.slice(s![.., ..10]).iter().chain(c.slice(s![.., 30..])).all(|&v| v == 9.0));
    }

    #[test]
    #[should_panic(expected = "inner sizes")]
    fn sizes_that_do_not_fit_panic() {
        matmul(numbers(2, 3).view(), numbers(4, 2).view(), Array2::zeros((2, 2)).view_mut());
    }
}
