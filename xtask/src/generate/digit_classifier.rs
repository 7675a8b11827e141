//! The shipped classifier of handwritten digits, and the images that it can be applied to.

use anyhow::ensure;
use ndarray::ArrayView2;
use vae_core::Classifier;
use vae_data::digits::SIDE;
use vae_train::{ClassifierFile, ModelFile};

use super::reading::Reading;
use crate::{shipped, term};

/// The number of new images of a class that the classifier is applied to.
pub(crate) const CLASSIFIED_IMAGES: usize = 1000;

/// Whether data are handwritten digits in MNIST's format, by their name. All of several must be.
pub(crate) fn are_digits(data: &str) -> bool {
    data.split(',').all(|data| {
        let name = data.split(':').next().unwrap_or_default();
        matches!(name, "mnist" | "digits" | "emnist-digits" | "emnist-mnist")
    })
}

/// A classifier of handwritten digits.
pub(crate) struct DigitClassifier(ClassifierFile);

impl DigitClassifier {
    /// The shipped classifier, if it exists and both the model and `data` are about digits; otherwise prints a line
    /// with the reason. `data` is what the classes or the range of −ELBO come from.
    pub(crate) fn find(model: &ModelFile, data: Option<&str>) -> Option<Self> {
        match Self::load(model, data) {
            Ok(classifier) => Some(classifier),
            Err(reason) => {
                term::note(format_args!("these images are not classified: {}", term::one_line(&reason)));
                None
            }
        }
    }

    /// Checks that the model makes images of the size that the classifier takes.
    pub(crate) fn check_size(model: &ModelFile) -> anyhow::Result<()> {
        let (height, width) = (model.height, model.width);
        ensure!(
            (height, width) == (SIDE, SIDE),
            "the classifier takes images of {SIDE} x {SIDE} pixels, the model makes {height} x {width}"
        );
        Ok(())
    }

    /// Checks that images of `data` are handwritten digits.
    pub(crate) fn check_data(data: Option<&str>) -> anyhow::Result<()> {
        ensure!(
            data.is_some_and(are_digits),
            "the classifier takes handwritten digits, these are images of {}",
            data.unwrap_or("unknown data")
        );
        Ok(())
    }

    /// The shipped classifier, for images of the model that resemble those of `data`.
    pub(crate) fn load(model: &ModelFile, data: Option<&str>) -> anyhow::Result<Self> {
        Self::check_size(model)?;
        Self::check_data(data)?;
        let file = shipped::classifier()?;
        let config = file.classifier.config();
        ensure!(
            (config.input, config.classes) == (SIDE * SIDE, 10),
            "expected a classifier of {} pixels and 10 classes, found {config}",
            SIDE * SIDE
        );
        Ok(Self(file))
    }

    pub(crate) fn classifier(&self) -> &Classifier {
        &self.0.classifier
    }

    /// The class of each image.
    pub(crate) fn classify(&self, images: ArrayView2<'_, f32>) -> Vec<u8> {
        self.0.classifier.classify(images)
    }

    /// What it reads in one image, (1, D).
    pub(crate) fn read(&self, image: ArrayView2<'_, f32>) -> Reading {
        Reading::of(self.0.classifier.probabilities(image).row(0))
    }

    /// The classifier and its accuracy, for messages.
    pub(crate) fn describe(&self) -> String {
        let ClassifierFile { data, accuracy, .. } = &self.0;
        let data = if data == "mnist" { "MNIST" } else { data };
        format!("a classifier ({:.1} % accuracy on {data}'s test set)", 100.0 * accuracy)
    }
}
