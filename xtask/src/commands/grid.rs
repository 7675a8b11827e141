//! `cargo xtask grid`

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::{
    file_name,
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
    /// PNG file to write [default: KIND.png in pictures/ of the run, or in runs/pictures/, and in its name what was
    /// requested, as in samples-seed-3.png]
    #[arg(long, value_name = "FILE.png", value_parser = file_name::png)]
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
        Kind::Samples => (SAMPLES, "samples"),
        Kind::Reconstructions => (PAIRS, "reconstructions"),
    };
    let default = default.for_images(source.model.height, source.model.width);
    let size = |flag: Option<u32>, default| flag.map_or(default, |n| n as usize);
    let shape = Shape { rows: size(args.rows, default.rows), cols: size(args.cols, default.cols) };
    let picture = match args.kind {
        Kind::Samples => pictures::samples(&source.model, &shape, args.prior.sampling(args.seed), "")?,
        Kind::Reconstructions => {
            let loaded = args.data.load(&source.model)?;
            pictures::reconstructions(&source.model, &loaded.images, &loaded.name, &shape, args.seed, "")?
        }
    };
    let name = args.file_name(name);
    let out = source.picture_path(args.out, &name)?;
    picture.write(&out)?;
    term::result(format_args!("{}", paths::display(&out)))?;
    Ok(Done::Finished)
}

impl Args {
    /// The default name of the file. Without flags, it is the name under which a training leaves the same picture.
    fn file_name(&self, kind: &str) -> String {
        let mut name = kind.to_owned();
        if self.seed != 0 {
            name += &format!("-seed-{}", self.seed);
        }
        if let Some(data) = self.data.requested() {
            name += &format!("-{}", file_name::of_path(Path::new(data), 40));
        }
        name += &self.prior.in_file_name();
        for (flag, number) in [("rows", self.rows), ("cols", self.cols)] {
            name += &number.map_or(String::new(), |number| format!("-{flag}-{number}"));
        }
        name + ".png"
    }
}
