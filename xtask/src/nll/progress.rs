//! The progress of an evaluation on standard error: a bar on a terminal, a line every half minute elsewhere.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use vae_train::LikelihoodProgress;

use crate::term;

/// The time between two lines if there is no bar.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

pub(super) struct Progress {
    bar: ProgressBar,
    images: usize,
    last_line: Instant,
}

impl Progress {
    pub(super) fn new(images: usize) -> Self {
        let template = "[{bar:30}] {pos}/{len} images, ETA {eta}, {msg}";
        let bar = term::bar(images as u64, template);
        // Drawn before the first images are done, as these may take seconds.
        bar.tick();
        Self { bar, images, last_line: Instant::now() }
    }

    pub(super) fn show(&mut self, now: LikelihoodProgress) {
        self.bar.set_position(now.images as u64);
        let so_far = format!("-log p(x) {:.3}", now.nll);
        if !self.bar.is_hidden() {
            self.bar.set_message(so_far);
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let eta = self.bar.eta().as_secs();
            let [done, all] = [now.images, self.images].map(term::thousands);
            term::note(format_args!("{done} of {all} images: {so_far}, ETA {eta} s"));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
