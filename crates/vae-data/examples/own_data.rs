//! A data set of one's own: four IDX files in a directory, loaded and gathered into a batch.
//!
//! ```text
//! cargo run -p vae-data --example own_data -- [DIR]
//! ```
//!
//! `DIR` holds the files under MNIST's names, images of any size, with or without labels. Without it, the example
//! writes images of stripes into a temporary directory and loads those.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use ndarray::Array2;
use vae_data::{gather, idx::IdxArray, mnist, shuffled};

/// Images in a batch, at most.
const BATCH: usize = 16;
/// Height and width of the images that the example writes.
const SIDE: usize = 8;

fn main() -> ExitCode {
    match run(env::args_os().nth(1).map(PathBuf::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The first error names the file, those behind it the reason.
            eprint!("own_data: {error}");
            let mut next = error.source();
            while let Some(source) = next {
                eprint!(": {source}");
                next = source.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

fn run(dir: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let Some(dir) = dir else {
        let dir = tempfile::tempdir()?;
        write_stripes(dir.path(), "train", 60)?;
        write_stripes(dir.path(), "t10k", 12)?;
        return load(dir.path());
    };
    load(&dir)
}

/// Loads a directory, prints what is in it, and gathers a batch.
fn load(dir: &Path) -> Result<(), Box<dyn Error>> {
    let data = mnist::load(dir)?;
    let (train, test) = (&data.train, &data.test);
    println!("{} training images and {} test images", train.len(), test.len());
    println!("{} x {} = {} pixels each", train.height(), train.width(), train.pixels());
    match train.labels().and_then(|labels| labels.iter().max()) {
        Some(largest) => println!("labels up to {largest}"),
        None => println!("no labels"),
    }

    let (seed, epoch) = (1, 0);
    let order = shuffled(train.len(), seed, epoch);
    let indices = &order[..BATCH.min(order.len())];
    let mut x = Array2::zeros((indices.len(), train.pixels()));
    gather(train.images(), indices, x.view_mut());
    let (least, most) = x.iter().fold((1.0_f32, 0.0_f32), |(least, most), &p| (least.min(p), most.max(p)));
    println!("a batch of {:?} numbers from {least} to {most}", x.dim());
    Ok(())
}

/// Writes `count` images and their labels: 0 for horizontal stripes, 1 for vertical ones.
fn write_stripes(dir: &Path, split: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let labels: Vec<u8> = (0..count).map(|i| (i % 2) as u8).collect();
    let pixel = |image: usize, row: usize, column: usize| {
        let place = if image.is_multiple_of(2) { row } else { column };
        if (place + image / 2) % 4 < 2 { 255 } else { 0 }
    };
    let pixels = (0..count)
        .flat_map(|image| (0..SIDE * SIDE).map(move |at| pixel(image, at / SIDE, at % SIDE)))
        .collect();
    let images = IdxArray { shape: vec![count, SIDE, SIDE], data: pixels };
    fs::write(dir.join(format!("{split}-images-idx3-ubyte")), images.to_bytes())?;
    let labels = IdxArray { shape: vec![count], data: labels };
    fs::write(dir.join(format!("{split}-labels-idx1-ubyte")), labels.to_bytes())?;
    Ok(())
}
