//! The progress of an evaluation, image by image, on standard error: a bar on a terminal, a line every half minute
//! elsewhere.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::term;

/// The time between two lines if there is no bar.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

pub(crate) struct ImageProgress {
    bar: ProgressBar,
    images: usize,
    /// What is measured, such as `-ELBO`.
    what: &'static str,
    last_line: Instant,
}

impl ImageProgress {
    /// For so many images.
    pub(crate) fn new(images: usize, what: &'static str) -> Self {
        let template = "[{bar:30}] {pos}/{len} images, ETA {eta}, {msg}";
        let bar = term::bar(images as u64, template);
        // Drawn before the first images are done, as these may take seconds.
        bar.tick();
        Self { bar, images, what, last_line: Instant::now() }
    }

    /// Shows how many images are done, and the mean over them.
    pub(crate) fn show(&mut self, images: usize, mean: f64) {
        self.bar.set_position(images as u64);
        let so_far = format!("{} {mean:.3}", self.what);
        if !self.bar.is_hidden() {
            self.bar.set_message(so_far);
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let eta = self.bar.eta().as_secs();
            let [done, all] = [images, self.images].map(term::thousands);
            term::note(format_args!("{done} of {all} images: {so_far}, ETA {eta} s"));
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
