//! One image's way through all crates: drawn, written as IDX bytes, loaded, learned from, saved with the model,
//! sampled, laid out on a page, encoded as PNG. Each crate tests its own part; this file tests that the parts
//! fit together.
#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

use std::{env, fs, path::Path};

use ndarray::{Array2, ArrayView2, s};
use vae_core::noise::{Purpose, standard_normal, stream};
use vae_data::{
    Dataset, Split, Splits, digits,
    idx::IdxArray,
    known::{FileState, Known},
    mnist::{self, TEST_FINGERPRINT, TRAIN_FINGERPRINT},
};
use vae_train::{Annotations, EpochEnd, ModelFile, TrainConfig, Trainer};
use vae_viz::{GridStyle, Picture, image_grid};

/// Training and test digits, few enough that learning takes a moment.
fn drawn() -> Splits {
    let [train, test] =
        [(300, Split::Train), (50, Split::Test)].map(|(n, split)| digits::generate(n, 7, split));
    Splits { train, test }
}

/// Writes a data set as two plain IDX files, under the names that MNIST's have.
fn write_idx(directory: &Path, split: &str, data: &Dataset) {
    let shape = vec![data.len(), data.height(), data.width()];
    let images = IdxArray { shape, data: data.images().iter().copied().collect() };
    let labels = data.labels().expect("drawn digits have labels").to_vec();
    let labels = IdxArray { shape: vec![data.len()], data: labels };
    fs::write(directory.join(format!("{split}-images-idx3-ubyte")), images.to_bytes()).unwrap();
    fs::write(directory.join(format!("{split}-labels-idx1-ubyte")), labels.to_bytes()).unwrap();
}

/// The same digits, by way of four files.
fn loaded() -> Splits {
    let (directory, drawn) = (tempfile::tempdir().unwrap(), drawn());
    write_idx(directory.path(), "train", &drawn.train);
    write_idx(directory.path(), "t10k", &drawn.test);
    mnist::load(directory.path()).unwrap()
}

fn config(toml: &str) -> TrainConfig {
    TrainConfig::default().overlay(toml).unwrap()
}

/// A small model after one epoch on `data`.
fn learned(data: &Dataset) -> ModelFile {
    let config =
        config("[data]\nvalidation = 20\n[model]\nhidden = [16]\nlatent = 3\n[training]\nseed = 5\n");
    let mut trainer = Trainer::new(config, data).unwrap();
    assert!(matches!(trainer.train_epoch(&mut ()).unwrap(), EpochEnd::Complete { .. }));
    ModelFile {
        binarization: vae_data::Binarization::Grey,
        vae: trainer.vae().clone(),
        data: Some("digits".to_owned()),
        height: data.height(),
        width: data.width(),
        seed: Some(5),
        epoch: Some(1),
        annotations: Annotations::default(),
    }
}

/// The same model, by way of its bytes.
fn read_back(model: &ModelFile) -> ModelFile {
    ModelFile::from_bytes(&model.to_bytes(), None).unwrap()
}

/// Twelve images (12, D) from the prior.
fn samples(model: &ModelFile) -> Array2<f32> {
    let mut eps = Array2::zeros((12, model.vae.latent()));
    standard_normal(&mut stream(1, Purpose::SAMPLES, 0, 0), eps.view_mut());
    model.vae.decode(eps.view())
}

/// Three rows of four images that touch.
fn page(model: &ModelFile, images: ArrayView2<'_, f32>) -> Picture {
    let style = GridStyle { rows: 3, cols: 4, scale: 1, gap: 0, ..GridStyle::default() };
    image_grid(images, (model.height, model.width), &style, None).unwrap()
}

fn png(model: &ModelFile) -> Vec<u8> {
    page(model, samples(model).view()).to_png(&[("Data", "digits"), ("Seed", "1")]).unwrap()
}

#[test]
fn images_and_labels_come_back_from_their_files_as_they_were() {
    assert_eq!(loaded(), drawn());
}

#[test]
fn a_fingerprint_does_not_depend_on_where_the_images_came_from() {
    assert_eq!(loaded().train.fingerprint(), drawn().train.fingerprint());
}

#[test]
fn images_from_files_make_the_same_weights_as_images_from_memory() {
    let (from_files, from_memory) = (learned(&loaded().train), learned(&drawn().train));
    assert_eq!(from_files.vae.parameters(), from_memory.vae.parameters());
}

