//! What a watcher of a measurement sees on standard error: a bar on a terminal, a line a measurement elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::term;

pub(crate) struct Watch {
    bar: ProgressBar,
}

impl Watch {
    /// For `measurements` measurements.
    pub(crate) fn new(measurements: usize) -> Self {
        let template = "[{bar:30}] {pos}/{len}, {elapsed}, {msg}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(measurements as u64).with_style(style.progress_chars("=> ")) }
    }

    /// Says what is measured next.
    pub(crate) fn begin(&self, what: &str) {
        if self.bar.is_hidden() {
            term::note(format_args!("measuring {what}"));
        } else {
            self.bar.set_message(what.to_owned());
        }
    }

    /// Says that it is done.
    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
