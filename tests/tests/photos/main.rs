//! Drawn photographs of digits, as the shipped classifier reads them after they were prepared in MNIST's format.
#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

mod pen;
mod scenes;

use std::{env, path::Path};

use ndarray::{Array2, ArrayView2};
use vae_data::photo;
use vae_train::ClassifierFile;

use crate::scenes::SCENES;

/// Pictures that are read right. It may only rise.
const SCORE: usize = 0;

fn bytes(picture: &Array2<f32>) -> Array2<u8> {
    picture.mapv(|grey| grey.clamp(0.0, 255.0) as u8)
}

#[test]
fn drawn_photographs_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/classifier.safetensors");
    let classifier = ClassifierFile::read(&path).unwrap().classifier;
    let mut right = 0;
    let mut sheet: Vec<(Array2<u8>, Vec<u8>)> = Vec::new();
    for scene in &SCENES {
        let mut line = String::new();
        let mut count = 0;
        for class in 0..10 {
            let picture = bytes(&(scene.draw)(class));
            let pixels = match photo::from_grey(picture.view()) {
                Ok(photo) => {
                    let x = ArrayView2::from_shape((1, 784), &photo.pixels)
                        .unwrap()
                        .mapv(|byte| f32::from(byte) / 255.0);
                    let read = usize::from(classifier.classify(x.view())[0]);
                    let sure = classifier.probabilities(x.view())[[0, read]];
                    count += usize::from(read == class);
                    line += &format!(
                        " {}{read}{}",
                        if read == class { ' ' } else { '*' },
                        if sure < 0.9 { '?' } else { ' ' }
                    );
                    photo.pixels
                }
                Err(error) => {
                    line += &format!(" ({error})");
                    vec![0; 784]
                }
            };
            sheet.push((picture, pixels));
        }
        right += count;
        println!("{count:>3} {:<34}{line}", scene.name);
    }
    println!("{right} of {}", 10 * SCENES.len());
    if let Some(file) = env::var_os("CONTACT_SHEET") {
        contact_sheet(&sheet).save(file).unwrap();
    }
    assert!(right >= SCORE, "{right} of {} are read right, {SCORE} were before", 10 * SCENES.len());
}

/// Pictures above what became of them, ten a row.
fn contact_sheet(pictures: &[(Array2<u8>, Vec<u8>)]) -> image::GrayImage {
    let rows = pictures.len().div_ceil(10) as u32;
    let mut sheet = image::GrayImage::from_pixel(10 * 132, rows * 160, image::Luma([128]));
    for (i, (picture, pixels)) in pictures.iter().enumerate() {
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
        for (j, &grey) in pixels.iter().enumerate() {
            for k in 0..4 {
                let (x, y) = (2 * (j as u32 % 28) + k % 2, 2 * (j as u32 / 28) + k / 2);
                sheet.put_pixel(left + 30 + x, top + 98 + y, image::Luma([grey]));
            }
        }
    }
    sheet
}
