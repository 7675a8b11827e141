//! The workspace's files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The directory of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member lies in the workspace").to_owned()
}

/// The text of a file.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below `directory` whose names end with `.extension`, and their texts; not those of builds and hidden
/// directories.
pub fn files_below(directory: &Path, extension: &str) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.expect("an entry of the directory").path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = read(&path);
            files.insert(path, text);
        }
    }
    files
}
