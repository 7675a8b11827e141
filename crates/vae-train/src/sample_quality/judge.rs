//! Images judged by a classifier, beside the images that they should resemble.

use ndarray::{Array2, ArrayView2, s};
use vae_core::Classifier;

use super::{frechet::Gaussian, precision_recall::Manifold};

/// A reading is confident if a class has more than this probability.
pub const CONFIDENT: f32 = 0.9;

/// How good a set of images is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The Fréchet distance d² to the reference images ([`frechet_distance`](crate::frechet_distance)).
    pub frechet: f64,
    /// The share of the images within the manifold of the reference images: are they good?
    pub precision: f64,
    /// The share of the reference images within the manifold of the images: are they as varied?
    pub recall: f64,
    /// The share of images of which the classifier gives one class more than [`CONFIDENT`] of the probability.
    pub confident: f64,
}

/// A classifier and what it finds in the reference images.
#[derive(Clone, Debug)]
pub struct Judge<'c> {
    classifier: &'c Classifier,
    gaussian: Gaussian,
    manifold: Manifold,
    most: usize,
}

impl<'c> Judge<'c> {
    /// A judge that compares with these reference images; precision and recall take the first `most` images of either
    /// set, as their cost grows with the square.
    ///
    /// # Shapes
    /// `reference` (N, D) in [0, 1]
    ///
    /// # Panics
    /// If D is not what the classifier takes, or N or `most` is not above [`NEIGHBOURS`](crate::NEIGHBOURS).
    pub fn new(classifier: &'c Classifier, reference: ArrayView2<'_, f32>, most: usize) -> Self {
        let features = classifier.features(reference);
        let gaussian = Gaussian::fit(features.view());
        Self { classifier, gaussian, manifold: Manifold::new(first(&features, most)), most }
    }

    /// The number of features of an image, H.
    pub fn features(&self) -> usize {
        self.gaussian.dimensions()
    }

    /// The quality of these images.
    ///
    /// # Shapes
    /// `images` (N, D) in [0, 1]
    ///
    /// # Panics
    /// If D is not what the classifier takes, or N is not above [`NEIGHBOURS`](crate::NEIGHBOURS).
    pub fn quality(&self, images: ArrayView2<'_, f32>) -> Quality {
        let features = self.classifier.features(images);
        let manifold = Manifold::new(first(&features, self.most));
        let is_confident = |p: &f32| *p > CONFIDENT;
        let probabilities = self.classifier.probabilities(images);
        let confident = probabilities.rows().into_iter().filter(|p| p.iter().any(is_confident)).count();
        Quality {
            frechet: self.gaussian.distance(&Gaussian::fit(features.view())),
            precision: self.manifold.share_of(&manifold),
            recall: manifold.share_of(&self.manifold),
            confident: confident as f64 / images.nrows() as f64,
        }
    }
}

/// At most so many rows.
fn first(features: &Array2<f32>, most: usize) -> ArrayView2<'_, f32> {
    features.slice(s![..features.nrows().min(most), ..])
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;
    use vae_core::ClassifierConfig;
    use vae_data::{Split, digits};

    use super::*;

    fn images(count: usize, seed: u64) -> Array2<f32> {
        digits::generate(count, seed, Split::Test).images().mapv(|byte| f32::from(byte) / 255.0)
    }

    fn classifier() -> Classifier {
        Classifier::new(ClassifierConfig { hidden: vec![12], ..ClassifierConfig::default() }, 1).unwrap()
    }

    #[test]
    fn the_reference_images_themselves_are_perfect() {
        let (images, classifier) = (images(100, 1), classifier());
        let judge = Judge::new(&classifier, images.view(), 1000);
        let quality = judge.quality(images.view());
        assert_eq!(judge.features(), 12);
        assert!(quality.frechet < 1e-9, "{quality:?}");
        assert_eq!((quality.precision, quality.recall), (1.0, 1.0));
    }

    #[test]
    fn noise_is_farther_from_digits_than_other_digits_are() {
        let (reference, others, classifier) = (images(200, 1), images(200, 2), classifier());
        let noise =
            Array2::from_shape_fn((200, 784), |(i, j)| ((i * 7919 + j * 104_729) % 251) as f32 / 250.0);
        let judge = Judge::new(&classifier, reference.view(), 1000);
        let (digits, noise) = (judge.quality(others.view()), judge.quality(noise.view()));
        assert!(digits.frechet * 10.0 < noise.frechet, "{digits:?} {noise:?}");
        assert!(digits.precision > 0.5 && noise.precision < 0.1, "{digits:?} {noise:?}");
        assert!(digits.recall > 0.5 && noise.recall < 0.1, "{digits:?} {noise:?}");
    }

    #[test]
    fn images_of_one_class_are_good_but_not_varied() {
        let (reference, classifier) = (images(300, 1), classifier());
        let labels = digits::generate(300, 1, Split::Test).labels().unwrap().to_vec();
        let ones: Vec<usize> = (0..300).filter(|&i| labels[i] == 1).collect();
        let one_kind = reference.select(Axis(0), &ones);
        let quality = Judge::new(&classifier, reference.view(), 1000).quality(one_kind.view());
        assert_eq!(quality.precision, 1.0);
        assert!(quality.recall < 0.5, "{quality:?}");
    }

    #[test]
    fn a_reading_counts_as_confident_above_nine_tenths() {
        let (images, mut classifier) = (images(50, 1), classifier());
        let judge =
            |classifier: &Classifier| Judge::new(classifier, images.view(), 50).quality(images.view());
        assert_eq!(judge(&classifier).confident, 0.0);
        classifier.parameters_mut().values_mut().iter_mut().for_each(|weight| *weight *= 100.0);
        assert!(judge(&classifier).confident > 0.9);
    }
}
