//! The programs in `examples/`, which `cargo test` builds beside the tests, are run, and what they print is checked.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;
use vae_data::{Dataset, Split, digits, idx::IdxArray};

/// Where cargo puts an example: in `examples` beside the directory of the test binary.
fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of the test binary");
    let profile = test.ancestors().nth(2).expect("a test binary is in PROFILE/deps");
    let path = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; 'cargo test -p vae-data' builds it", path.display());
    path
}

fn run(name: &str, arguments: &[&Path]) -> Output {
    Command::new(binary(name)).args(arguments).env_remove("VAE_DATA").output().expect("the example starts")
}

/// What an example prints when it succeeds.
fn printed(name: &str, arguments: &[&Path]) -> String {
    let Output { status, stdout, stderr } = run(name, arguments);
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("UTF-8 on stdout")
}

/// The exit status and the message of an example that fails.
fn failure(name: &str, arguments: &[&Path]) -> (i32, String) {
    let Output { status, stderr, .. } = run(name, arguments);
    (status.code().expect("an exit status"), String::from_utf8(stderr).expect("UTF-8 on stderr"))
}

/// A directory with both sets as IDX files, labels included.
fn directory(train: &Dataset, test: &Dataset) -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    for (split, set) in [("train", train), ("t10k", test)] {
        let shape = vec![set.len(), set.height(), set.width()];
        let images = IdxArray { shape, data: set.images().iter().copied().collect() };
        let labels = IdxArray { shape: vec![set.len()], data: set.labels().expect("labelled").to_vec() };
        fs::write(dir.path().join(format!("{split}-images-idx3-ubyte")), images.to_bytes()).expect("written");
        fs::write(dir.path().join(format!("{split}-labels-idx1-ubyte")), labels.to_bytes()).expect("written");
    }
    dir
}

/// A directory of built-in digits in place of MNIST.
fn digits(train: usize, test: usize) -> TempDir {
    directory(&digits::generate(train, 3, Split::Train), &digits::generate(test, 3, Split::Test))
}

#[test]
fn own_data_writes_a_data_set_and_gathers_a_batch_of_it() {
    let expected = "60 training images and 12 test images\n\
                    8 x 8 = 64 pixels each\n\
                    labels up to 1\n\
                    a batch of (16, 64) numbers from 0 to 1\n";
    assert_eq!(printed("own_data", &[]), expected);
}

#[test]
fn own_data_loads_the_directory_that_it_is_given() {
    let dir = digits(30, 10);
    let expected = "30 training images and 10 test images\n\
                    28 x 28 = 784 pixels each\n\
                    labels up to 9\n\
                    a batch of (16, 784) numbers from 0 to 1\n";
    assert_eq!(printed("own_data", &[dir.path()]), expected);
}

#[test]
fn own_data_names_a_damaged_file_and_the_reason() {
    let dir = digits(30, 10);
    let path = dir.path().join("t10k-labels-idx1-ubyte");
    fs::write(&path, "<html>").unwrap();
    let (code, message) = failure("own_data", &[dir.path()]);
    let expected =
        format!("own_data: cannot read {}: expected data, found an HTML or XML page", path.display());
    assert_eq!(code, 1);
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn nearest_neighbour_reads_digits_of_the_kind_that_it_has_seen() {
    let text = printed("nearest_neighbour", &[digits(20, 200).path()]);
    let line = text.lines().find(|line| line.starts_with("MNIST's test images: ")).unwrap();
    let share: f64 = line["MNIST's test images: ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert!(line.ends_with("% of 200 recognised") && share > 90.0, "{line}");
}

#[test]
fn nearest_neighbour_needs_a_directory() {
    let (code, message) = failure("nearest_neighbour", &[]);
    assert_eq!((code, message.contains("expected a directory with MNIST")), (2, true), "{message}");
}
