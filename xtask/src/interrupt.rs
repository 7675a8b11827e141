//! Ctrl-C and termination signals. While there is something to save or to clean up, the first signal asks the command
//! to stop and the second ends the process at once; otherwise the first ends the process.

use std::{
    process,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

use crate::term;

/// The shell's convention for a process ended by an interrupt.
pub(crate) const EXIT_STATUS: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);
static CLEANUP_NEEDED: AtomicBool = AtomicBool::new(false);

/// Handles Ctrl-C and termination signals from here on.
pub(crate) fn install_handler() -> anyhow::Result<()> {
    let handler = || {
        if REQUESTED.swap(true, Ordering::Relaxed) || !CLEANUP_NEEDED.load(Ordering::Relaxed) {
            process::exit(i32::from(EXIT_STATUS));
        }
        term::note(format_args!("\nstopping; press Ctrl-C again to stop at once"));
    };
    ctrlc::set_handler(handler).context("cannot handle Ctrl-C")
}

/// While this guard lives, Ctrl-C only sets the flag that [`requested`] returns, so that the command can save its work
/// or clean up. Without it, Ctrl-C ends the process at once; nothing is lost, because files are written whole or not at
/// all.
#[must_use]
pub(crate) struct StopCleanly;

impl StopCleanly {
    pub(crate) fn begin() -> Self {
        CLEANUP_NEEDED.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for StopCleanly {
    fn drop(&mut self) {
        CLEANUP_NEEDED.store(false, Ordering::Relaxed);
    }
}

/// True if the command was asked to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
