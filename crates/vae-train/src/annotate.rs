//! Adds annotations to the file of a finished model.

use std::path::Path;

use vae_data::{Split, Splits};

use crate::{Annotations, MeasuredImages, ModelFile, TrainError, files::write_atomically};

/// Measures the model, whose file is at `path`, on the images of `data`, with their pixels as it sees them, and writes
/// the file anew. The weights stay as they are, to the bit; the same data makes the same file. Images without labels
/// leave the annotations of classes that the file has as they are.
///
/// # Errors
/// Those of [`Annotations::measure`] and [`write_atomically`]; the file is then as it was.
pub fn annotate(path: &Path, model: &mut ModelFile, splits: &Splits, data: &str) -> Result<(), TrainError> {
    let [train, test] = [(&splits.train, Split::Train), (&splits.test, Split::Test)]
        .map(|(set, split)| model.binarization.measured(set, split));
    let mut measured = Annotations::measure(&model.vae, [&train, &test], data)?;
    measured.classes = measured.classes.or_else(|| model.annotations.classes.take());
    measured.images = Some(MeasuredImages::new(splits, data));
    model.annotations = measured;
    write_atomically(path, &model.to_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vae_core::{Vae, VaeConfig};
    use vae_data::{Binarization, digits};

    use super::*;

    fn splits() -> Splits {
        Splits { train: digits::generate(200, 1, Split::Train), test: digits::generate(50, 1, Split::Test) }
    }

    fn model() -> ModelFile {
        let config = VaeConfig { hidden: vec![16], latent: 3, ..VaeConfig::default() };
        let vae = Vae::new(config, 1).unwrap();
        ModelFile {
            binarization: Binarization::Grey,
            vae,
            data: None,
            height: 28,
            width: 28,
            seed: None,
            epoch: None,
            annotations: Annotations::default(),
        }
    }

    #[test]
    fn a_file_keeps_what_was_measured_and_its_weights() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        let mut annotated = model();
        annotate(&path, &mut annotated, &splits(), "digits").unwrap();
        let read = ModelFile::read(&path, None).unwrap();
        assert_eq!(read.annotations, annotated.annotations);
        assert_eq!(read.vae.parameters(), model().vae.parameters());
        let classes: Vec<u8> = read.annotations.classes.unwrap().classes.into_keys().collect();
        assert_eq!(classes, (0..10).collect::<Vec<u8>>());
        assert_eq!(read.annotations.neg_elbo.unwrap().images, 50);
    }

    #[test]
    fn a_second_time_gives_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.safetensors");
        annotate(&path, &mut model(), &splits(), "digits").unwrap();
        let once = fs::read(&path).unwrap();
        annotate(&path, &mut ModelFile::read(&path, None).unwrap(), &splits(), "digits").unwrap();
        assert!(fs::read(&path).unwrap() == once);
    }

    #[test]
    fn no_tensor_is_added() {
        let mut annotated = model();
        annotated.annotations =
            Annotations::measure(&annotated.vae, [&splits().train, &splits().test], "digits").unwrap();
        let names = |model: &ModelFile| -> Vec<String> {
            let bytes = model.to_bytes();
            let (tensors, _) = vae_core::weights::from_safetensors(&bytes).unwrap();
            tensors.keys().cloned().collect()
        };
        assert_eq!(names(&annotated), names(&model()));
    }
}
