//! What a caller is told while a download goes on, and how it stops one.

use std::ops::ControlFlow;

/// How far the download of a file, or its way out of an archive, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name; on its way out of an archive, the archive's and the name in it.
    pub file: &'a str,
    /// The mirror it comes from, as in [`Options::mirrors`].
    pub mirror: &'a str,
    /// Bytes that have arrived.
    pub bytes: u64,
    /// Bytes expected, where the mirror or the archive told.
    pub total: Option<u64>,
}

/// What a caller says to progress.
pub(super) type Report<'a> = &'a mut dyn FnMut(Progress<'_>) -> ControlFlow<()>;
