//! The progress of measurements on standard error: a bar on a terminal, a line per measurement elsewhere.

use indicatif::ProgressBar;

use crate::term;

pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// For `count` measurements.
    pub(crate) fn new(count: usize) -> Self {
        let template = "[{bar:30}] {pos}/{len}, {elapsed}, {msg}";
        Self { bar: term::bar(count as u64, template) }
    }

    /// Shows what is measured next.
    pub(crate) fn begin(&self, what: &str) {
        if self.bar.is_hidden() {
            term::note(format_args!("measuring {what}"));
        } else {
            self.bar.set_message(what.to_owned());
        }
    }

    /// Counts a measurement as done.
    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
