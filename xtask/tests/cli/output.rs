//! Output to files and pipes. If the reader of a pipe goes away, only the output ends.

use std::process::Stdio;

use crate::project::{Project, SMALL};

/// Calls a command and closes its standard output before it writes anything.
fn unread(project: &Project, arguments: &str) -> (Option<i32>, String) {
    let mut command = project.command(arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_training_goes_on_without_a_reader() {
    let project = Project::new();
    let (status, stderr) = unread(&project, &format!("train {SMALL} --run a"));
    assert_eq!(status, Some(0), "{stderr}");
    assert!(project.path("a/pictures/reconstructions.png").exists());
}

#[test]
fn no_command_panics_without_a_reader() {
    let project = Project::trained();
    for call in [
        "eval --run a",
        "eval --run a --json",
        "data list",
        "data verify --dir a",
        "grid --run a",
        "generate --run a --digit all",
        "train --help",
    ] {
        let (status, stderr) = unread(&project, call);
        assert!(status.is_some() && !stderr.contains("panicked"), "{call}: {status:?} {stderr}");
    }
}

#[test]
fn results_go_to_standard_output_and_progress_to_standard_error() {
    let ended = Project::trained().run("eval --run a --json").succeeds();
    assert!(ended.stdout.starts_with('{') && ended.stdout.ends_with("}\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains("model: a/model.safetensors"), "{}", ended.stderr);
}

#[test]
fn without_a_terminal_a_training_writes_plain_lines() {
    let ended = Project::new().run(&format!("train {SMALL} --run a")).succeeds();
    assert_eq!(ended.stdout.lines().filter(|line| line.starts_with("epoch ")).count(), 2, "{}", ended.stdout);
    assert!(![ended.stdout, ended.stderr].concat().contains('\x1b'));
}
