//! `cargo xtask grid`

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    generate::prior::PriorArgs,
    model_data::ModelDataArgs,
    model_source::ModelArgs,
    outcome::Done,
    paths,
    pictures::{self, PAIRS, SAMPLES, Shape},
    term,
};

/// Draws a grid of images from a model into a PNG file.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to draw
    #[arg(long, value_enum, default_value_t = Kind::Samples)]
    kind: Kind,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    prior: PriorArgs,
    /// Number of rows; a row of reconstructions is a row of originals above a row of their reconstructions
    /// [default: 10 for samples, 4 for reconstructions]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rows: Option<u32>,
    /// Number of columns [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cols: Option<u32>,
    /// Random seed of the samples, or of the choice of originals
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    data: ModelDataArgs,
    /// PNG file to write [default: KIND.png in pictures/ of the run, or in runs/pictures/]
    #[arg(long, value_name = "FILE.png")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// New images, decoded from samples of the prior
    Samples,
    /// Test images above their reconstructions
    Reconstructions,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let are_samples = matches!(args.kind, Kind::Samples);
    args.prior.only_if(are_samples)?;
    args.data.only_if(!are_samples)?;
    let mut source = args.model.read()?;
    args.prior.apply_to(&mut source)?;
    let (default, name) = match args.kind {
        Kind::Samples => (SAMPLES, "samples.png"),
        Kind::Reconstructions => (PAIRS, "reconstructions.png"),
    };
    let default = default.for_images(source.model.height, source.model.width);
    let size = |flag: Option<u32>, default| flag.map_or(default, |n| n as usize);
    let shape = Shape { rows: size(args.rows, default.rows), cols: size(args.cols, default.cols) };
    let picture = match args.kind {
        Kind::Samples => pictures::samples(&source.model, &shape, args.prior.sampling(args.seed))?,
        Kind::Reconstructions => {
            let loaded = args.data.load(&source.model)?;
            pictures::reconstructions(&source.model, &loaded.images, &loaded.name, &shape, args.seed)?
        }
    };
    let out = source.picture_path(args.out, name)?;
    picture.write(&out)?;
    term::result(format_args!("{}", paths::display(&out)))?;
    Ok(Done::Finished)
}
