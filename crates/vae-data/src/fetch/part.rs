//! A file that is still being downloaded: it has a temporary name in the directory where it belongs, and is removed
//! unless it is finished.
//!
//! Its name ends in `.part`, and it is locked while it is written. A killed process leaves its part behind, but not the
//! lock, so that [`remove_stale`] can tell leftovers from other running downloads.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::error::DataError;

/// How the names of parts begin and end; in between are the file's name and random letters.
const PREFIX: &str = ".fetch-";
const SUFFIX: &str = ".part";

/// A file that is still being downloaded.
pub(super) struct PartFile {
    file: NamedTempFile,
}

impl PartFile {
    /// An empty part in the directory where the file belongs, as a rename works only within one file system.
    pub(super) fn create(dir: &Path, name: &str) -> Result<Self, DataError> {
        let prefix = format!("{PREFIX}{name}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        // Readable for everyone, as far as the user's mask allows; temporary files are private unless told otherwise.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        loop {
            let file = builder.tempfile_in(dir).map_err(|error| DataError::write(dir, error))?;
            // Between creation and lock, another download may remove the file as a leftover: then make another. On
            // systems without locks, leftovers are never removed.
            let is_taken = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
            if !is_taken && file.path().exists() {
                return Ok(Self { file });
            }
        }
    }

    /// Its temporary path.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// What has been written, from the beginning. Both handles share one position, so do not write any more.
    pub(super) fn reopen(&mut self) -> Result<File, DataError> {
        let path = self.file.path().to_owned();
        let file = self.file.as_file_mut();
        file.rewind().and_then(|()| file.try_clone()).map_err(|error| DataError::write(&path, error))
    }

    /// Gives the file its name, once its content is safe on the disk. A file that had the name before is replaced.
    pub(super) fn finish(self, target: &Path) -> Result<(), DataError> {
        let failed = |error| DataError::write(target, error);
        self.file.as_file().sync_all().map_err(failed)?;
        self.file.persist(target).map_err(|error| failed(error.error))?;
        // The name is safe once the directory is synced. Not every file system can do that, and the data is safe
        // anyway.
        #[cfg(unix)]
        if let Some(dir) = target.parent() {
            let _ = File::open(dir).and_then(|dir| dir.sync_all());
        }
        Ok(())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes what killed downloads left in `dir`. Failures are ignored: leftovers do no harm.
pub(super) fn remove_stale(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_part = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if !is_part || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn names(dir: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(dir.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_finished_part_has_its_name_and_content() {
        let dir = TempDir::new().unwrap();
        let mut part = PartFile::create(dir.path(), "name").unwrap();
        part.write_all(b"content").unwrap();
        part.finish(&dir.path().join("name")).unwrap();
        assert_eq!(names(&dir), ["name"]);
        assert_eq!(fs::read(dir.path().join("name")).unwrap(), b"content");
    }

    #[test]
    fn an_unfinished_part_is_removed() {
        let dir = TempDir::new().unwrap();
        drop(PartFile::create(dir.path(), "name").unwrap());
        assert!(names(&dir).is_empty());
    }

    #[test]
    fn what_was_written_can_be_read_before_it_is_finished() {
        let dir = TempDir::new().unwrap();
        let mut part = PartFile::create(dir.path(), "name").unwrap();
        part.write_all(b"content").unwrap();
        assert_eq!(io::read_to_string(part.reopen().unwrap()).unwrap(), "content");
    }

    #[test]
    fn only_leftovers_are_removed() {
        let dir = TempDir::new().unwrap();
        for name in [".fetch-name.abc.part", "mine.part", ".fetch-notes"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        remove_stale(dir.path());
        let mut left = names(&dir);
        left.sort();
        assert_eq!(left, [".fetch-notes", "mine.part"]);
    }

    #[test]
    fn a_part_that_is_being_written_is_not_removed() {
        let dir = TempDir::new().unwrap();
        let _part = PartFile::create(dir.path(), "name").unwrap();
        remove_stale(dir.path());
        assert_eq!(names(&dir).len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_finished_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = TempDir::new().unwrap();
        let (ours, usual) = (dir.path().join("ours"), dir.path().join("usual"));
        PartFile::create(dir.path(), "ours").unwrap().finish(&ours).unwrap();
        File::create(&usual).unwrap();
        let [ours, usual] = [ours, usual].map(|path| fs::metadata(path).unwrap().permissions().mode());
        assert_eq!(ours, usual);
    }
}
