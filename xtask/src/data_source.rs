//! `--data`: which images to use, and where to find them.

mod download;
mod image_size;
mod images;
mod present;
mod remarks;
mod source;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use vae_data::{DataError, Known, Splits, digits, folder, mnist, npy};

use self::source::{Origin, RESIZED, Source, TRANSPOSED};
use crate::{outcome::Interrupted, paths, program, suggest, term};

pub(crate) use self::{
    download::download, image_size::ImageSize, images::Images, present::expect_present, source::in_size,
};

/// The environment variable with the directory of MNIST.
pub(crate) const VARIABLE: &str = "VAE_DATA";

/// The seed of the drawn digits. It is part of the data and not of a run: every run learns from the same digits.
const DIGITS_SEED: u64 = 1;

/// The seed that splits a folder of pictures or an array into training and test images; also part of the data.
const FOLDER_SEED: u64 = 1;

/// The help text of `--data`.
pub(crate) const HELP: &str = "Training and test images: 'mnist', 'fashion-mnist', 'kmnist', 'emnist-letters' or \
     another part of EMNIST ('cargo xtask data list' shows all), from data/NAME/ or downloaded; 'digits' or \
     'digits:N', drawn by the program; a directory of IDX files, followed by ':transposed' if their rows and \
     columns are exchanged; a directory of PNG or JPEG pictures with a subdirectory for each class; a file of \
     numpy.save, NAME.npy, of shape (N, D), square images where D is a square, or (N, H, W), u8, bool or floats in \
     [0, 1], which are rounded to 1/255, with labels in NAME_labels.npy if that exists; or 'auto': MNIST from \
     $VAE_DATA, from data/mnist/ or downloaded, and 'digits' if that fails. ':resize=28x28' after a source brings \
     its images to that size. Several sources, separated by commas, are joined; a path that exists may contain commas";

/// Checks the value of a flag `--data`: what it names must be known or exist. Nothing is read.
pub(crate) fn flag(text: &str) -> Result<String, String> {
    let sources = Source::parse(text).map_err(|error| error.to_string())?;
    match sources.iter().find_map(Source::missing) {
        Some(missing) if missing != text => Err(format!("{missing:?}: {}", missing_text(missing))),
        Some(missing) => Err(missing_text(missing)),
        None => Ok(text.to_owned()),
    }
}

/// What is wrong with a source that is not there.
fn missing_text(source: &str) -> String {
    if source::looks_like_a_path(source) {
        return "no such directory or file".to_owned();
    }
    let hint = suggest::hint(source, source::names());
    let program = program::name();
    format!(
        "neither a name in '{program} data list' nor a directory of IDX files or pictures nor a .npy file{hint}"
    )
}

/// Images and their name.
pub(crate) struct Loaded<I> {
    /// The source by which [`load`] finds the same images again: a name, an absolute path, or several, separated by
    /// commas.
    pub(crate) name: String,
    pub(crate) images: I,
    /// [`vae_data::Dataset::fingerprint`] of [`Images::fingerprinted`].
    pub(crate) fingerprint: String,
}

impl<I: Images> Loaded<I> {
    fn new(name: impl Into<String>, images: I) -> Self {
        let fingerprint = images.fingerprinted().fingerprint();
        Self { name: name.into(), images, fingerprint }
    }
}

/// Loads the images that `data` names and prints a line about them. `digits` is the number of training digits to draw.
pub(crate) fn load<I: Images>(data: &str, digits: usize) -> anyhow::Result<Loaded<I>> {
    let sources = Source::parse(data).with_context(|| format!("--data {data:?}"))?;
    // A mistyped source is an error before anything is downloaded.
    if let Some(missing) = sources.iter().find_map(Source::missing) {
        bail!("data {missing:?}: {}", missing_text(missing));
    }
    fetch_together(&sources)?;
    let parts = sources.iter().map(|source| load_one(source, digits)).collect::<anyhow::Result<_>>()?;
    let loaded: Loaded<I> = join(parts)?;
    let Loaded { name, images, .. } = &loaded;
    let (height, width) = (images.fingerprinted().height(), images.fingerprinted().width());
    let classes = remarks::classes(images.fingerprinted().class_names());
    let labels = if images.is_labelled() { &classes } else { ", without labels" };
    term::note(format_args!("data: {name}, {} of {height} x {width}{labels}", images.count()));
    Ok(loaded)
}

