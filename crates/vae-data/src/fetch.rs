//! MNIST over the network, from public mirrors, into a directory.
//!
//! What arrives is not trusted. A file gets its name only after its unpacked content has the published hash, and by one
//! rename, so that neither a power cut nor a server's error page leaves anything that looks like data. A mirror that
//! fails is not asked again: without a network, the answer comes after one time-out a mirror and not one a file.

mod mirror;
mod part;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::error::{DataError, FormatError};
use crate::idx;
use crate::mnist::{self, FILES, FileSpec, FileState};
use mirror::{Failure, Mirror};

/// Where MNIST's files lie, packed, under their original names. Asked in this order.
pub const MIRRORS: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];

/// How patient and how generous a download is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Addresses to which a file's name is appended, `https://` or `http://`, asked in turn. Default: [`MIRRORS`].
    pub mirrors: Vec<String>,
    /// How long looking up a mirror's name may take, and how long connecting to it. Default: 2 s each.
    pub connect_timeout: Duration,
    /// How long a mirror may be silent. Default: 10 s.
    pub read_timeout: Duration,
    /// How long one file may take in all. Default: 10 min, enough for 17 kB/s.
    pub file_timeout: Duration,
    /// The most bytes a file may have as it arrives. Default: 64 MiB, more than MNIST's largest file unpacked.
    pub max_file_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mirrors: MIRRORS.map(str::to_owned).into(),
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(10),
            file_timeout: Duration::from_secs(600),
            max_file_bytes: 64 << 20,
        }
    }
}

/// How far the download of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The mirror it comes from, as in [`Options::mirrors`].
    pub mirror: &'a str,
    /// Bytes that have arrived.
    pub bytes: u64,
    /// Bytes expected, where the mirror told.
    pub total: Option<u64>,
}

/// Makes sure that MNIST's four files lie in `dir`, which is created if need be.
///
/// Files that are there and right, under any name that [`mnist::load`] knows, are left alone and
/// need no network. Damaged ones are replaced. Data that is somebody's, such as Fashion-MNIST, which has the same file
/// names, is never overwritten.
///
/// `progress` is called before each file and whenever some of it has arrived; with `ControlFlow::Break` it stops the
/// download, which takes at most as long as a time-out. Files that are complete by then stay.
///
/// Several downloads into one directory at once are safe.
///
/// # Errors
/// [`DataError::Download`] with a line for each mirror, [`DataError::Cancelled`], [`DataError::InTheWay`],
/// [`DataError::Write`].
pub fn fetch(
    dir: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    fetch_files(dir, &FILES, options, progress)
}

/// [`fetch`] for any table of files.
fn fetch_files(
    dir: &Path,
    files: &[FileSpec<'_>],
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    fs::create_dir_all(dir).map_err(|cause| DataError::write(dir, cause))?;
    let mut wanted = Vec::new();
    for &file in files {
        if !is_present(dir, file)? {
            wanted.push(file);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    part::remove_stale(dir);

    let mut failures = Vec::new();
    let mut wanted = wanted.into_iter().peekable();
    for address in &options.mirrors {
        let mirror = Mirror::new(address, options);
        while let Some(&file) = wanted.peek() {
            match mirror.download(file, dir, progress) {
                Ok(()) => wanted.next(),
                Err(Failure::Stop(error)) => return Err(error),
                Err(Failure::Mirror(line)) => {
                    failures.push(line);
                    break;
                }
            };
        }
        if wanted.peek().is_none() {
            return Ok(());
        }
    }
    Err(DataError::Download { failures })
}

/// Whether a file is there and right. One that is there and wrong is either damaged, and then as good as absent, or in
/// the way.
fn is_present(dir: &Path, file: FileSpec<'_>) -> Result<bool, DataError> {
    let Some(path) = mnist::find(dir, file.stem) else { return Ok(false) };
    let found = match mnist::check(&path, file) {
        FileState::Ok => return Ok(true),
        FileState::Missing => return Ok(false),
        FileState::Mismatch { found, .. } => format!("SHA-256 {found}"),
        FileState::Unreadable(DataError::File { problem, .. }) => problem.to_string(),
        FileState::Unreadable(error) => error.to_string(),
    };
    // A damaged file under another name than the download's would go on being found first.
    if is_damaged(&path) && path == dir.join(packed_name(file)) {
        return Ok(false);
    }
    Err(DataError::InTheWay { path, expected: file.sha256.to_owned(), found })
}

/// Whether a file can be of use to nobody: readable, but no IDX file.
fn is_damaged(path: &Path) -> bool {
    match idx::read(path) {
        Err(DataError::File { problem, .. }) => !matches!(
            problem,
            FormatError::Io(_) | FormatError::NotAFile { .. } | FormatError::TooLarge { .. }
        ),
        _ => false,
    }
}

/// The name under which mirrors have a file, and under which it is stored.
fn packed_name(file: FileSpec<'_>) -> String {
    format!("{}.gz", file.stem)
}

#[cfg(test)]
mod tests;
