//! A grid of images with a text below each, such as the point of the latent space that it was decoded from.

use ndarray::{ArrayView2, Axis};

use crate::{
    GridStyle, Picture, VizError, caption::Caption, checks::check_grid, image_grid, shorten::shorten,
    text::Font,
};

/// Size of the labels in pixels.
const LABEL_SIZE: usize = 14;
/// Space between an image and its label, and between neighbouring labels, in pixels.
const SPACE: usize = 4;

/// Draws images side by side like [`image_grid`](crate::image_grid), with `labels[i]` centred below image `i`. A label
/// may have several lines; a line wider than its tile ends in an ellipsis. Images without a label stay without one.
///
/// # Shapes
/// Those of [`image_grid`](crate::image_grid).
///
/// # Errors
/// Those of [`image_grid`](crate::image_grid).
pub fn labelled_grid(
    images: ArrayView2<f32>,
    labels: &[&str],
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    check_grid(images, image_shape, style)?;
    let font = Font::new(LABEL_SIZE)?;
    let lines = labels.iter().map(|label| label.lines().count()).max().unwrap_or(0);
    let label_height = if lines == 0 { 0 } else { lines * font.line_height() + SPACE };
    let &GridStyle { rows, cols, scale, gap, palette } = style;
    // Saturating: a size beyond `usize` becomes a size beyond the limit, which is refused below.
    let (height, width) = (image_shape.0.saturating_mul(scale), image_shape.1.saturating_mul(scale));
    let pitch = (width.saturating_add(gap), height.saturating_add(label_height).saturating_add(gap));
    let body_width = cols.saturating_mul(pitch.0).saturating_add(gap);
    let body_height = rows.saturating_mul(pitch.1).saturating_add(gap);
    let caption = Caption::lay_out(caption, body_width)?;
    let mut page = Picture::new(caption.width, body_height.saturating_add(caption.height), palette.page())?;
    caption.draw(&mut page, body_height, palette.ink())?;

    let left = (caption.width - body_width) / 2 + gap;
    let one = GridStyle { rows: 1, cols: 1, gap: 0, ..style.clone() };
    for (i, image) in images.rows().into_iter().enumerate() {
        let (x, y) = (left + i % cols * pitch.0, gap + i / cols * pitch.1);
        page.paste(&image_grid(image.insert_axis(Axis(0)), image_shape, &one, None)?, x, y);
        for (j, line) in labels.get(i).into_iter().flat_map(|label| label.lines()).enumerate() {
            let line = shorten(&font, line, (width + gap).saturating_sub(SPACE))?;
            let indent = width.saturating_sub(font.width(&line)?) / 2;
            let baseline = y + height + SPACE + j * font.line_height() + font.baseline();
            font.draw(&mut page, &line, (x + indent, baseline), palette.ink())?;
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::Palette;

    const STYLE: GridStyle = GridStyle { rows: 2, cols: 3, scale: 4, gap: 2, palette: Palette::Night };

    fn images() -> Array2<f32> {
        Array2::from_shape_fn((5, 20 * 15), |(i, _)| (i + 1) as f32 / 10.0)
    }

    fn drawn(labels: &[&str]) -> Picture {
        labelled_grid(images().view(), labels, (20, 15), &STYLE, Some("five points")).unwrap()
    }

    #[test]
    fn without_labels_it_is_a_grid_of_images() {
        assert_eq!(drawn(&[]), image_grid(images().view(), (20, 15), &STYLE, Some("five points")).unwrap());
    }

    #[test]
    fn each_label_is_below_its_image_and_no_image_is_covered() {
        let picture = drawn(&["", "1", "", "", "a label\nof two lines"]);
        let page = picture.pixel(0, 0);
        let pitch = 2 * Font::new(LABEL_SIZE).unwrap().line_height() + SPACE + 82;
        let mut labelled = Vec::new();
        for i in 0..5 {
            let (x, y) = (2 + i % 3 * 62, 2 + i / 3 * pitch);
            let grey = (255.0 * (i + 1) as f32 / 10.0).round() as u8;
            assert!((x..x + 60).all(|x| (y..y + 80).all(|y| picture.pixel(x, y) == [grey; 3])), "image {i}");
            if (x..x + 60).any(|x| (y + 80..y + pitch - 2).any(|y| picture.pixel(x, y) != page)) {
                labelled.push(i);
            }
        }
        assert_eq!(labelled, [1, 4]);
    }

    #[test]
    fn a_label_stays_within_its_tile() {
        let long = "0.125, −1.5, 2.25, 0.5, 0.75, 1.125";
        let (alone, both) = (drawn(&["", long, ""]), drawn(&[long, long, long]));
        let column = |picture: &Picture, x: usize| {
            (0..picture.height()).map(|y| picture.pixel(x, y)).collect::<Vec<_>>()
        };
        for x in 64..124 {
            assert_eq!(column(&alone, x), column(&both, x), "a neighbour's label reaches {x}");
        }
    }

    #[test]
    fn images_that_do_not_fit_are_refused() {
        let refused = labelled_grid(images().view(), &[], (20, 16), &STYLE, None);
        assert!(matches!(refused, Err(VizError::ImagePixels { found: 300, .. })));
        let style = GridStyle { rows: 1, ..STYLE };
        let refused = labelled_grid(images().view(), &[], (20, 15), &style, None);
        assert!(matches!(refused, Err(VizError::TooManyImages { expected: 3, found: 5 })));
        let huge = GridStyle { scale: usize::MAX, ..STYLE };
        assert!(labelled_grid(images().view(), &[], (20, 15), &huge, None).is_err());
        let none = Array2::zeros((0, 300));
        assert!(matches!(labelled_grid(none.view(), &[], (20, 15), &STYLE, None), Err(VizError::NoImages)));
    }
}
