//! Draws a grid of images and writes it as a PNG file.
//!
//! ```text
//! cargo run -p vae-viz --example grid -- grid.png
//! ```
//!
//! The images are made by the program: a round spot that moves to the right from column to column, and down from row
//! to row, as a decoder with two latents might draw it.

use std::{env, error::Error, fs};

use ndarray::Array2;
use vae_viz::{GridStyle, image_grid};

/// Height and width of an image in pixels.
const SHAPE: (usize, usize) = (16, 24);
/// Rows and columns of the grid.
const TILES: (usize, usize) = (4, 8);

/// The images, `(rows · cols, height · width)`, with values in [0, 1].
fn spots() -> Array2<f32> {
    let (height, width) = SHAPE;
    let (rows, cols) = TILES;
    Array2::from_shape_fn((rows * cols, height * width), |(image, pixel)| {
        let (row, col) = (image / cols, image % cols);
        let (y, x) = (pixel / width, pixel % width);
        let centre_y = (2 * row + 1) * height / (2 * rows);
        let centre_x = (2 * col + 1) * width / (2 * cols);
        let squared_distance = y.abs_diff(centre_y).pow(2) + x.abs_diff(centre_x).pow(2);
        (-0.15 * squared_distance as f32).exp()
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("expected the path of the PNG file to write")?;

    let (rows, cols) = TILES;
    let style = GridStyle { rows, cols, scale: 3, ..GridStyle::default() };
    let caption = "a spot that moves to the right and down";
    let picture = image_grid(spots().view(), SHAPE, &style, Some(caption))?;

    let png = picture.to_png(&[("Software", "vae-viz example grid"), ("Description", caption)])?;
    fs::write(path, png)?;
    Ok(())
}
