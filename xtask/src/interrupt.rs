//! Ctrl-C: where there is something to save, the first asks the command to end cleanly and the second ends the process
//! at once; elsewhere the first does.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::{INTERRUPTED, term};

static ASKED: AtomicBool = AtomicBool::new(false);
static SAVES: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C and termination signals from here on.
pub(crate) fn watch() -> anyhow::Result<()> {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) || !SAVES.load(Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        term::note(format_args!("\nstopping cleanly (once more to stop at once)"));
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")
}

/// While this lives, there is something to save or to clean up, and Ctrl-C is left to whoever asks for it. Otherwise it
/// ends the process at once: files are whole or not there, so nothing is lost.
pub(crate) struct EndCleanly;

impl EndCleanly {
    pub(crate) fn begin() -> Self {
        SAVES.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for EndCleanly {
    fn drop(&mut self) {
        SAVES.store(false, Ordering::Relaxed);
    }
}

/// Whether the command was asked to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
