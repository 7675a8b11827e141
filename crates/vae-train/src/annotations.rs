//! Measurements of a model that its file holds beside the weights, so that a digit can be asked for and an image be
//! judged without the data that the model learned.
//!
//! They are text in the file's metadata and not tensors, so that the tensors stay those of a PyTorch module.

use serde::{Serialize, de::DeserializeOwned};
use vae_core::{Vae, VaeError, weights::Facts};
use vae_data::{ClassNames, Dataset};

use crate::{
    MeasuredImages, NegElboRange, TrainError,
    class_posteriors::{ClassPosteriors, class_posteriors},
    image_size::check_image_size,
};

/// Keys in the metadata.
const CLASSES: &str = "class_posteriors";
// Apart from the posteriors, so that older versions of this crate read these.
const NAMES: &str = "class_names";
const RANGE: &str = "test_neg_elbo";
const IMAGES: &str = "measured_images";

/// Measurements of a model on a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    /// q(z|c) of the classes of the training images. None if these have no labels, or if nothing was measured yet.
    pub classes: Option<ClassPosteriors>,
    /// The distribution of −ELBO over the test images. None if there are none, or if nothing was measured yet.
    pub neg_elbo: Option<NegElboRange>,
    /// The images that were measured. None if nothing was measured yet, or by an older version.
    pub images: Option<MeasuredImages>,
}

impl Annotations {
    /// Measures the model on the training and the test images of `data`.
    ///
    /// # Errors
    /// [`TrainError::ImageSize`] for images of another size than the model's, [`TrainError::Model`] for posteriors that
    /// are not finite.
    pub fn measure(vae: &Vae, [train, test]: [&Dataset; 2], data: &str) -> Result<Self, TrainError> {
        check_image_size(vae, test)?;
        let classes = match class_posteriors(vae, train, data) {
            Err(TrainError::NoLabels { .. } | TrainError::NoImages { .. }) => None,
            other => Some(other?),
        };
        let neg_elbo = NegElboRange::measure(data, vae, test.images())?;
        // JSON has no text for an infinite number.
        Ok(Self { classes, neg_elbo: neg_elbo.filter(NegElboRange::is_ordered), images: None })
    }

    /// Adds them to the facts of a file.
    pub(crate) fn write(&self, facts: &mut Facts) {
        fn text(value: &impl Serialize) -> String {
            serde_json::to_string(value).expect("annotations always have a text")
        }
        facts.extend(self.classes.as_ref().map(|classes| (CLASSES.to_owned(), text(classes))));
        let names =
            self.classes.as_ref().map(|classes| &classes.class_names).filter(|names| !names.is_empty());
        facts.extend(names.map(|names| (NAMES.to_owned(), text(names))));
        facts.extend(self.neg_elbo.as_ref().map(|range| (RANGE.to_owned(), text(range))));
        facts.extend(self.images.as_ref().map(|images| (IMAGES.to_owned(), text(images))));
    }

