//! Output to terminals and pipes. If the reader of a pipe goes away (`| head`), the output ends and the program goes
//! on.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

use anyhow::Context;

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
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line about progress, or a warning, to standard error.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
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
    fn thousands_are_separated() {
        assert_eq!(
            [7, 100, 1000, 60_000, 1_234_567].map(thousands),
            ["7", "100", "1 000", "60 000", "1 234 567"]
        );
    }
}
