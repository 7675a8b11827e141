//! The posteriors of the images of a class, kept as a mixture of Gaussians: new images of the class can be drawn from
//! it, without the images.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use vae_core::{
    GaussianMixture, MixtureConfig, Posterior, Vae, VaeError,
    noise::{Purpose, standard_normal, stream, uniform},
};
use vae_data::{ClassNames, Dataset};

use crate::{TrainError, encode::encode, image_size::check_image_size};

/// About the largest number of values that all classes together may take: 1 MB of text.
const MAX_NUMBERS: usize = 100_000;

/// q(z|c) of every class c of a labelled data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPosteriors {
    /// Which data: `mnist`, `digits` or a directory's name.
    pub data: String,
    /// A mixture for each class that has images, fitted to the posteriors of these.
    pub classes: BTreeMap<u8, GaussianMixture>,
    /// What the labels stand for; none for digits. A model file holds them beside the posteriors.
    #[serde(skip)]
    pub class_names: ClassNames,
}

impl ClassPosteriors {
    /// Fits a mixture to each class, from the posteriors of the images of `data` and their labels.
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for posteriors that are not finite.
    ///
    /// # Panics
    /// If there are no labels, or another number of them than of posteriors.
    pub fn fit(data: &str, posterior: &Posterior, labels: &[u8]) -> Result<Self, TrainError> {
        assert_eq!(posterior.mean.nrows(), labels.len(), "a label for each image");
        assert!(!labels.is_empty(), "at least one image");
        let mut images: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for (image, &label) in labels.iter().enumerate() {
            images.entry(label).or_default().push(image);
        }
        let config = mixture_config(images.len(), posterior.mean.ncols());
        // One thread fits a class, so that no sum depends on the number of threads.
        let fit = |(class, images): (u8, Vec<usize>)| {
            let select = |values: &Array2<f32>| values.select(Axis(0), &images);
            let (means, log_vars) = (select(&posterior.mean), select(&posterior.log_var));
            Ok((class, GaussianMixture::fit(means.view(), log_vars.view(), &config)?))
        };
        let classes: Result<_, VaeError> = images.into_par_iter().map(fit).collect();
        Ok(Self { data: data.to_owned(), classes: classes?, class_names: ClassNames::default() })
    }

    /// Draws z from q(z|class), `count` times. A smaller count gives the first of these draws.
    ///
    /// # Errors
    /// [`TrainError::UnknownClass`], which names the classes that exist.
    pub fn sample(&self, class: u8, count: usize, seed: u64) -> Result<Array2<f32>, TrainError> {
        let Some(mixture) = self.classes.get(&class) else {
            return Err(TrainError::UnknownClass { found: class.to_string(), expected: self.names() });
        };
        // Epoch 0 is the key of the samples from the prior. A purpose of its own would draw other digits for the seeds
        // that people have noted down.
        let stream = |which| stream(seed, Purpose::SAMPLES, 1 + u64::from(class), which);
        let (mut choices, mut eps) = (Array1::zeros(count), Array2::zeros((count, mixture.latent())));
        standard_normal(&mut stream(0), eps.view_mut());
        uniform(&mut stream(1), choices.view_mut());
        Ok(mixture.sample(choices.view(), eps.view()))
    }

    /// The name of a class, or else its number as text.
    pub fn name_of(&self, label: u8) -> String {
        self.class_names.name_of(label)
    }

    /// The class that a text asks for: by its name, if need be in other letter case, or by its number.
    ///
    /// # Errors
    /// [`TrainError::UnknownClass`], which names the classes that exist.
    pub fn find(&self, text: &str) -> Result<u8, TrainError> {
        let class = self.class_names.find(text).filter(|class| self.classes.contains_key(class));
        class.ok_or_else(|| TrainError::UnknownClass { found: text.to_owned(), expected: self.names() })
    }

