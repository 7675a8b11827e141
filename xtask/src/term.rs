//! Output to terminals and pipes. If the reader of a pipe goes away (`| head`), the output ends and the program goes
//! on.

use std::{
    env, fmt,
    io::{ErrorKind, IsTerminal, Write},
    sync::OnceLock,
};

use anyhow::Context;
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Verbosity {
    /// Results and errors.
    Quiet,
    #[default]
    Normal,
    /// Also the technical reasons.
    Verbose,
}

static SETTINGS: OnceLock<(Verbosity, ColorChoice)> = OnceLock::new();

/// Sets how much is printed, and whether in colour, for the rest of the process.
pub(crate) fn set(verbosity: Verbosity, colours: ColorChoice) {
    let _ = SETTINGS.set((verbosity, colours));
}

fn settings() -> (Verbosity, ColorChoice) {
    SETTINGS.get().copied().unwrap_or((Verbosity::Normal, ColorChoice::Auto))
}

/// Prints the result of a command to standard output. A failure to write is an error, except for a closed pipe.
pub(crate) fn result(text: fmt::Arguments<'_>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write the result"),
        _ => Ok(()),
    }
}

/// Prints one of many lines of output to standard output.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    if settings().0 != Verbosity::Quiet {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }
}

/// Prints a line about progress, or a warning, to standard error.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    if settings().0 != Verbosity::Quiet {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// Prints the technical reasons for a [`note`] to standard error, a line each, with `--verbose` only.
pub(crate) fn reasons(error: &anyhow::Error) {
    if settings().0 == Verbosity::Verbose {
        let _ = writeln!(std::io::stderr().lock(), "{}", lines(error, "  because: "));
    }
}

/// Prints the error that ends a command: in one line, or with `--verbose` each cause in a line of its own.
pub(crate) fn error(error: &anyhow::Error) {
    let (verbosity, _) = settings();
    let text = if verbosity == Verbosity::Verbose { lines(error, "") } else { one_line(error) };
    let [start, end] = if has_colours() { ["\x1b[1m\x1b[31m", "\x1b[0m"] } else { ["", ""] };
    let _ = writeln!(std::io::stderr().lock(), "{start}error:{end} {text}");
}

/// A progress bar on standard error; hidden where that is no terminal, and with `--quiet`.
pub(crate) fn bar(steps: u64, template: &str) -> ProgressBar {
    let coloured = template.replace("{bar:30}", "\x1b[36m{bar:30}\x1b[0m");
    let style = ProgressStyle::with_template(if has_colours() { &coloured } else { template });
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(steps).with_style(style.progress_chars("=> "));
    if settings().0 == Verbosity::Quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

/// Whether standard error gets colours: as `--color` says, else on a terminal, unless `$NO_COLOR` forbids it.
fn has_colours() -> bool {
    match settings().1 {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
            std::io::stderr().is_terminal()
                && !is_set("NO_COLOR")
                && env::var("TERM").as_deref() != Ok("dumb")
        }
    }
}

/// An error and its causes in a line each, the first after `start`.
fn lines(error: &anyhow::Error, start: &str) -> String {
    let causes: Vec<String> = error.chain().map(|cause| cause.to_string().trim().to_owned()).collect();
    format!("{start}{}", causes.join("\n  caused by: "))
}

/// An error and its causes in one line, even if the text of a cause has several.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let chain = format!("{error:#}");
    let lines: Vec<&str> = chain.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").replace(":; ", ": ")
}

/// A number with its thousands separated: `60 000`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_the_lines_of_its_causes() {
        let error =
            anyhow!("no mirror answered:\n  first: refused\n\n  second: refused\n").context("no data");
        assert_eq!(one_line(&error), "no data: no mirror answered: first: refused; second: refused");
    }

    #[test]
    fn the_causes_of_an_error_have_a_line_each() {
        let error = anyhow!("refused").context("no mirror").context("no data");
        assert_eq!(lines(&error, ""), "no data\n  caused by: no mirror\n  caused by: refused");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(
            [7, 100, 1000, 60_000, 1_234_567].map(thousands),
            ["7", "100", "1 000", "60 000", "1 234 567"]
        );
    }
}
