//! `generate`: each way to request a digit, its output and its errors.

use std::path::Path;

use ndarray::Array2;
use vae_data::{Split, digits};
use vae_train::{Annotations, ModelFile};
use vae_viz::{GridStyle, image_grid};

use crate::{
    png::{size, text},
    project::{Project, TRAIN_LABELS},
};

/// Removes the annotations from the model in `a`.
fn remove_annotations(project: &Project) {
    let mut model = ModelFile::read(&project.path("a/model.safetensors"), None).expect("the model of a run");
    model.annotations = Annotations::default();
    project.write("a/model.safetensors", model.to_bytes());
}

/// Writes a picture of 28 x 28 squares with sides of 8 pixels. Greys are from 0 (black) to 1.
fn write_picture(project: &Project, name: &str, grey: impl Fn(usize) -> f32) {
    let image = Array2::from_shape_fn((1, 784), |(_, i)| grey(i));
    let style = GridStyle { rows: 1, cols: 1, scale: 8, gap: 0, ..GridStyle::default() };
    let picture = image_grid(image.view(), (28, 28), &style, None).expect("a picture of one image");
    project.write(name, picture.to_png(&[]).expect("a PNG file"));
}

/// Writes a picture of a drawn digit.
fn write_digit(project: &Project, name: &str) {
    let digit = digits::generate(1, 5, Split::Test);
    write_picture(project, name, |i| f32::from(digit.images()[[0, i]]) / 255.0);
}

/// The picture that a call draws.
fn drawn(project: &Project, arguments: &str) -> Vec<u8> {
    project.run(&format!("generate {arguments} --out out.png")).succeeds();
    project.read("out.png")
}

#[test]
fn a_picture_of_test_images_names_their_indices_and_labels() {
    let png = drawn(&Project::trained(), "--run a --like 3,0,41");
    let labels = digits::generate(50, 1, Split::Test).labels().expect("drawn digits have labels").to_vec();
    let labels = format!("{}, {}, {}", labels[3], labels[0], labels[41]);
    assert_eq!(text(&png, "Indices").as_deref(), Some("3, 0, 41"));
    assert_eq!(text(&png, "Labels"), Some(labels));
}

#[test]
fn a_picture_is_with_those_of_the_run_and_named_after_the_request() {
    let project = Project::trained();
    for (call, name) in [
        ("generate --run a --like 3", "like-3.png"),
        ("generate --run a --digit 7", "digit-7-seed-0.png"),
        ("generate --run a --digit all", "digits-seed-0.png"),
        ("generate --run a --latent 0,0,0", "latent-0,0,0.png"),
    ] {
        let ended = project.run(call).succeeds();
        assert_eq!(ended.stdout.lines().next(), Some(format!("a/pictures/{name}").as_str()));
        assert!(project.path("a/pictures").join(name).exists());
    }
}

#[test]
fn images_of_the_training_set_can_be_shown_too() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    let ended = project.run("generate --run a --like 59 --split train --data images").succeeds();
    assert!(ended.stdout.contains("training image 59"), "{}", ended.stdout);
}

#[test]
fn an_image_beyond_the_last_is_refused_with_the_range() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    project.run("generate --run a --like 3,20 --data images").refuses_usage_saying(&[
        "test images",
        "0 to 19",
        "found 20",
    ]);
}

#[test]
fn images_of_another_size_than_the_models_are_refused_with_both() {
    let project = Project::trained();
    project.write_images("small", 14, 12);
    project.run("generate --run a --like 0 --data small").fails_saying(&["784 pixels", "168 (14 x 12)"]);
    project.run("generate --run a --digit 0 --data small").fails_saying(&["784 pixels", "168 (14 x 12)"]);
}

#[test]
fn new_images_of_a_digit_need_no_data() {
    let ended = Project::trained().run("generate --run a --digit 7").succeeds();
    assert!(!ended.stderr.contains("data:"), "{}", ended.stderr);
}

#[test]
fn the_number_of_new_images_gives_the_rows() {
    let project = Project::trained();
    let height = |count| size(&drawn(&project, &format!("--run a --digit 7 --count {count}"))).1;
    assert!(height(10) < height(11) && height(11) == height(20));
}

