//! Files that come in one zip archive: the archive is downloaded and checked as a whole, the wanted files are
//! unpacked, and the archive is deleted.

use std::{io::BufReader, path::PathBuf};

use zip::{ZipArchive, result::ZipError};

use super::{
    mirror::{Failure, Limits, Mirror, try_mirrors},
    options::Options,
    part::PartFile,
    progress::Report,
};
use crate::{
    content::Content,
    error::{DataError, chain},
    idx,
    known::{Archive, FileSpec},
};

/// A file to unpack from an archive, and the directory for it.
pub(super) struct Member {
    pub(super) dir: PathBuf,
    pub(super) file: FileSpec,
}

/// Downloads the archive once and unpacks `members`; without members there is no download.
pub(super) fn fetch(
    archive: &Archive,
    members: &[Member],
    mirrors: &[String],
    options: &Options,
    progress: Report<'_>,
) -> Result<(), DataError> {
    let Some(first) = members.first() else { return Ok(()) };
    let limits = Limits { timeout: options.archive_timeout, max_bytes: options.max_archive_bytes };
    try_mirrors(mirrors, options, limits, &[archive], |mirror, archive| {
        let mut arrived = mirror.receive(&archive.name, &archive.checksum, &first.dir, progress)?;
        unpack(mirror, archive, &mut arrived, members, progress)
    })
}

/// Unpacks the members, each of which is checked before it gets its name.
fn unpack(
    mirror: &Mirror<'_>,
    archive: &Archive,
    arrived: &mut PartFile,
    members: &[Member],
    progress: Report<'_>,
) -> Result<(), Failure> {
    let fails = |reason: String| mirror.fails(&archive.name, &reason);
    let file = arrived.reopen().map_err(Failure::Stop)?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| fails(error.to_string()))?;
    for Member { dir, file } in members {
        let target = file.packed_name();
        let name = format!("{}{target}", archive.folder);
        let member = zip.by_name(&name).map_err(|error| match error {
            ZipError::FileNotFound => fails(format!("expected {name} in it, found no such file")),
            error => fails(format!("{name}: {error}")),
        })?;
        let size = member.size();
        if size > mirror.max_bytes() {
            let limit = mirror.max_bytes();
            return Err(fails(format!("{name}: expected at most {limit} bytes, {size} are announced")));
        }
        let mut part = PartFile::create(dir, &target).map_err(Failure::Stop)?;
        let inside = format!("{}: {name}", archive.name);
        mirror.copy(member, &inside, Some(size), &mut part, progress)?;
        let unpacked = part.reopen().map_err(Failure::Stop)?;
        Content::from_file(unpacked)
            .and_then(idx::check_content)
            .map_err(|error| fails(format!("{name}: {}", chain(&error))))?;
        part.finish(&dir.join(target)).map_err(Failure::Stop)?;
    }
    Ok(())
}
