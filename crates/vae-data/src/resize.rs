//! Images of another size: averages over areas to shrink, straight lines between pixels to enlarge.
//!
//! The whole image is kept, and the ratio of its sides: it lies in the middle, and what remains at two sides is filled
//! with the median of its edge, which is the background of a drawing and a plain grey beside a photograph.

use ndarray::{Array2, ArrayView2, Axis, s};

use crate::{content::DEFAULT_MAX_BYTES, error::DataError};

/// The most rows and the most columns of a resized image.
const MAX_SIDE: usize = 4096;

/// Checks the size that some images shall have.
///
/// # Errors
/// [`DataError::ResizedSize`]
pub(crate) fn check(images: usize, (height, width): (usize, usize)) -> Result<(), DataError> {
    let is_side = |side| (1..=MAX_SIDE).contains(&side);
    let bytes = (images as u64).saturating_mul((height as u64).saturating_mul(width as u64));
    if is_side(height) && is_side(width) && bytes <= DEFAULT_MAX_BYTES {
        return Ok(());
    }
    Err(DataError::ResizedSize { limit: MAX_SIDE, bytes: DEFAULT_MAX_BYTES, images, height, width })
}

/// The image in a size of `(height, width)`: averages over areas to shrink, straight lines between pixels to enlarge.
/// The ratio of the sides stays, and what remains beside the image is filled with the median of its edge. An image of
/// that size stays as it is.
///
/// # Shapes
/// `image` (H, W) → (height, width)
///
/// # Panics
/// If the image or the size has no pixels.
pub fn resized(image: ArrayView2<'_, u8>, (height, width): (usize, usize)) -> Array2<u8> {
    if image.dim() == (height, width) {
        return image.to_owned();
    }
    let (old_height, old_width) = image.dim();
    assert!(!image.is_empty() && height > 0 && width > 0, "an image and a size with pixels");
    let scale = (height as f64 / old_height as f64).min(width as f64 / old_width as f64);
    let side = |old: usize, most: usize| ((old as f64 * scale).round() as usize).clamp(1, most);
    let (inner_height, inner_width) = (side(old_height, height), side(old_width, width));

    let columns = Taps::all(old_width, inner_width);
    let mut narrow = Array2::<f32>::zeros((old_height, inner_width));
    for (from, mut to) in image.axis_iter(Axis(0)).zip(narrow.axis_iter_mut(Axis(0))) {
        for (taps, to) in columns.iter().zip(&mut to) {
            *to = taps.indices().map(|(at, weight)| weight * f32::from(from[at])).sum();
        }
    }
    let mut result = Array2::from_elem((height, width), median_of_edge(image));
    let (top, left) = ((height - inner_height) / 2, (width - inner_width) / 2);
    let mut inner = result.slice_mut(s![top..top + inner_height, left..left + inner_width]);
    for (taps, mut to) in Taps::all(old_height, inner_height).iter().zip(inner.axis_iter_mut(Axis(0))) {
        for (column, to) in to.iter_mut().enumerate() {
            let sum: f32 = taps.indices().map(|(at, weight)| weight * narrow[[at, column]]).sum();
            *to = sum.round() as u8;
        }
    }
    result
}

/// The old pixels along one axis that one new pixel is made of.
struct Taps {
    first: usize,
    /// They add up to 1.
    weights: Vec<f32>,
}

impl Taps {
    fn all(old: usize, new: usize) -> Vec<Self> {
        let cell = old as f64 / new as f64;
        (0..new)
            .map(|index| if new <= old { Self::area(index, cell, old) } else { Self::line(index, cell, old) })
            .collect()
    }

