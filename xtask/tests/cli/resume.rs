//! Ctrl-C and `--resume`: a resumed run reaches the same bytes as an uninterrupted one.
#![cfg(unix)]

use crate::project::{Ended, Project, SMALL};

/// A training of a thousand steps per epoch, so that a signal after its first checkpoint arrives before its end.
const LONG: &str =
    "train --data digits --digits 4000 --hidden 16 --latent 3 --batch 4 --epochs 2 --validation 20";

/// Starts the long training in `a`, and sends it a signal at its first checkpoint.
fn interrupted(project: &Project, signal: &str) -> Ended {
    let mut running = project.start(project.command(&format!("{LONG} --run a")));
    running.wait_for(&project.path("a/checkpoint.safetensors"));
    running.signal(signal);
    running.wait()
}

/// The lines of `metrics.jsonl` without the measured times.
fn timeless_metrics(project: &Project, run: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let text = project.text(format!("{run}/metrics.jsonl"));
    let mut lines: Vec<serde_json::Map<_, _>> =
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    for line in &mut lines {
        line.retain(|key, _| key != "train_seconds" && key != "images_per_second");
    }
    lines
}

#[test]
fn an_interrupt_ends_a_training_with_130_and_a_checkpoint() {
    let project = Project::new();
    interrupted(&project, "INT").exits_with(130);
    let checkpoint =
        vae_train::Checkpoint::read(&project.path("a/checkpoint.safetensors")).expect("a checkpoint");
    assert!((checkpoint.progress.epochs, checkpoint.progress.batches) > (0, 0));
}

#[test]
fn a_termination_signal_ends_a_training_as_an_interrupt_does() {
    interrupted(&Project::new(), "TERM").exits_with(130);
}

#[test]
fn an_interrupted_training_prints_the_command_that_continues_it() {
    let ended = interrupted(&Project::new(), "INT");
    assert!(ended.stderr.contains("train --run a --resume"), "{}", ended.stderr);
}

#[test]
fn a_resumed_run_reaches_the_bytes_of_an_uninterrupted_one() {
    let project = Project::new();
    interrupted(&project, "INT").exits_with(130);
    project.run("train --run a --resume").succeeds();
    project.run(&format!("{LONG} --run b")).succeeds();
    for file in ["model.safetensors", "checkpoint.safetensors", "config.toml", "pictures/samples.png"] {
        let [a, b] = ["a", "b"].map(|run| project.read(format!("{run}/{file}")));
        assert!(a == b, "{file} differs");
    }
    assert_eq!(timeless_metrics(&project, "a"), timeless_metrics(&project, "b"));
}

#[test]
fn resuming_without_a_name_continues_the_newest_run() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --run runs/old --seed 1")).succeeds();
    project.run(&format!("train {SMALL} --run runs/new --seed 2")).succeeds();
    let ended = project.run("train --resume").succeeds();
    assert!(ended.stdout.contains("runs/new is finished"), "{}", ended.stdout);
}

#[test]
fn resuming_a_finished_run_succeeds_and_changes_nothing() {
    let project = Project::trained();
    let before = project.files("a");
    project.run("train --run a --resume").succeeds();
    assert_eq!(project.files("a"), before);
}

#[test]
fn a_run_extended_by_more_epochs_equals_one_of_that_length() {
    let project = Project::new();
    project.run(&format!("train --preset reference {SMALL} --run a")).succeeds();
    project.run("train --run a --resume --epochs 4").succeeds();
    project
        .run(&format!("train --preset reference {SMALL} --run b").replace("--epochs 2", "--epochs 4"))
        .succeeds();
    assert_eq!(project.read("a/checkpoint.safetensors"), project.read("b/checkpoint.safetensors"));
    assert_eq!(project.read("a/model.safetensors"), project.read("b/model.safetensors"));
}

#[test]
fn resuming_with_another_latent_is_refused_with_both_values() {
    let project = Project::trained();
    project
        .run("train --run a --resume --latent 4")
        .fails_saying(&["model.latent = 3", "cannot go on with 4"]);
}

#[test]
fn a_refused_resume_changes_nothing() {
    let project = Project::trained();
    let before = project.files("a");
    project.run("train --run a --resume --latent 4").exits_with(1);
    assert_eq!(project.files("a"), before);
}

#[test]
fn resuming_without_any_run_is_refused() {
    Project::new().run("train --resume").fails_saying(&["no run to resume"]);
}

#[test]
fn a_run_that_another_process_trains_is_left_alone() {
    let project = Project::new();
    let mut running = project.start(project.command(&format!("{LONG} --run a")));
    running.wait_for(&project.path("a/checkpoint.safetensors"));
    project.run("train --run a --resume").fails_saying(&["another process is training in a"]);
    running.signal("INT");
    running.wait().exits_with(130);
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let project = Project::trained();
    let bytes = project.read("a/checkpoint.safetensors");
    project.write("a/checkpoint.safetensors", &bytes[..bytes.len() / 2]);
    project.run("train --run a --resume").fails_saying(&["a/checkpoint.safetensors", "not a checkpoint"]);
}

#[test]
fn a_damaged_configuration_of_a_run_is_named() {
    let project = Project::trained();
    project.write("a/config.toml", [0xff, 0xfe]);
    project.run("train --run a --resume").fails_saying(&["a/config.toml", "UTF-8"]);
}

#[test]
fn resuming_in_a_missing_directory_is_refused() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --run typo --resume")).fails_saying(&["typo", "no run"]);
    assert!(!project.path("typo").exists());
}

#[test]
fn a_model_without_its_checkpoint_is_not_overwritten() {
    let project = Project::trained();
    std::fs::remove_file(project.path("a/checkpoint.safetensors")).expect("a checkpoint");
    let before = project.files("a");
    project.run("train --run a --resume").fails_saying(&["a holds", "no checkpoint"]);
    assert!(project.files("a") == before);
}

#[test]
fn a_run_cannot_be_made_shorter_than_it_is() {
    let project = Project::new();
    project.run(&format!("train {SMALL} --schedule constant --run a")).succeeds();
    let before = project.text("a/config.toml");
    project.run("train --run a --resume --epochs 1").fails_saying(&["2 epochs", "1"]);
    assert_eq!(project.text("a/config.toml"), before);
}

#[test]
fn a_run_that_cannot_start_leaves_no_directory() {
    let project = Project::new();
    project.run("train --data missing --run a").exits_with(2);
    project.run("train --data digits --digits 300 --validation 300 --run a").exits_with(2);
    project.write("empty/file", b"");
    project.run("train --data empty --run a").fails();
    assert!(!project.path("a").exists());
}

#[test]
fn resuming_without_flags_keeps_the_augmentation_of_a_run() {
    let project = Project::new();
    let flags = "--schedule constant --rotate 10 --elastic 34";
    project.run(&format!("train {SMALL} {flags} --run a")).succeeds();
    project.run("train --run a --resume --epochs 4").succeeds();
    project.run(&format!("train {SMALL} {flags} --run b").replace("--epochs 2", "--epochs 4")).succeeds();
    assert_eq!(project.read("a/model.safetensors"), project.read("b/model.safetensors"));
    project
        .run("train --run a --resume --rotate 20")
        .fails_saying(&["augmentation.rotation_degrees = 10.0", "cannot go on with 20.0"]);
}
