//! The result of a request: a picture and what to print about it.

use vae_viz::GridStyle;

use crate::pictures::Captioned;

/// A picture, and the lines to print below its path.
pub(crate) struct Drawing {
    pub(crate) picture: Captioned,
    pub(crate) lines: Vec<String>,
}

/// A grid for `count` images. Few images are drawn large, in short rows.
pub(super) fn style(count: usize) -> GridStyle {
    style_with(count, None)
}

/// The same with `cols` images in a row.
pub(super) fn style_with(count: usize, cols: Option<usize>) -> GridStyle {
    let (usual, scale) = if count <= 30 { (10, 4) } else { (20, 2) };
    let cols = cols.unwrap_or(usual).clamp(1, count.max(1));
    GridStyle { rows: count.div_ceil(cols), cols, scale, ..GridStyle::default() }
}
