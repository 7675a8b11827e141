//! Data of one's own: how many images are held out, names of classes, sizes of pictures, arrays of numpy.

use ndarray::Array2;
use vae_viz::{GridStyle, image_grid};

use crate::{
    png::text,
    project::{Ended, Project},
};

/// A very short training.
const TRAIN: &str = "train --hidden 8 --latent 2 --epochs 1 --run a --data";

/// Writes pictures of two classes, `circle` and `square`: `count` of each, of `height` x `width` pixels.
fn write_shapes(project: &Project, directory: &str, count: usize, (height, width): (usize, usize)) {
    for (class, grey) in [("circle", 0.2), ("square", 0.8)] {
        for i in 0..count {
            let image = Array2::from_elem((1, height * width), grey + 0.001 * i as f32);
            let style = GridStyle { rows: 1, cols: 1, scale: 1, gap: 0, ..GridStyle::default() };
            let picture = image_grid(image.view(), (height, width), &style, None).expect("a picture");
            let name = format!("{directory}/{class}/{height}-{i}.png");
            project.write(name, picture.to_png(&[]).expect("a PNG file"));
        }
    }
}

/// A file of `numpy.save`.
fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), elements].concat()
}

fn config(project: &Project, section: &str, key: &str) -> toml::Value {
    project.toml("a/config.toml")[section][key].clone()
}

fn says(ended: &Ended, parts: &[&str]) {
    for part in parts {
        assert!(ended.stderr.contains(part), "expected {part:?} in {}", ended.stderr);
    }
}

#[test]
fn a_directory_without_images_is_told_what_it_could_hold() {
    let project = Project::new();
    project.write("empty/notes.txt", "nothing");
    project
        .run(&format!("{TRAIN} empty"))
        .fails_saying(&["neither pictures, PNG or JPEG", "train-images-idx3-ubyte"]);
}

#[test]
fn a_run_on_a_folder_has_its_name_also_with_a_slash_at_its_end() {
    let project = Project::new();
    write_shapes(&project, "shapes", 4, (5, 5));
    let flags = "--resize 6 --hidden 8 --latent 2 --epochs 1";
    let ended = project.run(&format!("train --data shapes/ {flags}")).succeeds();
    says(&ended, &["shapes:resize=6x6, ", "run: runs/quick-shapes-resize_6x6"]);
}

#[test]
fn a_tenth_of_the_training_images_is_held_out_and_said() {
    let project = Project::new();
    let ended = project.run(&format!("{TRAIN} digits:300")).succeeds();
    says(&ended, &["30 of 300 training images held out"]);
    assert_eq!(config(&project, "data", "validation").as_integer(), Some(30));
    // The run goes on with its number, and with no other.
    project.run("train --run a --resume --preset quick --hidden 8 --latent 2 --epochs 1").succeeds();
    project.run("train --run a --resume --validation 31").fails_saying(&["data.validation = 30", "31"]);
}

#[test]
fn a_few_images_are_enough_to_train() {
    let project = Project::new();
    write_shapes(&project, "shapes", 4, (5, 5));
    project.run(&format!("{TRAIN} shapes")).succeeds();
    assert_eq!(config(&project, "data", "validation").as_integer(), Some(0));
}

#[test]
fn a_training_of_few_steps_says_so_and_what_would_help() {
    let project = Project::new();
    let ended = project.run(&format!("{TRAIN} digits:300 --batch 64")).succeeds();
    says(&ended, &["few steps: 5 in all", "--epochs 400", "--rotate 10"]);
    let ended =
        project.run("train --run b --hidden 8 --latent 2 --data digits:300 --batch 2 --epochs 8").succeeds();
    assert!(!ended.stderr.contains("few steps"), "{}", ended.stderr);
}

#[test]
fn classes_keep_the_names_of_their_folders() {
    let project = Project::new();
    write_shapes(&project, "shapes", 12, (6, 6));
    let ended = project.run(&format!("{TRAIN} shapes")).succeeds();
    says(&ended, &["20 training and 4 test images of 6 x 6, classes circle, square"]);
    says(&ended, &["a sixth of each class, 4 images, is set apart as test images"]);
    assert!(ended.stdout.contains("classes circle, square"), "{}", ended.stdout);

    let by_name = project.run("generate --run a --class square").succeeds();
    assert!(by_name.stdout.contains("class-square-seed-0.png"), "{}", by_name.stdout);
    let picture = project.read("a/pictures/class-square-seed-0.png");
    let description = text(&picture, "Description").expect("a description");
    assert!(description.contains("class square"), "{description}");
    for class in ["--digit Square", "--digit 1"] {
        project.run(&format!("generate --run a {class}")).succeeds();
        assert_eq!(project.read("a/pictures/class-square-seed-0.png"), picture, "{class}");
    }
    project
        .run("generate --run a --class cirlce")
        .refuses_usage_saying(&["no class cirlce", "circle, square"]);

    let like = project.run("generate --run a --like 0,3").succeeds();
    assert!(like.stdout.contains("(labels circle, square)"), "{}", like.stdout);
    project.run("encode --run a --out codes").succeeds();
    assert_eq!(project.text("codes/classes.json"), "{\n  \"0\": \"circle\",\n  \"1\": \"square\"\n}");
    project.run("encode --run a --data digits:20:resize=6 --out codes").succeeds();
    assert!(!project.path("codes/classes.json").exists());
}

