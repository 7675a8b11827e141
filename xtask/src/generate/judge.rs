//! The classifier that the project ships, and what it may judge.

use ndarray::ArrayView2;
use vae_data::digits::SIDE;
use vae_train::{ClassifierFile, ModelFile};

use crate::{paths, term};

/// Of how many images of a digit the agreement is told.
pub(crate) const DRAWS: usize = 1000;

/// A classifier of handwritten digits.
pub(crate) struct Judge(ClassifierFile);

impl Judge {
    /// The shipped classifier, if there is one and `data`, by which the model was made or asked, are digits; otherwise
    /// a line says why nobody judges.
    pub(crate) fn of(model: &ModelFile, data: Option<&str>) -> Option<Self> {
        match Self::find(model, data) {
            Ok(judge) => Some(judge),
            Err(reason) => {
                term::note(format_args!("no classifier judges these pictures: {reason}"));
                None
            }
        }
    }

    fn find(model: &ModelFile, data: Option<&str>) -> Result<Self, String> {
        let (height, width) = (model.height, model.width);
        if (height, width) != (SIDE, SIDE) {
            return Err(format!(
                "it reads digits of {SIDE} x {SIDE} pixels, not images of {height} x {width}"
            ));
        }
        if !matches!(data.and_then(|data| data.split(':').next()), Some("mnist" | "digits")) {
            let data = data.unwrap_or("nobody knows what");
            return Err(format!("it reads handwritten digits, and the model is of {data}"));
        }
        let path = paths::shipped_classifier();
        let file =
            ClassifierFile::read(&path).map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
        let config = file.classifier.config();
        if (config.input, config.classes) != (SIDE * SIDE, 10) {
            return Err(format!("{} is no classifier of digits but {config}", path.display()));
        }
        Ok(Self(file))
    }

    /// What it reads in each image.
    pub(crate) fn read(&self, images: ArrayView2<'_, f32>) -> Vec<u8> {
        self.0.classifier.classify(images)
    }

    /// What it reads in one image, and how certain it is, between 0 and 1.
    pub(crate) fn read_one(&self, image: ArrayView2<'_, f32>) -> (u8, f32) {
        let class = self.read(image)[0];
        (class, self.0.classifier.probabilities(image)[[0, usize::from(class)]])
    }

    /// What its judgement is worth, for people.
    pub(crate) fn describe(&self) -> String {
        let ClassifierFile { data, accuracy, .. } = &self.0;
        let data = if data == "mnist" { "MNIST" } else { data };
        format!("a classifier ({:.1} % on {data}'s test set)", 100.0 * accuracy)
    }
}
