//! Downloads of known data sets from where they are published.
//!
//! Downloads are not trusted. A file gets its name only if its checksum is the published one, and by a single
//! rename, so that neither a power cut nor a server's error page leaves anything that looks like data.
//! MNIST's SHA-256 also detects forgery; the MD5 of the other sets detects accidents only, and some of their servers
//! use plain HTTP. A mirror that fails is not tried again: without a network, the error comes after one time-out for
//! each mirror, not for each file.

mod archive;
mod mirror;
mod options;
mod part;
mod progress;

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use self::{
    archive::Member,
    mirror::{Failure, Limits, try_mirrors},
    progress::Report,
};
use crate::{
    error::{DataError, FormatError, chain},
    idx,
    known::{self, FileSpec, FileState, Known},
    mnist,
};

pub use self::{options::Options, progress::Progress};

/// A set to fetch, and the directory for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The set.
    pub set: Known,
    /// The directory for its files, which is created if need be.
    pub dir: PathBuf,
}

/// Makes sure that the files of each target's set are in its directory.
///
/// Correct files, under any name that loading accepts, are kept and need no network. Damaged ones are replaced. Other
/// data, such as another set with the same file names, is never overwritten. Sets that come in one archive, as all of
/// EMNIST do, share one download of it; the archive is not kept.
///
/// `progress` is called before each file and whenever some of it has arrived; with `ControlFlow::Break` it stops the
/// download, within a time-out at most. Files that are complete by then stay.
///
/// Several downloads into one directory at the same time are safe.
///
/// # Errors
/// [`DataError::Download`] with a line for each mirror, [`DataError::Cancelled`], [`DataError::InTheWay`],
/// [`DataError::Write`].
pub fn fetch(
    targets: &[Target],
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<(), DataError> {
    let mut archives: Vec<(_, _, Vec<Member>)> = Vec::new();
    for Target { set, dir } in targets {
        let wanted = absent(dir, set.files())?;
        let mirrors = mirrors(*set, options);
        let Some(archive) = set.archive() else {
            fetch_files(dir, &wanted, &mirrors, options, progress)?;
            continue;
        };
        let members = wanted.into_iter().map(|file| Member { dir: dir.clone(), file });
        match archives.iter_mut().find(|(same, ..)| *same == archive) {
            Some((_, _, others)) => others.extend(members),
            None => archives.push((archive, mirrors, members.collect())),
        }
    }
    for (archive, mirrors, members) in archives {
        archive::fetch(&archive, &members, &mirrors, options, progress)?;
    }
    Ok(())
}

fn mirrors(set: Known, options: &Options) -> Vec<String> {
    let published = || set.mirrors().iter().map(|&mirror| mirror.to_owned()).collect();
    options.mirrors.clone().unwrap_or_else(published)
}

/// The files of a set that are missing in `dir`, which is created.
fn absent(dir: &Path, files: impl IntoIterator<Item = FileSpec>) -> Result<Vec<FileSpec>, DataError> {
    fs::create_dir_all(dir).map_err(|error| DataError::write(dir, error))?;
    let mut absent = Vec::new();
    for file in files {
        if !is_present(dir, &file)? {
            absent.push(file);
        }
    }
    if !absent.is_empty() {
        part::remove_stale(dir);
    }
    Ok(absent)
}

/// Downloads files that are published one by one.
fn fetch_files(
    dir: &Path,
    files: &[FileSpec],
    mirrors: &[String],
    options: &Options,
    progress: Report<'_>,
) -> Result<(), DataError> {
    let limits = Limits { timeout: options.file_timeout, max_bytes: options.max_file_bytes };
    try_mirrors(mirrors, options, limits, files, |mirror, file| {
        let name = file.packed_name();
        let arrived = mirror.receive(&name, &file.checksum, dir, progress)?;
        arrived.finish(&dir.join(name)).map_err(Failure::Stop)
    })
}

/// Whether a file is there and correct. A file that is damaged counts as absent; one with other content is in the way.
fn is_present(dir: &Path, file: &FileSpec) -> Result<bool, DataError> {
    let Some(path) = mnist::find(dir, &file.stem) else { return Ok(false) };
    let found = match known::check(&path, file) {
        FileState::Ok => return Ok(true),
        FileState::Missing => return Ok(false),
        // Files from an archive have no checksums of their own, but names that no other set has.
        FileState::WellFormed { .. } if file.checksum.published().is_empty() => return Ok(true),
        FileState::WellFormed { .. } => "an unpacked file, which has no published checksum".to_owned(),
        FileState::Mismatch { algorithm, found, .. } => format!("{algorithm} {found}"),
        FileState::Unreadable(DataError::File { source, .. }) => chain(&source),
        FileState::Unreadable(error) => chain(&error),
    };
    // A damaged file under another name than the download's would still be found first.
    if is_damaged(&path) && path == dir.join(file.packed_name()) {
        return Ok(false);
    }
    Err(DataError::InTheWay { path, expected: file.checksum.to_string(), found })
}

/// Whether a file is of no use: readable, but not an IDX file.
fn is_damaged(path: &Path) -> bool {
    match idx::check(path) {
        Err(DataError::File { source, .. }) => !matches!(
            source,
            FormatError::Io(_) | FormatError::NotAFile { .. } | FormatError::TooLarge { .. }
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
