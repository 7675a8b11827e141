//! `--data`: which images, and where from.

mod download;
mod images;
mod source;

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use vae_data::{DataError, Known, Splits, digits, folder, mnist};
use vae_train::{DataConfig, ModelFile};

use crate::{paths, term};
pub(crate) use download::{Interrupted, download};
pub(crate) use images::Images;
use source::{Source, TRANSPOSED};

/// The environment variable that names a directory with MNIST.
pub(crate) const VARIABLE: &str = "VAE_DATA";

/// The digits that the program draws are the same for every run: this seed belongs to the data, not to the run.
const DIGITS_SEED: u64 = 1;

/// Which pictures of a folder are to test with belongs to the data, too.
const FOLDER_SEED: u64 = 1;

/// How the help of every command describes `--data`.
pub(crate) const HELP: &str = "What images: 'mnist', 'fashion-mnist', 'kmnist', 'emnist-letters' or another part of EMNIST \
     ('cargo xtask data list' lists them), from data/NAME/, else downloaded; 'digits', drawn by the program, or 'digits:N'; a \
     directory of IDX files, with ':transposed' behind it if rows and columns are exchanged in them, or of PNG \
     or JPEG pictures, a subfolder a class; or 'auto': MNIST \
     from $VAE_DATA, else from data/mnist/, else downloaded, else 'digits'. Several with commas between them are joined; \
     a path that exists may contain commas";

/// Images, and what they are called.
pub(crate) struct Loaded<I> {
    /// What [`load`] finds the same images by: a name, an absolute path, several of them with commas between.
    pub(crate) name: String,
    pub(crate) images: I,
    /// [`vae_data::Dataset::fingerprint`] of the set that [`Images::known_by`] names.
    pub(crate) fingerprint: String,
}

impl<I: Images> Loaded<I> {
    fn new(name: impl Into<String>, images: I) -> Self {
        let fingerprint = images.known_by().fingerprint();
        Self { name: name.into(), images, fingerprint }
    }
}

/// Loads what `data` asks for, and says in a line what that came to. `digits` is how many digits to draw for training.
pub(crate) fn load<I: Images>(data: &str, digits: usize) -> anyhow::Result<Loaded<I>> {
    let sources = Source::parse(data).with_context(|| format!("--data {data:?}"))?;
    // What is mistyped is told before anything is downloaded.
    if let Some(missing) = sources.iter().find(|source| source.is_missing()) {
        load_one::<I>(missing, digits)?;
    }
    fetch_together(&sources)?;
    let parts = sources.iter().map(|source| load_one(source, digits)).collect::<anyhow::Result<_>>()?;
    let loaded: Loaded<I> = join(parts)?;
    let Loaded { name, images, .. } = &loaded;
    let (height, width) = (images.known_by().height(), images.known_by().width());
    let labels = if images.is_labelled() { "" } else { ", without labels" };
    term::note(format_args!("data: {name}, {} of {height} x {width}{labels}", images.count()));
    Ok(loaded)
}

/// The images to show or measure a model on: see [`source_for`].
pub(crate) fn load_for<I: Images>(model: &ModelFile, asked: Option<&str>) -> anyhow::Result<Loaded<I>> {
    load(source_for(model, asked), DataConfig::default().digits)
}

/// Where the images for a model come from: from where was asked, else from what the model was trained on. A model of
/// MNIST, or of nobody knows what, takes what `auto` finds, so that it can be looked at without MNIST; the output names
/// the data.
pub(crate) fn source_for<'a>(model: &'a ModelFile, asked: Option<&'a str>) -> &'a str {
    match (asked, model.data.as_deref()) {
        (Some(asked), _) => asked,
        (None, Some("mnist") | None) => "auto",
        (None, Some(own)) => own,
    }
}

/// One source. Another kind of it is a variant of [`Source`] and an arm here.
fn load_one<I: Images>(source: &Source, digits: usize) -> anyhow::Result<Loaded<I>> {
    match source {
        Source::Auto => auto(digits),
        Source::Digits(count) => draw(count.unwrap_or(digits)),
        Source::Known(set) => known(*set),
        Source::Directory { path, transposed } => {
            from_directory(path, *transposed).with_context(|| match path.is_dir() {
                true => format!("--data {}", path.display()),
                false => format!(
                    "--data {:?} is neither a name that 'cargo xtask data list' lists nor a directory of IDX files or pictures",
                    path.display().to_string()
                ),
            })
        }
    }
}

/// All parts as one, called by all their names.
fn join<I: Images>(mut parts: Vec<Loaded<I>>) -> anyhow::Result<Loaded<I>> {
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let (names, images): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.name, part.images)).unzip();
    match I::join(images) {
        Ok(images) => Ok(Loaded::new(names.join(","), images)),
        Err(DataError::JoinSizes { position, expected, found }) => bail!(
            "expected sources of one image size, found {} x {} in {} and {} x {} in {}",
            expected.0,
            expected.1,
            names[0],
            found.0,
            found.1,
            names[position],
        ),
        Err(error) => Err(error).context(names.join(",")),
    }
}

