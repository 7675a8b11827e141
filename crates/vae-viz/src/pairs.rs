//! Pairs of images, one above the other, such as originals above their reconstructions: the quickest way to see how
//! much an encoder keeps.

use ndarray::ArrayView2;

use crate::{
    GridStyle, Picture, VizError,
    checks::check_pairs,
    tiles::{Plan, Tiles},
};

/// Draws each original with its reconstruction below it: a [`pair_grid`] labelled `original` and `reconstruction`.
///
/// # Errors
/// Those of [`pair_grid`].
pub fn reconstruction_grid(
    originals: ArrayView2<f32>,
    reconstructions: ArrayView2<f32>,
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    let labels = ["original", "reconstruction"];
    pair_grid([originals, reconstructions], labels, image_shape, style, caption)
}

/// Draws each image of `images[0]` with the corresponding image of `images[1]` below it.
///
/// The style's `rows` are rows of pairs: the picture has `2 · rows` rows of images, with the two `labels` at their left
/// and more space between pairs than within them. Pair `i` is in row `i / cols` of pairs and in column `i % cols`. For
/// greys and caption, see [`image_grid`](crate::image_grid).
///
/// # Shapes
/// Both of `images` are `(N, D)` with `1 ≤ N ≤ rows · cols`; `image_shape` is `(height, width)` with `height · width =
/// D`.
///
/// # Errors
/// Those of [`image_grid`](crate::image_grid), and [`VizError::UnequalPairs`].
pub fn pair_grid(
    images: [ArrayView2<f32>; 2],
    labels: [&str; 2],
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    check_pairs(images, image_shape, style)?;
    let [upper, lower] = images;
    let row_labels = &labels;
    // Cannot overflow: a valid style has at most `MAX_PIXELS` rows.
    let plan = Plan { style, rows: 2 * style.rows, rows_per_group: 2, row_labels, image_shape, caption };
    let mut tiles = Tiles::new(&plan)?;
    for (i, (upper, lower)) in upper.rows().into_iter().zip(lower.rows()).enumerate() {
        let (row, col) = (2 * (i / style.cols), i % style.cols);
        tiles.put(row, col, upper);
        tiles.put(row + 1, col, lower);
    }
    Ok(tiles.into_picture())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    const SHAPE: (usize, usize) = (20, 10);

    fn style(rows: usize, cols: usize) -> GridStyle {
        GridStyle { rows, cols, scale: 1, gap: 3, ..GridStyle::default() }
    }

    /// Images of one grey each: the originals 10/255, 20/255, ..., and their reconstructions 5/255 more.
    fn pairs(count: usize) -> (Array2<f32>, Array2<f32>) {
        let originals = Array2::from_shape_fn((count, 200), |(i, _)| (10 * (i + 1)) as f32 / 255.0);
        let reconstructions = originals.mapv(|value| value + 5.0 / 255.0);
        (originals, reconstructions)
    }

    /// The greys of a column of pixels from the top down, without the page and without repetitions.
    fn greys_down(picture: &Picture, x: usize) -> Vec<u8> {
        let mut greys: Vec<u8> = (0..picture.height())
            .map(|y| picture.pixel(x, y))
            .filter(|&[red, green, blue]| red == green && green == blue)
            .map(|pixel| pixel[0])
            .collect();
        greys.dedup();
        greys
    }

    #[test]
    fn each_original_is_above_its_reconstruction() {
        let (originals, reconstructions) = pairs(6);
        let picture =
            reconstruction_grid(originals.view(), reconstructions.view(), SHAPE, &style(2, 3), None).unwrap();
        // From the right edge, because the labels are at the left.
        let middle_of_column = |col: usize| picture.width() - 3 - (2 - col) * 13 - 5;
        assert_eq!(greys_down(&picture, middle_of_column(0)), [10, 15, 40, 45]);
        assert_eq!(greys_down(&picture, middle_of_column(1)), [20, 25, 50, 55]);
        assert_eq!(greys_down(&picture, middle_of_column(2)), [30, 35, 60, 65]);
    }

    #[test]
    fn images_of_a_pair_are_closer_than_rows_of_pairs() {
        let (originals, reconstructions) = pairs(2);
        let picture =
            reconstruction_grid(originals.view(), reconstructions.view(), SHAPE, &style(2, 1), None).unwrap();
        let x = picture.width() - 3 - 5;
        let first_line_of =
            |grey: u8| (0..picture.height()).find(|&y| picture.pixel(x, y) == [grey; 3]).unwrap();
        let within = first_line_of(15) - first_line_of(10);
        let between = first_line_of(20) - first_line_of(15);
        assert!(between > within, "{between} between pairs, {within} within");
    }

    #[test]
    fn labels_fit_beside_images_lower_than_a_line_of_text() {
        let images = Array2::ones((4, 6));
        let picture = reconstruction_grid(images.view(), images.view(), (2, 3), &style(2, 2), None).unwrap();
        let page = picture.pixel(0, 0);
        let inked_lines: Vec<bool> = (0..picture.height())
            .map(|y| (0..picture.width() - 20).any(|x| picture.pixel(x, y) != page))
            .collect();
        let labels = inked_lines.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert_eq!(labels, 4, "labels with a free line between them");
    }

    #[test]
    fn fewer_reconstructions_than_originals_are_refused() {
        let (originals, reconstructions) = (pairs(3).0, pairs(2).1);
        let refused =
            reconstruction_grid(originals.view(), reconstructions.view(), SHAPE, &style(1, 3), None);
        assert!(matches!(refused, Err(VizError::UnequalPairs { expected: 3, found: 2 })));
    }

    #[test]
    fn reconstructions_of_another_size_are_refused() {
        let originals = pairs(2).0;
        let refused =
            reconstruction_grid(originals.view(), Array2::zeros((2, 199)).view(), SHAPE, &style(1, 3), None);
        assert!(matches!(refused, Err(VizError::ImagePixels { found: 199, .. })));
    }

    #[test]
    fn more_pairs_than_the_grid_has_are_refused() {
        let (originals, reconstructions) = pairs(4);
        let refused =
            reconstruction_grid(originals.view(), reconstructions.view(), SHAPE, &style(1, 3), None);
        assert!(matches!(refused, Err(VizError::TooManyImages { expected: 3, found: 4 })));
    }
}
