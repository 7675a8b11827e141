//! Which images a model was measured on, to notice that a directory of the same name holds others today.

use serde::{Deserialize, Serialize};
use vae_data::{Dataset, Splits};

/// The images that the annotations of a model are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredImages {
    /// Their name, as a model file records it.
    pub data: String,
    /// [`Dataset::fingerprint`] of the training images.
    pub train_sha256: String,
    /// That of the test images.
    pub test_sha256: String,
}

impl MeasuredImages {
    /// Those of a data set with this name.
    pub fn new(splits: &Splits, data: &str) -> Self {
        let [train_sha256, test_sha256] = [&splits.train, &splits.test].map(Dataset::fingerprint);
        Self { data: data.to_owned(), train_sha256, test_sha256 }
    }
}
