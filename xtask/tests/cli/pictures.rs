//! Names and texts of pictures, and pictures in the course of a training.

use std::{collections::BTreeSet, fs};

use crate::{
    png::{size, text},
    project::{Project, SMALL},
};

#[test]
fn pictures_are_written_as_png_only() {
    let project = Project::new();
    for name in ["a", "b"] {
        project.run(&format!("train {SMALL} --name {name}")).succeeds();
    }
    for call in [
        "grid --out x.jpg",
        "grid --out x",
        "generate --out x.jpg",
        "generate --like 3 --out x.jpeg",
        "runs compare a b --out x.gif",
    ] {
        let ended = project.run(call).exits_with(2);
        assert!(ended.stderr.contains(".png"), "{}", ended.stderr);
    }
    assert!(!project.path("x.jpg").exists());
}

#[test]
fn pictures_of_epochs_change_no_bit_of_the_training() {
    let project = Project::trained();
    project.run(&format!("train {SMALL} --run b --pictures-every 1")).succeeds();
    for file in ["model.safetensors", "checkpoint.safetensors", "config.toml", "pictures/samples.png"] {
        let [a, b] = ["a", "b"].map(|run| project.read(format!("{run}/{file}")));
        assert!(a == b, "{file} differs");
    }
    let names: BTreeSet<String> = project
        .files("b/pictures")
        .keys()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with("epoch"))
        .collect();
    let expected = [
        "epoch-001-reconstructions.png",
        "epoch-001-samples.png",
        "epoch-002-reconstructions.png",
        "epoch-002-samples.png",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
    let [one, two] = [1, 2].map(|epoch| project.read(format!("b/pictures/epoch-00{epoch}-samples.png")));
    assert!(one != two && size(&one) == size(&two));
    assert_eq!(text(&one, "Seed").as_deref(), Some("0"));
}

#[test]
fn pictures_of_a_resumed_run_are_those_of_one_that_went_straight_on() {
    let project = Project::new();
    let flags = format!("{SMALL} --schedule constant --pictures-every 2");
    project.run(&format!("train {flags} --run a")).succeeds();
    fs::remove_file(project.path("a/pictures/epoch-002-reconstructions.png")).expect("a picture");
    project.run("train --resume --run a --epochs 5 --pictures-every 2").succeeds();
    project.run(&format!("train {flags} --run b").replace("--epochs 2", "--epochs 5")).succeeds();
    for name in ["epoch-002-reconstructions", "epoch-004-samples", "epoch-004-reconstructions"] {
        let [a, b] = ["a", "b"].map(|run| project.path(format!("{run}/pictures/{name}.png")).exists());
        assert!(a && b, "{name}: {a} and {b}");
    }
    let [a, b] = ["a", "b"].map(|run| project.read(format!("{run}/pictures/epoch-004-samples.png")));
    assert!(a == b);
    assert!(!project.path("a/pictures/epoch-003-samples.png").exists());
}

#[test]
fn every_wish_has_a_picture_of_its_own_and_the_same_wish_the_same() {
    let project = Project::trained();
    project.write("m.safetensors", project.read("a/model.safetensors"));
    project.write_images("images", 28, 28);
    let calls = [
        "generate --run a",
        "generate --run a --seed 3",
        "generate --run a --count 5",
        "generate --run a --count 5 --cols 2",
        "generate --run a --temperature 0.7",
        "generate --run a --prior standard",
        "generate --run a --like 9,12",
        "generate --run a --like 9,13",
        "generate --run a --like 9,12 --split train",
        "generate --run a --like 9,12 --data images",
        "generate --run a --digit 7",
        "generate --run a --digit 7 --seed 3",
        "generate --run a --digit all",
        "generate --run a --latent 0,0,0",
        "generate --run a --latent 0,0,1",
        "generate --run a --latent 0,0,1 --latent 1,1,1",
        "generate --model m.safetensors",
        "grid --run a",
        "grid --run a --seed 3",
        "grid --run a --rows 2 --cols 4",
        "grid --run a --prior standard",
        "grid --run a --temperature 0.7",
        "grid --run a --kind reconstructions",
        "grid --run a --kind reconstructions --data images",
        "grid --model m.safetensors",
    ];
    let written = |call: &str| {
        let ended = project.run(call).succeeds();
        ended.stdout.lines().next().expect("the path of the picture").to_owned()
    };
    let paths: Vec<String> = calls.iter().map(|call| written(call)).collect();
    let distinct: BTreeSet<&String> = paths.iter().collect();
    assert_eq!(distinct.len(), calls.len(), "{paths:?}");
    for name in ["a/pictures/like-9-12.png", "a/pictures/digit-7-seed-3.png", "a/pictures/prior-seed-0.png"] {
        assert!(paths.iter().any(|path| path == name), "{name} in {paths:?}");
    }
    assert_eq!(written("grid --run a"), "a/pictures/samples.png");
    assert_eq!(written(calls[6]), paths[6]);
    assert_eq!(written("generate --run a --latent 0.0,0,1e0"), paths[14]);
}

#[test]
fn captions_hold_no_absolute_path() {
    let project = Project::new();
    project.write_images("images", 28, 28);
    project.run("train --data images --hidden 8 --latent 3 --epochs 1 --validation 20 --run a").succeeds();
    let root = project.path("images").display().to_string();
    for call in [
        "generate --run a --like 3",
        "generate --run a --digit 7",
        "grid --run a --kind reconstructions",
        "generate --run a --latent 0,0,0",
    ] {
        project.run(&format!("{call} --out x.png")).succeeds();
        let png = project.read("x.png");
        // The caption is drawn; the description has its words about the model.
        let description = text(&png, "Description").expect("a description");
        assert!(description.contains("trained on images") && !description.contains(&root), "{description}");
    }
}

#[test]
fn points_are_arranged_in_columns_and_recorded() {
    let project = Project::trained();
    let points = "--run a --latent 0,0,0;1,0,0;0,1,0;0,0,1;1,1,1;0,1,1 --out x.png";
    let drawn = |more: &str| {
        project.run(&format!("generate {points} {more}")).succeeds();
        project.read("x.png")
    };
    let (row, columns) = (drawn(""), drawn("--cols 2"));
    assert!(size(&row).0 > 2 * size(&columns).0 && size(&row).1 < size(&columns).1);
    assert_eq!(text(&row, "Points").as_deref(), Some("0,0,0;1,0,0;0,1,0;0,0,1;1,1,1;0,1,1"));
    project.run("generate --run a --digit all --cols 3").exits_with(2);
    project.run("generate --run a --cols 0").exits_with(2);
}
