//! Downloads, with a progress bar for each file.

use std::{ops::ControlFlow, path::PathBuf};

use vae_data::{
    DataError, Known,
    fetch::{self, Target},
};

use crate::{
    interrupt::{self, StopCleanly},
    outcome::Interrupted,
    term,
};

/// Downloads data sets, each into its directory, unless they are already there.
///
/// # Errors
/// Those of [`fetch::fetch`]; [`Interrupted`] after Ctrl-C.
pub(crate) fn download(sets: &[(Known, PathBuf)]) -> anyhow::Result<()> {
    let targets: Vec<_> = sets.iter().map(|(set, dir)| Target { set: *set, dir: dir.clone() }).collect();
    let bar = term::bar(0, "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}");
    let _guard = StopCleanly::begin();
    let result = fetch::fetch(&targets, &fetch::Options::default(), &mut |progress| {
        bar.set_message(progress.file.to_owned());
        bar.set_length(progress.total.unwrap_or(progress.bytes));
        bar.set_position(progress.bytes);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    match result {
        Err(DataError::Cancelled) => Err(Interrupted.into()),
        other => Ok(other?),
    }
}
