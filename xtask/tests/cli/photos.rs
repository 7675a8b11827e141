//! `generate --image`: pictures of any size for models of any size, what is read in them, and what is said about it.

use ndarray::Array2;
use vae_core::{Vae, VaeConfig};
use vae_data::{Split, digits};
use vae_train::{Annotations, ModelFile};
use vae_viz::{GridStyle, image_grid};

use crate::{
    png::{size, text},
    project::Project,
};

/// Writes a picture of squares with sides of `scale` pixels. Greys are from 0 (black) to 1.
fn write_picture(
    project: &Project,
    name: &str,
    (height, width): (usize, usize),
    scale: usize,
    grey: impl Fn(usize, usize) -> f32,
) {
    let image = Array2::from_shape_fn((1, height * width), |(_, i)| grey(i / width, i % width));
    let style = GridStyle { rows: 1, cols: 1, scale, gap: 0, ..GridStyle::default() };
    let picture = image_grid(image.view(), (height, width), &style, None).expect("a picture of one image");
    project.write(name, picture.to_png(&[]).expect("a PNG file"));
}

/// Writes a picture of drawn digits in a row.
pub(crate) fn write_digits(project: &Project, name: &str, count: usize, scale: usize) {
    let digits = digits::generate(count, 5, Split::Test);
    write_picture(project, name, (28, 28 * count), scale, |y, x| {
        f32::from(digits.images()[[x / 28, 28 * y + x % 28]]) / 255.0
    });
}

/// Writes a model of images of 6 x 10 pixels.
fn write_model(project: &Project) {
    let config = VaeConfig { input: 60, hidden: vec![4], latent: 2, ..VaeConfig::default() };
    let model = ModelFile {
        vae: Vae::new(config, 0).expect("a small model"),
        data: Some("shapes".to_owned()),
        binarization: Default::default(),
        height: 6,
        width: 10,
        seed: None,
        epoch: None,
        annotations: Annotations::default(),
    };
    project.write("m.safetensors", model.to_bytes());
}

#[test]
fn a_line_says_what_was_done_with_each_picture() {
    let project = Project::trained();
    write_digits(&project, "large.png", 1, 8);
    write_picture(&project, "high.png", (60, 40), 2, |y, x| {
        if x == 20 && (10..50).contains(&y) { 0.0 } else { 1.0 }
    });
    write_digits(&project, "fits.png", 1, 1);
    let ended =
        project.run("generate --run a --image large.png --image high.png --image fits.png").succeeds();
    let says = |line| assert!(ended.stderr.lines().any(|found| found == line), "{}", ended.stderr);
    says("large.png: 224 x 224, prepared as a digit in MNIST's format, 28 x 28");
    says("high.png: 80 wide, 120 high, prepared as a digit in MNIST's format, 28 x 28");
    says("fits.png: taken as it is, 28 x 28");
}

#[test]
fn a_warning_about_a_dark_digit_on_light_says_to_invert_it() {
    let project = Project::trained();
    let digit = digits::generate(1, 5, Split::Test);
    let light = |y: usize, x: usize| f32::from(digit.images()[[0, 28 * y + x]]) / 255.0;
    write_picture(&project, "light.png", (28, 28), 1, light);
    write_picture(&project, "dark.png", (28, 28), 1, |y, x| 1.0 - light(y, x));
    let stderr = |name| project.run(&format!("generate --run a --image {name}")).succeeds().stderr;
    assert!(stderr("dark.png").contains("dark on light"), "{}", stderr("dark.png"));
    assert!(!stderr("light.png").contains("dark on light"), "{}", stderr("light.png"));
}

#[test]
fn for_a_model_of_other_data_a_picture_is_scaled() {
    let project = Project::new();
    write_model(&project);
    write_digits(&project, "mine.png", 1, 8);
    write_picture(&project, "fits.png", (6, 10), 1, |y, x| (y * x) as f32 / 60.0);
    let call = "generate --model m.safetensors --image mine.png --image fits.png --out out.png";
    let ended = project.run(call).succeeds();
    assert!(ended.stderr.contains("mine.png: 224 x 224, scaled to 6 x 10"), "{}", ended.stderr);
    assert!(ended.stderr.contains("fits.png: taken as it is, 6 x 10"), "{}", ended.stderr);
    assert!(size(&project.read("out.png")).0 > 2 * 10 * 4);
}

#[test]
fn the_picture_holds_names_and_readings_and_no_directories() {
    let project = Project::with_classifier();
    write_digits(&project, "photos/mine.png", 1, 8);
    write_digits(&project, "photos/a_very_long_name_of_a_picture.png", 1, 8);
    let photos = project.path("photos").display().to_string();
    let call = format!(
        "generate --run a --image {photos}/mine.png --image {photos}/a_very_long_name_of_a_picture.png --out out.png"
    );
    project.run(&call).succeeds();
    let png = project.read("out.png");
    let titles = text(&png, "Titles").expect("what is below the tiles");
    assert!(titles.starts_with("mine.png ") && titles.contains(" %)"), "{titles}");
    assert!(titles.contains("a_very_...re.png"), "{titles}");
    for keyword in ["Titles", "Originals", "Description"] {
        assert!(!text(&png, keyword).unwrap_or_default().contains('/'), "{keyword}");
    }
}

#[test]
fn what_may_be_one_digit_or_another_is_not_read_for_sure() {
    let project = Project::with_classifier();
    // A plus, a U, an H and a T.
    let on = |a: usize, line: usize| (line..line + 3).contains(&a);
    let inside = |a: usize| (6..22).contains(&a);
    type Shape<'a> = &'a dyn Fn(usize, usize) -> bool;
    let shapes: [(&str, Shape<'_>); 4] = [
        ("plus", &|y, x| (on(y, 12) || on(x, 12)) && inside(y) && inside(x)),
        ("u", &|y, x| (on(y, 19) || on(x, 6) || on(x, 19)) && inside(y) && inside(x)),
        ("h", &|y, x| (on(y, 12) || on(x, 6) || on(x, 19)) && inside(y) && inside(x)),
        ("t", &|y, x| (on(y, 6) || on(x, 12)) && inside(y) && inside(x)),
    ];
    for (name, shape) in shapes {
        write_picture(&project, &format!("{name}.png"), (28, 28), 8, |y, x| f32::from(u8::from(shape(y, x))));
    }
    let call = "generate --run a --image plus.png --image u.png --image h.png --image t.png";
    let ended = project.run(call).succeeds();
    assert!(ended.stdout.contains(" is not sure: ") && ended.stdout.contains(" %) or "), "{}", ended.stdout);
}

#[test]
fn two_digits_on_a_picture_are_called_two_digits() {
    let project = Project::trained();
    write_digits(&project, "two.png", 2, 8);
    project.run("generate --run a --image two.png").fails_saying(&[
        "two.png",
        "expected one digit, found 2 side by side",
        "crop",
    ]);
}