#[test]
fn other_images_make_other_weights() {
    let (a, b) = (learned(&drawn().train), learned(&digits::generate(300, 8, Split::Train)));
    assert_ne!(a.vae.parameters(), b.vae.parameters());
}

#[test]
fn a_model_read_from_its_bytes_draws_the_same_images() {
    let model = learned(&loaded().train);
    assert_eq!(samples(&read_back(&model)), samples(&model));
}

#[test]
fn a_model_read_from_its_bytes_has_the_same_bytes() {
    let bytes = learned(&loaded().train).to_bytes();
    assert_eq!(ModelFile::from_bytes(&bytes, None).unwrap().to_bytes(), bytes);
}

#[test]
fn every_pixel_of_a_page_is_that_of_its_sample() {
    let model = learned(&loaded().train);
    let images = samples(&model);
    let page = page(&model, images.view());
    assert_eq!((page.width(), page.height()), (4 * 28, 3 * 28));
    for (i, image) in images.rows().into_iter().enumerate() {
        for (j, &value) in image.iter().enumerate() {
            let (x, y) = (i % 4 * 28 + j % 28, i / 4 * 28 + j / 28);
            assert_eq!(page.pixel(x, y), [(255.0 * value).round() as u8; 3], "image {i}, pixel {j}");
        }
    }
}

#[test]
fn the_whole_way_gives_the_same_png_twice() {
    let [a, b] = [(); 2].map(|()| png(&read_back(&learned(&loaded().train))));
    assert!(a.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(a, b);
}

/// Calls `test` with the directory of real MNIST, where there is one.
fn with_mnist(test: impl FnOnce(&Path)) {
    match env::var_os("VAE_DATA").filter(|value| !value.is_empty()) {
        Some(directory) => test(Path::new(&directory)),
        None => println!("skipped: VAE_DATA names no directory with MNIST"),
    }
}

#[test]
fn every_file_of_real_mnist_is_as_published() {
    with_mnist(|directory| {
        let checks = Known::Mnist.verify(directory);
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| matches!(check.state, FileState::Ok)), "{checks:?}");
    });
}

#[test]
fn real_mnist_has_the_fingerprints_that_tell_it_from_other_data() {
    with_mnist(|directory| {
        let Splits { train, test } = mnist::load(directory).unwrap();
        assert_eq!([train.fingerprint(), test.fingerprint()], [TRAIN_FINGERPRINT, TEST_FINGERPRINT]);
    });
}

/// −log p(x) of an image, in nats, under independent pixels whose only parameter is their mean m: the sum of
/// −m ln m − (1 − m) ln (1 − m) over the pixels. −log p(x) is linear in x, so this is the average over the images.
fn cost_of_the_mean(images: ArrayView2<'_, u8>) -> f64 {
    let scale = 255.0 * images.nrows() as f64;
    let sums = images.columns().into_iter().map(|pixel| pixel.iter().map(|&v| u64::from(v)).sum::<u64>());
    let cost = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    sums.map(|sum| sum as f64 / scale).map(|mean| cost(mean) + cost(1.0 - mean)).sum()
}

/// Above the cost of the mean a model ignores its latents; 100 steps came to 177 when this was written.
#[test]
fn a_hundred_steps_on_real_mnist_learn_more_than_the_mean_of_each_pixel() {
    with_mnist(|directory| {
        let images = mnist::load(directory).unwrap().train.images().slice(s![..12_000, ..]).to_owned();
        let data = Dataset::new(images, None, 28, 28).unwrap();
        let config = config(
            "[data]\nvalidation = 2000\n[model]\nhidden = [64]\nlatent = 8\n\
             [optimizer]\nlearning_rate = 0.004\n[training]\nbatch = 100\n",
        );
        let mut trainer = Trainer::new(config, &data).unwrap();
        assert_eq!(trainer.steps_per_epoch(), 100);
        trainer.train_epoch(&mut ()).unwrap();
        let (found, mean) =
            (trainer.validate().unwrap().unwrap().neg_elbo(), cost_of_the_mean(data.images()));
        println!("validation -ELBO after 100 steps: {found:.2} nats an image; of the mean: {mean:.2}");
        assert!(found < mean - 10.0, "{found} nats an image, the mean of each pixel: {mean}");
    });
}
