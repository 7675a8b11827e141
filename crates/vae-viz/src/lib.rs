//! Numbers to pictures: grids of images and training curves, as PNG files that say what made them.
//!
//! - [`image_grid`] puts images side by side, [`reconstruction_grid`] originals above their reconstructions,
//!   [`pair_grid`] any images above any others, all laid out by a [`GridStyle`];
//! - [`curves()`] draws [`Panel`]s of [`Curve`]s over the epochs;
//! - each gives a [`Picture`], and [`Picture::to_png`] its bytes with the metadata inside.
//!
//! Images come as rows of an `ndarray` view, greys in [0, 1]. The crate knows no model and no data set; it
//! chooses no path and writes no file; it needs no font of the system, because it brings its own.
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
//! // The last image stands at the lower right; a gap of one pixel surrounds every tile.
//! assert_eq!((picture.width(), picture.height()), (1 + 3 * (12 + 1), 1 + 2 * (8 + 1)));
//! assert_eq!(picture.pixel(38, 17), [255, 255, 255]);
//!
//! let bytes = picture.to_png(&[("data", "ramp"), ("seed", "0")])?;
//! assert!(bytes.starts_with(b"\x89PNG"));
//! # Ok::<(), vae_viz::VizError>(())
//! ```
//!
//! The modules below stand in reading order: a picture and its file, then colours and text, then grids, then
//! charts.

mod error;

mod picture;

mod encode;

mod colour;

mod text;

mod caption;

mod grid_style;

mod tiles;

mod grid;

mod reconstruction;

mod axis;

mod sketch;

mod panel;

mod legend;

mod chart;

mod curves;

pub use error::VizError;
pub use picture::{MAX_PIXELS, Picture};

pub use colour::Palette;
pub use grid::image_grid;
pub use grid_style::GridStyle;
pub use reconstruction::{pair_grid, reconstruction_grid};

pub use curves::curves;
pub use panel::{Curve, Panel};
