//! Training of a classifier, and its accuracy. It takes seconds, in memory, and leaves no checkpoints.

use std::{convert::Infallible, ops::ControlFlow};

use ndarray::{Array2, s};
use vae_core::{Adam, Classifier, ClassifierConfig, Method, Optimizer, VaeError};
use vae_data::{Dataset, gather, shuffled};

use crate::{
    TrainError,
    blocks::{all, for_each_block},
    schedule::StepSizes,
};

/// How a classifier is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifierTraining {
    /// Widths of its hidden layers. Default `[128]`.
    pub hidden: Vec<usize>,
    /// Passes over the training images. Default 10.
    pub epochs: u64,
    /// Images of a step. Default 100. The last batch of an epoch may be smaller.
    pub batch: usize,
    /// Adam's step size at the beginning; it falls to 0 along half a cosine. Default 0.002.
    pub learning_rate: f32,
    /// Random seed of the initial weights and of the order of the images. Default 0.
    pub seed: u64,
}

impl Default for ClassifierTraining {
    fn default() -> Self {
        Self { hidden: vec![128], epochs: 10, batch: 100, learning_rate: 2e-3, seed: 0 }
    }
}

/// Trains a classifier on the labels of `data`, whose name is `name`. Calls `observe` after every epoch with the
/// number of the epoch, from 1, and its average cross-entropy in nats; if `observe` breaks, the training ends early.
///
/// # Errors
/// [`TrainError::NoLabels`], [`TrainError::NoImages`], [`TrainError::Model`] for sizes or a step size out of range, and
/// [`TrainError::NotFinite`].
pub fn train_classifier(
    data: &Dataset,
    name: &str,
    training: &ClassifierTraining,
    observe: &mut dyn FnMut(u64, f64) -> ControlFlow<()>,
) -> Result<Classifier, TrainError> {
    let labels = data.labels().ok_or_else(|| TrainError::NoLabels { data: name.to_owned() })?;
    let last = labels.iter().max().ok_or(TrainError::NoImages { what: "the training set" })?;
    let ClassifierTraining { ref hidden, epochs, batch, learning_rate, seed } = *training;
    let method = Method::from(Adam { learning_rate, ..Adam::default() });
    method.validate()?;
    let config = ClassifierConfig {
        input: data.pixels(),
        hidden: hidden.clone(),
        classes: usize::from(*last) + 1,
        ..ClassifierConfig::default()
    };
    let mut classifier = Classifier::new(config, seed)?;
    let mut optimizer = Optimizer::new(method, classifier.parameters().len());
    let batch = batch.clamp(1, data.len());
    let steps_per_epoch = data.len().div_ceil(batch) as u64;
    let step_sizes = StepSizes::cosine(epochs * steps_per_epoch);
    let (mut x, mut y) = (Array2::zeros((batch, data.pixels())), Vec::new());
    for epoch in 0..epochs {
        let mut sum = 0.0;
        for (step, indices) in (0..).zip(shuffled(data.len(), seed, epoch).chunks(batch)) {
            let mut x = x.slice_mut(s![..indices.len(), ..]);
            gather(data.images(), indices, x.view_mut());
            y.clear();
            y.extend(indices.iter().map(|&image| labels[image as usize]));
            let (loss, mut gradient) = classifier.gradient(x.view(), &y).map_err(|error| match error {
                VaeError::NotFinite { term } => {
                    TrainError::NotFinite { epoch: epoch + 1, step: step + 1, term }
                }
                other => TrainError::Model(other),
            })?;
            let factor = step_sizes.factor(epoch * steps_per_epoch + step);
            optimizer.learning_rate = learning_rate * factor as f32;
            optimizer.step(classifier.parameters_mut().values_mut(), &mut gradient);
            sum += loss * indices.len() as f64;
        }
        if observe(epoch + 1, sum / data.len() as f64).is_break() {
            break;
        }
    }
    Ok(classifier)
}

/// The fraction of images that are classified as their label. None for a set without images or without labels.
///
/// # Panics
/// If the images are of another size than the classifier takes.
pub fn accuracy(classifier: &Classifier, data: &Dataset) -> Option<f64> {
    let labels = data.labels().filter(|labels| !labels.is_empty())?;
    let mut right = 0;
    let Ok(()) = for_each_block(data.images(), &all(data.images()), |x, range| {
        let found = classifier.classify(x);
        right += found.iter().zip(&labels[range]).filter(|(found, label)| found == label).count();
        Ok::<_, Infallible>(())
    });
    Some(right as f64 / data.len() as f64)
}

#[cfg(test)]
mod tests {
    use vae_data::{Split, digits};

    use super::*;

    fn short() -> ClassifierTraining {
        ClassifierTraining { hidden: vec![32], epochs: 4, batch: 50, ..ClassifierTraining::default() }
    }

    #[test]
    fn digits_are_read_after_a_moment() {
        let train = digits::generate(3000, 1, Split::Train);
        let mut epochs = 0;
        let classifier = train_classifier(&train, "digits", &short(), &mut |epoch, _| {
            epochs = epoch;
            ControlFlow::Continue(())
        })
        .unwrap();
        let right = accuracy(&classifier, &digits::generate(500, 1, Split::Test)).unwrap();
        assert!(right > 0.8 && epochs == 4, "{right} after {epochs} epochs");
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let train = digits::generate(300, 1, Split::Train);
        let trained_by = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut ignore = |_, _| ControlFlow::Continue(());
            pool.install(|| train_classifier(&train, "digits", &short(), &mut ignore)).unwrap()
        };
        assert_eq!(trained_by(1).parameters(), trained_by(3).parameters());
    }

    #[test]
    fn images_without_labels_are_refused_by_name() {
        let digits = digits::generate(20, 1, Split::Train);
        let unlabelled = Dataset::new(digits.images().to_owned(), None, 28, 28).unwrap();
        let error = train_classifier(&unlabelled, "mine", &short(), &mut |_, _| ControlFlow::Break(()));
        assert_eq!(error.unwrap_err().to_string(), "the training images of mine have no labels");
    }

    #[test]
    fn no_images_are_refused() {
        let none = digits::generate(0, 1, Split::Train);
        let error = train_classifier(&none, "digits", &short(), &mut |_, _| ControlFlow::Break(()));
        assert!(matches!(error, Err(TrainError::NoImages { .. })));
    }
}
