//! The program's name and place: `cargo xtask` in the workspace, `vae` where it is installed.

use std::{env, path::PathBuf};

/// What a user types before the name of a command.
pub(crate) fn name() -> &'static str {
    if is_installed() { INSTALLED } else { IN_WORKSPACE }
}

/// The name in the workspace, which the help texts hold.
pub(crate) const IN_WORKSPACE: &str = "cargo xtask";

/// The name of the installed program.
pub(crate) const INSTALLED: &str = "vae";

/// True if cargo does not run the program from the workspace.
pub(crate) fn is_installed() -> bool {
    workspace().is_none()
}

/// The workspace, if cargo runs the program from there. Cargo passes the directory of the package to the programs that
/// it runs; that of another package belongs to a program that called this one.
pub(crate) fn workspace() -> Option<PathBuf> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let is_ours = package.file_name().is_some_and(|name| name == env!("CARGO_PKG_NAME"));
    package.parent().filter(|_| is_ours).map(Into::into)
}
