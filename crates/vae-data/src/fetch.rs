//! Known data sets over the network, from where they are published, into directories.
//!
//! What arrives is not trusted. A file gets its name only after it has the published checksum, and by one rename, so
//! that neither a power cut nor a server's error page leaves anything that looks like data. MNIST's SHA-256 holds
//! against anybody; the MD5 of the other sets guards against accidents only, and some of their servers speak plain
//! HTTP. A mirror that fails is not asked again: without a network, the answer comes after one time-out a mirror and not
//! one a file.

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
    mirror::{Failure, Limits, ask},
    progress::Report,
};
use crate::{
    error::{DataError, FormatError},
    idx,
    known::{self, FileSpec, FileState, Known},
    mnist,
};

pub use self::{options::Options, progress::Progress};

/// A set to be fetched, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The set.
    pub set: Known,
    /// The directory for its files, which is created if need be.
    pub dir: PathBuf,
}

/// Makes sure that the files of each target's set lie in its directory.
///
/// Files that are there and right, under any name that loading knows, are left alone and need no network. Damaged ones
/// are replaced. Data that is somebody's, such as another set of the same file names, is never overwritten. Sets that
/// come in one archive, as all of EMNIST does, share one download of it; the archive is not kept.
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

/// Those of a set's files that are not in `dir`, which is created.
fn absent(dir: &Path, files: impl IntoIterator<Item = FileSpec>) -> Result<Vec<FileSpec>, DataError> {
    fs::create_dir_all(dir).map_err(|cause| DataError::write(dir, cause))?;
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

/// Brings files that servers have one by one.
fn fetch_files(
    dir: &Path,
    files: &[FileSpec],
    mirrors: &[String],
    options: &Options,
    progress: Report<'_>,
) -> Result<(), DataError> {
    let limits = Limits { timeout: options.file_timeout, max_bytes: options.max_file_bytes };
    ask(mirrors, options, limits, files, |mirror, file| {
        let name = file.packed_name();
        let arrived = mirror.receive(&name, &file.checksum, dir, progress)?;
        arrived.finish(&dir.join(name)).map_err(Failure::Stop)
    })
}

/// Whether a file is there and right. One that is there and wrong is either damaged, and then as good as absent, or in
/// the way.
fn is_present(dir: &Path, file: &FileSpec) -> Result<bool, DataError> {
    let Some(path) = mnist::find(dir, &file.stem) else { return Ok(false) };
    let found = match known::check(&path, file) {
        FileState::Ok => return Ok(true),
        FileState::Missing => return Ok(false),
        // Files of an archive have names of their own, and more than to be whole cannot be asked of them.
        FileState::WellFormed { .. } if file.checksum.published().is_empty() => return Ok(true),
        FileState::WellFormed { .. } => "an unpacked file, of which none is published".to_owned(),
        FileState::Mismatch { algorithm, found, .. } => format!("{algorithm} {found}"),
        FileState::Unreadable(DataError::File { problem, .. }) => problem.to_string(),
        FileState::Unreadable(error) => error.to_string(),
    };
    // A damaged file under another name than the download's would go on being found first.
    if is_damaged(&path) && path == dir.join(file.packed_name()) {
        return Ok(false);
    }
    Err(DataError::InTheWay { path, expected: file.checksum.to_string(), found })
}

/// Whether a file can be of use to nobody: readable, but no IDX file.
fn is_damaged(path: &Path) -> bool {
    match idx::check(path) {
        Err(DataError::File { problem, .. }) => !matches!(
            problem,
            FormatError::Io(_) | FormatError::NotAFile { .. } | FormatError::TooLarge { .. }
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
