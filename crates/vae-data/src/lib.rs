//! Images as bytes: where they come from, and how they become batches of numbers.
//!
//! A model takes a matrix of numbers in [0, 1]. Images come as a download, as a directory of files, or not at all.
//! This crate leads from one to the other, and trusts no input: every image has the size that its file announces and
//! the label that belongs to it, and every data set has a [fingerprint](Dataset::fingerprint) to recognise it by.
//! There is no model in it.
//!
//! # How the pieces meet
//! ```text
//! fetch         the network ─► directory
//! Known::load   a directory of known files ┐
//! mnist::load   a directory of IDX files ──┼─► Splits { train, test } of Dataset (N, D) u8
//! folder        PNG and JPEG files ────────┤       │   resized: to one size of choice
//! npy           a file of numpy.save ──────┤       │
//! digits        a seed ────────────────────┤       │
//! From          the crate `mnist` ─────────┘       │   which images, in which order?
//!                                                  │   Holdout (once), shuffle (each epoch) ─► indices (B)
//!                                                  └─► gather, or augment ─► batch (B, D) f32 in [0, 1]
//!
//! photo         a picture of one digit ─► 28 x 28 bytes in MNIST's format
//! ```
//! `N` images of `D = height * width` pixels, `B` of them in a batch.
//!
//! # Example
//! One epoch, with a tenth of the images set apart for validation. `examples/own_data.rs` does the same with files of
//! one's own:
//! ```
//! use ndarray::Array2;
//! use vae_data::{Holdout, Split, digits, gather, shuffle};
//!
//! # fn main() -> Result<(), vae_data::DataError> {
//! let (seed, epoch) = (7, 0);
//! let train = digits::generate(200, seed, Split::Train); // or mnist::load(dir)?.train
//! let holdout = Holdout::new(train.len(), train.len() / 10, seed)?;
//!
//! let mut order = holdout.train.clone();
//! shuffle(&mut order, seed, epoch);
//! let mut x = Array2::zeros((64, train.pixels()));
//! for indices in order.chunks_exact(64) {
//!     gather(train.images(), indices, x.view_mut());
//!     assert!(x.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
//!     // ... a training step on x
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Modules in reading order
//! The data's way: the bytes of a file ([`content`](DEFAULT_MAX_BYTES), private), their format ([`idx`]), what they
//! become ([`Dataset`]), four such files in a directory ([`mnist`]), published sets by name ([`known`]),
//! these from the network (`fetch`), digits without any file ([`digits`]), arrays of numpy ([`npy`]), PNG and JPEG
//! files as a data set (`folder`), what labels stand for ([`ClassNames`]) and a digit on one of them (`photo`), then
//! the order of images ([`Holdout`], [`shuffle`]), their numbers ([`gather()`]), black and white ones of them
//! ([`Binarization`]) and their variations ([`augment`]).
//!
//! # Features
//! On by default are `download`: the module `fetch`, which brings an HTTPS client and a reader of zip archives;
//! `mnist`: conversion from what the crate `mnist` loads; `pictures`: the modules `folder` and `photo`, which bring
//! decoders of PNG and JPEG. `serde` makes [`Augmentation`] and
//! [`Binarization`] parts of configurations.

mod error;
mod hash;
mod stream;

mod content;
pub mod idx;

mod class_names;
mod resize;

mod dataset;
mod splits;

pub mod mnist;

pub mod known;

#[cfg(feature = "download")]
pub mod fetch;

pub mod npy;

pub mod digits;

#[cfg(feature = "pictures")]
mod picture;

#[cfg(feature = "pictures")]
pub mod folder;

#[cfg(feature = "pictures")]
pub mod photo;

mod order;
mod test_share;

mod gather;

mod binarize;

pub mod augment;

pub use self::{
    augment::{Augmentation, Augmenter},
    binarize::Binarization,
    class_names::ClassNames,
    content::DEFAULT_MAX_BYTES,
    dataset::Dataset,
    error::{DataError, FormatError},
    gather::gather,
    known::Known,
    order::{Holdout, shuffle, shuffled},
    resize::resized,
    splits::{Split, Splits},
};

/// The README's example is compiled and run with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
