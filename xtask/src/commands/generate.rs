//! `cargo xtask generate`

use std::path::PathBuf;

use clap::ValueEnum;
use vae_data::{Dataset, Split, Splits};
use vae_train::{ClassPosteriors, DataConfig, ModelFile, NegElboRange, class_posteriors};

use crate::{
    data_source::{self, Loaded},
    generate::{
        Made,
        class::{self, Wanted},
        latent::{self, Points},
        like, photo,
    },
    model_source,
    outcome::{Done, Interrupted},
    paths, pictures, term,
};

/// Draws the digit that is asked for, in one of these ways, as a PNG file.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wish: Wish,
    /// How many new images of --digit; of 'all', of each [default: 20]
    #[arg(long, value_name = "N", conflicts_with_all = ["like", "image", "latent"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Whose images --like means [default: test]
    #[arg(long, value_enum, conflicts_with_all = ["digit", "image", "latent"])]
    split: Option<Part>,
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// From which new images follow
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The images of --like, or those to learn from what a digit looks like and which -ELBO is usual: as in 'cargo xtask
    /// train' [default: what the model's file knows, else what the model was trained on; for a model of MNIST, what
    /// 'auto' finds]
    #[arg(long, value_name = "D", conflicts_with = "latent")]
    data: Option<String>,
    /// The picture [default: named after the wish, in the run's pictures/, or in runs/pictures/]
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
}

/// What is asked for: one of these.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Wish {
    /// The test images of these numbers, above what the model makes of them
    #[arg(long, value_name = "INDEX,...", value_delimiter = ',')]
    like: Vec<u32>,
    /// New images of a class, or of each ('all'), and how often a classifier reads them as that
    #[arg(long, value_name = "DIGIT")]
    digit: Option<Wanted>,
    /// A photo or a drawing of a digit (PNG or JPEG), above what the model makes of it; repeat the flag for several
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// What the decoder makes of a point of the latent space, or of several between semicolons
    #[arg(long, value_name = "X,...", allow_hyphen_values = true)]
    latent: Vec<Points>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Part {
    /// What the model learned from
    Train,
    /// What it never saw
    #[default]
    Test,
}

const COUNT: u32 = 20;

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    args.draw()
}

impl Args {
    fn draw(self) -> anyhow::Result<Done> {
        let chosen = self.model.read()?;
        let model = &chosen.model;
        let (made, name) = match &self.wish {
            Wish { digit: Some(wanted), .. } => (self.class(model, *wanted)?, name_of(*wanted)),
            Wish { like, .. } if !like.is_empty() => (self.like(model)?, "like.png".to_owned()),
            Wish { image, .. } if !image.is_empty() => (self.photo(model)?, "image.png".to_owned()),
            Wish { latent, .. } => (latent::draw(model, latent)?, "latent.png".to_owned()),
        };
        let Made { picture, lines } = made;
        let out = chosen.picture(self.out, &name)?;
        picture.write(&out)?;
        term::result(format_args!("{}", paths::display(&out)))?;
        lines.iter().try_for_each(|line| term::result(format_args!("{line}")))?;
        Ok(Done::Finished)
    }

    fn like(&self, model: &ModelFile) -> anyhow::Result<Made> {
        let (data, digits) = (self.data.as_deref(), DataConfig::default().digits);
        let indices = &self.wish.like;
        match self.split.unwrap_or_default() {
            Part::Test => {
                let loaded = data_source::load_for(model, data)?;
                like::draw(model, (&loaded.images, Split::Test, &loaded.name), indices)
            }
            Part::Train => {
                let source = data_source::source_for(model, data);
                let loaded = data_source::load::<Splits>(source, digits)?;
                like::draw(model, (&loaded.images.train, Split::Train, &loaded.name), indices)
            }
        }
    }

    fn class(&self, model: &ModelFile, wanted: Wanted) -> anyhow::Result<Made> {
        let count = self.count.unwrap_or(COUNT) as usize;
        let measured;
        let posteriors = match &model.annotations.classes {
            Some(known) if self.data.is_none() => known,
            _ => {
                measured = measure_classes(model, self.data.as_deref())?;
                &measured
            }
        };
        class::draw(model, posteriors, wanted, count, self.seed)
    }

    fn photo(&self, model: &ModelFile) -> anyhow::Result<Made> {
        photo::check_size(model)?;
        let measured;
        let range = match &model.annotations.neg_elbo {
            Some(known) if self.data.is_none() => Some(known),
            _ => {
                measured = measure_range(model, self.data.as_deref())?;
                measured.as_ref()
            }
        };
        photo::draw(model, &self.wish.image, range)
    }
}

/// Which −ELBO is usual, for a file that does not know; none, and a line that says so, where there are no images of what
/// the model learned.
fn measure_range(model: &ModelFile, data: Option<&str>) -> anyhow::Result<Option<NegElboRange>> {
    let unknown = |reason: &str| {
        term::note(format_args!("nobody says whether a -ELBO is usual: {reason}"));
        Ok(None)
    };
    let loaded = match data_source::load_for(model, data) {
        Err(error) if data.is_some() || error.is::<Interrupted>() => return Err(error),
        Err(error) => return unknown(&format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")),
        Ok(loaded) => loaded,
    };
    let Loaded { name, images, .. } = loaded;
    if data.is_none() && model.data.as_ref().is_some_and(|own| *own != name) {
        return unknown(&format!("the model learned other images than {name}"));
    }
    pictures::check_size(model, &images, &name)?;
    match NegElboRange::measure(&name, &model.vae, images.images()) {
        Some(range) => Ok(Some(range)),
        None => unknown(&format!("{name} has no test images")),
    }
}

/// The posteriors of the classes of a data set, for a file that does not know them.
fn measure_classes(model: &ModelFile, data: Option<&str>) -> anyhow::Result<ClassPosteriors> {
    let source = data_source::source_for(model, data);
    let loaded = data_source::load::<Splits>(source, DataConfig::default().digits)?;
    let train: &Dataset = &loaded.images.train;
    let posteriors = class_posteriors(&model.vae, train, &loaded.name)?;
    term::note(format_args!(
        "classes: {}, of {} training images of {}",
        posteriors.names(),
        term::thousands(train.len()),
        loaded.name
    ));
    Ok(posteriors)
}

fn name_of(wanted: Wanted) -> String {
    match wanted {
        Wanted::One(class) => format!("digit-{class}.png"),
        Wanted::All => "digits.png".to_owned(),
    }
}
