//! The progress of a training: a bar on a terminal, and a line per epoch everywhere.

use std::{
    fmt,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use vae_train::{EpochReport, Observer, StepReport};

use crate::{interrupt, term};

/// The time between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// The time between two lines if there is no bar.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

pub(crate) struct Progress {
    bar: ProgressBar,
    last_update: Instant,
    print: fn(fmt::Arguments<'_>),
}

impl Progress {
    /// For `steps` steps, of which `done` are done already. Lines are printed with `print`.
    pub(crate) fn new(done: u64, steps: u64, print: fn(fmt::Arguments<'_>)) -> Self {
        let template = "[{bar:30}] {pos}/{len} steps, ETA {eta}, {msg}";
        let bar = term::bar(steps, template).with_position(done);
        bar.reset_eta();
        Self { bar, last_update: Instant::now(), print }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| (self.print)(format_args!("{text}")));
    }
}

impl Observer for Progress {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let interval = if self.bar.is_hidden() { LINE_INTERVAL } else { BAR_INTERVAL };
        if self.last_update.elapsed() >= interval {
            self.last_update = Instant::now();
            let loss = report.epoch_so_far;
            let terms =
                format!("-ELBO {:.2} = {:.2} + KL {:.2}", loss.neg_elbo(), loss.reconstruction, loss.kl);
            let done = (report.epoch - 1) * report.steps + report.step;
            self.bar.set_position(done);
            self.bar.set_message(terms.clone());
            if self.bar.is_hidden() {
                let StepReport { epoch, epochs, step, steps, .. } = report;
                let eta = self.bar.eta().as_secs();
                self.line(&format!("epoch {epoch}/{epochs}, step {step}/{steps}: {terms}, ETA {eta} s"));
            }
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, report: &EpochReport<'_>) {
        let line = report.metrics;
        let width = report.epochs.to_string().len();
        let mut text = format!(
            "epoch {:>width$}/{}  train {:.2} = {:.2} + KL {:.2}",
            line.epoch, report.epochs, line.train_neg_elbo, line.train_reconstruction, line.train_kl,
        );
        if let Some(neg_elbo) = line.validation_neg_elbo {
            let best = if report.saved.is_some() { ", best" } else { "" };
            text += &format!("  validation {neg_elbo:.2}");
            if let Some(average) = line.average_neg_elbo {
                text += &format!(", averaged weights {average:.2}");
            }
            text += best;
        }
        text += &format!("  {:.2} s, {:.0} images/s", line.train_seconds, line.images_per_second);
        self.line(&text);
    }
}