    /// Reads them from the facts of a file whose model has `latent` latents.
    pub(crate) fn read(facts: &Facts, latent: usize) -> Result<Self, VaeError> {
        fn parse<T: DeserializeOwned>(facts: &Facts, key: &'static str) -> Result<Option<T>, VaeError> {
            let parse = |text: &String| serde_json::from_str(text);
            facts.get(key).map(parse).transpose().map_err(|error| {
                let expected = "what the command 'annotate' writes".to_owned();
                VaeError::UnknownFact { key, expected, found: error.to_string() }
            })
        }
        let mut classes: Option<ClassPosteriors> = parse(facts, CLASSES)?;
        let names: Option<ClassNames> = parse(facts, NAMES)?;
        if let (Some(classes), Some(names)) = (&mut classes, names) {
            classes.class_names = names;
        }
        classes.iter().try_for_each(|classes| classes.validate(latent))?;
        let neg_elbo: Option<NegElboRange> = parse(facts, RANGE)?;
        match neg_elbo.as_ref().filter(|range| !range.is_ordered()) {
            Some(range) => Err(VaeError::UnknownFact {
                key: RANGE,
                expected: "finite numbers in ascending order".to_owned(),
                found: format!("{range:?}"),
            }),
            None => Ok(Self { classes, neg_elbo, images: parse(facts, IMAGES)? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use vae_core::VaeConfig;
    use vae_data::{Split, Splits, digits};

    use super::*;

    fn splits() -> Splits {
        Splits { train: digits::generate(200, 1, Split::Train), test: digits::generate(50, 1, Split::Test) }
    }

    fn vae() -> Vae {
        Vae::new(VaeConfig { hidden: vec![16], latent: 3, ..VaeConfig::default() }, 1).unwrap()
    }

    #[test]
    fn images_without_labels_have_no_classes() {
        let Splits { train, test } = splits();
        let train = Dataset::new(train.images().to_owned(), None, 28, 28).unwrap();
        let annotations = Annotations::measure(&vae(), [&train, &test], "x").unwrap();
        assert!(annotations.classes.is_none() && annotations.neg_elbo.is_some());
    }

    #[test]
    fn images_of_another_size_are_refused() {
        let small = || Dataset::new(Array2::zeros((5, 12)), None, 3, 4).unwrap();
        let error = Annotations::measure(&vae(), [&small(), &small()], "x");
        assert!(matches!(error, Err(TrainError::ImageSize { expected: 784, found: 12, .. })));
    }

    #[test]
    fn the_names_of_classes_are_kept_and_checked() {
        let Splits { train, test } = splits();
        let names = ClassNames::new((0..10).map(|label| (label, format!("digit {label}")))).unwrap();
        let train = train.with_class_names(names);
        let mut facts = Facts::new();
        Annotations::measure(&vae(), [&train, &test], "x").unwrap().write(&mut facts);
        let read = |facts: &Facts| Annotations::read(facts, 3);
        assert_eq!(read(&facts).unwrap().classes.unwrap().name_of(7), "digit 7");
        // A file of an older version has no names.
        let without: Facts = facts.clone().into_iter().filter(|(key, _)| key != NAMES).collect();
        assert_eq!(read(&without).unwrap().classes.unwrap().name_of(7), "7");
        let long = format!(r#"{{"0":"{}"}}"#, "x".repeat(256));
        for text in ["[]", r#"{"0":"a\nb"}"#, r#"{"0":"a","1":"a"}"#, r#"{"256":"a"}"#, &long] {
            facts.insert(NAMES.to_owned(), text.to_owned());
            let error = read(&facts).unwrap_err().to_string();
            assert!(error.contains("class_names"), "{text}: {error}");
        }
    }

    #[test]
    fn annotations_that_make_no_sense_are_refused() {
        let mut good = Facts::new();
        Annotations::measure(&vae(), [&splits().train, &splits().test], "digits").unwrap().write(&mut good);
        assert!(Annotations::read(&good, 3).is_ok());
        let refused = |key: &str, text: &str, latent: usize| {
            let mut facts = good.clone();
            facts.insert(key.to_owned(), text.to_owned());
            Annotations::read(&facts, latent).unwrap_err().to_string()
        };
        assert!(refused(CLASSES, "<html>", 3).contains("class_posteriors"));
        assert!(refused(CLASSES, r#"{"data":"x","classes":{}}"#, 3).contains("found none"));
        assert!(refused(CLASSES, r#"{"data":"x","classes":{"0":[]}}"#, 3).contains("at least one Gaussian"));
        assert!(refused(CLASSES, &good[CLASSES], 4).contains("the model's number of latents"));
        let range = r#"{"data":"x","images":1,"least":1,"low":3,"high":2,"most":4}"#;
        assert!(refused(RANGE, range, 3).contains("ascending order"));
    }
}
