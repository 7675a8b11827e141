//! Runs the compiled examples. Cargo builds them together with the tests, into a directory beside theirs.

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs::{self, File},
    io::BufReader,
    path::PathBuf,
    process::Command,
};

/// The compiled example of that name.
fn example(name: &str) -> PathBuf {
    // This test is `target/PROFILE/deps/examples-HASH`, the example is `target/PROFILE/examples/NAME`.
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("a test is built two levels below its profile");
    let path = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(path.exists(), "{} is missing: build it with cargo build --examples", path.display());
    path
}

#[test]
fn grid_writes_its_picture_to_the_given_path() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(example("grid")).arg("spots.png").current_dir(&directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let file = File::open(directory.path().join("spots.png")).unwrap();
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    // Eight images of 24 × 16 pixels side by side, four below one another, each pixel three wide and high, a gap of two
    // around each image; below, a caption of one line, 38 pixels with its margins.
    assert_eq!(
        (reader.info().width, reader.info().height),
        (2 + 8 * (24 * 3 + 2), 2 + 4 * (16 * 3 + 2) + 38)
    );
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgb).unwrap();
    // The middle of the first image's spot and that of the last.
    for (x, y) in [(2 + 3, 2 + 2 * 3), (2 + 7 * 74 + 22 * 3, 2 + 3 * 50 + 14 * 3)] {
        let start = 3 * (y * 594 + x);
        assert_eq!(rgb[start..start + 3], [255; 3], "at ({x}, {y})");
    }
}

#[test]
fn grid_without_a_path_fails_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(example("grid")).current_dir(&directory).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected the path"), "{output:?}");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}
