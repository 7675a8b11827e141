//! `cargo xtask eval --samples`: how good the images are that a model draws from its prior.

use std::fmt;

use anyhow::{Context, ensure};
use ndarray::{Array2, ArrayView2, s};
use serde::Serialize;
use vae_data::{Dataset, Splits, gather, shuffled};
use vae_train::{CONFIDENT, Judge, ModelFile, NEIGHBOURS, Quality, median, nearest_distances};

use crate::{
    bench::progress::Progress,
    data_source::Loaded,
    facts::sha256,
    generate::{digit_classifier::DigitClassifier, prior::Sampling, samples},
    model_source::ModelSource,
    paths, pictures, term,
};

/// The images of each set whose manifolds give precision and recall.
const MANIFOLD_IMAGES: usize = 10_000;
/// The images of each set whose nearest training image is looked for.
const NEAREST_IMAGES: usize = 1000;
/// The seed of the choice of training and test images. It is fixed, so that all models are compared with the same ones.
const CHOICE_SEED: u64 = 0;

/// The output of `--json`.
#[derive(Serialize)]
pub(super) struct Report {
    samples: Row,
    training: Row,
    test: Row,
    prior: String,
    seed: u64,
    data: String,
    /// [`Dataset::fingerprint`] of the training images.
    data_sha256: String,
    model: String,
    /// SHA-256 of the model file.
    model_sha256: String,
    /// How the pixels that the model learned from were made black or white; those compared here are grey.
    protocol: String,
    method: Method,
    version: &'static str,
}

/// The numbers of one set of images, without those that it is compared by.
#[derive(Serialize)]
struct Row {
    images: usize,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    quality: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest_training_image: Option<f64>,
}

#[derive(Serialize)]
struct Numbers {
    frechet: f64,
    precision: f64,
    recall: f64,
    confident: f64,
}

/// How the numbers were found.
#[derive(Serialize)]
struct Method {
    classifier: String,
    features: usize,
    reference_images: usize,
    manifold_images: usize,
    neighbours: usize,
    confident_above: f32,
    nearest_images: usize,
    nearest_among: usize,
}

impl From<Quality> for Numbers {
    fn from(Quality { frechet, precision, recall, confident }: Quality) -> Self {
        Self { frechet, precision, recall, confident }
    }
}

/// Fails for a model whose images the classifier cannot judge, before any data are loaded.
pub(super) fn check(model: &ModelFile) -> anyhow::Result<()> {
    let check = || {
        DigitClassifier::check_size(model)?;
        model.data.as_deref().map_or(Ok(()), |data| DigitClassifier::check_data(Some(data)))
    };
    check().context(CANNOT)
}

const CANNOT: &str = "the quality of samples cannot be measured";

