//! `cargo xtask eval --nll K`: log p(x) by importance sampling, with a receipt that later evaluations are compared
//! with.

mod receipt;
mod report;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, ensure};
use ndarray::s;
use vae_data::Dataset;
use vae_train::{LikelihoodProgress, MAX_SAMPLES, log_likelihood, write_atomically};

use self::receipt::{Estimation, Receipt};
use crate::{
    data_source::Loaded,
    facts::{Facts, MeasuredSplit},
    image_progress::ImageProgress,
    interrupt::{self, StopCleanly},
    model_source::ModelSource,
    outcome::{Done, misuse},
    paths, pictures, term,
};

/// The flags of `eval` that belong to `--nll`.
#[derive(clap::Args)]
pub(crate) struct NllArgs {
    /// Estimate -log p(x) with K samples for each image, from 1 to 1000000
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=MAX_SAMPLES as i64))]
    nll: Option<u32>,
    /// With --nll, use the first N images [default: all]
    #[arg(long, value_name = "N", requires = "nll", value_parser = clap::value_parser!(u32).range(1..))]
    images: Option<u32>,
    /// With --nll, also write the JSON object to FILE
    #[arg(long, value_name = "FILE.json", requires = "nll")]
    receipt: Option<PathBuf>,
    /// With --nll, print the difference from an earlier receipt; refused if it is of other images, another treatment of
    /// their pixels, another likelihood or another K
    #[arg(long, value_name = "FILE.json", requires = "nll")]
    against: Option<PathBuf>,
}

impl NllArgs {
    /// K, if --nll is given.
    pub(crate) fn samples(&self) -> Option<usize> {
        self.nll.map(|samples| samples as usize)
    }
}

/// What `eval` has beside the flags of `--nll`.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// K.
    pub(crate) samples: usize,
    pub(crate) split: MeasuredSplit,
    pub(crate) seed: u64,
    pub(crate) json: bool,
}

/// Estimates, prints, and writes the receipt.
pub(crate) fn run(
    args: &NllArgs,
    settings: Settings,
    source: &ModelSource,
    loaded: &Loaded<Dataset>,
) -> anyhow::Result<Done> {
    let Settings { samples, split, seed, json } = settings;
    let (vae, test) = (&source.model.vae, &loaded.images);
    pictures::check_size(&source.model, test, &loaded.name)?;
    let images = count(args.images, test, split, &loaded.name)?;
    let estimation = Estimation { samples, facts: Facts::new(source, loaded, split, images, seed)? };
    // What would be refused at the end is refused before the work.
    let earlier = args.against.as_deref().map(|path| estimation.comparable(path)).transpose()?;
    args.receipt.as_deref().map(check_directory).transpose()?;

    let mut progress = ImageProgress::new(images, "-log p(x)");
    let (begin, mut done) = (Instant::now(), LikelihoodProgress { images: 0, nll: f64::NAN });
    let guard = StopCleanly::begin();
    let [shown, each] = [images, samples].map(term::thousands);
    term::note(format_args!("estimating log p(x) of {shown} images with {each} samples each"));
    let answer = log_likelihood(vae, test.images().slice(s![..images, ..]), samples, seed, |now| {
        done = now;
        progress.show(now.images, now.nll);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(guard);
    progress.finish();
    let answer = answer.with_context(|| format!("cannot measure the model on {}", loaded.name))?;
    let Some(answer) = answer else {
        let [done_images, all] = [done.images, images].map(term::thousands);
        term::note(format_args!("stopped after {done_images} of {all} images: -log p(x) {:.3}", done.nll));
        return Ok(Done::Interrupted);
    };
    term::note(format_args!("evaluated in {:.1} s", begin.elapsed().as_secs_f64()));

    let receipt = Receipt::new(estimation, &answer);
    let difference = earlier.map(|earlier| receipt.against(&earlier));
    if json {
        term::result(format_args!("{}", report::json(&receipt, difference.as_ref())?))?;
    } else {
        term::result(format_args!("{}", report::text(&receipt, difference.as_ref())))?;
    }
    if let Some(path) = &args.receipt {
        let text = serde_json::to_string_pretty(&receipt)? + "\n";
        write_atomically(path, text.as_bytes())?;
        term::note(format_args!("receipt: {}", paths::display(path)));
    }
    Ok(Done::Finished)
}

/// The number of images to use.
fn count(requested: Option<u32>, set: &Dataset, split: MeasuredSplit, name: &str) -> anyhow::Result<usize> {
    let (available, of_split) = (set.len(), split.images());
    ensure!(available > 0, "{name} has no {of_split}");
    let images = requested.map_or(available, |images| images as usize);
    if images > available {
        return Err(misuse(format_args!(
            "--images {images}: expected at most {available}, the {of_split} of {name}"
        )));
    }
    Ok(images)
}

/// Checks that a file can be written beside others at `path`.
fn check_directory(path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().filter(|directory| *directory != Path::new(""));
    let is_there = directory.is_none_or(Path::is_dir) && !path.is_dir();
    ensure!(is_there, "cannot write {}: expected a file in an existing directory", path.display());
    Ok(())
}