#[test]
fn the_same_seed_draws_the_same_bytes_with_any_number_of_threads() {
    let project = Project::with_classifier();
    let [a, b] =
        ["", "--threads 1"].map(|more| drawn(&project, &format!("--run a --digit 7 --seed 5 {more}")));
    assert!(a == b, "two pictures of one seed differ");
    assert_eq!(text(&a, "Seed").as_deref(), Some("5"));
}

#[test]
fn another_seed_draws_other_images() {
    let project = Project::trained();
    let [a, b] = [1, 2].map(|seed| drawn(&project, &format!("--run a --digit 7 --seed {seed}")));
    assert!(a != b, "two seeds draw the same images");
}

#[test]
fn a_classifier_reports_how_many_of_a_thousand_it_recognises() {
    let ended = Project::with_classifier().run("generate --run a --digit 7 --count 3").succeeds();
    let line = ended.stdout.lines().last().expect("a line");
    assert!(line.starts_with("a classifier (98.") && line.ends_with("of 1000 such images as 7"), "{line}");
}

#[test]
fn all_digits_are_ten_rows_and_a_table_with_the_mean() {
    let project = Project::with_classifier();
    let ended = project.run("generate --run a --digit all --count 12 --out out.png").succeeds();
    let GridStyle { scale, gap, .. } = GridStyle::default();
    let (width, height) = size(&project.read("out.png"));
    // The labels of the classes are at the left.
    assert!(width > gap + 12 * (28 * scale + gap), "{width}");
    assert!(height > gap + 10 * (28 * scale + gap), "{height}");
    for digit in 0..10 {
        assert!(ended.stdout.contains(&format!("{digit} as {digit} ")), "{}", ended.stdout);
    }
    assert!(ended.stdout.lines().last().is_some_and(|line| line.contains("mean")), "{}", ended.stdout);
}

#[test]
fn without_a_classifier_a_line_says_that_images_are_not_classified() {
    let ended = Project::trained().run("generate --run a --digit 7").succeeds();
    assert!(ended.stderr.contains("these images are not classified"), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
}

#[test]
fn images_that_may_not_be_digits_are_not_classified() {
    let project = Project::with_classifier();
    project.write_images("images", 28, 28);
    let ended = project.run("generate --run a --digit 7 --data images").succeeds();
    assert!(ended.stderr.contains("these images are not classified"), "{}", ended.stderr);
}

#[test]
fn an_unknown_class_is_refused_with_the_known_ones() {
    let project = Project::trained();
    for digit in ["12", "seven", "256", "7.5"] {
        let missing = format!("no class {digit}");
        project.run(&format!("generate --run a --digit {digit}")).refuses_usage_saying(&[&missing, "0 to 9"]);
    }
}

#[test]
fn a_class_without_an_example_is_refused_with_those_that_have_some() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    let path = Path::new("images").join(TRAIN_LABELS);
    // The labels follow a header of eight bytes.
    let mut labels = project.read(&path);
    labels[8..].iter_mut().filter(|label| **label == 2).for_each(|label| *label = 3);
    project.write(&path, labels);
    project.run("train --data images --hidden 16 --latent 3 --epochs 1 --validation 5 --run a").succeeds();
    project
        .run("generate --run a --digit 2")
        .refuses_usage_saying(&["no class 2", "0, 1, 3, 4, 5, 6, 7, 8, 9"]);
}

#[test]
fn for_a_file_without_classes_they_are_computed_from_the_data() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    remove_annotations(&project);
    let ended = project.run("generate --run a --digit 7 --data images").succeeds();
    assert!(ended.stderr.contains("classes: 0 to 9, from 60 training images"), "{}", ended.stderr);
}

#[test]
fn more_new_images_than_a_picture_holds_are_refused() {
    Project::trained()
        .run("generate --run a --digit all --count 100000")
        .refuses_usage_saying(&["more than a picture"]);
}

#[test]
fn most_digits_of_the_shipped_model_are_recognised() {
    let project = Project::new();
    project.ship(&["model.safetensors", "classifier.safetensors"]);
    let ended = project.run("generate --digit all").succeeds();
    let shares: Vec<f64> = ended
        .stdout
        .lines()
        .filter_map(|line| line.trim_end().strip_suffix(" %")?.rsplit(' ').next()?.parse().ok())
        .collect();
    assert_eq!(shares.len(), 11, "{}", ended.stdout);
    assert!(shares.iter().all(|&share| share > 90.0), "{shares:?}");
}

