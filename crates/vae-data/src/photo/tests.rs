//! Drawn digits, changed in the ways that pictures differ in, and MNIST's own, which must come back unchanged.

use std::path::PathBuf;

use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage, imageops::FilterType};
use ndarray::{Array2, ArrayView2};

use super::*;
use crate::{digits, error::chain, mnist, splits::Split};

/// A picture of a seven, of any size, in two greys.
fn drawn(height: usize, width: usize, paper: f32, pen: f32) -> Array2<u8> {
    Array2::from_shape_fn((height, width), |(y, x)| {
        let at = [(x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32];
        (paper + (pen - paper) * seven(at)) as u8
    })
}

/// A seven: a bar and a slanted stem.
fn seven(at: [f32; 2]) -> f32 {
    ((0.035 - seven_distance(at)) * 100.0).clamp(0.0, 1.0)
}

/// How far a point is from the lines of the seven.
fn seven_distance(at: [f32; 2]) -> f32 {
    let points = [[0.3, 0.25], [0.7, 0.25], [0.45, 0.8]];
    let near = |from: [f32; 2], to: [f32; 2]| {
        let (d, p) = ([to[0] - from[0], to[1] - from[1]], [at[0] - from[0], at[1] - from[1]]);
        let along = ((p[0] * d[0] + p[1] * d[1]) / (d[0] * d[0] + d[1] * d[1])).clamp(0.0, 1.0);
        ((p[0] - along * d[0]).powi(2) + (p[1] - along * d[1]).powi(2)).sqrt()
    };
    near(points[0], points[1]).min(near(points[1], points[2]))
}

/// Mean absolute difference of two images' pixels, in levels of 255.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

fn converted(image: &Array2<u8>) -> Vec<u8> {
    from_grey(image.view()).unwrap().pixels
}

fn reference() -> Vec<u8> {
    converted(&drawn(400, 400, 255.0, 0.0))
}

/// Noise between −1 and 1 that is the same in every run.
fn noise(y: usize, x: usize) -> f32 {
    let mixed = (y as u32).wrapping_mul(0x9e37_79b9) ^ (x as u32).wrapping_mul(0x85eb_ca6b);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    ((mixed >> 8) as f32 / (1 << 23) as f32) - 1.0
}

#[test]
fn the_size_of_the_picture_does_not_matter() {
    for (side, most) in [(28, 8.0), (60, 5.0), (700, 2.0), (1500, 2.0)] {
        let found = difference(&converted(&drawn(side, side, 255.0, 0.0)), &reference());
        assert!(found < most, "{side}: {found}");
    }
}

#[test]
fn the_proportions_of_the_digit_are_kept_in_pictures_of_any_shape() {
    for (height, width) in [(37, 211), (211, 37), (700, 1000)] {
        let image = drawn(height, width, 255.0, 0.0);
        let pixels = converted(&image);
        let pixels = ArrayView2::from_shape((28, 28), &pixels).unwrap();
        let inked = |lanes: ndarray::iter::Lanes<'_, u8, ndarray::Ix1>| {
            lanes.into_iter().filter(|lane| lane.iter().any(|&ink| ink > 0)).count()
        };
        let (rows, columns) = (inked(pixels.rows()), inked(pixels.columns()));
        // The seven spans 0.47 of the width and 0.62 of the height.
        let proportion = (0.47 * width as f64) / (0.62 * height as f64);
        assert_eq!(rows.max(columns), 20, "{height} x {width}");
        let found = columns as f64 / rows as f64;
        // A line that is widened makes a narrow digit a little wider.
        assert!((found / proportion).ln().abs() < 0.45, "{height} x {width}: {found}, not {proportion}");
    }
}

#[test]
fn light_on_dark_gives_what_dark_on_light_gives() {
    let chalk = from_grey(drawn(400, 400, 0.0, 255.0).view()).unwrap();
    assert!(difference(&chalk.pixels, &reference()) < 1.0);
    assert_eq!(chalk.polarity, Polarity::LightOnDark);
    let pen = from_grey(drawn(400, 400, 255.0, 0.0).view()).unwrap();
    assert_eq!(pen.polarity, Polarity::DarkOnLight);
}

#[test]
fn faint_pencil_gives_full_ink() {
    let found = difference(&converted(&drawn(400, 400, 180.0, 150.0)), &reference());
    assert!(found < 3.0, "{found}");
}

#[test]
fn noise_is_not_part_of_the_digit() {
    let mut image = drawn(400, 400, 190.0, 60.0);
    for ((y, x), grey) in image.indexed_iter_mut() {
        *grey = (f32::from(*grey) + 25.0 * noise(y, x)) as u8;
    }
    let found = difference(&converted(&image), &reference());
    assert!(found < 5.0, "{found}");
}

#[test]
fn light_from_one_side_is_not_part_of_the_digit() {
    let mut image = drawn(300, 400, 0.0, 255.0);
    for ((y, x), grey) in image.indexed_iter_mut() {
        // Paper from 100 to 240, and ink takes 0.6 of it: paper in the dark is nearly as dark as ink in the light.
        let paper = 100.0 + 0.33 * x as f32 + 0.03 * y as f32;
        *grey = (paper * (1.0 - 0.6 * f32::from(*grey) / 255.0)) as u8;
    }
    let found = difference(&converted(&image), &converted(&drawn(300, 400, 255.0, 0.0)));
    assert!(found < 3.0, "{found}");
}

