//! The examples, as `cargo test` compiled them, do what they say.

#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The compiled example of that name, in `target/PROFILE/examples` beside `target/PROFILE/deps`, where this test lies.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(path.is_file(), "{} is missing: 'cargo test' without '--test' builds it", path.display());
    path
}

/// Runs the example `train`, with the run directory as argument if there is one.
fn train(run: Option<&Path>) -> Output {
    Command::new(example("train")).args(run).output().unwrap()
}

/// The output of an example that succeeded.
fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    str::from_utf8(&output.stdout).unwrap()
}

/// The first number after `before` in a line of `text`.
fn number(text: &str, before: &str) -> f64 {
    let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("expected {before:?} in {text}"));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().unwrap()
}

#[test]
fn train_stops_resumes_and_prints_a_falling_loss() {
    let directory = tempfile::tempdir().unwrap();
    let run = directory.path().join("run");
    let output = train(Some(&run));
    let text = stdout(&output);
    assert!(
        text.starts_with("stopped after 1 epoch and 5 steps\nresumed and finished: 3 epochs\n"),
        "{text}"
    );
    let held_out = [1, 2, 3].map(|epoch| {
        let line = text.lines().find(|line| line.starts_with(&format!("epoch {epoch}: "))).unwrap();
        number(line, "held-out ")
    });
    assert!(held_out.is_sorted_by(|before, after| before > after), "{text}");
    let (loss, kl) = (number(text, "test: "), number(text, "KL "));
    let reconstruction = number(text, &format!("test: {loss:.1} = "));
    assert!(loss < 300.0 && kl > 1.0 && (reconstruction + kl - loss).abs() < 0.2, "{text}");
    let mut files: Vec<String> = fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    files.sort();
    assert_eq!(files, ["checkpoint.safetensors", "config.toml", "metrics.jsonl", "model.safetensors"]);
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 3);
}

#[test]
fn train_needs_no_directory_and_gives_the_same_numbers_in_any() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(stdout(&train(None)), stdout(&train(Some(directory.path()))));
}

#[test]
fn train_refuses_a_directory_that_holds_a_run() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("config.toml"), "").unwrap();
    let output = train(Some(directory.path()));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("RunExists"), "{output:?}");
}
