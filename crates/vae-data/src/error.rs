//! What can go wrong between the bytes of a file or a download and a data set: what was expected, what was found, and
//! in which file.
//!
//! [`DataError`] is the crate's error. What concerns the content of one file is a [`FormatError`], so that parsers need
//! no path, and readers add theirs in one place. A wrapped error is the `source()` of the one around it and not a part
//! of its text, so print the whole chain: `format!("{:#}", anyhow::Error::from(error))`, or a loop over `source()`.

#[cfg(any(test, feature = "download"))]
mod chain;
mod data;
mod format;

#[cfg(any(test, feature = "download"))]
pub(crate) use self::chain::chain;
pub use self::{data::DataError, format::FormatError};