#[test]
fn light_that_falls_off_to_the_corners_is_not_part_of_the_digit() {
    let mut image = drawn(300, 300, 0.0, 255.0);
    for ((y, x), grey) in image.indexed_iter_mut() {
        let off = ((y as f32 - 150.0).powi(2) + (x as f32 - 150.0).powi(2)) / 45_000.0;
        *grey = (230.0 - 50.0 * off - 150.0 * f32::from(*grey) / 255.0) as u8;
    }
    let found = difference(&converted(&image), &reference());
    assert!(found < 6.0, "{found}");
}

#[test]
fn a_fine_pen_on_a_large_sheet_gives_lines_of_mnists_width() {
    let fine = Array2::from_shape_fn((700, 1000), |(y, x)| {
        let distance = seven_distance([(x as f32 - 150.0) / 700.0, y as f32 / 700.0]);
        if distance < 0.002 { 0 } else { 255 }
    });
    let pixels = converted(&fine);
    // These rows have only the stem of the seven.
    let rows = pixels.chunks_exact(28).skip(14).take(6);
    let widths = rows.map(|row| row.iter().map(|&ink| f64::from(ink)).sum::<f64>() / 255.0);
    let mean = widths.sum::<f64>() / 6.0;
    assert!((1.6..2.6).contains(&mean), "{mean}");
}

#[test]
fn dust_does_not_enlarge_the_box() {
    let mut image = drawn(400, 400, 255.0, 0.0);
    for (y, x) in [(5, 5), (390, 20), (30, 380), (200, 395)] {
        image.slice_mut(ndarray::s![y..y + 4, x..x + 4]).fill(0);
    }
    assert!(difference(&converted(&image), &reference()) < 1.0);
}

#[test]
fn pictures_of_one_colour_have_no_ink() {
    for grey in [0, 1, 128, 255] {
        let error = from_grey(Array2::from_elem((50, 30), grey).view()).unwrap_err();
        assert!(matches!(error, FormatError::NoInk), "{error}");
    }
    let noisy = Array2::from_shape_fn((300, 300), |(y, x)| (128.0 + 20.0 * noise(y, x)) as u8);
    assert!(matches!(from_grey(noisy.view()), Err(FormatError::NoInk)));
}

#[test]
fn a_picture_without_pixels_has_no_ink() {
    assert!(matches!(from_grey(Array2::zeros((0, 7)).view()), Err(FormatError::NoInk)));
}

#[test]
fn pictures_of_any_small_size_are_a_digit_or_an_error() {
    for height in 1..6 {
        for width in 1..6 {
            for dark in 0..height * width {
                let image =
                    Array2::from_shape_fn(
                        (height, width),
                        |(y, x)| if y * width + x == dark { 0 } else { 255 },
                    );
                if let Ok(photo) = from_grey(image.view()) {
                    assert_eq!(photo.pixels.iter().max(), Some(&255));
                }
            }
        }
    }
}

#[test]
fn a_file_in_colour_and_jpeg_is_read() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("seven.jpg");
    let ink = drawn(400, 400, 0.0, 255.0);
    let image = RgbImage::from_fn(400, 400, |x, y| {
        let share = f32::from(ink[[y as usize, x as usize]]) / 255.0;
        let mix = |paper: f32, pen: f32| (paper + share * (pen - paper)) as u8;
        Rgb([mix(240.0, 40.0), mix(230.0, 60.0), mix(190.0, 170.0)])
    });
    image.save_with_format(&path, ImageFormat::Jpeg).unwrap();
    let found = difference(&read(&path).unwrap().pixels, &reference());
    assert!(found < 3.0, "{found}");
}

#[test]
fn an_error_names_the_file() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("blank.png");
    GrayImage::new(20, 20).save(&path).unwrap();
    let error = chain(&read(&path).unwrap_err());
    assert!(
        error.contains("cannot read ") && error.contains("blank.png: ") && error.contains("without ink"),
        "{error}"
    );
}

/// The mean difference between images and their conversions after they were enlarged, tinted and perhaps inverted.
fn returned(images: ArrayView2<'_, u8>, enlarged: u32, inverted: bool) -> f64 {
    let through = |image: ndarray::ArrayView1<'_, u8>| {
        let small = GrayImage::from_raw(28, 28, image.to_vec()).unwrap();
        let large =
            DynamicImage::ImageLuma8(small).resize(enlarged, enlarged, FilterType::Triangle).into_luma8();
        // On paper of 30 rather than 0, with ink of 200.
        let tinted = large.pixels().map(|pixel| (30.0 + f32::from(pixel.0[0]) * 170.0 / 255.0) as u8);
        let pixels = tinted.map(|grey| if inverted { 255 - grey } else { grey }).collect();
        let side = enlarged as usize;
        let pixels = converted(&Array2::from_shape_vec((side, side), pixels).unwrap());
        difference(&pixels, image.as_slice().unwrap())
    };
    let sum: f64 = images.rows().into_iter().map(through).sum();
    sum / images.nrows() as f64
}

#[test]
fn a_drawn_digit_that_was_enlarged_comes_back() {
    let set = digits::generate(50, 3, Split::Test);
    let found = [returned(set.images(), 28, false), returned(set.images(), 280, true)];
    assert!(found[0] < 1.0 && found[1] < 8.0, "{found:?}");
}

#[test]
fn a_digit_of_mnist_that_was_enlarged_comes_back() {
    let Some(dir) = std::env::var_os("VAE_DATA").map(PathBuf::from) else {
        println!("skipped: VAE_DATA names no directory with MNIST to enlarge digits of");
        return;
    };
    let set = mnist::load_split(&dir, Split::Test).unwrap();
    let images = set.images();
    let images = images.slice(ndarray::s![..60, ..]);
    let found = [returned(images, 28, false), returned(images, 280, true), returned(images, 701, false)];
    assert!(found[0] < 1.5 && found[1] < 8.0 && found[2] < 8.0, "{found:?}");
}
