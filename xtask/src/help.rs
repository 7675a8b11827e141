//! What the help of every command has in common: groups of flags, defaults, examples, the name of the program; and the
//! flags that no command has to know, `--help` and `--dir`.

mod defaults;
mod examples;
mod groups;

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, ColorChoice, Command, builder::StyledStr, value_parser};

use crate::program;

#[cfg(test)]
pub(crate) use self::examples::EXAMPLES;

/// The flag `--dir`. 'data fetch' and 'data verify' have another flag of this name.
const DIRECTORY: &str = "runs_and_data";

/// The environment variable that `--dir` overrides.
pub(crate) const DIRECTORY_VARIABLE: &str = "VAE_DIR";

/// The command line of a program of that name, with all that its help shows.
pub(crate) fn complete(command: Command, name: &'static str) -> Command {
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help);
    let help = help.help("Print help; -h prints a summary").help_heading(groups::GENERAL);
    let command = command.name(name).bin_name(name).arg(help);
    let is_installed = name == program::INSTALLED;
    let command = command.mut_subcommand("ci", |ci| ci.hide(is_installed));
    finish(command, "", name)
}

/// Finishes a command and those below it. `path` names it without the program.
fn finish(command: Command, path: &str, name: &str) -> Command {
    let has_own = command.get_arguments().any(|arg| arg.get_long() == Some("dir"));
    let command = if has_own { command } else { command.arg(directory_flag()) };
    let command = command.mut_args(|arg| {
        let arg = defaults::show(groups::sort(arg, path), path);
        let (short, long) = (arg.get_help().map(|text| renamed(text, name)), arg.get_long_help());
        let long = long.map(|text| renamed(text, name));
        let arg = if let Some(text) = short { arg.help(text) } else { arg };
        if let Some(text) = long { arg.long_help(text) } else { arg }
    });
    let after = command.get_after_help().map(|text| text.ansi().to_string());
    let after: Vec<String> = after.into_iter().chain(examples::of(path)).collect();
    let command = if after.is_empty() { command } else { command.after_help(after.join("\n\n")) };
    let (about, long) = (command.get_about().cloned(), command.get_long_about().cloned());
    let after = command.get_after_help().cloned();
    let command = if let Some(text) = about { command.about(renamed(&text, name)) } else { command };
    let command = if let Some(text) = long { command.long_about(renamed(&text, name)) } else { command };
    let command = if let Some(text) = after { command.after_help(renamed(&text, name)) } else { command };
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    below.into_iter().fold(command, |command, below| {
        let path = format!("{path} {below}");
        command.mut_subcommand(below, |command| finish(command, path.trim_start(), name))
    })
}

/// A help text with the program's name.
fn renamed(text: &StyledStr, name: &str) -> String {
    text.ansi().to_string().replace(program::IN_WORKSPACE, name)
}

fn directory_flag() -> Arg {
    Arg::new(DIRECTORY)
        .long("dir")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help_heading(groups::GENERAL)
        .help(format!(
            "Directory that holds runs/ and data/ [default: ${DIRECTORY_VARIABLE}; without it, the workspace or, for the \
             installed program, the user's data directory]"
        ))
}

/// The value of `--dir`, wherever in the call it stands.
pub(crate) fn directory(matches: &ArgMatches) -> Option<PathBuf> {
    let below = matches.subcommand().and_then(|(_, matches)| directory(matches));
    below.or_else(|| matches.try_get_one::<PathBuf>(DIRECTORY).ok().flatten().cloned())
}

/// The value of `--color` before the arguments are parsed, as errors of the parser may have colours, too.
pub(crate) fn colours(arguments: impl Iterator<Item = OsString>) -> ColorChoice {
    let arguments: Vec<String> = arguments.filter_map(|argument| argument.into_string().ok()).collect();
    let separate = arguments.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1].as_str());
    match separate.or_else(|| arguments.iter().find_map(|argument| argument.strip_prefix("--color="))) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The command that was called, for errors that show its usage.
pub(crate) fn called<'a>(command: &'a mut Command, matches: &ArgMatches) -> &'a mut Command {
    command.build();
    let mut names = Vec::new();
    let mut matches = Some(matches);
    while let Some((name, below)) = matches.and_then(ArgMatches::subcommand) {
        names.push(name.to_owned());
        matches = Some(below);
    }
    let mut called = command;
    for name in names {
        called = called.find_subcommand_mut(&name).expect("the command that was parsed");
    }
    called
}
