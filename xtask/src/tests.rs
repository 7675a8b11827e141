//! What the help of every command must have.

use clap::{Arg, Command, CommandFactory};

use crate::{Cli, command, help, program};

/// Every command with its path, the program itself first.
fn all(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    found.push((path.to_owned(), command.clone()));
    for below in command.get_subcommands() {
        all(below, format!("{path} {}", below.get_name()).trim_start(), found);
    }
}

fn commands() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    all(&command(), "", &mut found);
    assert!(found.len() > 15, "{}", found.len());
    found
}

fn text(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn the_command_line_has_no_contradictions() {
    command().debug_assert();
    help::complete(Cli::command(), program::INSTALLED).debug_assert();
}

#[test]
fn every_command_ends_its_help_with_examples() {
    for (path, command) in commands() {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = after.split("Examples:\n").nth(1).unwrap_or_default();
        assert!(examples.lines().count() > 0, "'{path}' has no examples; help/examples.rs holds them");
    }
}

#[test]
fn every_example_is_a_valid_call() {
    for (path, calls) in help::EXAMPLES {
        for (call, _) in calls {
            assert!(call.starts_with(path), "{call} is no call of {path}");
            let words = ["vae"].into_iter().chain(call.split_whitespace());
            let parsed = command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{call}: {}", parsed.expect_err("an error"));
        }
    }
}

#[test]
fn every_flag_says_what_it_does_and_what_happens_without_it() {
    for (path, command) in commands() {
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let text = text(arg);
            assert!(text.len() > 5, "{path}: {} has no help", arg.get_id());
            let has_default = arg.is_required_set() || !arg.get_default_values().is_empty();
            let is_said = has_default || text.contains("[default") || text.contains("[optional]");
            assert!(is_said || !arg.get_action().takes_values(), "{path}: {} has no default", arg.get_id());
        }
    }
}

#[test]
fn every_setting_of_a_training_shows_its_default() {
    let (_, train) = commands().into_iter().find(|(path, _)| path == "train").expect("a command");
    for (flag, expected) in [
        ("latent", "[default: 16 with quick]"),
        ("hidden", "[default: 300,200 with quick]"),
        ("lr", "[default: 0.003 with quick]"),
        ("data", "[default: auto]"),
        ("momentum", "[default: 0.9]"),
    ] {
        let arg = train.get_arguments().find(|arg| arg.get_long() == Some(flag)).expect("a flag");
        assert!(text(arg).ends_with(expected), "{flag}: {}", text(arg));
    }
}

#[test]
fn the_flags_of_a_training_are_in_groups() {
    for (_, command) in commands().into_iter().filter(|(path, _)| path == "train" || path == "sweep") {
        for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
            assert!(arg.get_help_heading().is_some(), "{}", arg.get_id());
        }
    }
}
