//! `cargo xtask generate`

use std::path::{Path, PathBuf};

use clap::{
    ValueEnum,
    builder::{PathBufValueParser, TypedValueParser},
};
use vae_data::{Dataset, Split, Splits};
use vae_train::{ClassPosteriors, ModelFile, NegElboRange, class_posteriors};

use crate::{
    data_source::Loaded,
    generate::{
        class::{self, Classes},
        drawing::Drawing,
        latent::{self, Points},
        like, numbers, photo,
        prior::PriorArgs,
        samples,
    },
    model_data,
    model_source::ModelArgs,
    outcome::{Done, Interrupted, misuse},
    paths, pictures, term,
};

/// Draws the requested digits into a PNG file, or writes new images as numbers.
///
/// Without a request, draws samples from the model's prior.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    request: Request,
    /// Number of new images: samples of the prior, or for --digit, of each class for 'all' [default: 20]
    #[arg(long, value_name = "N", conflicts_with_all = ["like", "image", "latent"],
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Split that the indices of --like refer to [default: test]
    #[arg(long, value_enum, requires = "like", conflicts_with_all = ["digit", "image", "latent"])]
    split: Option<SplitChoice>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prior: PriorArgs,
    /// Random seed of the new images
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Images of --like; for --digit, images to compute the classes from; for --image, test images to compare the -ELBO
    /// with. Named as for 'cargo xtask train' [default: for --digit and --image, what the model file holds; else the
    /// data that the model was trained on; for MNIST or unknown data, what 'auto' finds]
    #[arg(long, value_name = "D", requires = "Request", conflicts_with = "latent")]
    data: Option<String>,
    /// PNG file to write [default: named after the request, in pictures/ of the run, or in runs/pictures/]; or, for
    /// samples and --digit, a .npy file for numpy.load: float32 (N, H, W) in [0, 1], the means of p(x|z), by class
    #[arg(long, value_name = "FILE.png|FILE.npy", value_parser = PathBufValueParser::new().try_map(Out::new))]
    out: Option<Out>,
}

/// What to draw: at most one of these.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Request {
    /// Indices of test images to show above their reconstructions
    #[arg(long, value_name = "INDEX,...", value_delimiter = ',')]
    like: Vec<u32>,
    /// New images of a class, by its number or its name, or of every class ('all'), and how many of them a classifier
    /// recognises
    #[arg(long, value_name = "CLASS", visible_alias = "class")]
    digit: Option<Classes>,
    /// Photo or drawing of a digit (PNG or JPEG), to show above its reconstruction; repeat the flag for several
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// Point of the latent space to decode; semicolons separate several points
    #[arg(long, value_name = "X,...", allow_hyphen_values = true)]
    latent: Vec<Points>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum SplitChoice {
    /// Training images
    Train,
    /// Test images
    #[default]
    Test,
}

/// The file to write.
#[derive(Clone)]
enum Out {
    Picture(PathBuf),
    Numbers(PathBuf),
}

impl Out {
    fn new(path: PathBuf) -> Result<Self, String> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("png") => Ok(Self::Picture(path)),
            Some(ending) if ending.eq_ignore_ascii_case("npy") => Ok(Self::Numbers(path)),
            _ => Err("expected a file that ends in .png (a picture) or .npy (numbers)".to_owned()),
        }
    }
}

/// The default of `--count`.
const COUNT: u32 = 20;

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    if matches!(args.out, Some(Out::Numbers(_))) && !args.request.is_of_new_images() {
        return Err(misuse(
            "a .npy file takes new images: those of --digit, or samples of the prior without a request",
        ));
    }
    args.prior.only_if(args.request.is_of_the_prior())?;
    let mut source = args.model.read()?;
    args.prior.apply_to(&mut source)?;
    let picture = |path: Option<&PathBuf>| {
        let (drawing, name) = args.draw(&source.model)?;
        let path = source.picture_path(path.cloned(), &name)?;
        drawing.picture.write(&path)?;
        anyhow::Ok((path, drawing.lines))
    };
    let (out, lines) = match &args.out {
        None => picture(None)?,
        Some(Out::Picture(path)) => picture(Some(path))?,
        Some(Out::Numbers(path)) => (path.clone(), args.write_numbers(&source.model, path)?),
    };
    term::result(format_args!("{}", paths::display(&out)))?;
    lines.iter().try_for_each(|line| term::result(format_args!("{line}")))?;
    Ok(Done::Finished)
}

impl Request {
    /// Whether it is for samples of the prior.
    fn is_of_the_prior(&self) -> bool {
        self.is_of_new_images() && self.digit.is_none()
    }

    /// Whether it is for images that the data do not hold, drawn from a seed.
    fn is_of_new_images(&self) -> bool {
        self.like.is_empty() && self.image.is_empty() && self.latent.is_empty()
    }
}

