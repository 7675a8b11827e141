//! The brightness of the paper as a plane through the picture's border, for pictures of what is not made of lines.
//!
//! Light comes from one side, so paper is not of a single grey: a plane through the border's pixels follows the light
//! as far as a plane can. Where the digit or a shadow touches the border, pixels are far from the plane and are left
//! out.

use ndarray::{Array2, ArrayView2};

/// Rounds of leaving out what is far from the plane and fitting it anew.
const ROUNDS: usize = 6;

/// A plane of brightness.
pub(super) struct Plane {
    /// The coefficients of 1, u and v, where u and v run from −1 to 1 along rows and columns.
    coefficients: [f64; 3],
    /// Standard deviation of the border's pixels about the plane.
    pub(super) noise: f32,
}

impl Plane {
    /// The plane that most of the border lies in.
    pub(super) fn of(image: ArrayView2<'_, f32>) -> Self {
        let (height, width) = image.dim();
        let ring = 1 + height.min(width) / 100;
        let on_border =
            |(y, x): (usize, usize)| y < ring || x < ring || y + ring >= height || x + ring >= width;
        let points: Vec<([f64; 3], f64)> = image
            .indexed_iter()
            .filter(|&(at, _)| on_border(at))
            .map(|(at, &grey)| (terms(at, image.dim()), f64::from(grey)))
            .collect();
        let mut coefficients = fit(points.iter());
        let mut spread = 0.0;
        for _ in 0..ROUNDS {
            let distance = |(terms, grey): &([f64; 3], f64)| (grey - dot(terms, &coefficients)).abs();
            let mut distances: Vec<f64> = points.iter().map(distance).collect();
            let (_, median, _) = distances.select_nth_unstable_by(points.len() / 2, f64::total_cmp);
            // Half of a normal distribution lies within 0.6745 standard deviations.
            spread = *median / 0.6745;
            // Distances below a level of grey are only rounding.
            let near = (3.0 * spread).max(1.0);
            coefficients = fit(points.iter().filter(|point| distance(point) <= near));
        }
        Self { coefficients, noise: spread as f32 }
    }

    /// How much brighter each pixel is than the paper.
    pub(super) fn subtract_from(&self, image: &mut Array2<f32>) {
        let shape = image.dim();
        for (at, grey) in image.indexed_iter_mut() {
            *grey -= dot(&terms(at, shape), &self.coefficients) as f32;
        }
    }
}

/// 1, u and v of a pixel.
fn terms((y, x): (usize, usize), (height, width): (usize, usize)) -> [f64; 3] {
    let place = |at: usize, length: usize| (2 * at + 1) as f64 / length as f64 - 1.0;
    [1.0, place(x, width), place(y, height)]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The coefficients c of least Σ (grey − c · terms)², from AᵀA c = Aᵀ grey by Cramer's rule.
fn fit<'p>(points: impl Iterator<Item = &'p ([f64; 3], f64)>) -> [f64; 3] {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for (terms, grey) in points {
        for i in 0..3 {
            right[i] += terms[i] * grey;
            for j in 0..3 {
                matrix[i][j] += terms[i] * terms[j];
            }
        }
    }
    // Makes a slope that is undetermined, as in a picture one pixel wide, 0.
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] += 1e-9;
    }
    let whole = determinant(&matrix);
    std::array::from_fn(|column| {
        let mut replaced = matrix;
        for (row, &value) in replaced.iter_mut().zip(&right) {
            row[column] = value;
        }
        determinant(&replaced) / whole
    })
}

fn determinant([a, b, c]: &[[f64; 3]; 3]) -> f64 {
    let minor = |i: usize, j: usize| b[i] * c[j] - b[j] * c[i];
    a[0] * minor(1, 2) - a[1] * minor(0, 2) + a[2] * minor(0, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brightest_left_over(image: &Array2<f32>) -> f32 {
        let mut image = image.clone();
        Plane::of(image.view()).subtract_from(&mut image);
        image.iter().fold(0.0, |most, grey| grey.abs().max(most))
    }

    #[test]
    fn paper_lit_from_one_side_is_level_afterwards() {
        let image = Array2::from_shape_fn((40, 60), |(y, x)| 90.0 + 2.0 * x as f32 - y as f32);
        assert!(brightest_left_over(&image) < 1e-3);
    }

    #[test]
    fn what_touches_the_border_is_not_paper() {
        let mut image = Array2::from_elem((40, 40), 200.0);
        image.slice_mut(ndarray::s![..15, 5..15]).fill(10.0);
        let plane = Plane::of(image.view());
        plane.subtract_from(&mut image);
        assert!(image[[30, 30]].abs() < 1.0 && (image[[0, 7]] + 190.0).abs() < 2.0, "{}", image[[30, 30]]);
    }

    #[test]
    fn a_picture_of_one_pixel_is_paper() {
        assert!(brightest_left_over(&Array2::from_elem((1, 1), 77.0)) < 1e-3);
    }
}
