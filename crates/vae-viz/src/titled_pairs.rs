//! Pairs of images with a text of their own below each, such as the name of a file and what was read in it.

use ndarray::{ArrayView2, s};

use crate::{GridStyle, Picture, VizError, caption::Caption, checks::check_pairs, pair_grid, text::Font};

/// Size of the font in pixels.
const FONT_SIZE: usize = 14;
/// Free space around the text in pixels.
const MARGIN: usize = 6;
/// A text may be at least this wide, in pixels, even below narrower images.
const NARROWEST: usize = 112;

/// Draws each image of `images[0]` with the corresponding image of `images[1]` below it, and below both a text of their
/// own, whose line ends are kept and whose long lines are broken.
///
/// As [`pair_grid`](crate::pair_grid), with columns as wide as the texts need.
///
/// # Shapes
/// Both of `images` are `(N, D)` and there are `N` of `titles`, with `1 ≤ N ≤ rows · cols`; `image_shape` is
/// `(height, width)` with `height · width = D`.
///
/// # Errors
/// Those of [`pair_grid`](crate::pair_grid), and [`VizError::UnequalTitles`].
pub fn titled_pair_grid(
    images: [ArrayView2<f32>; 2],
    labels: [&str; 2],
    titles: &[String],
    image_shape: (usize, usize),
    style: &GridStyle,
    caption: Option<&str>,
) -> Result<Picture, VizError> {
    check_pairs(images, image_shape, style)?;
    let [upper, lower] = images;
    if upper.nrows() != titles.len() {
        return Err(VizError::UnequalTitles { expected: upper.nrows(), found: titles.len() });
    }

    let one = GridStyle { rows: 1, cols: 1, ..style.clone() };
    let pair = |i: usize, labels| {
        pair_grid([upper, lower].map(|all| all.slice_move(s![i..=i, ..])), labels, image_shape, &one, None)
    };
    // Without a text, but of the same height: lines are as high as those with one.
    let bare = ["", ""];
    let (first, other) = (pair(0, labels)?, pair(0, bare)?);
    let tile_width = image_shape.1.saturating_mul(style.scale);
    let font = Font::new(FONT_SIZE)?;
    let mut texts = Vec::with_capacity(titles.len());
    let mut cell = other.width();
    for title in titles {
        let lines = font.wrap(title, tile_width.max(NARROWEST))?;
        for line in &lines {
            cell = cell.max(font.width(line)? + 2 * MARGIN);
        }
        texts.push(lines);
    }
    let lines = texts.iter().map(Vec::len).max().unwrap_or_default();
    let row_height = first.height() + lines * font.line_height() + 2 * MARGIN;
    // The labels are at the left of the first column.
    let labels_width = first.width() - other.width();
    let cols = style.cols.min(titles.len());
    let rows = titles.len().div_ceil(cols);
    let body = (labels_width.saturating_add(cols.saturating_mul(cell)), rows.saturating_mul(row_height));
    let caption = Caption::lay_out(caption, body.0)?;
    let page = style.palette.page();
    let mut picture = Picture::new(caption.width, body.1.saturating_add(caption.height), page)?;
    caption.draw(&mut picture, body.1, style.palette.ink())?;
    let left = (caption.width - body.0) / 2 + labels_width;
    for (i, text) in texts.iter().enumerate() {
        let (row, col) = (i / cols, i % cols);
        let (x, y) = (left + col * cell + (cell - other.width()) / 2, row * row_height);
        if col == 0 {
            picture.paste(&pair(i, labels)?, x - labels_width, y);
        } else {
            picture.paste(&pair(i, bare)?, x, y);
        }
        let middle = x + other.width() - style.gap - tile_width / 2;
        for (number, line) in text.iter().enumerate() {
            let x = middle.saturating_sub(font.width(line)? / 2);
            let y = y + first.height() + MARGIN + number * font.line_height() + font.baseline();
            font.draw(&mut picture, line, (x, y), style.palette.ink())?;
        }
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    const SHAPE: (usize, usize) = (20, 10);

    fn drawn(titles: &[&str], rows: usize, cols: usize) -> Result<Picture, VizError> {
        let upper = Array2::from_shape_fn((3, 200), |(i, _)| (10 * (i + 1)) as f32 / 255.0);
        let lower = upper.mapv(|value| value + 5.0 / 255.0);
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        let style = GridStyle { rows, cols, scale: 2, gap: 3, ..GridStyle::default() };
        titled_pair_grid([upper.view(), lower.view()], ["upper", "lower"], &titles, SHAPE, &style, None)
    }

    /// The first pixel of a grey, (y, x).
    fn place(picture: &Picture, grey: u8) -> (usize, usize) {
        let pixels = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (y, x)));
        pixels.into_iter().find(|&(y, x)| picture.pixel(x, y) == [grey; 3]).expect("the grey of an image")
    }

    #[test]
    fn pairs_stand_in_rows_and_columns_one_above_the_other() {
        let picture = drawn(&["a", "b", "c"], 2, 2).unwrap();
        let at = |grey| place(&picture, grey);
        for upper in [10, 20, 30] {
            assert!(at(upper + 5).0 > at(upper).0 && at(upper + 5).1 == at(upper).1, "{upper}");
        }
        assert!(at(20).0 == at(10).0 && at(20).1 > at(10).1);
        assert!(at(30).0 > at(15).0 && at(30).1 == at(10).1);
    }

    #[test]
    fn each_title_is_below_its_pair() {
        let titled = drawn(&["mine.png", "", ""], 1, 3).unwrap();
        let bare = drawn(&["", "", "mine.png"], 1, 3).unwrap();
        let page = titled.pixel(0, 0);
        let below = place(&titled, 15).0 + 40;
        let inked = |picture: &Picture, columns: std::ops::Range<usize>| {
            columns
                .flat_map(|x| (below..picture.height()).map(move |y| (x, y)))
                .filter(|&(x, y)| picture.pixel(x, y) != page)
                .count()
        };
        let third = titled.width() / 2 + 60;
        assert!(inked(&titled, 0..third) > 20 && inked(&titled, third..titled.width()) == 0);
        assert!(inked(&bare, 0..third) == 0 && inked(&bare, third..titled.width()) > 20);
    }

    #[test]
    fn a_long_title_makes_the_picture_higher_and_stays_inside() {
        let short = drawn(&["a", "b", "c"], 1, 3).unwrap();
        let long = drawn(&["a", "a very long title of a pair", "c"], 1, 3).unwrap();
        assert!(long.height() > short.height());
        let page = long.pixel(0, 0);
        assert!((0..long.height()).all(|y| long.pixel(long.width() - 1, y) == page));
    }

    #[test]
    fn another_number_of_titles_is_refused() {
        let refused = drawn(&["a", "b"], 1, 3);
        assert!(matches!(refused, Err(VizError::UnequalTitles { expected: 3, found: 2 })));
    }
}
