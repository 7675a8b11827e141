//! A grid of images whose rows have names, such as the classes of a data set.

use ndarray::ArrayView2;

use crate::{
    GridStyle, Picture, VizError,
    checks::check_grid,
    shorten::shorten,
    text::Font,
    tiles::{LABEL_SIZE, Plan, Tiles},
};

/// The widest label of a row in pixels; a longer one ends in an ellipsis.
const WIDEST: usize = 160;

/// Draws images side by side like [`image_grid`](crate::image_grid), with `labels[i]` at the left of row `i`. Rows
/// without a label stay without one.
///
/// # Shapes
/// Those of [`image_grid`](crate::image_grid).
///
/// # Errors
/// Those of [`image_grid`](crate::image_grid).
pub fn row_grid(
    images: ArrayView2<f32>,
    labels: &[&str],
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    check_grid(images, image_shape, style)?;
    let font = Font::new(LABEL_SIZE)?;
    let labels = labels.iter().map(|label| shorten(&font, label, WIDEST)).collect::<Result<Vec<_>, _>>()?;
    let row_labels: &[&str] = &labels.iter().map(String::as_str).collect::<Vec<_>>();
    let plan = Plan { style, rows: style.rows, rows_per_group: style.rows, row_labels, image_shape, caption };
    let mut tiles = Tiles::new(&plan)?;
    for (i, image) in images.rows().into_iter().enumerate() {
        tiles.put(i / style.cols, i % style.cols, image);
    }
    Ok(tiles.into_picture())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::image_grid;

    const STYLE: GridStyle = GridStyle { rows: 3, cols: 2, scale: 2, gap: 2, palette: crate::Palette::Night };

    fn drawn(labels: &[&str]) -> Picture {
        let images = Array2::from_elem((6, 20 * 10), 0.5);
        row_grid(images.view(), labels, (20, 10), &STYLE, None).unwrap()
    }

    /// The rows of tiles, from the top, beside which a label has ink.
    fn labelled_rows(picture: &Picture, width: usize) -> Vec<usize> {
        let page = picture.pixel(0, 0);
        let inked = |row: usize| {
            let lines = 2 + row * 42..2 + (row + 1) * 42;
            lines.into_iter().any(|y| (0..width).any(|x| picture.pixel(x, y) != page))
        };
        (0..3).filter(|&row| inked(row)).collect()
    }

    #[test]
    fn labels_are_beside_their_rows_and_move_the_tiles_to_the_right() {
        let images = Array2::from_elem((6, 20 * 10), 0.5);
        let plain = image_grid(images.view(), (20, 10), &STYLE, None).unwrap();
        let picture = drawn(&["circle", "", "7"]);
        let added = picture.width() - plain.width();
        assert_eq!(picture.height(), plain.height());
        assert_eq!(labelled_rows(&picture, added), [0, 2]);
        for (x, y) in [(2, 2), (21, 41), (24, 86)] {
            assert_eq!(picture.pixel(added + x, y), [128; 3], "at ({x}, {y})");
        }
    }

    #[test]
    fn without_labels_it_is_a_grid_of_images() {
        let images = Array2::from_elem((6, 20 * 10), 0.5);
        assert_eq!(drawn(&[]), image_grid(images.view(), (20, 10), &STYLE, None).unwrap());
    }

    #[test]
    fn a_long_label_takes_no_more_than_its_space() {
        let width = drawn(&[&"a very long name ".repeat(300)]).width() - drawn(&[]).width();
        assert!((100..200).contains(&width), "{width}");
    }
}
