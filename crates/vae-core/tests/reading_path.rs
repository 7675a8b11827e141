//! The reading path of the crate's tour: short enough to be read in an evening, and about mathematics alone.
//!
//! `cargo test -p vae-core --test reading_path -- --nocapture` prints the lines of each file.

#![allow(clippy::unwrap_used, reason = "a source that cannot be read fails its test")]

use std::{fs, path::Path};

/// Lines of code, without comments, documentation, blank lines and tests.
const MOST_LINES: usize = 1300;

/// What a reader of the paper need not know.
const MACHINE: [&str; 19] = [
    "lane",
    "lanes",
    "panel",
    "panels",
    "tile",
    "tiles",
    "avx",
    "avx2",
    "avx512",
    "sse",
    "sse2",
    "simd",
    "multiversion",
    "dispatch",
    "instruction",
    "instructions",
    "register",
    "registers",
    "cache",
];

fn source(file: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// The files that the table of the tour names, in its order.
fn path() -> Vec<String> {
    let tour = source("lib.rs");
    let rows = tour.lines().filter_map(|line| line.strip_prefix("//! | `")?.split_once(" | "));
    let files = rows.flat_map(|(files, _)| files.split('`').filter(|part| part.ends_with(".rs")));
    files.map(str::to_owned).collect()
}

#[test]
fn the_reading_path_is_short() {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines = |file: &String| source(file).lines().filter(is_code).count();
    let path = path();
    let counts: Vec<usize> = path.iter().map(lines).collect();
    for (file, count) in path.iter().zip(&counts) {
        println!("{count:5} {file}");
    }
    let sum: usize = counts.iter().sum();
    println!("{sum:5} lines of code in {} files", path.len());
    assert!(path.len() > 12 && sum < MOST_LINES, "{sum} lines in {} files", path.len());
}

#[test]
fn the_reading_path_names_no_machine() {
    for file in path() {
        for (number, line) in (1..).zip(source(&file).lines()) {
            let lower = line.to_lowercase();
            let mut words = lower.split(|c: char| !c.is_alphanumeric());
            let found = words.find(|word| MACHINE.contains(word));
            assert_eq!(found, None, "{file}, line {number}: {line}");
        }
    }
}
