//! Lines for people and for pipes. A reader that goes away (`| head`) ends the output, not the program.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

use anyhow::Context;

/// The command's result, to standard output. A result that cannot be written is an error, unless nobody reads it.
pub(crate) fn result(text: fmt::Arguments<'_>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write the result"),
        _ => Ok(()),
    }
}

/// A line of a longer story, to standard output.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line about what is going on, to standard error.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// `60000` as `60 000`.
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
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [7, 100, 1000, 60_000, 1_234_567].map(thousands),
            ["7", "100", "1 000", "60 000", "1 234 567"]
        );
    }
}