impl Args {
    /// The drawing and the default name of its file.
    fn draw(&self, model: &ModelFile) -> anyhow::Result<(Drawing, String)> {
        Ok(match &self.request {
            Request { digit: Some(classes), .. } => self.class(model, classes)?,
            Request { like, .. } if !like.is_empty() => (self.like(model)?, "like.png".to_owned()),
            Request { image, .. } if !image.is_empty() => (self.photo(model)?, "image.png".to_owned()),
            Request { latent, .. } if !latent.is_empty() => {
                (latent::draw(model, latent)?, "latent.png".to_owned())
            }
            _ => {
                (samples::draw(model, self.count(), self.prior.sampling(self.seed))?, "prior.png".to_owned())
            }
        })
    }

    /// Writes new images as numbers; returns the lines to print.
    fn write_numbers(&self, model: &ModelFile, path: &Path) -> anyhow::Result<Vec<String>> {
        match &self.request.digit {
            Some(classes) => self.with_posteriors(model, |posteriors| {
                numbers::write_class(model, posteriors, classes, (self.count(), self.seed), path)
            }),
            None => numbers::write_samples(model, self.count(), self.prior.sampling(self.seed), path)
                .map(|()| Vec::new()),
        }
    }

    fn count(&self) -> usize {
        self.count.unwrap_or(COUNT) as usize
    }

    fn like(&self, model: &ModelFile) -> anyhow::Result<Drawing> {
        let (data, indices) = (self.data.as_deref(), &self.request.like);
        match self.split.unwrap_or_default() {
            SplitChoice::Test => {
                let loaded = model_data::load(model, data)?;
                like::draw(model, (&loaded.images, Split::Test, &loaded.name), indices)
            }
            SplitChoice::Train => {
                let loaded = model_data::load::<Splits>(model, data)?;
                like::draw(model, (&loaded.images.train, Split::Train, &loaded.name), indices)
            }
        }
    }

    /// New images of classes, and the default name of their file.
    fn class(&self, model: &ModelFile, classes: &Classes) -> anyhow::Result<(Drawing, String)> {
        self.with_posteriors(model, |posteriors| {
            let drawing = class::draw(model, posteriors, classes, self.count(), self.seed)?;
            Ok((drawing, classes.file_name(posteriors)?))
        })
    }

    /// `f` of the posteriors of the classes: those of the model file, or those of the requested data.
    fn with_posteriors<T>(
        &self,
        model: &ModelFile,
        f: impl FnOnce(&ClassPosteriors) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let measured;
        let posteriors = match &model.annotations.classes {
            Some(stored) if self.data.is_none() => stored,
            _ => {
                measured = measure_classes(model, self.data.as_deref())?;
                &measured
            }
        };
        f(posteriors)
    }

    fn photo(&self, model: &ModelFile) -> anyhow::Result<Drawing> {
        photo::check_size(model)?;
        let measured;
        let range = match &model.annotations.neg_elbo {
            Some(stored) if self.data.is_none() => Some(stored),
            _ => {
                measured = measure_range(model, self.data.as_deref())?;
                measured.as_ref()
            }
        };
        photo::draw(model, &self.request.image, range)
    }
}

/// The range of −ELBO of test images, for a model file without it. If there are no images of the kind that the model
/// was trained on, the result is `None`, and a line gives the reason.
fn measure_range(model: &ModelFile, data: Option<&str>) -> anyhow::Result<Option<NegElboRange>> {
    let no_range = |reason: &str| {
        term::note(format_args!("no reference range of -ELBO: {reason}"));
        Ok(None)
    };
    let loaded = match model_data::load(model, data) {
        Err(error) if data.is_some() || error.is::<Interrupted>() => return Err(error),
        Err(error) => {
            return no_range(&term::one_line(&error));
        }
        Ok(loaded) => loaded,
    };
    let Loaded { name, images, .. } = loaded;
    if data.is_none() && model.data.as_ref().is_some_and(|own| *own != name) {
        return no_range(&format!("the model was not trained on {name}"));
    }
    pictures::check_size(model, &images, &name)?;
    match NegElboRange::measure(&name, &model.vae, images.images())? {
        Some(range) => Ok(Some(range)),
        None => no_range(&format!("{name} has no test images")),
    }
}

/// The posteriors of the classes of a data set, for a model file without them.
fn measure_classes(model: &ModelFile, data: Option<&str>) -> anyhow::Result<ClassPosteriors> {
    let loaded = model_data::load::<Splits>(model, data)?;
    let train: &Dataset = &loaded.images.train;
    let posteriors = class_posteriors(&model.vae, train, &loaded.name)?;
    term::note(format_args!(
        "classes: {}, from {} training images of {}",
        posteriors.names(),
        term::thousands(train.len()),
        loaded.name
    ));
    Ok(posteriors)
}
