//! `--data`: which images, and where from.

use std::{
    env,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use vae_data::{DataError, Split, Splits, digits, fetch, mnist};
use vae_train::{DataConfig, ModelFile};

use crate::{interrupt, paths, term};

/// The environment variable that names a directory with MNIST.
pub(crate) const VARIABLE: &str = "VAE_DATA";

/// The digits that the program draws are the same for every run: this seed belongs to the data, not to the run.
const DIGITS_SEED: u64 = 1;

/// How the help of every command describes `--data`.
pub(crate) const HELP: &str = "What images: 'mnist'; 'digits', drawn by the program; a directory of IDX files; or 'auto': \
     MNIST from $VAE_DATA, else from data/mnist/, else downloaded, else 'digits'";

/// Images, and what they are called: `mnist`, `digits` or the directory they came from.
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) splits: Splits,
    /// [`vae_data::Dataset::fingerprint`] of the training set.
    pub(crate) fingerprint: String,
}

/// The download was cut short by Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Loads what `source` asks for, and says in a line what that came to. `digits` is how many digits to draw for
/// training.
pub(crate) fn load(source: &str, digits: usize) -> anyhow::Result<Loaded> {
    let loaded = match source {
        "auto" => auto(digits)?,
        "mnist" => match find_or_fetch_mnist() {
            Ok(loaded) if loaded.name == "mnist" => loaded,
            Ok(loaded) => {
                bail!("{} holds other images than MNIST; name it with --data to use it", loaded.name)
            }
            Err(error) => return Err(error.context("no MNIST (--data digits needs no files and no network)")),
        },
        "digits" => draw(digits),
        directory => from_directory(Path::new(directory)).with_context(|| {
            format!("--data {directory:?} is neither auto, mnist, digits nor a directory of IDX files")
        })?,
    };
    let Splits { train, test } = &loaded.splits;
    let (train_len, test_len) = (term::thousands(train.len()), term::thousands(test.len()));
    let (height, width) = (train.height(), train.width());
    term::note(format_args!(
        "data: {}, {train_len} training and {test_len} test images of {height} x {width}",
        loaded.name
    ));
    Ok(loaded)
}

/// The data to show or measure a model on: what was asked for, else what the model was trained on. A model of MNIST, or
/// of nobody knows what, takes what `auto` finds, so that it can be looked at without MNIST; the output names the data.
pub(crate) fn load_for(model: &ModelFile, asked: Option<&str>) -> anyhow::Result<Loaded> {
    let source = match (asked, model.data.as_deref()) {
        (Some(asked), _) => asked,
        (None, Some("mnist") | None) => "auto",
        (None, Some(own)) => own,
    };
    load(source, DataConfig::default().digits)
}

fn auto(digits: usize) -> anyhow::Result<Loaded> {
    match find_or_fetch_mnist() {
        Ok(loaded) => Ok(loaded),
        // A directory that somebody named must not be passed over in silence, nor Ctrl-C.
        Err(error) if variable().is_some() || error.is::<Interrupted>() => Err(error),
        Err(error) => {
            let reason = format!("{error:#}");
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            term::note(format_args!("no MNIST here ({reason}): using the built-in digits"));
            Ok(draw(digits))
        }
    }
}

/// MNIST, or whatever lies in the directory that `$VAE_DATA` names.
fn find_or_fetch_mnist() -> anyhow::Result<Loaded> {
    if let Some(directory) = variable() {
        return from_directory(&directory).with_context(|| format!("${VARIABLE} is {}", directory.display()));
    }
    let directory = paths::mnist();
    if let Ok(loaded) = from_directory(&directory) {
        return Ok(loaded);
    }
    download(&directory)?;
    from_directory(&directory)
}

/// The directory that the environment names; an empty value is none.
pub(crate) fn variable() -> Option<PathBuf> {
    env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn from_directory(directory: &Path) -> anyhow::Result<Loaded> {
    let splits = mnist::load(directory)?;
    let fingerprint = splits.train.fingerprint();
    let name = if fingerprint == mnist::TRAIN_FINGERPRINT {
        "mnist".to_owned()
    } else {
        std::path::absolute(directory)?.display().to_string()
    };
    Ok(Loaded { name, splits, fingerprint })
}

fn draw(count: usize) -> Loaded {
    let train = digits::generate(count, DIGITS_SEED, Split::Train);
    let test = digits::generate(count.div_ceil(6), DIGITS_SEED, Split::Test);
    let fingerprint = train.fingerprint();
    let splits = Splits { train, test };
    Loaded { name: "digits".to_owned(), splits, fingerprint }
}

/// Downloads MNIST with a progress bar a file.
pub(crate) fn download(directory: &Path) -> anyhow::Result<()> {
    let style =
        ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}")
            .context("the style of the progress bar")?;
    let bar = ProgressBar::new(0).with_style(style.progress_chars("=> "));
    let _cleaning_up = interrupt::EndCleanly::begin();
    let result = fetch::fetch(directory, &fetch::Options::default(), &mut |progress| {
        bar.set_message(progress.file.to_owned());
        bar.set_length(progress.total.unwrap_or(progress.bytes));
        bar.set_position(progress.bytes);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    match result {
        Err(DataError::Cancelled) => Err(Interrupted.into()),
        other => Ok(other?),
    }
}
