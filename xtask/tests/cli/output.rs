//! Output to files and pipes. If the reader of a pipe goes away, only the output ends.

use std::process::Stdio;

use crate::project::{Project, SMALL, offline};

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

#[test]
fn quiet_leaves_results_and_errors() {
    let project = Project::new();
    let ended = project.run(&format!("train {SMALL} --run a -q")).succeeds();
    assert_eq!((ended.stdout.lines().count(), ended.stderr.as_str()), (1, ""), "{}", ended.stdout);
    assert!(ended.stdout.starts_with("model: a/model.safetensors"), "{}", ended.stdout);
    let ended = project.run("eval --run none --quiet").exits_with(1);
    assert!(
        ended.stdout.is_empty() && ended.stderr.starts_with("error: none holds no model"),
        "{}",
        ended.stderr
    );
}

#[test]
fn verbose_gives_each_cause_of_an_error_a_line() {
    let project = Project::new();
    let ended = project.run("train --config missing.toml -v").exits_with(1);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(
        lines[0] == "error: cannot read missing.toml" && lines[1].starts_with("  caused by: "),
        "{lines:?}"
    );
}

#[test]
fn without_a_network_a_line_says_what_is_used_instead_and_verbose_says_why() {
    for (flag, has_reasons) in [("", false), ("-v", true)] {
        let project = Project::new();
        let mut command = project.command(&format!(
            "train --digits 300 --hidden 8 --latent 2 --epochs 1 --validation 20 --run a {flag}"
        ));
        offline(&mut command);
        let ended = project.start(command).wait().succeeds();
        let line = ended.stderr.lines().next().unwrap_or_default();
        for part in ["MNIST", "built-in digits are used", "cargo xtask data fetch", "$VAE_DATA"] {
            assert!(line.contains(part), "{line}");
        }
        assert_eq!(ended.stderr.contains("because: no mirror"), has_reasons, "{}", ended.stderr);
    }
}

#[test]
fn colours_are_as_asked_for() {
    let project = Project::new();
    for (flag, has_colours) in [("always", true), ("never", false), ("auto", false)] {
        for call in ["eval --run none", "train --epochs none", "grid --data digits", "train --help"] {
            let ended = project.start(project.command(&format!("{call} --color {flag}"))).wait();
            assert_eq!([ended.stdout, ended.stderr].concat().contains('\x1b'), has_colours, "{call} {flag}");
        }
    }
}
