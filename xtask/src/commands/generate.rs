//! `cargo xtask generate`

use std::path::{Path, PathBuf};

use clap::{
    ValueEnum,
    builder::{PathBufValueParser, TypedValueParser},
};
use vae_data::{Dataset, Split, Splits};
use vae_train::{ClassPosteriors, ModelFile, NegElboRange, class_posteriors};

use crate::{
    data_source::{self, Loaded},
    file_name,
    generate::{
        class::{self, Classes},
        drawing::Drawing,
        latent::{self, Points},
        like, numbers, photo,
        prior::PriorArgs,
        samples,
        wish::Wish,
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
    /// Images in a row of the picture [default: 10, or 20 for more than 30 images; for 'all', a row is a class]
    #[arg(long, value_name = "N", conflicts_with = "image", value_parser = clap::value_parser!(u32).range(1..=1000))]
    cols: Option<u32>,
    /// Split that the indices of --like refer to [default: test]
    #[arg(long, value_enum, requires = "like", conflicts_with_all = ["digit", "image", "latent"])]
    split: Option<SplitChoice>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prior: PriorArgs,
    /// Random seed of the new images
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with_all = ["like", "image", "latent"])]
    seed: u64,
    /// Images of --like; for --digit, images to compute the classes from; for --image, test images to compare the -ELBO
    /// with. Named as for 'cargo xtask train' [default: for --digit and --image, what the model file holds; else the
    /// data that the model was trained on, which must be there]
    #[arg(long, value_name = "D", value_parser = data_source::flag, requires = "Request", conflicts_with = "latent")]
    data: Option<String>,
    /// PNG file to write [default: named after the request, as in digit-7-seed-0.png, in pictures/ of the run, or in
    /// runs/pictures/]; or, for
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
    /// Picture of your own (PNG or JPEG), to show above its reconstruction; repeat the flag for several. One of the
    /// model's size is taken as it is; others are prepared as a digit for a model of digits, else scaled
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
    if args.cols.is_some() && matches!(args.request.digit, Some(Classes::All)) {
        return Err(misuse(
            "--cols does not go with --digit all, whose rows are classes; --count sets their length",
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
        let number = |flag: Option<u32>| flag.map(|number| number.to_string());
        let (count, cols) = (number(self.count), number(self.cols));
        let data = self.data.as_deref().map(|data| file_name::of_path(Path::new(data), 40));
        let data = data.as_deref();
        let (drawing, wish) = match &self.request {
            Request { digit: Some(classes), .. } => {
                let (drawing, class) = self.class(model, classes)?;
                let wish = Wish::class(class.as_deref(), self.seed).with("count", count.as_deref());
                (drawing, wish.with("data", data))
            }
            Request { like, .. } if !like.is_empty() => {
                let is_training = matches!(self.split, Some(SplitChoice::Train));
                (self.like(model)?, Wish::like(like, is_training).with("data", data))
            }
            Request { image, .. } if !image.is_empty() => (self.photo(model)?, Wish::images(image)),
            Request { latent, .. } if !latent.is_empty() => {
                (latent::draw(model, latent, self.cols())?, Wish::points(&latent::text(latent)))
            }
            _ => {
                let sampling = self.prior.sampling(self.seed);
                let drawing = samples::draw(model, self.count(), self.cols(), sampling)?;
                (drawing, Wish::prior(self.prior, self.seed).with("count", count.as_deref()))
            }
        };
        Ok((drawing, wish.with("cols", cols.as_deref()).file_name()))
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

    fn cols(&self) -> Option<usize> {
        self.cols.map(|cols| cols as usize)
    }

    fn count(&self) -> usize {
        self.count.unwrap_or(COUNT) as usize
    }

    fn like(&self, model: &ModelFile) -> anyhow::Result<Drawing> {
        let (data, indices) = (self.data.as_deref(), &self.request.like);
        match self.split.unwrap_or_default() {
            SplitChoice::Test => {
                let loaded = model_data::load(model, data)?;
                like::draw(model, (&loaded.images, Split::Test, &loaded.name), indices, self.cols())
            }
            SplitChoice::Train => {
                let loaded = model_data::load::<Splits>(model, data)?;
                like::draw(model, (&loaded.images.train, Split::Train, &loaded.name), indices, self.cols())
            }
        }
    }

    /// New images of classes, and the name of the class if it is a single one.
    fn class(&self, model: &ModelFile, classes: &Classes) -> anyhow::Result<(Drawing, Option<String>)> {
        self.with_posteriors(model, |posteriors| {
            let drawing = class::draw(model, posteriors, classes, (self.count(), self.cols()), self.seed)?;
            Ok((drawing, classes.name(posteriors)?))
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
