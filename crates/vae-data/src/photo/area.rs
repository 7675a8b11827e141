//! Scaling by the average over areas: each new pixel is the mean of the rectangle of old pixels that it covers, with
//! those that it covers in part counted in part. Thin lines become faint, but do not vanish, as they can where single
//! pixels are picked.

use ndarray::{Array2, ArrayView2};

/// An image of `shape` whose pixel (i, j) averages rows `i * cell[0]` to `(i + 1) * cell[0]` and columns
/// `j * cell[1]` to `(j + 1) * cell[1]` of `image`. Pixels beyond the image are 0.
///
/// # Shapes
/// `image` (H, W), `cell` height and width in pixels of `image`.
pub(super) fn average<T: Copy + Into<f32>>(
    image: ArrayView2<'_, T>,
    cell: [f64; 2],
    shape: (usize, usize),
) -> Array2<f32> {
    let (height, width) = image.dim();
    let columns: Vec<Span> = (0..shape.1).map(|j| Span::new(j, cell[1], width)).collect();
    // Along the rows first: even the largest picture is small after that.
    let narrow = Array2::from_shape_fn((height, shape.1), |(y, j)| {
        columns[j].weights().map(|(x, weight)| weight * image[[y, x]].into()).sum::<f32>()
    });
    let rows: Vec<Span> = (0..shape.0).map(|i| Span::new(i, cell[0], height)).collect();
    Array2::from_shape_fn(shape, |(i, j)| {
        rows[i].weights().map(|(y, weight)| weight * narrow[[y, j]]).sum::<f32>()
    })
}

/// The old pixels that one new pixel covers, along one axis.
struct Span {
    start: f64,
    end: f64,
    /// One past the last old pixel that is covered in part.
    until: usize,
    /// Length of a cell.
    cell: f64,
}

impl Span {
    fn new(index: usize, cell: f64, length: usize) -> Self {
        let (start, end) = (index as f64 * cell, (index + 1) as f64 * cell);
        Self { start, end, until: (end.ceil() as usize).min(length), cell }
    }

    /// The old pixels and their shares.
    fn weights(&self) -> impl Iterator<Item = (usize, f32)> {
        (self.start as usize..self.until).map(|at| {
            let covered = (at as f64 + 1.0).min(self.end) - (at as f64).max(self.start);
            (at, (covered.max(0.0) / self.cell) as f32)
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_cell_of_one_pixel_changes_nothing() {
        let image = array![[1_u8, 2, 3], [4, 5, 6]];
        assert_eq!(average(image.view(), [1.0, 1.0], (2, 3)), image.mapv(f32::from));
    }

    #[test]
    fn a_pixel_covered_in_part_counts_in_part() {
        let image = array![[0_u8, 30, 90]];
        assert_eq!(average(image.view(), [1.0, 1.5], (1, 2)), array![[10.0, 70.0]]);
    }

    #[test]
    fn beyond_the_image_pixels_are_zero() {
        let image = array![[8_u8, 8]];
        assert_eq!(average(image.view(), [2.0, 4.0], (1, 2)), array![[2.0, 0.0]]);
    }

    #[test]
    fn a_small_image_is_enlarged() {
        let image = array![[0_u8, 100]];
        assert_eq!(
            average(image.view(), [0.5, 0.5], (2, 4)),
            array![[0.0, 0.0, 100.0, 100.0], [0.0, 0.0, 100.0, 100.0]]
        );
    }
}