#[test]
fn known_sets_tell_the_names_of_their_classes() {
    let project = Project::new();
    project.write_images("data/fashion-mnist", 28, 28);
    project.run(&format!("{TRAIN} fashion")).succeeds();
    let ended = project.run("generate --run a --class T-shirt/top").succeeds();
    assert!(ended.stdout.contains("class-T-shirt_top-9cc7a4-seed-0.png"), "{}", ended.stdout);
    project
        .run("generate --run a --class T-shirt")
        .refuses_usage_saying(&["T-shirt/top, Trouser", "Ankle boot"]);
}

#[test]
fn pictures_of_several_sizes_are_resized_and_found_again() {
    let project = Project::new();
    write_shapes(&project, "shapes", 6, (5, 9));
    write_shapes(&project, "shapes", 6, (20, 12));
    project.run(&format!("{TRAIN} shapes")).fails_saying(&["--resize 28x28", "5 x 9", "20 x 12"]);
    let ended = project.run(&format!("{TRAIN} shapes --resize 8x6")).succeeds();
    says(&ended, &["of 8 x 6"]);
    let source = config(&project, "data", "source");
    assert!(source.as_str().is_some_and(|source| source.ends_with("shapes:resize=8x6")), "{source}");
    project.run("eval --run a").succeeds();
    project.run("train --run a --resume").succeeds();
    project.run("train --run a --resume --resize 9x6").fails_saying(&["fingerprint"]);
    let ended = project.run("eval --run a --data shapes:resize=6x8:transposed").succeeds();
    says(&ended, &["6 x 8"]);
}

#[test]
fn every_source_can_be_resized() {
    let project = Project::new();
    let ended = project.run(&format!("{TRAIN} digits:60 --resize 14")).succeeds();
    says(&ended, &["data: digits:60:resize=14x14, 60 training and 10 test images of 14 x 14"]);
    project.run("eval --run a --data digits:60:resize=28:resize=14").refuses_usage_saying(&["two sizes"]);
    // A size that the images have already changes neither them nor their name.
    let ended =
        project.run("train --hidden 8 --latent 2 --epochs 1 --run c --data digits:60 --resize 28").succeeds();
    says(&ended, &["data: digits:60, 60 training"]);
    project.run("train --data digits:60 --resize 0 --run b").exits_with(2);
    project.run("train --data digits:60 --resize 28by28 --run b").exits_with(2);
}

#[test]
fn an_array_of_numpy_is_learned_and_measured() {
    let project = Project::new();
    let floats: Vec<u8> = (0..24 * 6).flat_map(|i| ((i % 100) as f32 / 100.0).to_le_bytes()).collect();
    project.write("x.npy", npy("<f4", "(24, 2, 3)", &floats));
    let ended = project.run(&format!("{TRAIN} x.npy")).succeeds();
    says(&ended, &["20 training and 4 test images of 2 x 3, without labels", "a sixth, 4 images"]);
    project.write("x_labels.npy", npy("|u1", "(24,)", &[0, 1].repeat(12)));
    project.run("eval --run a").fails_saying(&["x.npy, or their labels", "changed since"]);
    let ended = project.run("eval --run a --data x.npy").succeeds();
    says(&ended, &["/x.npy, 4 test images of 2 x 3"]);
    project.write("x.npy", npy("<f4", "(24, 2, 3)", &2.5_f32.to_le_bytes().repeat(24 * 6)));
    project.run("eval --run a").fails_saying(&["x.npy", "row 0, column 0", "2.5", "between 0"]);
}

#[test]
fn an_array_of_ones_and_zeros_as_bytes_is_warned_of() {
    let project = Project::new();
    project.write("x.npy", npy("|u1", "(12, 4)", &[0, 1].repeat(24)));
    let ended = project.run(&format!("{TRAIN} x.npy")).succeeds();
    says(&ended, &["warning: all values are 0 or 1 of 255"]);
}

#[test]
fn vectors_are_not_advised_to_be_turned() {
    let project = Project::new();
    project.write("x.npy", npy("<f4", "(12, 5)", &0.5_f32.to_le_bytes().repeat(12 * 5)));
    let ended = project.run(&format!("{TRAIN} x.npy")).succeeds();
    says(&ended, &["images of 1 x 5", "few steps"]);
    assert!(!ended.stderr.contains("--rotate"), "{}", ended.stderr);
}

#[test]
fn a_file_that_is_no_array_is_refused() {
    let project = Project::new();
    project.write("x.csv", "1,2,3");
    project.run(&format!("{TRAIN} x.csv")).fails_saying(&["x.csv", ".npy"]);
    project.write("x.npy", "1,2,3");
    project.run(&format!("{TRAIN} x.npy")).fails_saying(&["x.npy", "NUMPY"]);
    project.run(&format!("{TRAIN} none.npy")).refuses_usage_saying(&[
        "none.npy",
        "neither a name",
        "nor a .npy file",
    ]);
}
