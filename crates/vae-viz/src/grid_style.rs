//! The layout of a grid, as the caller sets it, for images and for pairs of images.

use crate::{Palette, VizError, picture::check_size};

/// How a grid of images is laid out.
///
/// A gap surrounds every tile, also at the edges: a picture without labels and caption is
/// `gap + cols · (image width · scale + gap)` pixels wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridStyle {
    /// Rows of tiles, at least 1 (default: 10).
    pub rows: usize,
    /// Tiles in a row, at least 1 (default: 20).
    pub cols: usize,
    /// Screen pixels per image pixel, in both directions, at least 1 (default: 2). Nothing is smoothed: each image
    /// pixel is a square of one grey.
    pub scale: usize,
    /// Screen pixels around each tile, 0 for tiles that touch (default: 2).
    pub gap: usize,
    /// Light on dark or dark on light (default: light on dark).
    pub palette: Palette,
}

impl Default for GridStyle {
    fn default() -> Self {
        Self { rows: 10, cols: 20, scale: 2, gap: 2, palette: Palette::default() }
    }
}

impl GridStyle {
    /// Checks each field, and that a grid of images of one pixel is not larger than
    /// [`MAX_PIXELS`](crate::MAX_PIXELS). The drawing functions call this themselves, and then check the size again
    /// with the size of the images.
    ///
    /// # Errors
    /// [`VizError::NoRows`], [`VizError::NoColumns`], [`VizError::NoScale`], or [`VizError::TooLarge`].
    pub fn validate(&self) -> Result<(), VizError> {
        if self.rows == 0 {
            return Err(VizError::NoRows);
        }
        if self.cols == 0 {
            return Err(VizError::NoColumns);
        }
        if self.scale == 0 {
            return Err(VizError::NoScale);
        }
        let pitch = self.scale.saturating_add(self.gap);
        let width = self.cols.saturating_mul(pitch).saturating_add(self.gap);
        let height = self.rows.saturating_mul(pitch).saturating_add(self.gap);
        check_size(width, height)
    }

    /// Checks that the grid has a tile for each of `found` images, or pairs of images.
    pub(crate) fn check_count(&self, found: usize) -> Result<(), VizError> {
        let expected = self.rows.saturating_mul(self.cols);
        if found > expected {
            return Err(VizError::TooManyImages { expected, found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_field_has_its_error() {
        let good = GridStyle::default();
        assert!(good.validate().is_ok());
        assert!(matches!(GridStyle { rows: 0, ..good.clone() }.validate(), Err(VizError::NoRows)));
        assert!(matches!(GridStyle { cols: 0, ..good.clone() }.validate(), Err(VizError::NoColumns)));
        assert!(matches!(GridStyle { scale: 0, ..good.clone() }.validate(), Err(VizError::NoScale)));
        assert!(matches!(GridStyle { gap: usize::MAX, ..good }.validate(), Err(VizError::TooLarge { .. })));
    }
}
