//! The part of a data set that a command needs: both splits to train, the test split alone to measure. Loading or
//! drawing the training images takes most of the time, so that a command that does not need them does not load them.

use std::borrow::Cow;

use vae_data::{Binarization, DataError, Dataset, Split, Splits, mnist};
use vae_train::MeasuredImages;

use crate::term;

/// Both splits of a data set, or one of them.
pub(crate) trait Images: Sized {
    /// The fingerprint of [`fingerprinted`](Self::fingerprinted) if the images are MNIST.
    const MNIST: &str;
    /// Loads the splits that are needed with `load`.
    fn load(load: impl Fn(Split) -> Result<Dataset, DataError> + Sync) -> Result<Self, DataError>;
    /// Takes the splits that are needed from two that were read together.
    fn from_splits(splits: Splits) -> Self;
    /// Concatenates several data sets.
    fn join(all: Vec<Self>) -> Result<Self, DataError>;
    /// The images in another size of `(height, width)`.
    fn resized(self, size: (usize, usize)) -> Result<Self, DataError>;
    /// The images as a model sees them that learned from pixels made black or white; what was drawn anew for each epoch
    /// is drawn once.
    #[must_use]
    fn seen_by(self, binarization: Binarization) -> Self;
    /// The split whose fingerprint identifies the source.
    fn fingerprinted(&self) -> &Dataset;
    /// The fingerprint that a model file records of that split.
    fn recorded(images: &MeasuredImages) -> &str;
    /// True if each image has a label.
    fn is_labelled(&self) -> bool;
    /// The number of images in each split, as text.
    fn count(&self) -> String;
}

impl Images for Splits {
    const MNIST: &str = mnist::TRAIN_FINGERPRINT;

    fn load(load: impl Fn(Split) -> Result<Dataset, DataError> + Sync) -> Result<Self, DataError> {
        Self::load(load)
    }

    fn from_splits(splits: Splits) -> Self {
        splits
    }

    fn join(all: Vec<Self>) -> Result<Self, DataError> {
        Self::join(all)
    }

    fn resized(self, size: (usize, usize)) -> Result<Self, DataError> {
        self.resized(size)
    }

    fn seen_by(self, binarization: Binarization) -> Self {
        Self { train: seen(self.train, Split::Train, binarization), test: self.test.seen_by(binarization) }
    }

    fn fingerprinted(&self) -> &Dataset {
        &self.train
    }

    fn recorded(images: &MeasuredImages) -> &str {
        &images.train_sha256
    }

    fn is_labelled(&self) -> bool {
        self.train.labels().is_some() && self.test.is_labelled()
    }

    fn count(&self) -> String {
        format!("{} training and {}", term::thousands(self.train.len()), self.test.count())
    }
}

/// The test split alone.
impl Images for Dataset {
    const MNIST: &str = mnist::TEST_FINGERPRINT;

    fn load(load: impl Fn(Split) -> Result<Self, DataError> + Sync) -> Result<Self, DataError> {
        load(Split::Test)
    }

    fn from_splits(splits: Splits) -> Self {
        splits.test
    }

    fn join(all: Vec<Self>) -> Result<Self, DataError> {
        Self::join(all)
    }

    fn resized(self, size: (usize, usize)) -> Result<Self, DataError> {
        self.resized(size)
    }

    fn seen_by(self, binarization: Binarization) -> Self {
        seen(self, Split::Test, binarization)
    }

    fn fingerprinted(&self) -> &Dataset {
        self
    }

    fn recorded(images: &MeasuredImages) -> &str {
        &images.test_sha256
    }

    fn is_labelled(&self) -> bool {
        self.labels().is_some()
    }

    fn count(&self) -> String {
        format!("{} test images", term::thousands(self.len()))
    }
}

fn seen(set: Dataset, split: Split, binarization: Binarization) -> Dataset {
    match binarization.measured(&set, split) {
        Cow::Borrowed(_) => set,
        Cow::Owned(binary) => binary,
    }
}

/// The number of digits to draw for a split, if there are `digits` training images.
pub(super) fn split_size(digits: usize, split: Split) -> usize {
    match split {
        Split::Train => digits,
        Split::Test => digits.div_ceil(6),
    }
}
