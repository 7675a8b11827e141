//! What a command takes of a source: both sets to train, the test set alone to measure. Most of the time to load or draw
//! images goes into those to train on.

use vae_data::{DataError, Dataset, Split, Splits, mnist};

use crate::term;

/// Both sets, or one of them.
pub(crate) trait Images: Sized {
    /// The fingerprint that [`known_by`](Self::known_by) has in MNIST.
    const MNIST: &str;
    /// From what gives any set.
    fn load(load: impl Fn(Split) -> Result<Dataset, DataError> + Sync) -> Result<Self, DataError>;
    /// All of them, one behind the other.
    fn join(all: Vec<Self>) -> Result<Self, DataError>;
    /// The set that tells one source from another.
    fn known_by(&self) -> &Dataset;
    /// Whether each image has a label.
    fn is_labelled(&self) -> bool;
    /// How many images of which sets.
    fn count(&self) -> String;
}

impl Images for Splits {
    const MNIST: &str = mnist::TRAIN_FINGERPRINT;

    fn load(load: impl Fn(Split) -> Result<Dataset, DataError> + Sync) -> Result<Self, DataError> {
        Self::load(load)
    }

    fn join(all: Vec<Self>) -> Result<Self, DataError> {
        Self::join(all)
    }

    fn known_by(&self) -> &Dataset {
        &self.train
    }

    fn is_labelled(&self) -> bool {
        self.train.labels().is_some() && self.test.is_labelled()
    }

    fn count(&self) -> String {
        format!("{} training and {}", term::thousands(self.train.len()), self.test.count())
    }
}

/// The test set.
impl Images for Dataset {
    const MNIST: &str = mnist::TEST_FINGERPRINT;

    fn load(load: impl Fn(Split) -> Result<Self, DataError> + Sync) -> Result<Self, DataError> {
        load(Split::Test)
    }

    fn join(all: Vec<Self>) -> Result<Self, DataError> {
        Self::join(all)
    }

    fn known_by(&self) -> &Dataset {
        self
    }

    fn is_labelled(&self) -> bool {
        self.labels().is_some()
    }

    fn count(&self) -> String {
        format!("{} test images", term::thousands(self.len()))
    }
}

/// How many digits are drawn of a set, where `digits` are to train on.
pub(super) fn drawn(digits: usize, split: Split) -> usize {
    match split {
        Split::Train => digits,
        Split::Test => digits.div_ceil(6),
    }
}
