//! Draws grids of images and training curves, and encodes them as PNG with metadata on how they were made.
//!
//! - [`image_grid`] draws images side by side, [`reconstruction_grid`] originals above their reconstructions, and
//!   [`pair_grid`] any images above any others, [`titled_pair_grid`] with a text below each pair; [`row_grid`] names
//!   the rows and [`labelled_grid`] each image; a [`GridStyle`] sets the layout;
//! - [`curves()`] draws [`Panel`]s of [`Curve`]s over the epochs;
//! - each returns a [`Picture`], and [`Picture::to_png`] encodes it.
//!
//! Images are rows of an `ndarray` view, with greys in [0, 1]. The crate depends on no model and no data set, chooses
//! no path and writes no file. Its font is built in, so that none has to be installed.
//!
//! ```
//! use ndarray::Array2;
//! use vae_viz::{GridStyle, image_grid};
//!
//! // Six images of 2 × 3 pixels (height × width), from black to white.
//! let images = Array2::from_shape_fn((6, 2 * 3), |(i, _)| i as f32 / 5.0);
//! let style = GridStyle { rows: 2, cols: 3, scale: 4, gap: 1, ..GridStyle::default() };
//! let picture = image_grid(images.view(), (2, 3), &style, None)?;
//!
//! // The last image is at the lower right; a gap of one pixel surrounds every tile.
//! assert_eq!((picture.width(), picture.height()), (1 + 3 * (12 + 1), 1 + 2 * (8 + 1)));
//! assert_eq!(picture.pixel(38, 17), [255, 255, 255]);
//!
//! let bytes = picture.to_png(&[("data", "ramp"), ("seed", "0")])?;
//! assert!(bytes.starts_with(b"\x89PNG"));
//! # Ok::<(), vae_viz::VizError>(())
//! ```
//!
//! The modules below are in reading order: a picture and its PNG, then colours and text, then grids, then charts.

mod error;

mod picture;

mod encode;

mod colour;

mod text;

mod caption;

mod grid_style;

mod checks;

mod tiles;

mod grid;

mod pairs;

mod shorten;

mod rows;

mod labelled;

mod titled_pairs;

mod axis;

mod sketch;

mod panel;

mod frame;

mod legend;

mod chart;

mod curves;

pub use error::VizError;
pub use picture::{MAX_PIXELS, Picture};

pub use colour::Palette;
pub use grid::image_grid;
pub use grid_style::GridStyle;
pub use labelled::labelled_grid;
pub use pairs::{pair_grid, reconstruction_grid};
pub use rows::row_grid;
pub use titled_pairs::titled_pair_grid;

pub use curves::curves;
pub use panel::{Curve, Panel};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
