//! `cargo xtask generate`

use std::path::PathBuf;

use clap::ValueEnum;
use vae_data::{Dataset, Split, Splits};
use vae_train::{ClassPosteriors, DataConfig, ModelFile, class_posteriors};

use crate::{
    Done,
    data_source::{self, Interrupted},
    generate::{
        Made,
        class::{self, Wanted},
        latent::{self, Points},
        like,
    },
    model_source, paths, term,
};

/// Draws the digit that is asked for, in one of these ways, as a PNG file.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wish: Wish,
    /// How many new images of --digit; of 'all', of each [default: 20]
    #[arg(long, value_name = "N", requires = "digit", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Whose images --like means
    #[arg(long, value_enum, requires = "like")]
    split: Option<Part>,
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// From which new images follow
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The images to show, or to learn the classes from: as in 'cargo xtask train' [default: what the model was trained
    /// on; for a model of MNIST, what 'auto' finds; for classes, what the model's file knows]
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
    match args.draw() {
        Err(error) if error.is::<Interrupted>() => Ok(Done::Interrupted),
        other => other,
    }
}

impl Args {
    fn draw(self) -> anyhow::Result<Done> {
        let chosen = self.model.read()?;
        let (made, name) = match self.wish.digit {
            Some(wanted) => (self.class(&chosen.model, wanted)?, name_of(wanted)),
            None if self.wish.like.is_empty() => {
                (latent::draw(&chosen.model, &self.wish.latent)?, "latent.png".to_owned())
            }
            None => (self.like(&chosen.model)?, "like.png".to_owned()),
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
                measured = measure(model, self.data.as_deref())?;
                &measured
            }
        };
        class::draw(model, posteriors, wanted, count, self.seed)
    }
}

/// The posteriors of the classes of a data set, for a file that does not know them.
fn measure(model: &ModelFile, data: Option<&str>) -> anyhow::Result<ClassPosteriors> {
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
