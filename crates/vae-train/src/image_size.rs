//! Whether images are of the size that a model takes.

use vae_core::Vae;
use vae_data::Dataset;

use crate::TrainError;

/// Checks that the model has an input for each pixel of the images.
///
/// # Errors
/// [`TrainError::ImageSize`]
pub(crate) fn check_image_size(vae: &Vae, images: &Dataset) -> Result<(), TrainError> {
    let (expected, found) = (vae.input(), images.pixels());
    if expected == found {
        return Ok(());
    }
    Err(TrainError::ImageSize { expected, found, height: images.height(), width: images.width() })
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use vae_core::VaeConfig;

    use super::*;

    #[test]
    fn images_of_another_size_are_refused_with_both_sizes() {
        let vae = Vae::new(VaeConfig { input: 6, hidden: vec![4], latent: 2, ..VaeConfig::default() }, 1);
        let images = |height, width| Dataset::new(Array2::zeros((5, height * width)), None, height, width);
        let check = |images: Dataset| check_image_size(vae.as_ref().unwrap(), &images);
        assert!(check(images(2, 3).unwrap()).is_ok());
        let error = check(images(3, 4).unwrap()).unwrap_err().to_string();
        assert_eq!(error, "the model takes images of 6 pixels, the data has 12 (3 x 4)");
    }
}
