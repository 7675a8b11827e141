//! The Fréchet distance between two sets of features (Heusel et al., *GANs Trained by a Two Time-Scale Update Rule
//! Converge to a Local Nash Equilibrium*, 2017, equation 6): a Gaussian is fitted to each set, and the distance is the
//! one between the Gaussians,
//!
//! d² = |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)
//!
//! As usual the number that is reported is d².

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::symmetric::eigen;

/// The mean and covariance of features.
#[derive(Clone, Debug)]
pub(super) struct Gaussian {
    /// m (H)
    mean: Array1<f64>,
    /// C (H, H)
    covariance: Array2<f64>,
}

impl Gaussian {
    /// The Gaussian of features (N, H): their mean, and their covariance with a divisor of N − 1.
    ///
    /// # Panics
    /// If there are fewer than two rows.
    pub(super) fn fit(features: ArrayView2<'_, f32>) -> Self {
        let (samples, width) = features.dim();
        assert!(samples > 1, "a covariance takes at least two images, found {samples}");
        let mut centred = features.mapv(f64::from);
        let mean = centred.sum_axis(Axis(0)) / samples as f64;
        centred -= &mean;
        // A thread computes whole rows, so that no sum depends on the number of threads.
        let mut covariance = Array2::zeros((width, width));
        covariance.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter().enumerate().for_each(
            |(chunk, mut rows)| {
                let columns = chunk * ROWS..chunk * ROWS + rows.nrows();
                let left = centred.slice(s![.., columns]);
                rows.assign(&(left.t().dot(&centred) / (samples - 1) as f64));
            },
        );
        Self { mean, covariance }
    }

    /// H
    pub(super) fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// d² between two Gaussians.
    ///
    /// # Panics
    /// If they have different numbers of dimensions.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let apart = (&self.mean - &other.mean).mapv(|difference| difference * difference).sum();
        // C₁ C₂ has the eigenvalues of the symmetric C₁^½ C₂ C₁^½.
        let root = eigen(self.covariance.view()).square_root();
        let product = root.dot(&other.covariance).dot(&root);
        let product = (&product + &product.t()) / 2.0;
        let shared: f64 = eigen(product.view()).values.iter().map(|value| value.max(0.0).sqrt()).sum();
        let d2 = apart + self.covariance.diag().sum() + other.covariance.diag().sum() - 2.0 * shared;
        // Rounding may leave less than nothing between equal Gaussians. NaN stays NaN.
        if d2 < 0.0 { 0.0 } else { d2 }
    }
}

/// Rows of a covariance that a thread computes at a time.
const ROWS: usize = 32;

/// The Fréchet distance d² between two sets of features: 0 for a set and itself, and no unit of its own. It depends on
/// the classifier that found the features, and decreases with the number of images; compare numbers of the same
/// classifier and count alone.
///
/// # Shapes
/// `a` (N, H), `b` (M, H)
///
/// # Panics
/// If a set has fewer than two rows, or the numbers of columns differ.
pub fn frechet_distance(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> f64 {
    assert_eq!(a.ncols(), b.ncols(), "features of both sets");
    Gaussian::fit(a).distance(&Gaussian::fit(b))
}

#[cfg(test)]
mod tests {
    use ndarray::{array, concatenate};
    use vae_core::noise::{Purpose, standard_normal, stream};

    use super::*;

    fn gaussian(mean: Array1<f64>, covariance: Array2<f64>) -> Gaussian {
        Gaussian { mean, covariance }
    }

    fn draws(samples: usize, width: usize) -> Array2<f32> {
        let mut draws = Array2::zeros((samples, width));
        standard_normal(&mut stream(3, Purpose::EVALUATION, 0, 0), draws.view_mut());
        draws
    }

    #[test]
    fn diagonal_gaussians_have_the_distance_of_their_deviations() {
        let a = gaussian(array![1.0, 0.0, 2.0], Array2::from_diag(&array![4.0, 1.0, 0.0]));
        let b = gaussian(array![0.0, 0.0, 4.0], Array2::from_diag(&array![9.0, 0.25, 1.0]));
        // |m₁ − m₂|² + Σ (σ₁ − σ₂)²
        let expected = 1.0 + 4.0 + 1.0 + 0.25 + 1.0;
        assert!((a.distance(&b) - expected).abs() < 1e-12, "{}", a.distance(&b));
        assert!((b.distance(&a) - expected).abs() < 1e-12, "{}", b.distance(&a));
    }

    #[test]
    fn full_gaussians_in_two_dimensions_have_the_distance_of_the_closed_form() {
        let (a, b) = (array![[2.0, 0.6], [0.6, 1.0]], array![[1.0, -0.9], [-0.9, 3.0]]);
        // tr((A B)^½) = √(tr(A B) + 2 √(det A det B)) for 2 × 2
        let trace = a.dot(&b).diag().sum();
        let determinant = |m: &Array2<f64>| m[[0, 0]] * m[[1, 1]] - m[[0, 1]] * m[[1, 0]];
        let shared = (trace + 2.0 * (determinant(&a) * determinant(&b)).sqrt()).sqrt();
        let expected = 3.0 + 4.0 - 2.0 * shared;
        let zero = Array1::zeros(2);
        let found = gaussian(zero.clone(), a).distance(&gaussian(zero, b));
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }

    #[test]
    fn a_set_has_no_distance_to_itself() {
        let draws = draws(500, 20);
        assert!(frechet_distance(draws.view(), draws.view()) < 1e-9);
    }

    #[test]
    fn features_that_are_always_zero_change_nothing() {
        let (a, b) = (draws(300, 4), draws(300, 4).mapv(|x| 2.0 * x + 1.0));
        let wider = |x: &Array2<f32>| concatenate![Axis(1), x.view(), Array2::zeros((300, 3))];
        let expected = frechet_distance(a.view(), b.view());
        let found = frechet_distance(wider(&a).view(), wider(&b).view());
        assert!((found - expected).abs() < 1e-9 * expected, "{found} instead of {expected}");
    }

    #[test]
    fn a_shift_of_all_features_counts_squared() {
        let (a, b) = (draws(300, 5), draws(300, 5) + 2.0);
        let found = frechet_distance(a.view(), b.view());
        assert!((found - 20.0).abs() < 1e-4, "{found}");
    }

    #[test]
    fn features_that_are_not_numbers_have_no_distance() {
        let (a, mut b) = (draws(30, 4), draws(30, 4));
        b[[3, 2]] = f32::NAN;
        assert!(frechet_distance(a.view(), b.view()).is_nan());
    }

    #[test]
    fn the_covariance_divides_by_one_less_than_the_number_of_images() {
        let fitted = Gaussian::fit(array![[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]].view());
        assert_eq!(fitted.mean, array![2.0, 2.0]);
        assert_eq!(fitted.covariance, array![[4.0, -1.0], [-1.0, 7.0]]);
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let (a, b) = (draws(400, 70), draws(400, 70) * 1.5);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| frechet_distance(a.view(), b.view()))
        };
        assert_eq!(with(1).to_bits(), with(3).to_bits());
    }
}
