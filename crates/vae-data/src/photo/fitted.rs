//! A picture in the size of a model's images, whatever it shows.

use ndarray::{Array2, ArrayView2};

use super::area;

/// The picture scaled to `shape` with its proportions kept; what it leaves free at two sides repeats its edge.
///
/// A picture of that shape comes back as it is. Pixels are averages over areas, so that no thin line is lost.
///
/// # Shapes
/// `image` (H, W) and `shape` (height, width), all at least 1.
///
/// # Panics
/// If the picture or the shape has no pixels.
pub fn fitted(image: ArrayView2<'_, u8>, shape: (usize, usize)) -> Array2<u8> {
    let (height, width) = image.dim();
    assert!(!image.is_empty() && shape.0 > 0 && shape.1 > 0, "a picture and a shape with pixels");
    let cell = (height as f64 / shape.0 as f64).max(width as f64 / shape.1 as f64);
    let inner = [(height, shape.0), (width, shape.1)]
        .map(|(length, most)| ((length as f64 / cell).round() as usize).clamp(1, most));
    // Rounding changes the proportions a little, so that no pixel lies beyond the picture.
    let cells = [height as f64 / inner[0] as f64, width as f64 / inner[1] as f64];
    let scaled = area::average(image, cells, (inner[0], inner[1]));
    let free = [(shape.0 - inner[0]) / 2, (shape.1 - inner[1]) / 2];
    let from = |at: usize, axis: usize| at.saturating_sub(free[axis]).min(inner[axis] - 1);
    Array2::from_shape_fn(shape, |(y, x)| (scaled[[from(y, 0), from(x, 1)]] + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_picture_of_the_shape_comes_back_as_it_is() {
        let image = Array2::from_shape_fn((3, 5), |(y, x)| (50 * y + 11 * x) as u8);
        assert_eq!(fitted(image.view(), (3, 5)), image);
    }

    #[test]
    fn a_larger_picture_is_averaged() {
        let image = array![[0_u8, 100, 40, 40], [100, 200, 40, 40]];
        assert_eq!(fitted(image.view(), (1, 2)), array![[100, 40]]);
    }

    #[test]
    fn a_smaller_picture_is_enlarged() {
        assert_eq!(fitted(array![[10_u8, 90]].view(), (2, 4)), array![[10, 10, 90, 90], [10, 10, 90, 90]]);
    }

    #[test]
    fn proportions_are_kept_and_the_edge_is_repeated() {
        let wide = array![[10_u8, 90, 10, 90]];
        let expected = [[10, 90, 10, 90]; 3];
        assert_eq!(fitted(wide.view(), (3, 4)), Array2::from(expected.to_vec()));
        assert_eq!(fitted(wide.t(), (4, 3)), Array2::from(expected.to_vec()).t());
    }

    #[test]
    fn pictures_of_any_shape_fit() {
        for (height, width) in [(1, 1), (1, 1000), (1000, 1), (7, 13)] {
            for shape in [(1, 1), (28, 28), (3, 50)] {
                let image = Array2::from_elem((height, width), 77_u8);
                assert_eq!(fitted(image.view(), shape), Array2::from_elem(shape, 77));
            }
        }
    }
}
