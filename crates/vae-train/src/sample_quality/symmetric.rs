//! Eigenvalues and eigenvectors of a symmetric matrix, and with them its square root.
//!
//! Jacobi's method (Golub & Van Loan, *Matrix Computations*, 2013, section 8.5): rotations, each of which makes one
//! element off the diagonal zero, until all are. In `f64` and on one thread: the matrices are of the size of a hidden
//! layer.

use ndarray::{Array1, Array2, ArrayView2, s};

/// The most passes over all elements; some ten are needed.
const MOST_SWEEPS: usize = 60;

/// A = V diag(λ) Vᵀ
#[derive(Clone, Debug)]
pub(super) struct Eigen {
    /// λ (n)
    pub(super) values: Array1<f64>,
    /// Vᵀ (n, n): a row for each eigenvalue.
    pub(super) vectors: Array2<f64>,
}

/// The eigenvalues of a symmetric matrix (n, n), in no order, and their eigenvectors.
///
/// # Panics
/// If the matrix is not square.
pub(super) fn eigen(matrix: ArrayView2<'_, f64>) -> Eigen {
    let n = matrix.nrows();
    assert_eq!(matrix.ncols(), n, "columns of a symmetric matrix");
    let (mut a, mut vectors) = (matrix.as_standard_layout().into_owned(), Array2::eye(n));
    let norm = a.iter().map(|a| a * a).sum::<f64>().sqrt();
    // Smaller elements change no eigenvalue by more than rounding does.
    let negligible = f64::EPSILON * norm / n.max(1) as f64;
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                if a[[p, q]].abs() > negligible {
                    rotate(&mut a, &mut vectors, p, q);
                    rotated = true;
                }
            }
        }
        if !rotated {
            break;
        }
    }
    Eigen { values: a.diag().to_owned(), vectors }
}

/// A ← J A Jᵀ and Vᵀ ← J Vᵀ with the rotation J in the plane of `p` < `q` that makes A_pq zero.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let (a_pp, a_qq, a_pq) = (a[[p, p]], a[[q, q]], a[[p, q]]);
    let theta = (a_qq - a_pp) / (2.0 * a_pq);
    // The smaller root of t² + 2 θ t − 1, the tangent of the angle.
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cos = 1.0 / t.hypot(1.0);
    let sin = t * cos;
    rotate_rows(a, p, q, cos, sin);
    rotate_rows(vectors, p, q, cos, sin);
    // The rows are right but in columns p and q, which take the same rotation; the others follow by symmetry.
    a[[p, p]] = a_pp - t * a_pq;
    a[[q, q]] = a_qq + t * a_pq;
    (a[[p, q]], a[[q, p]]) = (0.0, 0.0);
    for i in (0..a.nrows()).filter(|&i| i != p && i != q) {
        a[[i, p]] = a[[p, i]];
        a[[i, q]] = a[[q, i]];
    }
}

/// Rows p and q ← cos · p − sin · q and sin · p + cos · q
fn rotate_rows(matrix: &mut Array2<f64>, p: usize, q: usize, cos: f64, sin: f64) {
    let (row_p, row_q) = matrix.multi_slice_mut((s![p, ..], s![q, ..]));
    for (x, y) in row_p.into_iter().zip(row_q) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

impl Eigen {
    /// V diag(√λ) Vᵀ, with negative eigenvalues, which rounding makes of zeros, as zeros.
    pub(super) fn square_root(&self) -> Array2<f64> {
        let roots = self.values.mapv(|value| value.max(0.0).sqrt());
        let scaled = &self.vectors.t() * &roots;
        scaled.dot(&self.vectors)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    /// B Bᵀ of made-up numbers, with a rank below its size where `columns` < `n`.
    fn symmetric(n: usize, columns: usize) -> Array2<f64> {
        let b = Array2::from_shape_fn((n, columns), |(i, j)| (((i * 31 + j * 17) % 23) as f64 - 11.0) / 7.0);
        b.dot(&b.t())
    }

    fn assert_close(a: &Array2<f64>, b: &Array2<f64>) {
        let scale = b.iter().fold(1.0, |most: f64, b| most.max(b.abs()));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * scale), "{a} instead of {b}");
    }

    #[test]
    fn the_eigenvalues_of_a_known_matrix_are_found() {
        let mut values = eigen(array![[2.0, 1.0], [1.0, 2.0]].view()).values.to_vec();
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14, "{values:?}");
    }

    #[test]
    fn values_and_vectors_give_the_matrix_back_and_the_vectors_are_orthonormal() {
        for (n, columns) in [(1, 1), (5, 5), (40, 40), (40, 3)] {
            let matrix = symmetric(n, columns);
            let Eigen { values, vectors } = eigen(matrix.view());
            assert_close(&(&vectors.t() * &values).dot(&vectors), &matrix);
            assert_close(&vectors.dot(&vectors.t()), &Array2::eye(n));
        }
    }

    #[test]
    fn the_square_root_of_a_matrix_without_full_rank_squares_to_it() {
        let matrix = symmetric(20, 4);
        let root = eigen(matrix.view()).square_root();
        assert!(root.dot(&root).iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_matrix_of_zeros_has_no_other_eigenvalues() {
        assert_eq!(eigen(Array2::zeros((3, 3)).view()).values, array![0.0, 0.0, 0.0]);
    }
}
