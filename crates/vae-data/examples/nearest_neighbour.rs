//! How close the built-in digits are to MNIST: a nearest-neighbour classifier that has seen only them reads its images.
//!
//! ```text
//! cargo run --release -p vae-data --example nearest_neighbour -- [DIR]
//! ```
//!
//! `DIR` holds MNIST's four files; the default is `$VAE_DATA`. Tune the digits by the table of MNIST's training
//! images, and keep the test images for the number to report.

use std::{error::Error, path::PathBuf, process::ExitCode};

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;
use vae_data::{Dataset, Split, digits, mnist};

/// Number of digits that the classifier has seen.
const KNOWN: usize = 10_000;
/// The most of MNIST's images that it reads of each split.
const ASKED: usize = 10_000;
/// Images whose distances to all known ones are computed at once, by a product of matrices instead of vectors.
const BATCH: usize = 250;

/// How often an image of one class (row) was taken for another (column).
type Confusion = [[usize; 10]; 10];

fn main() -> ExitCode {
    let named = std::env::args_os().nth(1).or_else(|| std::env::var_os("VAE_DATA"));
    let Some(dir) = named.filter(|dir| !dir.is_empty()).map(PathBuf::from) else {
        eprintln!("nearest_neighbour: expected a directory with MNIST as argument or in VAE_DATA");
        return ExitCode::from(2);
    };
    let real = match mnist::load(&dir) {
        Ok(real) => real,
        Err(error) => {
            let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            eprintln!("nearest_neighbour: {error}{reason}");
            return ExitCode::FAILURE;
        }
    };
    let known = digits::generate(KNOWN, 1, Split::Train);
    let neighbours = Neighbours::new(&known);
    for (name, set) in [("training", &real.train), ("test", &real.test)] {
        match neighbours.read(set) {
            Some(confusion) => print_table(name, &confusion),
            None => {
                eprintln!(
                    "nearest_neighbour: {}: expected digits of 28 x 28 pixels with labels 0 to 9",
                    dir.display()
                );
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Known images, and what is needed to find the nearest one.
struct Neighbours<'a> {
    /// (D, N): transposed, for the products.
    images: Array2<f32>,
    /// (N): |k|² of each.
    squares: Array1<f32>,
    labels: &'a [u8],
}

impl<'a> Neighbours<'a> {
    fn new(known: &'a Dataset) -> Self {
        let images = to_floats(known, known.len());
        let squares = images.map_axis(Axis(1), |image| image.dot(&image));
        let labels = known.labels().expect("the built-in digits have labels");
        Self { images: images.reversed_axes(), squares, labels }
    }

    /// Gives each image the label of its nearest neighbour. `None` if the images are not such digits.
    fn read(&self, asked: &Dataset) -> Option<Confusion> {
        let labels = asked.labels()?;
        let fits = asked.pixels() == self.images.nrows() && labels.iter().all(|&label| label < 10);
        if !fits || asked.is_empty() {
            return None;
        }
        let images = to_floats(asked, ASKED.min(asked.len()));
        let batches: Vec<_> = images.axis_chunks_iter(Axis(0), BATCH).collect();
        let read: Vec<Vec<u8>> = batches
            .par_iter()
            .map(|batch| batch.dot(&self.images).rows().into_iter().map(|row| self.nearest(row)).collect())
            .collect();
        let mut confusion = Confusion::default();
        for (&label, &taken_for) in labels.iter().zip(read.iter().flatten()) {
            confusion[usize::from(label)][usize::from(taken_for)] += 1;
        }
        Some(confusion)
    }

    /// The label of the nearest image, given the products a·k with all of them: |a − k|² = |a|² − 2 a·k +
    /// |k|², and
    /// |a|² is the same for all.
    fn nearest(&self, products: ArrayView1<f32>) -> u8 {
        let distances = products.iter().zip(&self.squares).map(|(product, square)| square - 2.0 * product);
        let nearest = distances.zip(self.labels).min_by(|(a, _), (b, _)| a.total_cmp(b));
        *nearest.expect("some images are known").1
    }
}

/// The first `count` images in [0, 1], (count, D).
fn to_floats(set: &Dataset, count: usize) -> Array2<f32> {
    set.images().slice_axis(Axis(0), (..count).into()).mapv(|byte| f32::from(byte) / 255.0)
}

fn print_table(name: &str, confusion: &Confusion) {
    let asked: usize = confusion.iter().flatten().sum();
    let right: usize = (0..10).map(|class| confusion[class][class]).sum();
    println!("MNIST's {name} images: {:.2} % of {asked} recognised", percent(right, asked));
    println!("class    right  taken for 0    1    2    3    4    5    6    7    8    9");
    for (class, row) in confusion.iter().enumerate() {
        let counts: String = row.iter().map(|count| format!("{count:5}")).collect();
        println!("{class:5}  {:5.1} %      {counts}", percent(row[class], row.iter().sum()));
    }
    println!();
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
