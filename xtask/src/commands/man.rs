//! `vae man`

use std::{fs, path::PathBuf};

use anyhow::Context;

use crate::{outcome::Done, paths, term};

/// Writes the manual pages of the installed program 'vae' and of its commands.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory for the pages, such as ~/.local/share/man/man1; it is created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// `command` is the command line of the installed program.
pub(crate) fn run(args: &Args, command: clap::Command) -> anyhow::Result<Done> {
    let directory = &args.directory;
    let cannot = || format!("cannot write the pages into {}", directory.display());
    fs::create_dir_all(directory).with_context(cannot)?;
    clap_mangen::generate_to(command, directory).with_context(cannot)?;
    term::result(format_args!("{}", paths::display(directory)))?;
    Ok(Done::Finished)
}
