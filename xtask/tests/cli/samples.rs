//! `generate` without a request: samples of the prior, as pictures and as numbers; and new images of a class as
//! numbers.

use ndarray::{Array1, Array2, Array3, Axis, s};
use ndarray_npy::read_npy;
use vae_core::{
    Likelihood, Vae, VaeConfig,
    noise::{Purpose, standard_normal, stream, uniform},
};
use vae_train::{Annotations, ModelFile};

use crate::{
    png::{size, text},
    project::Project,
};

/// Writes a model of images of this size to `m.safetensors`.
fn write_model(project: &Project, vae: Vae, height: usize, width: usize) {
    let annotations = Annotations::default();
    let model = ModelFile {
        vae,
        data: None,
        binarization: Default::default(),
        height,
        width,
        seed: None,
        epoch: None,
        annotations,
    };
    project.write("m.safetensors", model.to_bytes());
}

/// The numbers that a call writes.
fn numbers(project: &Project, arguments: &str) -> Array3<f32> {
    project.run(&format!("generate {arguments} --out out.npy")).succeeds();
    read_npy(project.path("out.npy")).expect("an array of three axes")
}

#[test]
fn without_a_request_samples_of_the_prior_are_drawn() {
    let project = Project::trained();
    let ended = project.run("generate --run a --count 3 --seed 7").succeeds();
    assert_eq!(ended.stdout, "a/pictures/prior-seed-7-count-3.png\n");
    let png = project.read("a/pictures/prior-seed-7-count-3.png");
    assert_eq!(text(&png, "Seed").as_deref(), Some("7"));
    assert_eq!(text(&png, "Prior").as_deref(), Some("mixture:6:full"));
    let width = size(&png).0;
    project.run("generate --run a --count 4").succeeds();
    assert!(width < size(&project.read("a/pictures/prior-seed-0-count-4.png")).0);
}

#[test]
fn samples_as_numbers_are_images_between_black_and_white() {
    let project = Project::trained();
    let images = numbers(&project, "--run a --count 70");
    assert_eq!(images.dim(), (70, 28, 28));
    assert!(images.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    assert_ne!(images.index_axis(Axis(0), 0), images.index_axis(Axis(0), 69));
}

#[test]
fn samples_are_decoded_draws_of_the_prior() {
    let project = Project::trained();
    let model = ModelFile::read(&project.path("a/model.safetensors"), None).expect("the model of a run");
    let (mut eps, mut choices) = (Array2::zeros((5, 3)), Array1::zeros(5));
    standard_normal(&mut stream(4, Purpose::SAMPLES, 0, 0), eps.view_mut());
    uniform(&mut stream(4, Purpose::SAMPLES, 0, 1), choices.view_mut());
    let decoded = |z: Array2<f32>| {
        model.vae.decode(z.view()).into_shape_with_order((5, 28, 28)).expect("28 x 28 pixels")
    };
    let drawn = |eps: &Array2<f32>| decoded(model.vae.sample_prior(choices.view(), eps.view()));
    assert_eq!(numbers(&project, "--run a --count 5 --seed 4"), drawn(&eps));
    assert_eq!(numbers(&project, "--run a --count 5 --seed 4 --temperature 0.5"), drawn(&(&eps * 0.5)));
    assert_eq!(numbers(&project, "--run a --count 5 --seed 4 --prior standard"), decoded(eps));
}

#[test]
fn a_temperature_that_is_not_above_zero_is_wrong_usage() {
    for temperature in ["0", "-1", "nan", "inf", "11", "warm"] {
        let ended = Project::new().run(&format!("generate --temperature {temperature}")).exits_with(2);
        assert!(ended.stderr.contains("above 0 and at most 10"), "{}", ended.stderr);
    }
}

#[test]
fn a_temperature_where_nothing_is_sampled_is_wrong_usage() {
    let project = Project::new();
    for command in [
        "generate --digit 3 --temperature 0.5",
        "generate --like 3 --prior standard",
        "grid --kind reconstructions --temperature 0.5",
        "eval --temperature 0.5",
        "eval --nll 5 --temperature 0.5",
    ] {
        let ended = project.run(command).exits_with(2);
        assert!(ended.stderr.contains("samples of the prior"), "{}", ended.stderr);
    }
}

#[test]
fn few_samples_are_the_first_of_many_with_any_number_of_threads() {
    let project = Project::trained();
    let many = numbers(&project, "--run a --count 200 --seed 2");
    let few = numbers(&project, "--run a --count 7 --seed 2 --threads 1");
    assert_eq!(few, many.slice(s![..7, .., ..]));
    assert_ne!(few, numbers(&project, "--run a --count 7 --seed 3"));
}

#[test]
fn new_images_of_all_digits_as_numbers_are_in_the_order_of_the_classes() {
    let project = Project::trained();
    let all = numbers(&project, "--run a --digit all --count 4");
    assert_eq!(all.dim(), (40, 28, 28));
    assert_eq!(numbers(&project, "--run a --digit 7 --count 4"), all.slice(s![28..32, .., ..]));
}

#[test]
fn the_pixels_of_a_gaussian_model_are_numbers_between_black_and_white() {
    let project = Project::new();
    let likelihood = Likelihood::Gaussian { sigma: Some(1.0) };
    let config = VaeConfig { input: 6, hidden: vec![4], latent: 2, likelihood, ..VaeConfig::default() };
    let mut vae = Vae::new(config, 0).expect("a small model");
    vae.parameters_mut().values_mut().iter_mut().for_each(|weight| *weight *= 20.0);
    write_model(&project, vae, 2, 3);
    let images = numbers(&project, "--model m.safetensors --count 50");
    assert_eq!(images.dim(), (50, 2, 3));
    let [least, most] = [f32::min, f32::max].map(|f| images.iter().copied().fold(0.5, f));
    assert_eq!((least, most), (0.0, 1.0));
}

#[test]
fn more_numbers_than_an_array_holds_are_refused() {
    let project = Project::new();
    let config = VaeConfig { input: 20_000, hidden: vec![1], latent: 1, ..VaeConfig::default() };
    let vae = Vae::new(config, 0).expect("a model of large images");
    write_model(&project, vae, 100, 200);
    let call = "generate --model m.safetensors --count 100000 --out out.npy";
    project.run(call).refuses_usage_saying(&["samples", "100000 x 20000"]);
}