/// Loads one source. A new kind of source is a variant of [`Origin`] and an arm here.
fn load_one<I: Images>(source: &Source, digits: usize) -> anyhow::Result<Loaded<I>> {
    let loaded = match &source.origin {
        Origin::Auto => auto(digits),
        Origin::Digits(count) => draw(count.unwrap_or(digits)),
        Origin::Known(set) => known(*set),
        Origin::Path { path, transposed } => {
            from_path(path, *transposed, source.size).with_context(|| format!("--data {source}"))
        }
    }?;
    match source.size {
        Some(size) => resized(loaded, size).with_context(|| format!("--data {source}")),
        None => Ok(loaded),
    }
}

/// Brings the images to a size, and says so in their name unless they have it already.
fn resized<I: Images>(loaded: Loaded<I>, size: ImageSize) -> anyhow::Result<Loaded<I>> {
    let set = loaded.images.fingerprinted();
    if (set.height(), set.width()) == size.pair() {
        return Ok(loaded);
    }
    Ok(Loaded::new(format!("{}{RESIZED}{size}", loaded.name), loaded.images.resized(size.pair())?))
}

/// Joins the parts and their names.
fn join<I: Images>(mut parts: Vec<Loaded<I>>) -> anyhow::Result<Loaded<I>> {
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let (names, images): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.name, part.images)).unzip();
    match I::join(images) {
        Ok(images) => Ok(Loaded::new(names.join(","), images)),
        Err(DataError::JoinSizes { position, expected, found }) => bail!(
            "expected sources of one image size, found {} x {} in {} and {} x {} in {}; ':resize=HxW' after a \
             source brings its images to another size",
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
        // Neither a directory that the user named nor Ctrl-C may be ignored silently.
        Err(error) if variable().is_some() || error.is::<Interrupted>() => Err(error),
        Err(error) => {
            let program = program::name();
            term::note(format_args!(
                "MNIST is not here and cannot be downloaded, so the built-in digits are used (-v says why). To get MNIST: \
                 '{program} data fetch' with a network, or its directory in ${VARIABLE}"
            ));
            term::reasons(&error);
            draw(digits)
        }
    }
}

/// Loads a data set by its name, without a fallback.
fn known<I: Images>(set: Known) -> anyhow::Result<Loaded<I>> {
    match find_or_fetch::<I>(set) {
        Ok(loaded) if loaded.name == set.name() => Ok(loaded),
        Ok(loaded) if loaded.name == "mnist" => {
            bail!("{} holds MNIST, not {}", paths::display(&paths::data(set)), set.name())
        }
        Ok(loaded) => {
            bail!("{} holds images other than MNIST; to use them, pass it as --data", loaded.name)
        }
        Err(error) => {
            let name = set.name();
            Err(error
                .context(format!("{name} is not available (--data digits needs no files and no network)")))
        }
    }
}

