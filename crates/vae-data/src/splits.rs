//! The training and the test part of a data set, kept apart from the moment they are loaded.

use crate::{dataset::Dataset, error::DataError};

/// One of the two parts of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// The part to train on.
    Train,
    /// The part to evaluate on; never trained on.
    Test,
}

/// Training and test set, of the same image size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splits {
    /// The part to train on.
    pub train: Dataset,
    /// The part to evaluate on; never trained on.
    pub test: Dataset,
}

impl Splits {
    /// A training and a test set that belong together.
    ///
    /// # Errors
    /// [`DataError::SplitSizes`] if their images differ in size.
    pub fn new(train: Dataset, test: Dataset) -> Result<Self, DataError> {
        let [train_size, test_size] = [&train, &test].map(|set| (set.height(), set.width()));
        if train_size != test_size {
            return Err(DataError::SplitSizes { train: train_size, test: test_size });
        }
        Ok(Self { train, test })
    }

    /// Joins the training sets of all `splits`, in their order, and their test sets.
    ///
    /// # Errors
    /// Those of [`Dataset::join`].
    ///
    /// # Panics
    /// If there are no splits.
    pub fn join(splits: impl IntoIterator<Item = Self>) -> Result<Self, DataError> {
        let (train, test): (Vec<_>, Vec<_>) =
            splits.into_iter().map(|Self { train, test }| (train, test)).unzip();
        Self::new(Dataset::join(train)?, Dataset::join(test)?)
    }

    /// Both sets in another size: see [`Dataset::resized`].
    ///
    /// # Errors
    /// Those of [`Dataset::resized`].
    pub fn resized(self, size: (usize, usize)) -> Result<Self, DataError> {
        Self::new(self.train.resized(size)?, self.test.resized(size)?)
    }

    /// Calls `load` for both sets, at the same time.
    ///
    /// # Errors
    /// The error of `load`, that of the training set first, and those of [`new`](Self::new).
    pub fn load(load: impl Fn(Split) -> Result<Dataset, DataError> + Sync) -> Result<Self, DataError> {
        let (train, test) = rayon::join(|| load(Split::Train), || load(Split::Test));
        // Both calls end before a result is checked, so that the same source always gives the same error.
        Self::new(train?, test?)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn two_images() -> Dataset {
        Dataset::new(array![[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]], Some(vec![3, 4]), 2, 3).unwrap()
    }

    #[test]
    fn joined_splits_keep_training_and_test_apart() {
        let splits = |train, test| {
            let set = |byte| Dataset::new(array![[byte]], None, 1, 1).unwrap();
            Splits::new(set(train), set(test)).unwrap()
        };
        let joined = Splits::join([splits(1, 2), splits(3, 4)]).unwrap();
        assert_eq!(joined.train.images(), array![[1], [3]]);
        assert_eq!(joined.test.images(), array![[2], [4]]);
    }

    #[test]
    fn splits_are_loaded_by_one_function() {
        let one = |split| Ok(if split == Split::Train { two_images() } else { two_images().transposed() });
        assert!(matches!(Splits::load(one), Err(DataError::SplitSizes { train: (2, 3), test: (3, 2) })));
        let splits = Splits::load(|_| Ok(two_images())).unwrap();
        assert_eq!((splits.train, splits.test), (two_images(), two_images()));
    }

    #[test]
    fn splits_of_different_sizes_are_refused() {
        let error = Splits::new(two_images(), two_images().transposed()).unwrap_err();
        assert!(matches!(error, DataError::SplitSizes { train: (2, 3), test: (3, 2) }), "{error}");
    }
}
