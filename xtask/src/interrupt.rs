//! Ctrl-C: the first asks the command to end cleanly, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::{INTERRUPTED, term};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C and termination signals from here on.
pub(crate) fn watch() -> anyhow::Result<()> {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        term::note(format_args!("\nstopping, and saving what is done (once more to stop at once)"));
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")
}

/// Whether the command was asked to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
