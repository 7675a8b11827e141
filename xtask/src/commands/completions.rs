//! `vae completions`

use clap_complete::Shell;

use crate::{
    outcome::Done,
    program::{self, INSTALLED},
    term,
};

/// Prints a script that completes the commands and flags of the installed program 'vae' in a shell.
///
/// bash: save it as ~/.local/share/bash-completion/completions/vae. zsh: as _vae in a directory of $fpath. fish: as
/// ~/.config/fish/completions/vae.fish. PowerShell and elvish: append it to $PROFILE or rc.elv. Then start a new shell.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Shell to write the script for
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// `command` is the command line of the installed program.
pub(crate) fn run(args: &Args, mut command: clap::Command) -> anyhow::Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, INSTALLED, &mut script);
    term::result(format_args!("{}", String::from_utf8(script)?.trim_end()))?;
    if !program::is_installed() {
        term::note(format_args!(
            "this completes '{INSTALLED}', which 'cargo install --path xtask' installs; cargo completes no aliases"
        ));
    }
    Ok(Done::Finished)
}
