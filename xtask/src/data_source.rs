//! `--data`: which images, and where from.

use std::{
    env,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use vae_data::{DataError, Dataset, Split, Splits, digits, fetch, folder, mnist};
use vae_train::{DataConfig, ModelFile};

use crate::{interrupt, paths, term};

/// The environment variable that names a directory with MNIST.
pub(crate) const VARIABLE: &str = "VAE_DATA";

/// The digits that the program draws are the same for every run: this seed belongs to the data, not to the run.
const DIGITS_SEED: u64 = 1;

/// Which pictures of a folder are to test with belongs to the data, too.
const FOLDER_SEED: u64 = 1;

/// How the help of every command describes `--data`.
pub(crate) const HELP: &str = "What images: 'mnist'; 'digits', drawn by the program; a directory of IDX files, or of PNG or JPEG pictures, a folder \
     a class; or 'auto': \
     MNIST from $VAE_DATA, else from data/mnist/, else downloaded, else 'digits'";

/// Images, and what they are called: `mnist`, `digits` or the directory they came from.
pub(crate) struct Loaded<I> {
    pub(crate) name: String,
    pub(crate) images: I,
    /// [`Dataset::fingerprint`] of the set that [`Images::known_by`] names.
    pub(crate) fingerprint: String,
}

/// What a command takes of a source: both sets to train, the test set alone to measure. Most of the time to load or
/// draw images goes into those to train on.
pub(crate) trait Images: Sized {
    /// The fingerprint that [`known_by`](Self::known_by) has in MNIST.
    const MNIST: &str;
    /// From a directory of IDX files or of pictures.
    fn read(directory: &Path) -> Result<Self, DataError>;
    /// Drawn by the program, where `digits` are to train on.
    fn draw(digits: usize) -> Self;
    /// The set that tells one source from another.
    fn known_by(&self) -> &Dataset;
    /// How many images of which sets.
    fn count(&self) -> String;
}

impl Images for Splits {
    const MNIST: &str = mnist::TRAIN_FINGERPRINT;

    fn read(directory: &Path) -> Result<Self, DataError> {
        if folder::is_folder(directory) {
            return Ok(folder::load(directory, FOLDER_SEED)?.splits);
        }
        mnist::load(directory)
    }

    fn draw(digits: usize) -> Self {
        Self { train: digits::generate(digits, DIGITS_SEED, Split::Train), test: Images::draw(digits) }
    }

    fn known_by(&self) -> &Dataset {
        &self.train
    }

    fn count(&self) -> String {
        format!("{} training and {}", term::thousands(self.train.len()), self.test.count())
    }
}

/// The test set.
impl Images for Dataset {
    const MNIST: &str = mnist::TEST_FINGERPRINT;

    fn read(directory: &Path) -> Result<Self, DataError> {
        if folder::is_folder(directory) {
            return Ok(folder::load(directory, FOLDER_SEED)?.splits.test);
        }
        mnist::load_split(directory, Split::Test)
    }

    fn draw(digits: usize) -> Self {
        digits::generate(digits.div_ceil(6), DIGITS_SEED, Split::Test)
    }

    fn known_by(&self) -> &Dataset {
        self
    }

    fn count(&self) -> String {
        format!("{} test images", term::thousands(self.len()))
    }
}

/// The download was cut short by Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Loads what `source` asks for, and says in a line what that came to. `digits` is how many digits to draw for
/// training.
pub(crate) fn load<I: Images>(source: &str, digits: usize) -> anyhow::Result<Loaded<I>> {
    let loaded = match source {
        "auto" => auto(digits)?,
        "mnist" => match find_or_fetch_mnist::<I>() {
            Ok(loaded) if loaded.name == "mnist" => loaded,
            Ok(loaded) => {
                bail!("{} holds other images than MNIST; name it with --data to use it", loaded.name)
            }
            Err(error) => return Err(error.context("no MNIST (--data digits needs no files and no network)")),
        },
        "digits" => draw(digits),
        directory => from_directory(Path::new(directory)).with_context(|| {
            format!(
                "--data {directory:?} is neither auto, mnist, digits nor a directory of IDX files or pictures"
            )
        })?,
    };
    let Loaded { name, images, .. } = &loaded;
    let (height, width) = (images.known_by().height(), images.known_by().width());
    term::note(format_args!("data: {name}, {} of {height} x {width}", images.count()));
    Ok(loaded)
}

/// The test images to show or measure a model on: those asked for, else of what the model was trained on. A model of
/// MNIST, or of nobody knows what, takes what `auto` finds, so that it can be looked at without MNIST; the output names
/// the data.
pub(crate) fn load_for(model: &ModelFile, asked: Option<&str>) -> anyhow::Result<Loaded<Dataset>> {
    let source = match (asked, model.data.as_deref()) {
        (Some(asked), _) => asked,
        (None, Some("mnist") | None) => "auto",
        (None, Some(own)) => own,
    };
    load(source, DataConfig::default().digits)
}

fn auto<I: Images>(digits: usize) -> anyhow::Result<Loaded<I>> {
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
fn find_or_fetch_mnist<I: Images>() -> anyhow::Result<Loaded<I>> {
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

fn from_directory<I: Images>(directory: &Path) -> anyhow::Result<Loaded<I>> {
    let images = I::read(directory)?;
    let fingerprint = images.known_by().fingerprint();
    let name = if fingerprint == I::MNIST {
        "mnist".to_owned()
    } else {
        std::path::absolute(directory)?.display().to_string()
    };
    Ok(Loaded { name, images, fingerprint })
}

fn draw<I: Images>(digits: usize) -> Loaded<I> {
    let images = I::draw(digits);
    let fingerprint = images.known_by().fingerprint();
    Loaded { name: "digits".to_owned(), images, fingerprint }
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
