//! The file of a trained classifier, with its accuracy.

use std::path::Path;

use vae_core::{Classifier, VaeError, weights::Facts};

use crate::{TrainError, files::read_bounded};

/// The largest file read as a classifier.
const MAX_BYTES: u64 = 64 << 20;

const ACCURACY: &str = "test_accuracy";

/// A classifier as it lies in a `.safetensors` file.
#[derive(Clone, Debug)]
pub struct ClassifierFile {
    /// The classifier.
    pub classifier: Classifier,
    /// The data it was trained and measured on: `mnist`, `digits` or a directory's name.
    pub data: String,
    /// The fraction of that data's test images that it classifies correctly.
    pub accuracy: f64,
    /// The seed of its training.
    pub seed: u64,
}

impl ClassifierFile {
    /// The bytes of the file. The same classifier gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let facts = [
            ("data", self.data.clone()),
            (ACCURACY, self.accuracy.to_string()),
            ("seed", self.seed.to_string()),
        ];
        let facts = facts.map(|(key, value)| (key.to_owned(), value));
        self.classifier.to_safetensors(&Facts::from(facts))
    }

    /// The classifier in the bytes of a file.
    ///
    /// # Errors
    /// Those of [`Classifier::from_safetensors`], [`VaeError::MissingFact`], and [`VaeError::UnknownFact`] for a fact
    /// that makes no sense.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaeError> {
        let (classifier, facts) = Classifier::from_safetensors(bytes)?;
        let fact = |key| facts.get(key).cloned().ok_or(VaeError::MissingFact { key });
        let (data, accuracy, seed) = (fact("data")?, fact(ACCURACY)?, fact("seed")?);
        let unknown = |key, expected: &str, found: &String| VaeError::UnknownFact {
            key,
            expected: expected.to_owned(),
            found: found.clone(),
        };
        let fraction = accuracy.parse().ok().filter(|fraction| (0.0..=1.0).contains(fraction));
        Ok(Self {
            classifier,
            data,
            accuracy: fraction.ok_or_else(|| unknown(ACCURACY, "a number between 0 and 1", &accuracy))?,
            seed: seed.parse().map_err(|_| unknown("seed", "a whole number", &seed))?,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Content`] or [`TrainError::ModelFile`], all with the path.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        Self::from_bytes(&bytes).map_err(|source| TrainError::ModelFile { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use vae_core::ClassifierConfig;

    use super::*;

    fn file() -> ClassifierFile {
        let config =
            ClassifierConfig { input: 6, hidden: vec![3], classes: 2, ..ClassifierConfig::default() };
        let classifier = Classifier::new(config, 1).unwrap();
        ClassifierFile { classifier, data: "digits".to_owned(), accuracy: 0.975, seed: 4 }
    }

    #[test]
    fn a_classifier_reads_back_with_its_facts() {
        let read = ClassifierFile::from_bytes(&file().to_bytes()).unwrap();
        assert_eq!(read.classifier.parameters(), file().classifier.parameters());
        assert_eq!((read.data.as_str(), read.accuracy, read.seed), ("digits", 0.975, 4));
    }

    #[test]
    fn an_accuracy_above_one_is_refused() {
        let bytes = ClassifierFile { accuracy: 1.5, ..file() }.to_bytes();
        let error = ClassifierFile::from_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("test_accuracy") && error.contains("1.5"), "{error}");
    }

    #[test]
    fn a_classifier_without_data_and_accuracy_is_refused() {
        let bytes = file().classifier.to_safetensors(&Facts::new());
        let error = ClassifierFile::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, VaeError::MissingFact { key: "data" }), "{error}");
    }
}
