//! The file of a trained model, with the facts about it that pictures and evaluations need.

use std::path::Path;

use vae_core::{
    Vae, VaeConfig, VaeError,
    weights::{Facts, ModuleFacts},
};
use vae_data::Binarization;

use crate::{Annotations, TrainError, files::read_bounded};

/// The largest file read as a model: the largest model possible, and its header.
const MAX_BYTES: u64 = (VaeConfig::MAX_PARAMETERS as u64) * 4 + (100 << 20);

/// A model as it lies in a `.safetensors` file.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// The model.
    pub vae: Vae,
    /// The data it was trained on, as [`DataConfig::source`](crate::DataConfig::source) names it. None if the file does
    /// not name it.
    pub data: Option<String>,
    /// How the pixels it learned from were made black or white.
    pub binarization: Binarization,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// The seed of the run that trained it.
    pub seed: Option<u64>,
    /// The epoch of the run after which it had these weights.
    pub epoch: Option<u64>,
    /// Measurements added to the file after the training.
    pub annotations: Annotations,
}

impl ModelFile {
    /// The bytes of the file. The same model gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut facts = Facts::new();
        let mut put =
            |key: &str, value: Option<String>| value.and_then(|value| facts.insert(key.to_owned(), value));
        put("data", self.data.clone());
        put("binarization", Some(self.binarization.to_string()));
        put("image", Some(format!("{}x{}", self.height, self.width)));
        put("seed", self.seed.map(|seed| seed.to_string()));
        put("epoch", self.epoch.map(|epoch| epoch.to_string()));
        self.annotations.write(&mut facts);
        self.vae.to_safetensors(&facts)
    }

    /// The model in the bytes of a file. `module` gives the facts that a state dict from elsewhere lacks.
    ///
    /// If the file does not give the size of an image, it is taken to be square if the number of inputs is a square
    /// number, else to be a single row.
    ///
    /// # Errors
    /// Those of [`Vae::from_safetensors`], and [`VaeError::UnknownFact`] for a fact that makes no sense.
    pub fn from_bytes(bytes: &[u8], module: Option<ModuleFacts>) -> Result<Self, VaeError> {
        let (vae, facts) = Vae::from_safetensors(bytes, module)?;
        let input = vae.input();
        let (height, width) = match facts.get("image") {
            Some(image) => image
                .split_once('x')
                .and_then(|(height, width)| {
                    Some((height.parse::<usize>().ok()?, width.parse::<usize>().ok()?))
                })
                .filter(|&(height, width)| height.checked_mul(width) == Some(input))
                .ok_or_else(|| VaeError::UnknownFact {
                    key: "image",
                    expected: "HEIGHTxWIDTH, as many pixels as the model has inputs".to_owned(),
                    found: image.clone(),
                })?,
            None => match input.isqrt() {
                side if side * side == input => (side, side),
                _ => (1, input),
            },
        };
        let number = |key: &str| facts.get(key).and_then(|value| value.parse().ok());
        let data = facts.get("data").cloned();
        let binarization = match facts.get("binarization") {
            None => Binarization::Grey,
            Some(text) => text.parse().map_err(|_| VaeError::UnknownFact {
                key: "binarization",
                expected: Binarization::FORMS.join(", "),
                found: text.clone(),
            })?,
        };
        let (seed, epoch) = (number("seed"), number("epoch"));
        let annotations = Annotations::read(&facts, vae.latent())?;
        Ok(Self { vae, data, binarization, height, width, seed, epoch, annotations })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Content`] or [`TrainError::ModelFile`], all with the path.
    pub fn read(path: &Path, module: Option<ModuleFacts>) -> Result<Self, TrainError> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        Self::from_bytes(&bytes, module)
            .map_err(|source| TrainError::ModelFile { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn model(height: usize, width: usize) -> ModelFile {
        let config = VaeConfig { input: height * width, hidden: vec![5], latent: 2, ..VaeConfig::default() };
        let vae = Vae::new(config, 3).unwrap();
        let (data, annotations) = (Some("digits".to_owned()), Annotations::default());
        let binarization = Binarization::Dynamic;
        ModelFile { vae, data, binarization, height, width, seed: Some(3), epoch: Some(7), annotations }
    }

    #[test]
    fn a_model_reads_back_with_its_facts() {
        let model = model(3, 4);
        let read = ModelFile::from_bytes(&model.to_bytes(), None).unwrap();
        assert_eq!(read.vae.parameters(), model.vae.parameters());
        assert_eq!((read.height, read.width, read.seed, read.epoch), (3, 4, Some(3), Some(7)));
        assert_eq!((read.data.as_deref(), read.binarization), (Some("digits"), Binarization::Dynamic));
    }

    #[test]
    fn a_file_that_does_not_say_is_taken_for_square_images() {
        let model = model(6, 6);
        let bytes = model.vae.to_safetensors(&Facts::new());
        let read = ModelFile::from_bytes(&bytes, None).unwrap();
        assert_eq!((read.height, read.width, read.data), (6, 6, None));
    }

    #[test]
    fn an_image_size_of_other_pixels_is_refused() {
        let mut model = model(3, 4);
        model.height = 5;
        let error = ModelFile::from_bytes(&model.to_bytes(), None).unwrap_err().to_string();
        assert!(error.contains("image") && error.contains("5x4"), "{error}");
    }

    #[test]
    fn a_broken_file_is_named_with_its_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        std::fs::write(&path, b"<!doctype html>").unwrap();
        let error = ModelFile::read(&path, None).unwrap_err();
        assert!(error.to_string().contains("model.safetensors"), "{error}");
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(source.contains("not a safetensors file"), "{source}");
    }
}
