//! Fits a prior to a finished model, with progress: for `fit-prior`, and at the end of `train`.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

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

/// Whether a fitted prior has to be nearer to the codes than N(0, I) to be taken.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Nearer {
    Required,
    Either,
}

/// Fits the prior to the codes of `images`, whose pixels are as the model sees them, and gives the model that prior, or
/// `only_if` it is nearer to the codes than N(0, I). A Ctrl-C leaves the model as it was.
pub(crate) fn fit(
    model: &mut ModelFile,
    images: &Dataset,
    fit: &PriorFit,
    only_if: Nearer,
) -> anyhow::Result<Done> {
    term::note(format_args!("fitting the prior {} to {} codes", fit.prior, term::thousands(images.len())));
    let bar = term::bar(0, "[{bar:30}] {pos}/{len} steps of the prior, ETA {eta}, {msg}");
    let (begin, mut last_update) = (Instant::now(), Instant::now());
    // Before its first step a fit has nothing to clean up, and Ctrl-C ends the process at once.
    let mut guard = None;
    let observer = |report: &PriorFitReport| {
        guard.get_or_insert_with(StopCleanly::begin);
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
    let fitted = fit.run(&model.vae, images, observer);
    drop(guard);
    bar.finish_and_clear();
    let Some(FittedPrior { vae, kl }) = fitted? else { return Ok(Done::Interrupted) };
    if let (Nearer::Required, Some([standard, learned])) = (only_if, kl)
        && learned >= standard
    {
        term::line(format_args!("prior: N(0, I) stays, {} is no nearer to the codes", fit.prior));
        return Ok(Done::Finished);
    }
    model.vae = vae;
    let brought = kl.map_or(String::new(), |[standard, learned]| {
        format!(", KL {standard:.2} to {learned:.2} nats on training images kept from the fit")
    });
    let seconds = begin.elapsed().as_secs_f64();
    term::line(format_args!("prior: {} fitted in {seconds:.1} s{brought}", fit.prior));
    if let Some([standard, learned]) = kl
        && learned >= standard
    {
        term::line(format_args!(
            "warning: the prior is no nearer to the codes than N(0, I); more --epochs or another --prior may help"
        ));
    }
    Ok(Done::Finished)
}
