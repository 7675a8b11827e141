//! Which −ELBO is usual: the measure for whether an image is of the kind that a model learned.

use ndarray::{Array2, ArrayView2, s};
use serde::{Deserialize, Serialize};
use vae_core::{
    Vae,
    noise::{Purpose, standard_normal, stream},
};
use vae_data::gather;

/// Images that are converted and evaluated together.
const BLOCK: usize = 1000;

/// How −ELBO is distributed over the test images of a data set, in nats an image, with one draw of z each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegElboRange {
    /// Which data: `mnist`, `digits` or a directory's name.
    pub data: String,
    /// Number of images.
    pub images: usize,
    /// The least of all.
    pub least: f64,
    /// The 0.5 % quantile.
    pub low: f64,
    /// The 99.5 % quantile.
    pub high: f64,
    /// The largest of all.
    pub most: f64,
}

impl NegElboRange {
    /// From the images of `data`; none of no images.
    ///
    /// # Shapes
    /// `images` (N, D) u8
    ///
    /// # Panics
    /// If D is not the model's number of inputs.
    pub fn measure(data: &str, vae: &Vae, images: ArrayView2<'_, u8>) -> Option<Self> {
        let mut sorted = neg_elbos(vae, images);
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        // The nearest rank: a value that some image has.
        let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let (low, high) = (quantile(0.005), quantile(0.995));
        Some(Self { data: data.to_owned(), images: sorted.len(), least, low, high, most })
    }

    /// Whether an image of this −ELBO is as likely as 99 % of the test images are.
    pub fn contains(&self, neg_elbo: f64) -> bool {
        (self.low..=self.high).contains(&neg_elbo)
    }

    /// Checks what came from a file.
    pub(crate) fn is_ordered(&self) -> bool {
        let Self { least, low, high, most, .. } = *self;
        least.is_finite() && most.is_finite() && least <= low && low <= high && high <= most
    }
}

/// −ELBO of each image in nats, with one draw of z each. The noise depends on an image's place alone, so that an image
/// alone is measured like the first of many.
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Panics
/// If D is not the model's number of inputs.
pub fn neg_elbos(vae: &Vae, images: ArrayView2<'_, u8>) -> Vec<f64> {
    let indices: Vec<u32> = (0..images.nrows() as u32).collect();
    let rows = indices.len().min(BLOCK);
    let (mut x, mut eps) = (Array2::zeros((rows, images.ncols())), Array2::zeros((rows, vae.latent())));
    let mut values = Vec::with_capacity(indices.len());
    for (block, indices) in (0..).zip(indices.chunks(BLOCK)) {
        let mut x = x.slice_mut(s![..indices.len(), ..]);
        let mut eps = eps.slice_mut(s![..indices.len(), ..]);
        gather(images, indices, x.view_mut());
        standard_normal(&mut stream(0, Purpose::Evaluation, 0, block), eps.view_mut());
        let terms = vae.elbo_terms(x.view(), eps.view());
        let pairs = terms.reconstruction.iter().zip(&terms.kl);
        values.extend(pairs.map(|(&reconstruction, &kl)| f64::from(reconstruction) + f64::from(kl)));
    }
    values
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
        let values = neg_elbos(&vae(), test.images());
        let indices: Vec<u32> = (0..1100).collect();
        let mean = evaluate(&vae(), test.images(), &indices, 0).unwrap().neg_elbo();
        assert!((values.iter().sum::<f64>() / 1100.0 - mean).abs() < 1e-6 * mean);
    }

    #[test]
    fn all_but_one_in_a_hundred_are_usual() {
        let test = digits::generate(1000, 1, Split::Test);
        let range = NegElboRange::measure("digits", &vae(), test.images()).unwrap();
        let usual = neg_elbos(&vae(), test.images()).into_iter().filter(|&v| range.contains(v)).count();
        assert_eq!(usual, 990);
        assert!(range.is_ordered() && range.least < range.low && range.high < range.most, "{range:?}");
    }

    #[test]
    fn no_images_have_no_range() {
        let none = digits::generate(0, 1, Split::Test);
        assert_eq!(NegElboRange::measure("digits", &vae(), none.images()), None);
    }
}
