//! Covariances by their factor, C = G Gᵀ: what turns independent noise into noise of that covariance, and gives the
//! covariance's determinant and inverse. A full one by its Cholesky factor, lower triangular (Golub & Van Loan, *Matrix
//! Computations*, 2013, section 4.2), a diagonal one by its standard deviations.
//!
//! In `f64` and on one thread: the matrices are of the size of a latent space.

/// Where row `i` of a lower triangle begins whose rows lie one behind the other.
const fn row_start(i: usize) -> usize {
    i * (i + 1) / 2
}

/// A covariance: the rows of its lower triangle one behind the other, or its diagonal alone.
#[derive(Clone, Debug)]
pub(crate) enum Covariance {
    Full(Vec<f64>),
    Diagonal(Vec<f64>),
}

impl Covariance {
    /// Nothing but zeros.
    pub(crate) fn zeros(size: usize, full: bool) -> Self {
        if full { Self::Full(vec![0.0; row_start(size)]) } else { Self::Diagonal(vec![0.0; size]) }
    }

    /// C ← C + weight · (x xᵀ + diag(variances))
    pub(crate) fn add(&mut self, weight: f64, x: &[f64], variances: &[f64]) {
        match self {
            Self::Full(triangle) => {
                for (i, (x_i, variance)) in x.iter().zip(variances).enumerate() {
                    let row = &mut triangle[row_start(i)..row_start(i + 1)];
                    row.iter_mut().zip(x).for_each(|(c, x)| *c += weight * x_i * x);
                    row[i] += weight * variance;
                }
            }
            Self::Diagonal(diagonal) => {
                let terms = x.iter().zip(variances).map(|(x, variance)| weight * (x * x + variance));
                diagonal.iter_mut().zip(terms).for_each(|(c, term)| *c += term);
            }
        }
    }

    /// G of C · scale.
    ///
    /// A pivot below 10⁻¹² of the largest variance, which is rounding's and not the matrix's, is taken for that: a
    /// direction in which there is no variance gets next to none.
    pub(crate) fn factor(self, scale: f64) -> Factor {
        let least = |variances: &mut dyn Iterator<Item = f64>| {
            (1e-12 * variances.fold(0.0, f64::max)).max(f64::MIN_POSITIVE)
        };
        match self {
            Self::Diagonal(mut diagonal) => {
                diagonal.iter_mut().for_each(|c| *c *= scale);
                let least = least(&mut diagonal.iter().copied());
                Factor::Diagonal(diagonal.into_iter().map(|c| c.max(least).sqrt()).collect())
            }
            Self::Full(mut triangle) => {
                triangle.iter_mut().for_each(|c| *c *= scale);
                let size = size_of_triangle(triangle.len());
                let least = least(&mut (0..size).map(|i| triangle[row_start(i) + i]));
                for i in 0..size {
                    let (above, row) = triangle.split_at_mut(row_start(i));
                    for j in 0..i {
                        let other = &above[row_start(j)..row_start(j + 1)];
                        row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
                    }
                    row[i] = (row[i] - dot(&row[..i], &row[..i])).max(least).sqrt();
                }
                Factor::Full(triangle)
            }
        }
    }
}

/// The rows of a triangle of so many numbers.
fn size_of_triangle(numbers: usize) -> usize {
    ((8 * numbers + 1).isqrt() - 1) / 2
}

/// G of C = G Gᵀ, laid out as the covariance.
#[derive(Clone, Debug)]
pub(crate) enum Factor {
    Full(Vec<f64>),
    Diagonal(Vec<f64>),
}

impl Factor {
    /// The factor of `size` rows that these numbers are, or none where there are too many or too few.
    pub(crate) fn from_numbers(size: usize, numbers: &[f32]) -> Option<Self> {
        let wide = || numbers.iter().map(|&g| f64::from(g)).collect();
        if numbers.len() == size {
            Some(Self::Diagonal(wide()))
        } else if numbers.len() == row_start(size) {
            Some(Self::Full(wide()))
        } else {
            None
        }
    }

    /// Its numbers: rows of a triangle, or standard deviations.
    pub(crate) fn numbers(&self) -> &[f64] {
        match self {
            Self::Full(numbers) | Self::Diagonal(numbers) => numbers,
        }
    }

    fn diagonal(&self) -> Vec<f64> {
        match self {
            Self::Full(g) => (0..size_of_triangle(g.len())).map(|i| g[row_start(i) + i]).collect(),
            Self::Diagonal(g) => g.clone(),
        }
    }

