//! `cargo xtask grid`

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    data_source, model_source,
    outcome::Done,
    paths,
    pictures::{self, PAIRS, SAMPLES, Shape},
    term,
};

/// Draws a grid of pictures from a model, as a PNG file.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to draw
    #[arg(long, value_enum, default_value_t = Kind::Samples)]
    kind: Kind,
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// Rows of images; of reconstructions, each row is one of originals above one of what the model made of them
    /// [default: 10 of samples, 4 of reconstructions]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rows: Option<u32>,
    /// Columns of images [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cols: Option<u32>,
    /// From which the samples, or the choice of originals, follow
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Whose test images to reconstruct: as in 'cargo xtask train' [default: what the model was trained
    /// on; for a model of MNIST, what 'auto' finds]
    #[arg(long, value_name = "D")]
    data: Option<String>,
    /// The picture [default: KIND.png in the run's pictures/, or in runs/pictures/]
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Images that never existed, from the prior
    Samples,
    /// Test images above their reconstructions
    Reconstructions,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let chosen = args.model.read()?;
    let (default, name) = match args.kind {
        Kind::Samples => (SAMPLES, "samples.png"),
        Kind::Reconstructions => (PAIRS, "reconstructions.png"),
    };
    let default = default.for_images(chosen.model.height, chosen.model.width);
    let size = |flag: Option<u32>, default| flag.map_or(default, |n| n as usize);
    let shape = Shape { rows: size(args.rows, default.rows), cols: size(args.cols, default.cols) };
    let picture = match args.kind {
        Kind::Samples => pictures::samples(&chosen.model, &shape, args.seed)?,
        Kind::Reconstructions => {
            let loaded = data_source::load_for(&chosen.model, args.data.as_deref())?;
            pictures::reconstructions(&chosen.model, &loaded.images, &loaded.name, &shape, args.seed)?
        }
    };
    let out = chosen.picture(args.out, name)?;
    picture.write(&out)?;
    term::result(format_args!("{}", paths::display(&out)))?;
    Ok(Done::Finished)
}