fn auto<I: Images>(digits: usize) -> anyhow::Result<Loaded<I>> {
    match find_or_fetch(Known::Mnist) {
        Ok(loaded) => Ok(loaded),
        // A directory that somebody named must not be passed over in silence, nor Ctrl-C.
        Err(error) if variable().is_some() || error.is::<Interrupted>() => Err(error),
        Err(error) => {
            let reason = format!("{error:#}");
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            term::note(format_args!("no MNIST here ({reason}): using the built-in digits"));
            draw(digits)
        }
    }
}

/// A set that is asked for by its name, and nothing else in its place.
fn known<I: Images>(set: Known) -> anyhow::Result<Loaded<I>> {
    match find_or_fetch::<I>(set) {
        Ok(loaded) if loaded.name == set.name() => Ok(loaded),
        Ok(loaded) if loaded.name == "mnist" => {
            bail!("{} holds MNIST and not {}", paths::display(&paths::data(set)), set.name())
        }
        Ok(loaded) => {
            bail!("{} holds other images than MNIST; name it with --data to use it", loaded.name)
        }
        Err(error) => {
            Err(error.context(format!("no {} (--data digits needs no files and no network)", set.name())))
        }
    }
}

/// A known set from where downloads go, downloaded if need be. In place of MNIST, whatever lies in the directory that
/// `$VAE_DATA` names. What is told by its fingerprint is called what it is.
fn find_or_fetch<I: Images>(set: Known) -> anyhow::Result<Loaded<I>> {
    if set == Known::Mnist
        && let Some(directory) = variable()
    {
        return from_directory(&directory, false)
            .with_context(|| format!("${VARIABLE} is {}", directory.display()));
    }
    let directory = paths::data(set);
    let read = || I::load(|split| set.load_split(&directory, split));
    let images = match read() {
        Ok(images) => images,
        Err(error) => {
            // Of a directory that holds nothing there is nothing to tell.
            let result = download(&[(set, directory.clone())]);
            let reason = || format!("{:#}", anyhow::Error::from(error));
            if paths::holds_something(&directory) { result.with_context(reason) } else { result }?;
            read()?
        }
    };
    let mut loaded = Loaded::new(set.name(), images);
    match (set, loaded.fingerprint == I::MNIST) {
        (Known::Mnist, false) => loaded.name = absolute(&directory)?,
        (_, true) => loaded.name = Known::Mnist.name().to_owned(),
        (_, false) => {}
    }
    Ok(loaded)
}

/// Where several sources are to be downloaded, they are at once: EMNIST's parts share an archive.
fn fetch_together(sources: &[Source]) -> anyhow::Result<()> {
    let absent: Vec<_> = sources
        .iter()
        .filter_map(|source| match source {
            Source::Known(set) if *set != Known::Mnist => Some((*set, paths::data(*set))),
            _ => None,
        })
        .filter(|(set, directory)| set.survey(directory).is_err())
        .collect();
    if absent.len() < 2 {
        return Ok(());
    }
    let names: Vec<_> = absent.iter().map(|(set, _)| set.name()).collect();
    download(&absent).with_context(|| format!("no {}", names.join(", ")))
}

/// The directory that the environment names; an empty value is none.
pub(crate) fn variable() -> Option<PathBuf> {
    env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn from_directory<I: Images>(directory: &Path, transposed: bool) -> anyhow::Result<Loaded<I>> {
    let images = if folder::is_folder(directory) {
        let Splits { train, test } = folder::load(directory, FOLDER_SEED)?.splits;
        I::of(match transposed {
            true => Splits { train: train.transposed(), test: test.transposed() },
            false => Splits { train, test },
        })
    } else {
        I::load(|split| {
            let set = mnist::load_split(directory, split)?;
            Ok(if transposed { set.transposed() } else { set })
        })?
    };
    let mut loaded = Loaded::new(absolute(directory)?, images);
    if loaded.fingerprint == I::MNIST {
        loaded.name = Known::Mnist.name().to_owned();
    } else if transposed {
        loaded.name.push_str(TRANSPOSED);
    }
    Ok(loaded)
}

/// A directory as it is found from anywhere.
fn absolute(directory: &Path) -> anyhow::Result<String> {
    Ok(std::path::absolute(directory)?.display().to_string())
}

fn draw<I: Images>(digits: usize) -> anyhow::Result<Loaded<I>> {
    let images = I::load(|split| Ok(digits::generate(images::drawn(digits, split), DIGITS_SEED, split)))?;
    Ok(Loaded::new(source::digits(Some(digits)), images))
}