/// Measures `count` samples of the model's prior, and as many training images.
pub(super) fn measure(
    source: &ModelSource,
    loaded: &Loaded<Splits>,
    count: usize,
    sampling: Sampling,
) -> anyhow::Result<Report> {
    let (model, Splits { train, test }) = (&source.model, &loaded.images);
    pictures::check_size(model, test, &loaded.name)?;
    let classifier = DigitClassifier::load(model, Some(&loaded.name)).context(CANNOT)?;
    let fewest = train.len().min(test.len());
    ensure!(
        fewest > NEIGHBOURS,
        "{CANNOT}: expected more than {NEIGHBOURS} training and test images, {} has {} and {}",
        loaded.name,
        train.len(),
        test.len()
    );

    let manifold_images = MANIFOLD_IMAGES.min(fewest).min(count);
    let progress = Progress::new(5);
    let step = |what: &str| progress.begin(what);
    step("the test images");
    let reference = choose(test, test.len());
    let judge = Judge::new(classifier.classifier(), reference.view(), manifold_images);
    progress.done();
    step("the samples");
    let samples = samples::images(model, count, sampling).mapv_into(|pixel| pixel.clamp(0.0, 1.0));
    ensure!(samples.iter().all(|pixel| pixel.is_finite()), "{CANNOT}: pixels of the samples are not finite");
    let of_samples = judge.quality(samples.view());
    progress.done();
    step("the training images");
    let training = choose(train, count);
    let of_training = judge.quality(training.view());
    progress.done();
    let nearest = |images: ArrayView2<'_, f32>| median(&nearest_distances(images, train.images()));
    step("the training images nearest to samples");
    let samples_nearest = nearest(samples.slice(s![..count.min(NEAREST_IMAGES), ..]));
    progress.done();
    step("the training images nearest to test images");
    let test_nearest = nearest(choose(test, NEAREST_IMAGES).view());
    progress.done();

    Ok(Report {
        samples: Row {
            images: count,
            quality: Some(of_samples.into()),
            nearest_training_image: samples_nearest,
        },
        training: Row {
            images: training.nrows(),
            quality: Some(of_training.into()),
            nearest_training_image: None,
        },
        test: Row { images: test.len(), quality: None, nearest_training_image: test_nearest },
        prior: sampling.describe(model),
        seed: sampling.seed,
        data: loaded.name.clone(),
        data_sha256: loaded.fingerprint.clone(),
        model: paths::display(&source.path),
        model_sha256: sha256(&source.bytes()?),
        protocol: model.binarization.to_string(),
        method: Method {
            classifier: classifier.describe(),
            features: judge.features(),
            reference_images: test.len(),
            manifold_images,
            neighbours: NEIGHBOURS,
            confident_above: CONFIDENT,
            nearest_images: NEAREST_IMAGES.min(count).min(test.len()),
            nearest_among: train.len(),
        },
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// At most `count` images of a set, drawn at random but always the same, in [0, 1]. The first ones, or every sixth,
/// would not stand for all: MNIST's training images are in blocks, and those of even and odd numbers differ.
fn choose(set: &Dataset, count: usize) -> Array2<f32> {
    let mut indices = shuffled(set.len(), CHOICE_SEED, 0);
    indices.truncate(count);
    let mut images = Array2::zeros((indices.len(), set.pixels()));
    gather(set.images(), &indices, images.view_mut());
    images
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, training, test, prior, seed, data, method, .. } = self;
        let n = term::thousands;
        let (count, reference) = (n(samples.images), n(method.reference_images));
        writeln!(
            f,
            "{count} samples of the prior {prior}, seed {seed}, and {} training images",
            n(training.images)
        )?;
        writeln!(f, "of {data}, compared with its {reference} test images")?;
        writeln!(
            f,
            "{:15} {:>9} {:>10} {:>7} {:>10} {:>8}",
            "", "distance", "precision", "recall", "confident", "nearest"
        )?;
        for (name, row) in [("samples", samples), ("training images", training), ("test images", test)] {
            writeln!(f, "{name:15} {row}")?;
        }
        let Method { classifier, features, manifold_images, neighbours, .. } = method;
        writeln!(f, "distance: Fréchet distance of {features} features, found by {classifier}")?;
        writeln!(
            f,
            "precision, recall: {} images of each set, {neighbours} neighbours",
            n(*manifold_images)
        )?;
        writeln!(f, "confident: share that the classifier reads with a probability above {CONFIDENT}")?;
        let (nearest, among) = (n(method.nearest_images), n(method.nearest_among));
        write!(
            f,
            "nearest: median distance in pixels of {nearest} images to the nearest of {among} training images"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.quality {
            Some(Numbers { frechet, precision, recall, confident }) => {
                let percent = 100.0 * confident;
                write!(f, "{frechet:9.2} {precision:10.3} {recall:7.3} {percent:8.1} %")?;
            }
            None => write!(f, "{:>9} {:>10} {:>7} {:>10}", "-", "-", "-", "-")?,
        }
        match self.nearest_training_image {
            Some(distance) => write!(f, " {distance:8.2}"),
            None => write!(f, " {:>8}", "-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_images_are_spread_over_the_set_and_always_the_same() {
        let bytes = Array2::from_shape_fn((100, 1), |(i, _)| i as u8);
        let set = Dataset::new(bytes, None, 1, 1).expect("images");
        let places =
            |count| choose(&set, count).iter().map(|x| (255.0 * x).round() as u8).collect::<Vec<_>>();
        let ten = places(10);
        assert_eq!(ten, places(10));
        assert!(ten.iter().any(|&place| place < 50) && ten.iter().any(|&place| place >= 50), "{ten:?}");
        assert_eq!(ten, places(20)[..10]);
        let mut all = places(200);
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<u8>>());
    }
}
