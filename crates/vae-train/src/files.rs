//! Files that are complete or absent: written under a temporary name beside their place, synced, then renamed.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use crate::TrainError;

/// Prefix of the temporary names.
const PARTIAL: &str = ".partial-";

/// Writes `bytes` to the file at `path`. Whatever happens meanwhile, the file has its old content or the new one.
///
/// # Errors
/// [`TrainError::File`]; the file then has its old content.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let error =
        |source| TrainError::File { action: "write", path: path.to_owned(), source: without_path(source) };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(directory).map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    // Only its owner can read a temporary file; the file that it becomes should have the usual permissions.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_or(0o644, |old| old.permissions().mode() & 0o777);
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(error)?;
    }
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|persist| error(persist.error))?;
    // The rename is only certain once the directory is synced, which not every platform supports.
    if let Ok(directory) = fs::File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// The operating system's message alone: `tempfile` appends the name of its temporary file, which means nothing to a
/// user.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    let words = text.split(" at path ").next().unwrap_or(&text);
    io::Error::new(error.kind(), words)
}

/// Removes the temporary files that a killed process left.
pub(crate) fn remove_partial(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            // A file that cannot be removed does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The content of a file of at most `limit` bytes.
///
/// # Errors
/// [`TrainError::File`] if it cannot be read, [`TrainError::Content`] if it is larger or not a regular file.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, TrainError> {
    let error = |source| TrainError::File { action: "read", path: path.to_owned(), source };
    let content = |reason| TrainError::Content { path: path.to_owned(), reason };
    let metadata = fs::metadata(path).map_err(error)?;
    if !metadata.is_file() {
        return Err(content("expected a file, found something else".to_owned()));
    }
    if metadata.len() > limit {
        return Err(content(format!("expected at most {limit} bytes, found {}", metadata.len())));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    fs::File::open(path).map_err(error)?.take(limit).read_to_end(&mut bytes).map_err(error)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_no_other_file_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model");
        write_atomically(&path, b"old and long").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = write_atomically(&directory.path().join("no/model"), b"").unwrap_err();
        assert!(error.to_string().contains("no/model"), "{error}");
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(source.contains("os error 2") && !source.contains(PARTIAL), "{source}");
    }

    #[test]
    fn temporary_files_of_a_killed_process_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".partial-x"), "half").unwrap();
        fs::write(directory.path().join("model"), "whole").unwrap();
        remove_partial(directory.path());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_larger_than_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        fs::write(&path, [0; 100]).unwrap();
        assert!(matches!(read_bounded(&path, 99), Err(TrainError::Content { .. })));
        assert_eq!(read_bounded(&path, 100).unwrap().len(), 100);
    }
}