/// Loads a known data set from its directory, into which it is downloaded first if necessary. For MNIST, the directory
/// in `$VAE_DATA` takes precedence, whatever it holds. Images with MNIST's fingerprint are named `mnist`; others in the
/// place of MNIST are named after their directory.
fn find_or_fetch<I: Images>(set: Known) -> anyhow::Result<Loaded<I>> {
    if set == Known::Mnist
        && let Some(directory) = variable()
    {
        return from_path(&directory, false, None)
            .with_context(|| format!("${VARIABLE} is {}", directory.display()));
    }
    let directory = paths::data(set);
    let read = || I::load(|split| set.load_split(&directory, split));
    let images = match read() {
        Ok(images) => images,
        Err(error) => {
            let result = download(&[(set, directory.clone())]);
            // That an empty or missing directory could not be read is no news.
            if paths::is_nonempty_dir(&directory) { result.context(error) } else { result }?;
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

/// Downloads all missing sources together if there are several, because the parts of EMNIST share an archive.
fn fetch_together(sources: &[Source]) -> anyhow::Result<()> {
    let absent: Vec<_> = sources
        .iter()
        .filter_map(|source| match source {
            Source { origin: Origin::Known(set), .. } if *set != Known::Mnist => {
                Some((*set, paths::data(*set)))
            }
            _ => None,
        })
        .filter(|(set, directory)| set.survey(directory).is_err())
        .collect();
    if absent.len() < 2 {
        return Ok(());
    }
    let names: Vec<_> = absent.iter().map(|(set, _)| set.name()).collect();
    download(&absent).with_context(|| format!("not available: {}", names.join(", ")))
}

/// The directory in `$VAE_DATA`, if it is set and not empty.
pub(crate) fn variable() -> Option<PathBuf> {
    env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Loads a directory of IDX files or of pictures, or an array. Only the pictures of a folder get the `size` here, as
/// they need not have one before.
fn from_path<I: Images>(path: &Path, transposed: bool, size: Option<ImageSize>) -> anyhow::Result<Loaded<I>> {
    let is_folder = folder::is_folder(path);
    let images = if is_folder || path.is_file() {
        let Splits { train, test } = if is_folder { pictures(path, transposed, size)? } else { array(path)? };
        I::from_splits(match transposed {
            true => Splits { train: train.transposed(), test: test.transposed() },
            false => Splits { train, test },
        })
    } else {
        I::load(|split| {
            let set = mnist::load_split(path, split)?;
            Ok(if transposed { set.transposed() } else { set })
        })
        .map_err(|error| match error {
            DataError::MissingFile { .. } if !holds_idx(path) => anyhow::Error::from(error).context(
                "found neither pictures, PNG or JPEG, nor folders of them, nor files of MNIST's format",
            ),
            other => other.into(),
        })?
    };
    let mut loaded = Loaded::new(absolute(path)?, images);
    if loaded.fingerprint == I::MNIST {
        loaded.name = Known::Mnist.name().to_owned();
        return Ok(loaded);
    }
    if transposed {
        loaded.name.push_str(TRANSPOSED);
    }
    if let Some(size) = size.filter(|_| is_folder) {
        loaded.name.push_str(&format!("{RESIZED}{size}"));
    }
    Ok(loaded)
}

/// Whether the name of a file in a directory tells of MNIST's format.
fn holds_idx(directory: &Path) -> bool {
    let is_idx = |entry: fs::DirEntry| entry.file_name().to_string_lossy().contains("idx");
    fs::read_dir(directory).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(is_idx)))
}

/// The pictures of a folder, in the size that they have once they are transposed.
fn pictures(path: &Path, transposed: bool, size: Option<ImageSize>) -> anyhow::Result<Splits> {
    let size = size.map(|size| if transposed { size.transposed() } else { size });
    let folder = match size {
        Some(size) => folder::load_resized(path, FOLDER_SEED, size.pair())?,
        None => folder::load(path, FOLDER_SEED).map_err(|error| match error {
            DataError::PictureSizes { .. } => anyhow::Error::from(error).context(
                "pictures of several sizes: ':resize=28x28' after the directory, or --resize 28x28 where a command \
                 has it, brings all to one size",
            ),
            other => other.into(),
        })?,
    };
    remarks::of_folder(&folder);
    Ok(folder.splits)
}

fn array(path: &Path) -> anyhow::Result<Splits> {
    ensure!(
        npy::is_named_as_array(path),
        "expected a directory, or a file of numpy.save whose name ends in .npy, found another file"
    );
    let splits = npy::load(path, FOLDER_SEED)?;
    remarks::of_array(&splits);
    Ok(splits)
}

/// The absolute path of a directory, which names it from anywhere.
fn absolute(directory: &Path) -> anyhow::Result<String> {
    Ok(std::path::absolute(directory)?.display().to_string())
}

fn draw<I: Images>(digits: usize) -> anyhow::Result<Loaded<I>> {
    let images =
        I::load(|split| Ok(digits::generate(images::split_size(digits, split), DIGITS_SEED, split)))?;
    Ok(Loaded::new(source::digits(Some(digits)), images))
}
