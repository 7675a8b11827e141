//! `cargo xtask data`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{
    Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use vae_data::{
    DataError, Known,
    known::{FileCheck, FileState},
    mnist,
};

use crate::{
    data_source,
    outcome::{Done, misuse},
    paths, program, term,
};

/// Downloads and checks data sets, and lists the available data.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Downloads data sets from their publishers; valid files that are already there are kept
    ///
    /// MNIST is checked by SHA-256. Its successors are checked by the MD5 that their publishers give, which protects
    /// against accidents but not against an attacker. EMNIST is one archive of about 535 MB; it is downloaded once for
    /// all of the named parts, and not kept.
    Fetch(Sets),
    /// Compares the files of data sets with their published checksums
    ///
    /// For the parts of EMNIST, and for unpacked files of Fashion-MNIST and Kuzushiji-MNIST, no checksums are
    /// published; these files are only checked to be complete.
    Verify(Sets),
    /// Lists the data sets, whether they are present, and other data to train on
    List,
}

#[derive(clap::Args)]
struct Sets {
    /// Data sets [default: mnist]
    #[arg(value_name = "NAME", value_parser = known_name())]
    names: Vec<Known>,
    /// Directory of the files, for a single data set [default: data/NAME/; to verify MNIST, $VAE_DATA if it is set]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Parses the name or alias of a known data set.
fn known_name() -> impl TypedValueParser<Value = Known> {
    let value = |set: Known| PossibleValue::new(set.name()).aliases(set.alias());
    PossibleValuesParser::new(Known::ALL.map(value))
        .map(|name| Known::from_name(&name).expect("the parser accepts only the names of known sets"))
}

impl Sets {
    /// Each data set and its directory: `--dir`, else `default`.
    fn directories(self, default: impl Fn(Known) -> PathBuf) -> anyhow::Result<Vec<(Known, PathBuf)>> {
        let names = if self.names.is_empty() { vec![Known::Mnist] } else { self.names };
        match self.dir {
            Some(_) if names.len() > 1 => {
                Err(misuse(format_args!("--dir takes a single data set, found {}", names.len())))
            }
            Some(dir) => Ok(vec![(names[0], dir)]),
            None => Ok(names.into_iter().map(|set| (set, default(set))).collect()),
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    match args.action {
        Action::Fetch(sets) => {
            let directories = sets.directories(paths::data)?;
            data_source::download(&directories)?;
            for (set, dir) in directories {
                term::line(format_args!("{} is in {}", set.name(), paths::display(&dir)));
            }
        }
        Action::Verify(sets) => verify(&sets.directories(|set| match data_source::variable() {
            Some(dir) if set == Known::Mnist => dir,
            _ => paths::data(set),
        })?)?,
        Action::List => list(),
    }
    Ok(Done::Finished)
}

fn verify(directories: &[(Known, PathBuf)]) -> anyhow::Result<()> {
    let mut invalid = Vec::new();
    for (set, dir) in directories {
        term::line(format_args!("{} in {}", set.name(), paths::display(dir)));
        let mut valid = true;
        for FileCheck { name, state, .. } in set.verify(dir) {
            valid &= matches!(state, FileState::Ok | FileState::WellFormed { .. });
            let result = match state {
                FileState::Ok => "matches the published checksum".to_owned(),
                FileState::WellFormed { published } => {
                    format!(
                        "a complete IDX file; its own checksum is not published, only that of {published}"
                    )
                }
                FileState::Mismatch { algorithm, expected, found } => {
                    format!("expected {algorithm} {expected}, found {found}")
                }
                FileState::Missing => "missing".to_owned(),
                FileState::Unreadable(error) => term::one_line(&error.into()),
            };
            term::line(format_args!("  {name}: {result}"));
        }
        if !valid {
            let (dir, name) = (paths::display(dir), set.name());
            let program = program::name();
            invalid.push(format!("{dir} does not hold {name}; '{program} data fetch {name}' downloads it"));
        }
    }
    if invalid.is_empty() { Ok(()) } else { bail!("{}", invalid.join("; ")) }
}

fn list() {
    let line = |source: &str, what: &str| term::line(format_args!("{source:16} {what}"));
    let variable = match data_source::variable() {
        Some(dir) => describe(&dir, mnist::survey(&dir)),
        None => "not set".to_owned(),
    };
    line(&format!("${}", data_source::VARIABLE), &variable);
    let program = program::name();
    for set in Known::ALL {
        let (dir, name) = (paths::data(set), set.name());
        let what = if paths::is_nonempty_dir(&dir) {
            describe(&dir, set.survey(&dir))
        } else {
            format!("not in {}; '{program} data fetch {name}' downloads it", paths::display(&dir))
        };
        line(name, &what);
    }
    line("digits", "built in: drawn by the program, 28 x 28, any number of them (--digits)");
    line("DIR", "any directory of IDX files with MNIST's file names (--data DIR)");
    line(
        "DIR",
        "any directory of PNG or JPEG pictures, with a subdirectory for each class (--data DIR; of several sizes: \
         --resize HxW)",
    );
    line(
        "FILE.npy",
        "any array of numpy.save, (N, H, W) or (N, D), of u8, bool, or floats in [0, 1] (--data FILE.npy)",
    );
}

/// The contents of a data directory, as its files declare them.
fn describe(dir: &Path, survey: Result<mnist::Survey, DataError>) -> String {
    match survey {
        Ok(mnist::Survey { train, test, height, width, labelled }) => format!(
            "{} training and {} test images of {height} x {width}{} in {}",
            term::thousands(train),
            term::thousands(test),
            if labelled { "" } else { ", without labels," },
            paths::display(dir),
        ),
        Err(error) => format!("not usable: {}", term::one_line(&error.into())),
    }
}