    /// ln det C
    pub(crate) fn log_determinant(&self) -> f64 {
        self.diagonal().iter().map(|g| 2.0 * g.ln()).sum()
    }

    /// G x
    pub(crate) fn times(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Full(g) => (0..x.len()).map(|i| dot(&g[row_start(i)..row_start(i + 1)], x)).collect(),
            Self::Diagonal(g) => g.iter().zip(x).map(|(g, x)| g * x).collect(),
        }
    }

    /// y with G y = x, in place: xᵀ C⁻¹ x = yᵀ y.
    pub(crate) fn solve(&self, x: &mut [f64]) {
        match self {
            Self::Full(g) => {
                for i in 0..x.len() {
                    let (known, rest) = x.split_at_mut(i);
                    let row = &g[row_start(i)..row_start(i + 1)];
                    rest[0] = (rest[0] - dot(known, row)) / row[i];
                }
            }
            Self::Diagonal(g) => x.iter_mut().zip(g).for_each(|(x, g)| *x /= g),
        }
    }

    /// The diagonal of C⁻¹.
    pub(crate) fn inverse_diagonal(&self) -> Vec<f64> {
        let size = self.diagonal().len();
        let of = |i| {
            let mut unit = vec![0.0; size];
            unit[i] = 1.0;
            self.solve(&mut unit);
            dot(&unit, &unit)
        };
        (0..size).map(of).collect()
    }
}

/// Σ a b over the length of the shorter. In eight sums at once: a single one would wait for each of its additions.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks::<8>(), b[..length].as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The factor of C = [[4, 2, 2], [2, 5, 3], [2, 3, 6]], which has whole numbers.
    fn factor() -> Factor {
        Covariance::Full(vec![4.0, 2.0, 5.0, 2.0, 3.0, 6.0]).factor(1.0)
    }

    #[test]
    fn the_factor_is_the_one_found_with_a_pencil() {
        assert_eq!(factor().numbers(), [2.0, 1.0, 2.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn the_determinant_is_that_of_the_matrix() {
        assert!((factor().log_determinant() - 64f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_solution_times_the_factor_is_the_right_hand_side() {
        let mut y = [2.0, 5.0, 9.0];
        factor().solve(&mut y);
        assert_eq!(factor().times(&y), [2.0, 5.0, 9.0]);
    }

    #[test]
    fn the_inverse_has_the_diagonal_of_the_cofactors() {
        let want = [21.0 / 64.0, 20.0 / 64.0, 16.0 / 64.0];
        let found = factor().inverse_diagonal();
        assert!(found.iter().zip(want).all(|(found, want)| (found - want).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn a_diagonal_covariance_does_as_a_full_one_without_the_rest() {
        let full = Covariance::Full(vec![4.0, 0.0, 9.0]).factor(0.25);
        let diagonal = Covariance::Diagonal(vec![4.0, 9.0]).factor(0.25);
        assert_eq!(full.log_determinant(), diagonal.log_determinant());
        assert_eq!(full.inverse_diagonal(), diagonal.inverse_diagonal());
        assert_eq!(full.times(&[1.0, 2.0]), diagonal.times(&[1.0, 2.0]));
        let (mut x, mut y) = ([3.0, 5.0], [3.0, 5.0]);
        full.solve(&mut x);
        diagonal.solve(&mut y);
        assert_eq!(x, y);
    }

    #[test]
    fn a_sum_has_the_covariance_of_its_terms() {
        let mut full = Covariance::zeros(2, true);
        let mut diagonal = Covariance::zeros(2, false);
        for covariance in [&mut full, &mut diagonal] {
            covariance.add(2.0, &[1.0, 3.0], &[0.5, 0.25]);
            covariance.add(1.0, &[2.0, -1.0], &[0.0, 0.0]);
        }
        assert!(matches!(full, Covariance::Full(c) if c == [7.0, 4.0, 19.5]));
        assert!(matches!(diagonal, Covariance::Diagonal(c) if c == [7.0, 19.5]));
    }

    #[test]
    fn a_direction_without_variance_gets_next_to_none() {
        let flat = Covariance::Full(vec![1.0, 1.0, 1.0]).factor(1.0);
        assert!((0.0..1e-5).contains(&flat.numbers()[2]), "{flat:?}");
        for zeros in [Covariance::zeros(2, true), Covariance::zeros(2, false)] {
            let factor = zeros.factor(1.0);
            assert!(factor.log_determinant().is_finite() && factor.numbers().iter().all(|g| g.is_finite()));
        }
    }
}