#[test]
fn a_point_of_the_latent_space_is_decoded() {
    let project = Project::trained();
    let [one, two] =
        ["0,0,0", "-1,2.5,0;0,1e-3,0"].map(|points| drawn(&project, &format!("--run a --latent {points}")));
    assert!(size(&two).0 > size(&one).0);
    let repeated = drawn(&project, "--run a --latent -1,2.5,0 --latent 0,1e-3,0");
    assert!(repeated == two, "two flags draw something else than one with a semicolon");
}

#[test]
fn a_point_with_another_number_of_dimensions_is_refused_with_both_numbers() {
    let call = "generate --run a --latent 0,0,0;0,0";
    Project::trained().run(call).refuses_usage_saying(&["point 2", "2 numbers", "3 latent dimensions"]);
}

#[test]
fn a_picture_of_a_digit_gets_a_line_with_its_loss_and_its_class() {
    let project = Project::with_classifier();
    write_digit(&project, "mine.png");
    let ended = project.run("generate --run a --image mine.png").succeeds();
    assert_eq!(ended.stdout.lines().next(), Some("a/pictures/image-mine.png"));
    let line = ended.stdout.lines().nth(1).expect("a line about the picture");
    assert!(line.starts_with("mine.png: -ELBO ") && line.contains(" recognises it as "), "{line}");
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn several_pictures_have_a_line_each() {
    let project = Project::trained();
    write_digit(&project, "mine.png");
    write_digit(&project, "yours.png");
    let ended = project.run("generate --run a --image mine.png --image yours.png").succeeds();
    let lines: Vec<&str> = ended.stdout.lines().skip(1).collect();
    assert!(lines[0].starts_with("mine.png") && lines[1].starts_with("yours.png"), "{lines:?}");
    assert_eq!(
        lines[0].split_once(':').map(|(_, rest)| rest),
        lines[1].split_once(':').map(|(_, rest)| rest)
    );
}

#[test]
fn a_picture_that_is_not_a_digit_gives_a_warning() {
    let project = Project::trained();
    let inside = |i: usize| (4..24).contains(&(i / 28)) && (4..24).contains(&(i % 28));
    write_picture(&project, "block.png", |i| if inside(i) { 1.0 } else { 0.0 });
    let ended = project.run("generate --run a --image block.png").succeeds();
    assert!(ended.stderr.contains("warning: block.png"), "{}", ended.stderr);
    assert!(ended.stderr.contains("unlike the images that the model was trained on"), "{}", ended.stderr);
}

#[test]
fn for_a_file_without_a_range_of_losses_it_is_measured() {
    let project = Project::trained();
    write_digit(&project, "mine.png");
    let before = project.run("generate --run a --image mine.png").succeeds();
    remove_annotations(&project);
    let ended = project.run("generate --run a --image mine.png").succeeds();
    assert!(ended.stderr.contains("data: digits:300, 50 test images"), "{}", ended.stderr);
    assert_eq!(ended.stdout, before.stdout);
}

#[test]
fn without_the_data_of_the_model_a_line_says_that_there_is_no_range() {
    let project = Project::trained();
    write_digit(&project, "mine.png");
    let path = project.path("a/model.safetensors");
    let mut model = ModelFile::read(&path, None).expect("the model of a run");
    (model.annotations, model.data) = (Annotations::default(), Some("gone".to_owned()));
    project.write("a/model.safetensors", model.to_bytes());
    let ended = project.run("generate --run a --image mine.png").succeeds();
    assert!(ended.stderr.contains("no reference range of -ELBO"), "{}", ended.stderr);
}

#[test]
fn a_file_that_is_not_a_picture_is_refused_by_name() {
    let project = Project::trained();
    project.write("page.png", "<!doctype html>");
    project.run("generate --run a --image page.png").fails_saying(&["page.png"]);
    project.run("generate --run a --image missing.png").fails_saying(&["missing.png"]);
}

#[test]
fn no_model_file_is_changed() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    write_digit(&project, "mine.png");
    remove_annotations(&project);
    let before = project.read("a/model.safetensors");
    for call in ["--digit 7 --data images", "--image mine.png", "--like 3", "--latent 0,0,0", ""] {
        drawn(&project, &format!("--run a {call}"));
    }
    assert!(project.read("a/model.safetensors") == before);
}
