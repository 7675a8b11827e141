//! Distances between all points of two sets, a block at a time, so that the matrix of them never lies in memory:
//! |a − b|² = |a|² + |b|² − 2 a·b, whose products are a matrix product.

use ndarray::{Array1, Array2, ArrayView1, Axis, NdFloat, linalg::general_mat_mul, s};
use rayon::prelude::*;

/// Points whose distances a thread computes at a time, in the one set and in the other. A point's own distances are
/// computed by one thread, so that no result depends on the number of threads.
const ROWS: usize = 64;
const COLUMNS: usize = 512;

/// Points, and what their distances need.
#[derive(Clone, Debug)]
pub(super) struct Points<F> {
    /// (N, D)
    x: Array2<F>,
    /// |x|² (N)
    squares: Array1<F>,
}

impl<F: NdFloat> Points<F> {
    /// `x` (N, D)
    pub(super) fn new(x: Array2<F>) -> Self {
        let squares = x.rows().into_iter().map(|x| x.dot(&x)).collect();
        Self { x, squares }
    }

    pub(super) fn len(&self) -> usize {
        self.x.nrows()
    }

    /// A point (D)
    pub(super) fn point(&self, i: usize) -> ArrayView1<'_, F> {
        self.x.row(i)
    }

    /// Folds the squared distances to all points of `others` into a state for each point: `fold(state, i, first, d²)`
    /// takes those of point i to the points `first`, `first` + 1, … Distances of no more than rounding are zeros.
    ///
    /// # Panics
    /// If the numbers of dimensions differ, or there is not a state for each point.
    pub(super) fn fold_squared_distances<S: Send>(
        &self,
        others: &Self,
        states: &mut [S],
        fold: impl Fn(&mut S, usize, usize, ArrayView1<'_, F>) + Sync,
    ) {
        assert_eq!(self.x.ncols(), others.x.ncols(), "dimensions of the points");
        assert_eq!(states.len(), self.len(), "a state for each point");
        let Some(sixteen) = F::from(16) else { return };
        let (two, rounding) = (F::one() + F::one(), sixteen * F::epsilon());
        let buffer = || Array2::zeros((ROWS, COLUMNS));
        states.par_chunks_mut(ROWS).enumerate().for_each_init(buffer, |buffer, (chunk, states)| {
            let rows = chunk * ROWS..chunk * ROWS + states.len();
            let x = self.x.slice(s![rows.clone(), ..]);
            for (block, y) in others.x.axis_chunks_iter(Axis(0), COLUMNS).enumerate() {
                let first = block * COLUMNS;
                let squares = others.squares.slice(s![first..first + y.nrows()]);
                let mut distances = buffer.slice_mut(s![..x.nrows(), ..y.nrows()]);
                general_mat_mul(-two, &x, &y.t(), F::zero(), &mut distances);
                for ((state, i), mut row) in states.iter_mut().zip(rows.clone()).zip(distances.rows_mut()) {
                    let square = self.squares[i];
                    row.zip_mut_with(&squares, |product, &other| {
                        let (sum, distance) = (square + other, square + other + *product);
                        *product = if distance > rounding * sum { distance } else { F::zero() };
                    });
                    fold(state, i, first, row.view());
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((count, 5), |(i, j)| ((i * 37 + j * 11 + seed) % 101) as f64 / 10.0)
    }

    /// All squared distances.
    fn distances(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        let mut rows = vec![Vec::new(); a.nrows()];
        let [points, others] = [a, b].map(|x| Points::new(x.clone()));
        points.fold_squared_distances(&others, &mut rows, |row, _, first, distances| {
            assert_eq!(row.len(), first);
            row.extend(distances);
        });
        Array2::from_shape_vec((a.nrows(), b.nrows()), rows.concat()).unwrap()
    }

    #[test]
    fn every_distance_is_met_once_in_order() {
        let (a, b) = (points(2 * ROWS + 3, 0), points(COLUMNS + 9, 5));
        let expected = Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| {
            a.row(i).iter().zip(b.row(j)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        });
        let found = distances(&a, &b);
        assert_eq!(found.dim(), expected.dim());
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-10));
    }

    #[test]
    fn a_point_has_no_distance_to_itself() {
        let a = points(90, 0).mapv(|x| x + 1000.1);
        assert!(distances(&a, &a).diag().iter().all(|&distance| distance == 0.0));
    }
}
