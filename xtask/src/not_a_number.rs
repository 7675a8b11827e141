//! A clearer error for a value that is no number: that of the standard library speaks of 'digits' and 'literals'.

use std::{
    error::Error as _,
    num::{IntErrorKind, ParseFloatError, ParseIntError},
};

use clap::{
    Command, Error,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The error, with what was expected in place of what the standard library says, if it is about a number.
pub(crate) fn explained(error: Error, command: &mut Command) -> Error {
    let Some(expected) = expected(&error) else { return error };
    let mut explained = Error::new(ErrorKind::InvalidValue).with_cmd(command);
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue] {
        if let Some(value) = error.get(kind) {
            explained.insert(kind, value.clone());
        }
    }
    let tip = StyledStr::from(format!("expected {expected}"));
    explained.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    explained
}

fn expected(error: &Error) -> Option<&'static str> {
    let source = error.source()?;
    if source.is::<ParseFloatError>() {
        return Some("a number, such as 0.5 or 1e-3");
    }
    let is_text = |error: &&ParseIntError| *error.kind() == IntErrorKind::InvalidDigit;
    source.downcast_ref::<ParseIntError>().filter(is_text).map(|_| "a whole number, without a sign")
}
