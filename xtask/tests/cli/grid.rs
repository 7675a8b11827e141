//! `grid`: pictures of a model, their size and their metadata.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use vae_viz::GridStyle;

use crate::{
    png::{size, text},
    project::{Project, SMALL},
};

/// The picture that a call draws.
fn drawn(project: &Project, arguments: &str) -> Vec<u8> {
    project.run(&format!("grid {arguments} --out out.png")).succeeds();
    project.read("out.png")
}

/// Pixels along one side of `n` tiles of 28 pixels and the gaps around them.
fn side(n: usize) -> usize {
    let GridStyle { scale, gap, .. } = GridStyle::default();
    gap + n * (28 * scale + gap)
}

#[test]
fn samples_of_a_run_are_the_default_and_are_with_its_pictures() {
    let project = Project::trained();
    let before = project.read("a/pictures/samples.png");
    fs::remove_file(project.path("a/pictures/samples.png")).expect("a file that is there");
    let ended = project.run("grid --run a").succeeds();
    assert_eq!(ended.stdout.trim_end(), "a/pictures/samples.png");
    assert!(project.read("a/pictures/samples.png") == before, "training drew other samples");
}

#[test]
fn a_row_of_reconstructions_is_two_rows_of_images() {
    let project = Project::trained();
    let height =
        |rows| size(&drawn(&project, &format!("--run a --kind reconstructions --cols 12 --rows {rows}"))).1;
    assert!(height(3) - height(2) >= side(2) - side(0), "{} and {}", height(3), height(2));
}

#[test]
fn columns_give_the_width() {
    let project = Project::trained();
    for cols in [12, 25] {
        assert_eq!(size(&drawn(&project, &format!("--run a --rows 2 --cols {cols}"))).0, side(cols));
    }
}

#[test]
fn rows_give_the_height() {
    let project = Project::trained();
    let height = |rows| size(&drawn(&project, &format!("--run a --cols 12 --rows {rows}"))).1;
    assert_eq!(height(7) - height(2), side(7) - side(2));
}

#[test]
fn a_picture_names_its_data_and_its_seed() {
    let png = drawn(&Project::trained(), "--run a --rows 2 --cols 12 --seed 77");
    assert_eq!(text(&png, "Data").as_deref(), Some("digits:300"));
    assert_eq!(text(&png, "Seed").as_deref(), Some("77"));
}

#[test]
fn the_same_seed_draws_the_same_bytes() {
    let project = Project::trained();
    let [a, b] = [(); 2].map(|()| drawn(&project, "--run a --rows 2 --cols 12 --seed 7"));
    assert!(a == b, "two pictures of one seed differ");
}

#[test]
fn another_seed_draws_another_picture() {
    let project = Project::trained();
    let [a, b] = [1, 2].map(|seed| drawn(&project, &format!("--run a --rows 2 --cols 12 --seed {seed}")));
    assert!(a != b, "two seeds draw the same picture");
}

#[test]
fn a_model_file_without_its_run_is_enough() {
    let project = Project::trained();
    project.write("elsewhere/m.safetensors", project.read("a/model.safetensors"));
    let [a, b] = ["--run a", "--model elsewhere/m.safetensors"]
        .map(|model| drawn(&project, &format!("{model} --rows 2 --cols 12")));
    assert!(a == b, "the same model draws another picture");
}

#[test]
fn without_a_name_the_newest_run_is_taken() {
    let project = Project::new();
    for run in ["old", "new"] {
        project.run(&format!("train {SMALL} --run runs/{run}")).succeeds();
    }
    let ended = project.run("grid").succeeds();
    assert_eq!(ended.stdout.trim_end(), "runs/new/pictures/samples.png");
}

#[test]
fn without_a_run_the_shipped_model_is_taken_and_named() {
    let project = Project::trained();
    project.write("data/model.safetensors", project.read("a/model.safetensors"));
    let ended = project.run("grid").succeeds();
    assert!(ended.stderr.contains("model: data/model.safetensors"), "{}", ended.stderr);
    assert_eq!(ended.stdout.trim_end(), "runs/pictures/samples.png");
}

#[test]
fn without_any_model_the_error_names_the_command_that_makes_one() {
    Project::new().run("grid").fails_saying(&["no shipped model", "cargo xtask train", "model.safetensors"]);
}

#[test]
fn the_model_that_the_project_ships_draws_digits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/model.safetensors");
    if !path.exists() {
        println!("skipped: the project ships no model");
        return;
    }
    let project = Project::new();
    project.write("data/model.safetensors", fs::read(path).expect("the shipped model"));
    assert_eq!(size(&drawn(&project, "--rows 2 --cols 12")).0, side(12));
}

#[test]
fn a_grid_of_more_than_a_picture_holds_is_refused_at_once() {
    let project = Project::trained();
    let start = Instant::now();
    project
        .run("grid --run a --rows 100000 --cols 100000")
        .refuses_usage_saying(&["100000 x 100000", "more than a picture"]);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn reconstructions_of_more_than_a_picture_holds_are_refused() {
    let project = Project::trained();
    let call = "grid --run a --kind reconstructions --rows 4294967295 --cols 4294967295";
    project.run(call).refuses_usage_saying(&["4294967295 x 4294967295", "more than a picture"]);
}

#[test]
fn a_picture_in_a_missing_directory_is_refused() {
    Project::trained().run("grid --run a --out missing/x.png").fails_saying(&["cannot write missing/x.png"]);
}

#[test]
fn a_picture_in_place_of_a_directory_is_refused() {
    let project = Project::trained();
    project.write("pages.png/kept", b"");
    let before = project.files(".");
    project.run("grid --run a --out pages.png").fails_saying(&["cannot write pages.png", "directory"]);
    assert_eq!(project.files("."), before);
}

#[test]
fn a_run_directory_without_a_model_is_named() {
    let project = Project::new();
    project.write("empty/file", b"");
    for run in ["empty", "missing"] {
        project.run(&format!("grid --run {run}")).fails_saying(&[run, "holds no model"]);
    }
}
