//! The usual range of −ELBO: an image outside of it is probably not of the kind that the model learned.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use vae_core::{Vae, VaeError};

use crate::blocks::{all, for_each_batch};

/// How −ELBO is distributed over the test images of a data set, in nats an image, with one draw of z each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegElboRange {
    /// The data's name: `mnist`, `digits` or a directory's name.
    pub data: String,
    /// Number of images.
    pub images: usize,
    /// The smallest value.
    pub least: f64,
    /// The 0.5 % quantile.
    pub low: f64,
    /// The 99.5 % quantile.
    pub high: f64,
    /// The largest value.
    pub most: f64,
}

impl NegElboRange {
    /// Measures the images of `data`. None if there are no images.
    ///
    /// # Shapes
    /// `images` (N, D) u8
    ///
    /// # Errors
    /// Those of [`neg_elbos`].
    ///
    /// # Panics
    /// If D is not the model's number of inputs.
    pub fn measure(data: &str, vae: &Vae, images: ArrayView2<'_, u8>) -> Result<Option<Self>, VaeError> {
        let mut sorted = neg_elbos(vae, images)?;
        sorted.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else { return Ok(None) };
        // The nearest rank, which is the value of an image.
        let quantile = |fraction: f64| sorted[((sorted.len() - 1) as f64 * fraction).round() as usize];
        let (low, high) = (quantile(0.005), quantile(0.995));
        Ok(Some(Self { data: data.to_owned(), images: sorted.len(), least, low, high, most }))
    }

    /// Whether a −ELBO lies within the range of 99 % of the test images.
    pub fn contains(&self, neg_elbo: f64) -> bool {
        (self.low..=self.high).contains(&neg_elbo)
    }

    /// Whether the values are finite and in ascending order.
    pub(crate) fn is_ordered(&self) -> bool {
        let Self { least, low, high, most, .. } = *self;
        least.is_finite() && most.is_finite() && least <= low && low <= high && high <= most
    }
}

/// −ELBO of each image in nats, with one draw of z each. The noise depends on an image's place alone, so that a single
/// image has the same −ELBO as the first of many.
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Errors
/// [`VaeError::OutOfRange`] for a likelihood that excludes numbers in [0, 1].
///
/// # Panics
/// If D is not the model's number of inputs.
pub fn neg_elbos(vae: &Vae, images: ArrayView2<'_, u8>) -> Result<Vec<f64>, VaeError> {
    let mut values = Vec::with_capacity(images.nrows());
    for_each_batch(images, &all(images), vae.latent(), 0, |batch| {
        values.extend(vae.loss_per_image(batch)?.neg_elbos());
        Ok(())
    })?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use vae_core::VaeConfig;
    use vae_data::{Split, digits};

    use super::*;
    use crate::evaluate;

    fn vae() -> Vae {
        Vae::new(VaeConfig { hidden: vec![16], latent: 3, ..VaeConfig::default() }, 1).unwrap()
    }

    #[test]
    fn the_values_average_to_the_evaluation() {
        let test = digits::generate(1100, 1, Split::Test);
        let values = neg_elbos(&vae(), test.images()).unwrap();
        let indices: Vec<u32> = (0..1100).collect();
        let mean = evaluate(&vae(), test.images(), &indices, 0).unwrap().unwrap().neg_elbo();
        assert!((values.iter().sum::<f64>() / 1100.0 - mean).abs() < 1e-6 * mean);
    }

    #[test]
    fn all_but_one_in_a_hundred_are_usual() {
        let test = digits::generate(1000, 1, Split::Test);
        let range = NegElboRange::measure("digits", &vae(), test.images()).unwrap().unwrap();
        let values = neg_elbos(&vae(), test.images()).unwrap();
        let usual = values.into_iter().filter(|&v| range.contains(v)).count();
        assert_eq!(usual, 990);
        assert!(range.is_ordered() && range.least < range.low && range.high < range.most, "{range:?}");
    }

    #[test]
    fn no_images_have_no_range() {
        let none = digits::generate(0, 1, Split::Test);
        assert!(NegElboRange::measure("digits", &vae(), none.images()).unwrap().is_none());
    }
}