    /// The pixels below the new one, those that it covers in part counted in part.
    fn area(index: usize, cell: f64, old: usize) -> Self {
        let (start, end) = (index as f64 * cell, (index + 1) as f64 * cell);
        let first = (start as usize).min(old - 1);
        let until = (end.ceil() as usize).clamp(first + 1, old);
        let covered = |at: usize| ((at + 1) as f64).min(end) - (at as f64).max(start);
        let covered: Vec<f64> = (first..until).map(|at| covered(at).max(0.0)).collect();
        let all: f64 = covered.iter().sum();
        Self { first, weights: covered.into_iter().map(|share| (share / all) as f32).collect() }
    }

    /// The two pixels beside the new one's centre, the nearer with the greater weight.
    fn line(index: usize, cell: f64, old: usize) -> Self {
        let at = ((index as f64 + 0.5) * cell - 0.5).clamp(0.0, (old - 1) as f64);
        let (first, share) = (at as usize, at.fract());
        let weights = if share > 0.0 { vec![(1.0 - share) as f32, share as f32] } else { vec![1.0] };
        Self { first, weights }
    }

    fn indices(&self) -> impl Iterator<Item = (usize, f32)> {
        (self.first..).zip(self.weights.iter().copied())
    }
}

fn median_of_edge(image: ArrayView2<'_, u8>) -> u8 {
    let (last_row, last_column) = (image.nrows() - 1, image.ncols() - 1);
    let rows = image.row(0).into_iter().chain(image.row(last_row)).copied().collect::<Vec<u8>>();
    let columns = image.column(0).into_iter().chain(image.column(last_column)).copied();
    let mut edge: Vec<u8> = rows.into_iter().chain(columns).collect();
    edge.sort_unstable();
    edge[edge.len() / 2]
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_small_image_is_the_average_of_areas() {
        let image = array![[0, 100, 10, 10], [100, 200, 10, 10]];
        assert_eq!(resized(image.view(), (1, 2)), array![[100, 10]]);
        assert_eq!(resized(array![[0, 30, 90]].view(), (1, 2)), array![[10, 70]]);
    }

    #[test]
    fn the_mean_of_a_shrunk_image_is_that_of_the_image() {
        let image = Array2::from_shape_fn((53, 53), |(i, j)| (i * 31 + j * 17) as u8);
        let mean =
            |image: &Array2<u8>| image.iter().map(|&byte| f64::from(byte)).sum::<f64>() / image.len() as f64;
        let small = resized(image.view(), (28, 28));
        assert!((mean(&small) - mean(&image)).abs() < 0.5, "{} {}", mean(&small), mean(&image));
    }

    #[test]
    fn a_large_image_goes_in_straight_lines_from_pixel_to_pixel() {
        let image = array![[0, 100], [0, 100]];
        assert_eq!(
            resized(image.view(), (4, 4)),
            array![[0, 25, 75, 100], [0, 25, 75, 100], [0, 25, 75, 100], [0, 25, 75, 100]]
        );
    }

    #[test]
    fn an_image_of_that_size_stays_as_it_is() {
        let image = Array2::from_shape_fn((5, 7), |(i, j)| (i * 40 + j) as u8);
        assert_eq!(resized(image.view(), (5, 7)), image);
    }

    #[test]
    fn the_ratio_of_the_sides_is_kept_and_the_rest_is_the_colour_of_the_edge() {
        // White paper with a black spot, twice as wide as high.
        let mut image = Array2::from_elem((4, 8), 255);
        image.slice_mut(s![1..3, 2..6]).fill(0);
        let square = resized(image.view(), (8, 8));
        assert!(square.slice(s![..2, ..]).iter().chain(square.slice(s![6.., ..])).all(|&byte| byte == 255));
        assert_eq!(square.slice(s![2..6, ..]), image);
    }

    #[test]
    fn the_longest_strip_becomes_a_line() {
        assert_eq!(resized(Array2::from_elem((1, 5000), 9).view(), (3, 4)), Array2::from_elem((3, 4), 9));
        assert_eq!(resized(array![[7]].view(), (2, 3)), Array2::from_elem((2, 3), 7));
    }
}
