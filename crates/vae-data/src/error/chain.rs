//! An error and all that is behind it, as one text: for places that keep the text and not the error.

use std::error::Error;

/// The message of `error` and those of its sources, with colons between them.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
