//! The progress of a download, as reported to the caller.

use std::ops::ControlFlow;

/// The progress of one file, while it is downloaded or unpacked from an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name; while it is unpacked, the archive's name and the name in it.
    pub file: &'a str,
    /// The mirror it comes from, as in [`Options::mirrors`](super::Options::mirrors).
    pub mirror: &'a str,
    /// Bytes that have arrived.
    pub bytes: u64,
    /// Bytes expected, if the mirror or the archive announces a number.
    pub total: Option<u64>,
}

/// The caller's function, which may stop the download.
pub(super) type Report<'a> = &'a mut dyn FnMut(Progress<'_>) -> ControlFlow<()>;
