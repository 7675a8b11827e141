//! Drawn photographs of digits, as the shipped classifier reads them after they were prepared in MNIST's format.
//!
//! `CONTACT_SHEET=sheet.png cargo test -p tests --test photos -- --nocapture` leaves the pictures and what was made of
//! them in one picture, and prints what is read in each.
#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

mod pen;
mod scenes;

use std::{env, fs, path::Path, thread};

use image::{GrayAlphaImage, GrayImage, LumaA, codecs::jpeg::JpegEncoder};
use ndarray::{Array2, ArrayView2, s};
use vae_data::{
    FormatError,
    photo::{self, Photo},
};
use vae_train::ClassifierFile;

use crate::{
    pen::Digit,
    scenes::{SCENES, ink, on, paper, plain, usual},
};

/// Pictures that are read right. It may only rise.
const SCORE: usize = 268;

fn bytes(picture: &Array2<f32>) -> Array2<u8> {
    picture.mapv(|grey| grey.clamp(0.0, 255.0) as u8)
}

#[test]
fn drawn_photographs_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/classifier.safetensors");
    let classifier = ClassifierFile::read(&path).unwrap().classifier;
    let pictures: Vec<(usize, Array2<u8>)> =
        SCENES.iter().flat_map(|scene| (0..10).map(|class| (class, bytes(&(scene.draw)(class))))).collect();
    let prepared = prepared(&pictures);
    let mut right = 0;
    for (scene, prepared) in SCENES.iter().zip(prepared.chunks(10)) {
        let mut line = String::new();
        let mut count = 0;
        for (class, prepared) in prepared.iter().enumerate() {
            line += &match prepared {
                Ok(photo) => {
                    let x = ArrayView2::from_shape((1, 784), &photo.pixels).unwrap();
                    let x = x.mapv(|byte| f32::from(byte) / 255.0);
                    let read = usize::from(classifier.classify(x.view())[0]);
                    count += usize::from(read == class);
                    let percent = 100.0 * classifier.probabilities(x.view())[[0, read]];
                    format!("  {read} ({percent:.0} %)")
                }
                Err(error) => format!("  {error}"),
            };
        }
        right += count;
        println!("{count:>3} of 10: {}:{line}", scene.name);
    }
    println!("{right} of {}", pictures.len());
    if let Some(file) = env::var_os("CONTACT_SHEET") {
        contact_sheet(&pictures, &prepared).save(file).unwrap();
    }
    assert!(right >= SCORE, "{right} of {} are read right, {SCORE} were before", pictures.len());
}

#[test]
fn files_are_read_as_their_pictures_are() {
    let dir = tempfile::tempdir().unwrap();
    let picture = bytes(&plain(5));
    let (height, width) = picture.dim();
    let grey = GrayImage::from_raw(width as u32, height as u32, picture.iter().copied().collect()).unwrap();
    let expected = photo::from_grey(picture.view()).unwrap().pixels;
    let difference = |path: &Path| {
        let found = photo::read(path).unwrap().pixels;
        let sum: u32 = found.iter().zip(&expected).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / 784.0
    };

    let jpeg = dir.path().join("artefacts.jpg");
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 8).encode_image(&grey).unwrap();
    fs::write(&jpeg, file).unwrap();
    assert!(difference(&jpeg) < 5.0, "{}", difference(&jpeg));

    let transparent = dir.path().join("transparent.png");
    let ink = GrayAlphaImage::from_fn(grey.width(), grey.height(), |x, y| {
        LumaA([40, if grey.get_pixel(x, y).0[0] < 140 { 255 } else { 0 }])
    });
    ink.save(&transparent).unwrap();
    assert!(difference(&transparent) < 5.0, "{}", difference(&transparent));
}

#[test]
fn two_digits_are_called_two_digits() {
    for first in 0..10 {
        for second in [1, 3, 5, 8] {
            let at = |class, x| Digit { middle: [x, 240.0], height: 200.0, ..usual(class) };
            let mut ink = ink(at(first, 220.0));
            at(second, 400.0).draw(&mut ink);
            let found = photo::from_grey(bytes(&on(paper(), &ink, 40.0)).view());
            assert!(
                matches!(found, Err(FormatError::SeveralDigits { found: 2 })),
                "{first}{second}: {found:?}"
            );
        }
    }
}

#[test]
fn a_five_keeps_a_bar_that_is_apart() {
    let mut apart = ink(usual(5));
    // Between the bar and the stem.
    apart.slice_mut(s![134..150, ..]).fill(0.0);
    let whole = photo::from_grey(bytes(&plain(5)).view()).unwrap().pixels;
    let found = photo::from_grey(bytes(&on(paper(), &apart, 40.0)).view()).unwrap().pixels;
    let sum: u32 = found.iter().zip(&whole).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    assert!(sum / 784 < 10, "{}", sum / 784);
}

/// The pictures as a model would see them.
fn prepared(pictures: &[(usize, Array2<u8>)]) -> Vec<Result<Photo, FormatError>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = pictures.len().div_ceil(threads);
    thread::scope(|scope| {
        let prepare = |part: &[(usize, Array2<u8>)]| -> Vec<_> {
            part.iter().map(|(_, picture)| photo::from_grey(picture.view())).collect()
        };
        let parts: Vec<_> = pictures.chunks(part).map(|part| scope.spawn(move || prepare(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Pictures above what became of them, ten a row.
fn contact_sheet(pictures: &[(usize, Array2<u8>)], prepared: &[Result<Photo, FormatError>]) -> GrayImage {
    let rows = pictures.len().div_ceil(10) as u32;
    let mut sheet = GrayImage::from_pixel(10 * 132, rows * 160, image::Luma([128]));
    for (i, ((_, picture), prepared)) in pictures.iter().zip(prepared).enumerate() {
        let (left, top) = (i as u32 % 10 * 132, i as u32 / 10 * 160);
        let (height, width) = picture.dim();
        let shrink = (width as f32 / 128.0).max(height as f32 / 96.0);
        for y in 0..96 {
            for x in 0..128 {
                let at = [(y as f32 * shrink) as usize, (x as f32 * shrink) as usize];
                if let Some(&grey) = picture.get(at) {
                    sheet.put_pixel(left + x, top + y, image::Luma([grey]));
                }
            }
        }
        for (j, &grey) in prepared.iter().flat_map(|photo| &photo.pixels).enumerate() {
            for k in 0..4 {
                let (x, y) = (2 * (j as u32 % 28) + k % 2, 2 * (j as u32 / 28) + k / 2);
                sheet.put_pixel(left + 30 + x, top + 98 + y, image::Luma([grey]));
            }
        }
    }
    sheet
}