    /// The classes as text for a message: `0 to 9`, or `0, 1, 3`, or their names.
    pub fn names(&self) -> String {
        if !self.class_names.is_empty() {
            return self.classes.keys().map(|&class| self.name_of(class)).collect::<Vec<_>>().join(", ");
        }
        let classes: Vec<u8> = self.classes.keys().copied().collect();
        match classes[..] {
            [first, .., last] if usize::from(last - first) + 1 == classes.len() => {
                format!("{first} to {last}")
            }
            _ => classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// Checks classes read from a file against the number of latents of its model.
    pub(crate) fn validate(&self, latent: usize) -> Result<(), VaeError> {
        if self.classes.is_empty() {
            return Err(VaeError::Mixture { expected: "at least one class", found: "none".to_owned() });
        }
        for mixture in self.classes.values() {
            mixture.validate()?;
            if mixture.latent() != latent {
                let found = format!("{} for a model of {latent}", mixture.latent());
                return Err(VaeError::Mixture { expected: "the model's number of latents", found });
            }
        }
        Ok(())
    }
}

/// As many components as [`MAX_NUMBERS`] allows: with many latents or many classes, one Gaussian a class.
fn mixture_config(classes: usize, latent: usize) -> MixtureConfig {
    let config = MixtureConfig::default();
    let numbers = 1 + latent + latent * (latent + 1) / 2;
    MixtureConfig { components: (MAX_NUMBERS / (classes * numbers)).clamp(1, config.components), ..config }
}

/// q(z|c) of each class of a data set.
///
/// # Errors
/// [`TrainError::NoLabels`], [`TrainError::NoImages`], [`TrainError::ImageSize`], or [`TrainError::Model`] for
/// posteriors that are not finite.
pub fn class_posteriors(vae: &Vae, images: &Dataset, data: &str) -> Result<ClassPosteriors, TrainError> {
    check_image_size(vae, images)?;
    let labels = images.labels().ok_or_else(|| TrainError::NoLabels { data: data.to_owned() })?;
    if images.is_empty() {
        return Err(TrainError::NoImages { what: "the training set" });
    }
    let posteriors = ClassPosteriors::fit(data, &encode(vae, images.images()), labels)?;
    Ok(ClassPosteriors { class_names: images.class_names().clone(), ..posteriors })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Class 3 around (−5, 0), class 7 around (5, 5).
    fn posteriors() -> ClassPosteriors {
        let labels: Vec<u8> = (0..200).map(|i| if i % 2 == 0 { 3 } else { 7 }).collect();
        let centre = |label: u8| if label == 3 { [-5.0, 0.0] } else { [5.0, 5.0] };
        let mean = Array2::from_shape_fn((200, 2), |(i, l)| centre(labels[i])[l] + 0.01 * (i % 7) as f32);
        let posterior = Posterior::new(mean, Array2::from_elem((200, 2), 0.01f32.ln()));
        ClassPosteriors::fit("digits", &posterior, &labels).unwrap()
    }

    #[test]
    fn draws_of_a_class_lie_among_its_images() {
        for (class, centre) in [(3, [-5.0, 0.0]), (7, [5.0, 5.0])] {
            let z = posteriors().sample(class, 50, 1).unwrap();
            assert_eq!(z.dim(), (50, 2));
            for z in z.rows() {
                assert!(z.iter().zip(centre).all(|(z, centre)| (z - centre).abs() < 1.0), "{class}: {z}");
            }
        }
    }

    #[test]
    fn few_draws_are_the_first_of_many() {
        let posteriors = posteriors();
        let (few, many) = (posteriors.sample(3, 5, 1).unwrap(), posteriors.sample(3, 50, 1).unwrap());
        assert_eq!(few, many.slice(ndarray::s![..5, ..]));
    }

    #[test]
    fn another_seed_draws_something_else() {
        assert_ne!(posteriors().sample(3, 5, 1).unwrap(), posteriors().sample(3, 5, 2).unwrap());
    }

    #[test]
    fn a_class_without_images_is_refused_with_those_that_have_some() {
        let error = posteriors().sample(4, 5, 1).unwrap_err().to_string();
        assert!(error.contains("class 4") && error.contains("3, 7"), "{error}");
    }

    #[test]
    fn a_class_is_found_by_its_name_or_number() {
        let names =
            [(3, "circle"), (4, "square"), (7, "cross")].map(|(label, name)| (label, name.to_owned()));
        let class_names = ClassNames::new(names).unwrap();
        let named = ClassPosteriors { class_names, ..posteriors() };
        assert_eq!(["circle", "Cross", "3"].map(|text| named.find(text).unwrap()), [3, 7, 3]);
        assert_eq!([3, 7, 9].map(|label| named.name_of(label)), ["circle", "cross", "9"]);
        // Squares have a name, and no images.
        for text in ["square", "4", "triangle", "", "300"] {
            let error = named.find(text).unwrap_err().to_string();
            assert!(error.contains(&format!("class {text}: ")) && error.contains("circle, cross"), "{error}");
        }
        assert_eq!(posteriors().find("7").unwrap(), 7);
    }

    #[test]
    fn the_text_reads_back_to_the_bit() {
        let text = serde_json::to_string(&posteriors()).unwrap();
        assert_eq!(serde_json::from_str::<ClassPosteriors>(&text).unwrap(), posteriors());
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let fitted_by = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(posteriors)
        };
        assert_eq!(fitted_by(1), fitted_by(3));
    }

    #[test]
    fn many_latents_or_classes_leave_a_gaussian_each() {
        let components = |classes, latent| mixture_config(classes, latent).components;
        assert_eq!(
            [components(10, 16), components(10, 64), components(10, 128), components(62, 64)],
            [16, 4, 1, 1]
        );
    }
}
