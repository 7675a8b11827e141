//! Conversion of what the crate `mnist` loads into a data set.
//!
//! ```no_run
//! use mnist::MnistBuilder;
//! use vae_data::Splits;
//!
//! let splits = Splits::from(MnistBuilder::new().base_path("data/mnist").finalize());
//! ```
//!
//! `MnistBuilder` divides MNIST into three parts. Its training and test part become those of [`Splits`]. The
//! validation part, which is empty by default, is left out, as it must not be trained on; take it from `val_img`
//! before. Labels may be digits or one-hot vectors: both become digits.

use ::mnist::Mnist;
use ndarray::Array2;

use crate::{dataset::Dataset, splits::Splits};

/// Height and width of the images that the crate `mnist` reads.
const SIDE: usize = 28;

/// Length of its one-hot vectors.
const CLASSES: usize = 10;

/// The training part.
///
/// # Panics
/// If the vectors do not fit together: the images are not whole images of 28 x 28, or the labels are neither a digit
/// nor a one-hot vector of ten for each image. What `MnistBuilder` makes always fits; a struct changed by hand may
/// not.
impl From<Mnist> for Dataset {
    fn from(mnist: Mnist) -> Self {
        dataset(mnist.trn_img, mnist.trn_lbl)
    }
}

/// The training and the test part, without the validation part.
///
/// # Panics
/// If the vectors do not fit together: the images are not whole images of 28 x 28, or the labels are neither a digit
/// nor a one-hot vector of ten for each image. What `MnistBuilder` makes always fits; a struct changed by hand may
/// not.
impl From<Mnist> for Splits {
    fn from(mnist: Mnist) -> Self {
        Self { train: dataset(mnist.trn_img, mnist.trn_lbl), test: dataset(mnist.tst_img, mnist.tst_lbl) }
    }
}

fn dataset(images: Vec<u8>, labels: Vec<u8>) -> Dataset {
    let (count, rest) = (images.len() / (SIDE * SIDE), images.len() % (SIDE * SIDE));
    assert_eq!(rest, 0, "expected whole images of {SIDE} x {SIDE}, found {} bytes", images.len());
    let labels = if labels.len() == count { labels } else { digits(&labels, count) };
    let images =
        Array2::from_shape_vec((count, SIDE * SIDE), images).expect("the count follows from the length");
    Dataset::new(images, Some(labels), SIDE, SIDE).expect("a label for each image")
}

/// One-hot vectors as digits.
fn digits(one_hot: &[u8], count: usize) -> Vec<u8> {
    assert_eq!(
        one_hot.len(),
        count * CLASSES,
        "expected {count} digits or {count} one-hot vectors of {CLASSES}, found {} bytes",
        one_hot.len()
    );
    let digit = |vector: &[u8]| {
        let hot = vector.iter().position(|&entry| entry == 1);
        let is_one_hot = vector.iter().map(|&entry| u32::from(entry)).sum::<u32>() == 1;
        assert!(is_one_hot, "expected a one-hot vector, found {vector:?}");
        hot.map_or(0, |digit| digit as u8)
    };
    one_hot.chunks_exact(CLASSES).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use ::mnist::MnistBuilder;
    use tempfile::TempDir;

    use super::*;
    use crate::{idx, mnist};

    /// Three images to train on, one to validate, two to test, with their digits.
    fn small() -> Mnist {
        let images = |bytes: &[u8]| bytes.iter().flat_map(|&byte| [byte; SIDE * SIDE]).collect();
        Mnist {
            trn_img: images(&[1, 2, 3]),
            trn_lbl: vec![7, 0, 9],
            val_img: images(&[4]),
            val_lbl: vec![1],
            tst_img: images(&[5, 6]),
            tst_lbl: vec![2, 8],
        }
    }

    #[test]
    fn a_data_set_is_the_training_part() {
        let set = Dataset::from(small());
        assert_eq!((set.len(), set.height(), set.width()), (3, 28, 28));
        assert_eq!(set.images().column(783).to_vec(), [1, 2, 3]);
    }

    #[test]
    fn splits_are_the_training_and_the_test_part() {
        let splits = Splits::from(small());
        assert_eq!(splits.train, Dataset::from(small()));
        assert_eq!(splits.test.images().column(0).to_vec(), [5, 6]);
        assert_eq!(splits.test.labels(), Some(&[2, 8][..]));
    }

    #[test]
    fn one_hot_vectors_become_digits() {
        let mut one_hot = vec![0; 30];
        for (image, digit) in [7, 0, 9].into_iter().enumerate() {
            one_hot[10 * image + digit] = 1;
        }
        let set = Dataset::from(Mnist { trn_lbl: one_hot, ..small() });
        assert_eq!(set.labels(), Some(&[7, 0, 9][..]));
    }

    #[test]
    fn an_empty_part_is_an_empty_data_set() {
        assert!(Dataset::from(Mnist { trn_img: vec![], trn_lbl: vec![], ..small() }).is_empty());
    }

    #[test]
    #[should_panic(expected = "whole images of 28 x 28")]
    fn a_part_of_an_image_panics() {
        let _ = Dataset::from(Mnist { trn_img: vec![0; 785], ..small() });
    }

    #[test]
    #[should_panic(expected = "3 digits or 3 one-hot vectors")]
    fn labels_that_do_not_fit_panic() {
        let _ = Dataset::from(Mnist { trn_lbl: vec![0; 31], ..small() });
    }

    #[test]
    #[should_panic(expected = "expected a one-hot vector")]
    fn a_vector_with_two_ones_panics() {
        let _ = Dataset::from(Mnist { trn_lbl: [vec![1; 2], vec![0; 28]].concat(), ..small() });
    }

    #[test]
    fn the_crate_mnist_and_this_one_read_the_same_from_the_real_files() {
        let Some(source) = env::var_os("VAE_DATA").filter(|dir| !dir.is_empty()) else {
            println!("skipped: VAE_DATA names no directory with MNIST to compare parsers on");
            return;
        };
        let ours = mnist::load(Path::new(&source)).unwrap();
        // The crate reads plain files of these names only.
        let dir = TempDir::new().unwrap();
        for (split, kind) in mnist::FILES {
            let stem = mnist::stem(split, kind);
            let path = mnist::find(Path::new(&source), &stem).unwrap();
            fs::write(dir.path().join(stem), idx::read(&path).unwrap().to_bytes()).unwrap();
        }
        let theirs = MnistBuilder::new().base_path(dir.path().to_str().unwrap()).finalize();
        assert_eq!(Splits::from(theirs), ours);
    }
}
