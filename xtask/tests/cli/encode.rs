//! `encode`: arrays for NumPy with the posteriors of the model.

use ndarray::Array2;
use vae_data::{Split, Splits, mnist};
use vae_train::ModelFile;

use crate::project::Project;

/// A project with a model in `a`, images in `images` and their arrays in `out`.
fn encoded(arguments: &str) -> Project {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    project.run(&format!("encode --run a --data images --out out {arguments}")).succeeds();
    project
}

/// Header and data of an array, located as in the description of NumPy's format 1.0.
fn array(project: &Project, name: &str) -> (String, Vec<u8>) {
    let bytes = project.read(format!("out/{name}.npy"));
    assert_eq!(bytes[..8], *b"\x93NUMPY\x01\x00", "{name}");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0, "{name}");
    let (header, data) = bytes[10..].split_at(length);
    (String::from_utf8(header.to_vec()).expect("ASCII"), data.to_vec())
}

fn floats(project: &Project, name: &str) -> Vec<f32> {
    array(project, name).1.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// The images in [0, 1], and their labels.
fn images(project: &Project, split: Split) -> (Array2<f32>, Vec<u8>) {
    let Splits { train, test } = mnist::load(&project.path("images")).expect("images");
    let set = if split == Split::Train { train } else { test };
    (set.images().mapv(|b| f32::from(b) / 255.0), set.labels().expect("labels").to_vec())
}

#[test]
fn both_splits_leave_three_arrays_each_and_nothing_else() {
    let project = encoded("");
    let names: Vec<String> = project.files("out").keys().map(|path| path.display().to_string()).collect();
    let expected =
        ["test_labels", "test_log_var", "test_mean", "train_labels", "train_log_var", "train_mean"];
    assert_eq!(names, expected.map(|name| format!("out/{name}.npy")));
}

#[test]
fn a_header_has_shape_type_and_order() {
    let project = encoded("");
    for (name, dtype, shape) in [
        ("train_mean", "<f4", "(60, 3)"),
        ("train_log_var", "<f4", "(60, 3)"),
        ("test_mean", "<f4", "(20, 3)"),
        ("test_labels", "|u1", "(20,)"),
    ] {
        let (header, _) = array(&project, name);
        for part in
            [format!("'descr': '{dtype}'"), format!("'shape': {shape}"), "'fortran_order': False".into()]
        {
            assert!(header.contains(&part), "{name}: expected {part} in {header}");
        }
    }
}

#[test]
fn the_numbers_are_those_of_the_model_in_the_order_of_the_images() {
    let project = encoded("--reconstructions");
    let vae = ModelFile::read(&project.path("a/model.safetensors"), None).expect("a model").vae;
    for (split, name) in [(Split::Train, "train"), (Split::Test, "test")] {
        let (x, labels) = images(&project, split);
        let posterior = vae.encode(x.view());
        let read = |array: &str| floats(&project, &format!("{name}_{array}"));
        assert_eq!(read("mean"), posterior.mean.as_slice().expect("contiguous"));
        assert_eq!(read("log_var"), posterior.log_var.as_slice().expect("contiguous"));
        assert_eq!(read("reconstruction"), vae.reconstruct(x.view()).as_slice().expect("contiguous"));
        assert_eq!(array(&project, &format!("{name}_labels")).1, labels);
    }
}

#[test]
fn one_split_leaves_the_arrays_of_that_split() {
    for split in ["train", "test"] {
        let project = encoded(&format!("--split {split}"));
        let files = project.files("out");
        assert_eq!(files.len(), 3);
        assert!(files.keys().all(|path| path.to_string_lossy().contains(&format!("{split}_"))), "{split}");
    }
}

#[test]
fn without_a_directory_the_arrays_go_into_the_run() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    let ended = project.run("encode --run a --data images").succeeds();
    assert_eq!(ended.stdout, "a/latents\n");
    assert!(project.path("a/latents/test_mean.npy").exists());
}

#[test]
fn images_of_another_size_are_refused_with_both_sizes() {
    let project = Project::trained();
    project.write_images("small", 14, 12);
    project.run("encode --run a --data small").fails_saying(&["784 pixels", "168 (14 x 12)"]);
    assert!(!project.path("a/latents").exists());
}

#[test]
fn a_directory_that_cannot_be_created_is_named() {
    let project = Project::trained();
    project.write_images("images", 28, 28);
    project.write("file", b"kept");
    project.run("encode --run a --data images --out file/out").fails_saying(&["cannot create file/out"]);
    assert_eq!(project.read("file"), b"kept");
}
