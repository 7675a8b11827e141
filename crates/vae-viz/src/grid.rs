//! A grid of images, such as samples from the prior or images of a data set.

use ndarray::ArrayView2;

use crate::{GridStyle, Picture, VizError, row_grid};

/// Draws images side by side: image `i` is in row `i / cols` and column `i % cols`. With fewer images than tiles, the
/// last tiles stay empty.
///
/// Values are greys in [0, 1]. Values outside are clamped; NaN is magenta. The caption is below the images, on as many
/// lines as it needs. A picture that is too narrow for its caption is widened, with the images in the middle. `None` or
/// an empty caption takes no space.
///
/// # Shapes
/// `images` is `(N, D)` with `1 ≤ N ≤ rows · cols`; `image_shape` is `(height, width)` with `height · width = D`. Each
/// row of `images` is one image, row-major.
///
/// # Errors
/// The errors of [`GridStyle::validate`]; [`VizError::EmptyImage`], [`VizError::ImagePixels`], [`VizError::NoImages`]
/// or [`VizError::TooManyImages`] for images that do not fit their shape or the grid; [`VizError::TooLarge`] for a
/// picture beyond [`MAX_PIXELS`](crate::MAX_PIXELS); [`VizError::TextTooLong`] for a caption beyond 4096 characters.
pub fn image_grid(
    images: ArrayView2<f32>,
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    row_grid(images, &[], image_shape, style, caption)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2, s};

    use super::*;
    use crate::Palette;

    /// `count` images of `pixels` values, each a multiple of 1/255 and different from all values nearby.
    fn distinct_images(count: usize, pixels: usize) -> Array2<f32> {
        Array2::from_shape_fn((count, pixels), |(i, p)| ((i * pixels + p) * 7 % 256) as f32 / 255.0)
    }

    /// Checks every pixel of a grid without caption, from its position on the screen back to the image value.
    fn assert_is_grid(picture: &Picture, images: ArrayView2<f32>, shape: (usize, usize), style: &GridStyle) {
        let (height, width) = shape;
        let (pitch_x, pitch_y) = (width * style.scale + style.gap, height * style.scale + style.gap);
        assert_eq!(picture.width(), style.gap + style.cols * pitch_x);
        assert_eq!(picture.height(), style.gap + style.rows * pitch_y);
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                let (row, in_row) = (y / pitch_y, y % pitch_y);
                let (col, in_col) = (x / pitch_x, x % pitch_x);
                let image = row * style.cols + col;
                let expected = if in_row < style.gap || in_col < style.gap || image >= images.nrows() {
                    style.palette.page()
                } else {
                    let (i, j) = ((in_row - style.gap) / style.scale, (in_col - style.gap) / style.scale);
                    style.palette.pixel(images[(image, i * width + j)])
                };
                assert_eq!(picture.pixel(x, y), expected, "at ({x}, {y}) of {style:?} with images {shape:?}");
            }
        }
    }

    fn style(rows: usize, cols: usize) -> GridStyle {
        GridStyle { rows, cols, scale: 3, gap: 2, ..GridStyle::default() }
    }

    #[test]
    fn every_image_of_a_non_square_grid_is_at_its_place() {
        for (rows, cols) in [(2, 5), (5, 2), (1, 7), (3, 1), (1, 1)] {
            let style = style(rows, cols);
            let images = distinct_images(rows * cols, 16);
            let picture = image_grid(images.view(), (4, 4), &style, None).unwrap();
            assert_is_grid(&picture, images.view(), (4, 4), &style);
        }
    }

    #[test]
    fn every_pixel_of_a_non_square_image_is_at_its_place() {
        for shape in [(2, 3), (3, 2), (1, 6), (6, 1)] {
            let style = style(2, 5);
            let images = distinct_images(10, 6);
            let picture = image_grid(images.view(), shape, &style, None).unwrap();
            assert_is_grid(&picture, images.view(), shape, &style);
        }
    }

    #[test]
    fn scale_and_gap_are_screen_pixels() {
        for (scale, gap) in [(1, 0), (1, 1), (4, 0), (2, 7)] {
            let style = GridStyle { rows: 2, cols: 3, scale, gap, palette: Palette::Paper };
            let images = distinct_images(6, 6);
            let picture = image_grid(images.view(), (2, 3), &style, None).unwrap();
            assert_is_grid(&picture, images.view(), (2, 3), &style);
        }
    }

    #[test]
    fn tiles_without_an_image_stay_empty() {
        let images = distinct_images(7, 6);
        let picture = image_grid(images.view(), (2, 3), &style(3, 4), None).unwrap();
        assert_is_grid(&picture, images.view(), (2, 3), &style(3, 4));
    }

    #[test]
    fn a_view_with_strides_is_read_like_any_other() {
        let wide = distinct_images(8, 12);
        let view = wide.slice(s![..;2, ..;2]);
        let picture = image_grid(view, (2, 3), &style(2, 2), None).unwrap();
        assert_is_grid(&picture, view, (2, 3), &style(2, 2));
    }

    #[test]
    fn a_caption_adds_lines_below_and_leaves_the_tiles_where_they_were() {
        let images = distinct_images(10, 28 * 28);
        let plain = image_grid(images.view(), (28, 28), &style(2, 5), None).unwrap();
        let captioned = image_grid(images.view(), (28, 28), &style(2, 5), Some("ten samples")).unwrap();
        assert_eq!(captioned.width(), plain.width());
        assert!(captioned.height() > plain.height());
        assert_eq!(captioned.rgb()[..plain.rgb().len()], *plain.rgb());
    }

    #[test]
    fn a_narrow_picture_is_widened_for_its_caption_with_the_tile_in_the_middle() {
        let image = Array2::ones((1, 28 * 28));
        let style = GridStyle { rows: 1, cols: 1, scale: 1, gap: 0, ..GridStyle::default() };
        let picture = image_grid(image.view(), (28, 28), &style, Some("a single digit")).unwrap();
        assert!(picture.width() > 28);
        let left = (picture.width() - 28) / 2;
        for x in 0..picture.width() {
            let inside = (left..left + 28).contains(&x);
            assert_eq!(picture.pixel(x, 14) == [255; 3], inside, "at {x} of {}", picture.width());
        }
    }

    #[test]
    fn an_empty_caption_is_no_caption() {
        let images = distinct_images(10, 4);
        let plain = image_grid(images.view(), (2, 2), &style(2, 5), None).unwrap();
        assert_eq!(image_grid(images.view(), (2, 2), &style(2, 5), Some("")).unwrap(), plain);
    }

    #[test]
    fn characters_that_the_font_lacks_are_no_error() {
        let images = distinct_images(10, 4);
        let caption = "数字 🙂 \u{301}\u{200d}\u{feff}\u{7f}\u{0} ﷽ \u{10ffff}";
        assert!(image_grid(images.view(), (2, 2), &style(2, 5), Some(caption)).is_ok());
    }

    #[test]
    fn more_images_than_tiles_are_refused() {
        let refused = image_grid(distinct_images(11, 4).view(), (2, 2), &style(2, 5), None);
        assert!(matches!(refused, Err(VizError::TooManyImages { expected: 10, found: 11 })));
    }

    #[test]
    fn no_images_are_refused() {
        let refused = image_grid(distinct_images(0, 4).view(), (2, 2), &style(2, 5), None);
        assert!(matches!(refused, Err(VizError::NoImages)));
    }

    #[test]
    fn images_of_another_size_than_stated_are_refused() {
        let refused = image_grid(distinct_images(1, 5).view(), (2, 2), &style(2, 5), None);
        assert!(matches!(refused, Err(VizError::ImagePixels { height: 2, width: 2, found: 5 })));
    }

    #[test]
    fn an_image_shape_that_overflows_is_refused() {
        let refused = image_grid(distinct_images(1, 0).view(), (usize::MAX, 2), &style(2, 5), None);
        assert!(matches!(refused, Err(VizError::ImagePixels { found: 0, .. })));
    }

    #[test]
    fn images_without_pixels_are_refused() {
        for shape in [(0, 0), (0, 3), (3, 0)] {
            let refused = image_grid(distinct_images(1, 0).view(), shape, &style(2, 5), None);
            assert!(matches!(refused, Err(VizError::EmptyImage { .. })), "{shape:?}");
        }
    }

    #[test]
    fn a_grid_that_only_its_images_make_too_large_is_refused() {
        let style = GridStyle { rows: 1, cols: 1, scale: 2000, gap: 0, ..GridStyle::default() };
        assert!(style.validate().is_ok());
        let refused = image_grid(distinct_images(1, 784).view(), (28, 28), &style, Some("large"));
        assert!(matches!(refused, Err(VizError::TooLarge { width: 56_000, .. })));
    }

    #[test]
    fn extreme_fields_are_drawn_or_refused_and_never_panic() {
        let images = distinct_images(2, 6);
        let extremes = [0, 1, 3, 1 << 20, usize::MAX / 2, usize::MAX];
        for (rows, cols) in extremes.into_iter().flat_map(|rows| extremes.map(|cols| (rows, cols))) {
            for (scale, gap) in extremes.into_iter().flat_map(|scale| extremes.map(|gap| (scale, gap))) {
                let style = GridStyle { rows, cols, scale, gap, palette: Palette::Night };
                let area = |scale: usize, gap: usize| {
                    let side =
                        |tiles, pixels| gap as f64 + tiles as f64 * (pixels * scale as f64 + gap as f64);
                    side(rows, 2.0) * side(cols, 3.0)
                };
                let fits = area(scale, gap) <= crate::MAX_PIXELS as f64;
                let expected = fits && scale > 0 && rows.saturating_mul(cols) >= 2;
                let drawn = image_grid(images.view(), (2, 3), &style, None);
                assert_eq!(drawn.is_ok(), expected, "{style:?}");
            }
        }
    }
}
