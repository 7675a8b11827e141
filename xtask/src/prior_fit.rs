//! Fits a prior to a finished model, with progress: for `fit-prior`, and at the end of `train`.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use vae_data::Dataset;
use vae_train::{FittedPrior, ModelFile, PriorFit, PriorFitReport};

use crate::{
    interrupt::{self, StopCleanly},
    outcome::Done,
    term,
};

/// The time between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// The time between two lines if there is no bar.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// Fits the prior to the codes of `images`, whose pixels are as the model sees them, and gives the model that prior. A
/// Ctrl-C leaves the model as it was.
pub(crate) fn fit(model: &mut ModelFile, images: &Dataset, fit: &PriorFit) -> anyhow::Result<Done> {
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} steps of the prior, ETA {eta}, {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style.progress_chars("=> "));
    let (begin, mut last_update) = (Instant::now(), Instant::now());
    let observer = |report: &PriorFitReport| {
        let interval = if bar.is_hidden() { LINE_INTERVAL } else { BAR_INTERVAL };
        if last_update.elapsed() >= interval {
            last_update = Instant::now();
            let PriorFitReport { step, steps, neg_log_p } = report;
            bar.set_length(*steps);
            bar.set_position(*step);
            bar.set_message(format!("-log p(z) {neg_log_p:.2}"));
            if bar.is_hidden() {
                term::line(format_args!("prior: step {step}/{steps}, -log p(z) {neg_log_p:.2} nats"));
            }
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let guard = StopCleanly::begin();
    let fitted = fit.run(&model.vae, images, observer);
    drop(guard);
    bar.finish_and_clear();
    let Some(FittedPrior { vae, kl }) = fitted? else { return Ok(Done::Interrupted) };
    model.vae = vae;
    let brought = kl.map_or(String::new(), |[standard, learned]| {
        format!(", KL {standard:.2} to {learned:.2} nats on images that it was not fitted to")
    });
    let seconds = begin.elapsed().as_secs_f64();
    term::line(format_args!("prior: {} fitted in {seconds:.1} s{brought}", fit.prior));
    Ok(Done::Finished)
}
