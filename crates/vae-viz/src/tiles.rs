//! The tiles of a grid: their positions, the labels of their rows, and copying an image onto a tile.
//! [`image_grid`](crate::image_grid) and [`pair_grid`](crate::pair_grid) differ only in the tile of each image and in
//! the labels, so they share this module.
//!
//! Pixels are copied straight into the picture: one plotters element per pixel would be a hundred thousand elements
//! for a page of digits.

use ndarray::ArrayView1;

use crate::{GridStyle, Palette, Picture, VizError, caption::Caption, text::Font};

/// Size of a row's label in pixels.
pub(crate) const LABEL_SIZE: usize = 16;
/// Free space between a label and its tiles, and between a label and the picture's edge, in pixels.
const LABEL_MARGIN: usize = 8;

/// A page with rows of tiles and a caption below them.
pub(crate) struct Tiles {
    picture: Picture,
    palette: Palette,
    /// `(height, width)` of an image, in image pixels.
    image_shape: (usize, usize),
    /// Screen pixels per image pixel.
    scale: usize,
    /// Distance from one tile to the next in its row, in screen pixels.
    column_pitch: usize,
    /// Distance from one row to the next of its group, in screen pixels.
    row_pitch: usize,
    /// Left edge of the first tile in screen pixels.
    left: usize,
    /// Upper edge of the first tile in screen pixels.
    top: usize,
    rows_per_group: usize,
    /// Additional distance between groups of rows in screen pixels.
    group_gap: usize,
    labels: Font,
}

/// The contents of a page of tiles, except the images.
pub(crate) struct Plan<'a> {
    pub(crate) style: &'a GridStyle,
    /// Rows of tiles. A style with rows of pairs has two rows of tiles for each of its rows.
    pub(crate) rows: usize,
    /// Rows that are closer to one another than to other rows; `rows` for a single group.
    pub(crate) rows_per_group: usize,
    /// Labels at the left of the rows of each group, from its first row on; empty for no labels.
    pub(crate) row_labels: &'a [&'a str],
    /// `(height, width)` of an image.
    pub(crate) image_shape: (usize, usize),
    pub(crate) caption: Option<&'a str>,
}

impl Tiles {
    /// An empty page: background, row labels and caption.
    pub(crate) fn new(plan: &Plan) -> Result<Self, VizError> {
        let GridStyle { cols, scale, gap, palette, .. } = *plan.style;
        let labels = Font::new(LABEL_SIZE)?;
        let mut label_width = 0;
        for label in plan.row_labels {
            label_width = label_width.max(labels.width(label)? + 2 * LABEL_MARGIN);
        }
        let label_height = if plan.row_labels.is_empty() { 0 } else { labels.line_height() };

        // Saturating: a size beyond `usize` becomes a size beyond the limit, which is refused below.
        let tile_height = plan.image_shape.0.saturating_mul(scale);
        let column_pitch = plan.image_shape.1.saturating_mul(scale).saturating_add(gap);
        let row_pitch = tile_height.max(label_height).saturating_add(gap);
        let group_gap = gap.saturating_mul(3).max(4);
        let group_gaps = (plan.rows / plan.rows_per_group).saturating_sub(1);
        let body_width = cols.saturating_mul(column_pitch).saturating_add(gap).saturating_add(label_width);
        let body_height = (plan.rows.saturating_mul(row_pitch))
            .saturating_add(gap)
            .saturating_add(group_gaps.saturating_mul(group_gap));

        let caption = Caption::lay_out(plan.caption, body_width)?;
        let height = body_height.saturating_add(caption.height);
        let mut picture = Picture::new(caption.width, height, palette.page())?;
        caption.draw(&mut picture, body_height, palette.ink())?;

        let mut tiles = Self {
            picture,
            palette,
            image_shape: plan.image_shape,
            scale,
            column_pitch,
            row_pitch,
            left: (caption.width - body_width) / 2 + label_width + gap,
            top: gap + label_height.saturating_sub(tile_height) / 2,
            rows_per_group: plan.rows_per_group,
            group_gap,
            labels,
        };
        for row in 0..plan.rows {
            if let Some(label) = plan.row_labels.get(row % plan.rows_per_group) {
                tiles.label(row, label)?;
            }
        }
        Ok(tiles)
    }

    /// Copies an image of `height · width` values, row-major, onto the tile in that row and column.
    pub(crate) fn put(&mut self, row: usize, col: usize, image: ArrayView1<f32>) {
        let (height, width) = self.image_shape;
        debug_assert_eq!(image.len(), height * width, "pixels of an image");
        let (left, top) = (self.left + col * self.column_pitch, self.row_top(row));
        let mut line = Vec::with_capacity(3 * width * self.scale);
        let mut values = image.iter();
        for y in 0..height {
            line.clear();
            for &value in values.by_ref().take(width) {
                let colour = self.palette.pixel(value);
                for _ in 0..self.scale {
                    line.extend_from_slice(&colour);
                }
            }
            for repeat in 0..self.scale {
                self.picture.line_from(left, top + y * self.scale + repeat)[..line.len()]
                    .copy_from_slice(&line);
            }
        }
    }

    /// The finished page.
    pub(crate) fn into_picture(self) -> Picture {
        self.picture
    }

    /// Upper edge of a row's tiles in screen pixels.
    fn row_top(&self, row: usize) -> usize {
        self.top + row * self.row_pitch + row / self.rows_per_group * self.group_gap
    }

    /// Draws a label at the left of a row, vertically centred on the tiles.
    fn label(&mut self, row: usize, label: &str) -> Result<(), VizError> {
        let middle = self.row_top(row) + self.image_shape.0 * self.scale / 2;
        let right = self.left - LABEL_MARGIN;
        let x = right.saturating_sub(self.labels.width(label)?);
        let y = middle + self.labels.capital() / 2;
        self.labels.draw(&mut self.picture, label, (x, y), self.palette.ink())
    }
}
