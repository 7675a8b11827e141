//! Whether data are on this machine, for those that a file names and that were not asked for.

use anyhow::bail;
use vae_data::Known;

use super::{
    source::{Origin, Source},
    variable,
};
use crate::{paths, program};

/// Checks that the sources of `data` are on this machine.
///
/// # Errors
/// For the first one that is not, with what to do: the command that downloads it, the flag that takes other data.
pub(crate) fn expect_present(data: &str) -> anyhow::Result<()> {
    for source in Source::parse(data)? {
        if let Some(path) = source.missing() {
            bail!("{path}: no such directory or file; if it has another place now, pass that as --data");
        }
        let set = match source.origin {
            Origin::Known(set) => set,
            Origin::Auto => bail!("'auto' is a choice, and no data; pass --data"),
            Origin::Digits(_) | Origin::Path { .. } => continue,
        };
        // Whether the directory holds what its name promises, `load` tells.
        if set == Known::Mnist && variable().is_some() || paths::is_nonempty_dir(&paths::data(set)) {
            continue;
        }
        let name = set.name();
        bail!(
            "{name} is not on this machine: '{} data fetch {name}' downloads it; to use other images on purpose, name \
             them, as in --data digits for the built-in ones",
            program::name(),
        );
    }
    Ok(())
}
