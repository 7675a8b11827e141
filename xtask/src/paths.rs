//! Default paths, independent of the current directory.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::SystemTime,
};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use vae_data::Known;
use vae_train::RunDir;

use crate::{outcome::misuse, program};

/// The directory with `runs/` and `data/`.
static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// Chooses the directory with `runs/` and `data/` for the rest of the process: that of `--dir`, else the workspace,
/// else the place that the platform gives each user for a program's data.
pub(crate) fn choose_root(directory: Option<PathBuf>) -> anyhow::Result<()> {
    let root = match directory.or_else(program::workspace) {
        Some(root) => root,
        None => {
            let user = choose_native_strategy().ok();
            let user =
                user.ok_or_else(|| misuse("there is no home directory for runs and data; pass --dir"))?;
            user.data_dir().join(program::INSTALLED)
        }
    };
    let _ = ROOT.set(root);
    Ok(())
}

fn root() -> &'static Path {
    ROOT.get().map_or(Path::new("."), PathBuf::as_path)
}

/// The directory of a known data set.
pub(crate) fn data(set: Known) -> PathBuf {
    root().join("data").join(set.name())
}

/// True if a directory exists and is not empty. A failed download may leave an empty one.
pub(crate) fn is_nonempty_dir(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

/// The directory for pictures of a model without a run.
pub(crate) fn pictures() -> PathBuf {
    runs().join("pictures")
}

/// The directory for runs.
pub(crate) fn runs() -> PathBuf {
    root().join("runs")
}

/// A directory for a new run: `runs/{stem}-{n}` with the first free number.
pub(crate) fn next_run(stem: &str) -> RunDir {
    let free = |n: &u32| !runs().join(format!("{stem}-{n}")).exists();
    let n = (1..).find(free).unwrap_or(u32::MAX);
    RunDir::new(runs().join(format!("{stem}-{n}")))
}

/// The run at a path, or, if there is none, the one of that name in the directory for runs.
pub(crate) fn existing_run(path: &Path) -> RunDir {
    let (run, named) = (RunDir::new(path), RunDir::new(runs().join(path)));
    if !run.is_started() && named.is_started() { named } else { run }
}

/// The run whose `file` was written last, if any run has this file.
pub(crate) fn newest_run(file: fn(&RunDir) -> PathBuf) -> Option<RunDir> {
    let written = |run: &RunDir| -> Option<SystemTime> { fs::metadata(file(run)).ok()?.modified().ok() };
    fs::read_dir(runs())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| RunDir::new(entry.path()))
        .filter_map(|run| Some((written(&run)?, run)))
        .max_by(|(a, run_a), (b, run_b)| a.cmp(b).then_with(|| run_a.path().cmp(run_b.path())))
        .map(|(_, run)| run)
}

/// A path for messages: relative, if it is below the current directory.
pub(crate) fn display(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// A path for messages, quoted for the shell if necessary, so that a command with it can be copied.
pub(crate) fn argument(path: &Path) -> String {
    quoted(&display(path))
}

/// A text for messages, quoted for the shell if necessary.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:=@%".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_is_quoted_for_the_shell() {
        assert_eq!(argument(Path::new("runs/quick-1")), "runs/quick-1");
        assert_eq!(argument(Path::new("my runs/it's")), r"'my runs/it'\''s'");
    }
}
