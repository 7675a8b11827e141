//! How a command ends, for `main` to turn into an exit status. A failure is any other error.

use std::fmt::Display;

/// The end of a command that did not fail.
pub(crate) enum Done {
    Finished,
    /// Stopped by Ctrl-C or a termination signal, with everything saved.
    Interrupted,
}

/// The error of a command that Ctrl-C or a termination signal stopped before its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Arguments that are valid one by one but not together.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// The error for arguments that are valid one by one but not together.
pub(crate) fn misuse(message: impl Display) -> anyhow::Error {
    Misuse(message.to_string()).into()
}
