//! `cargo xtask data`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{
    Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use vae_data::{DataError, Known, known::FileState, mnist};

use crate::{
    Done,
    data_source::{self, Interrupted},
    misuse, paths, term,
};

/// Fetches data sets that are known by name, checks them, lists what data there is.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Downloads data sets from where they are published; what is there and right is kept
    ///
    /// MNIST is checked by SHA-256. Its successors are checked by the MD5 that their publishers give, which guards
    /// against accidents and not against an attacker. EMNIST is one archive of about 535 MB, downloaded once for all of
    /// its parts that are named and not kept.
    Fetch(Sets),
    /// Compares the files of data sets with their published checksums
    ///
    /// Of the parts of EMNIST, and of unpacked files of Fashion-MNIST and Kuzushiji-MNIST, none are published: those are
    /// only read to their end.
    Verify(Sets),
    /// Lists which data sets are here, and what else there is to train on
    List,
}

#[derive(clap::Args)]
struct Sets {
    /// Which data sets [default: mnist]
    #[arg(value_name = "NAME", value_parser = known())]
    names: Vec<Known>,
    /// The directory of the files of one data set [default: data/NAME/; to verify MNIST, $VAE_DATA first]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// The name or alias of a known set.
fn known() -> impl TypedValueParser<Value = Known> {
    let value = |set: Known| PossibleValue::new(set.name()).aliases(set.alias());
    PossibleValuesParser::new(Known::ALL.map(value))
        .map(|name| Known::from_name(&name).expect("the parser takes the names of sets only"))
}

impl Sets {
    /// Each set with its directory, which unless named is `default`.
    fn places(self, default: impl Fn(Known) -> PathBuf) -> Vec<(Known, PathBuf)> {
        let names = if self.names.is_empty() { vec![Known::Mnist] } else { self.names };
        match self.dir {
            Some(_) if names.len() > 1 => misuse("--dir is the directory of one data set, several are named"),
            Some(dir) => vec![(names[0], dir)],
            None => names.into_iter().map(|set| (set, default(set))).collect(),
        }
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    match args.action {
        Action::Fetch(sets) => {
            let places = sets.places(paths::data);
            match data_source::download(&places) {
                Err(error) if error.is::<Interrupted>() => return Ok(Done::Interrupted),
                other => other?,
            }
            for (set, dir) in places {
                term::line(format_args!("{} is in {}", set.name(), paths::display(&dir)));
            }
        }
        Action::Verify(sets) => verify(&sets.places(|set| match data_source::variable() {
            Some(dir) if set == Known::Mnist => dir,
            _ => paths::data(set),
        }))?,
        Action::List => list(),
    }
    Ok(Done::Finished)
}

fn verify(places: &[(Known, PathBuf)]) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (set, dir) in places {
        term::line(format_args!("{} in {}", set.name(), paths::display(dir)));
        let checks = set.verify(dir);
        for check in &checks {
            let what = match &check.state {
                FileState::Ok => "as published".to_owned(),
                FileState::WellFormed { published } => {
                    format!("a whole IDX file; there is no published checksum of it, only of {published}")
                }
                FileState::Mismatch { algorithm, expected, found } => {
                    format!("{algorithm} expected {expected}, found {found}")
                }
                FileState::Missing => "missing".to_owned(),
                FileState::Unreadable(error) => {
                    anyhow::Chain::new(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
                }
            };
            term::line(format_args!("  {}: {what}", check.name));
        }
        if !checks.iter().all(|check| matches!(check.state, FileState::Ok | FileState::WellFormed { .. })) {
            let (dir, name) = (paths::display(dir), set.name());
            wrong.push(format!("{dir} does not hold {name}; 'cargo xtask data fetch {name}' brings it"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("; ")) }
}

fn list() {
    let line = |source: &str, what: &str| term::line(format_args!("{source:16} {what}"));
    let variable = match data_source::variable() {
        Some(dir) => describe(&dir, mnist::survey(&dir)),
        None => "not set".to_owned(),
    };
    line(&format!("${}", data_source::VARIABLE), &variable);
    for set in Known::ALL {
        let (dir, name) = (paths::data(set), set.name());
        let what = if paths::holds_something(&dir) {
            describe(&dir, set.survey(&dir))
        } else {
            format!("not in {}; 'cargo xtask data fetch {name}' brings it", paths::display(&dir))
        };
        line(name, &what);
    }
    line("digits", "built in: drawn by the program, 28 x 28, as many as asked for (--digits)");
    line("DIR", "any directory of IDX files under MNIST's names (--data DIR)");
    line("DIR", "any folder of PNG or JPEG pictures of one size, a subfolder a class");
}

/// What the files of a directory say that they hold.
fn describe(dir: &Path, survey: Result<mnist::Survey, DataError>) -> String {
    match survey {
        Ok(mnist::Survey { train, test, height, width, labelled }) => format!(
            "{} training and {} test images of {height} x {width}{} in {}",
            term::thousands(train),
            term::thousands(test),
            if labelled { "" } else { ", without labels," },
            paths::display(dir),
        ),
        Err(error) => format!("none: {:#}", anyhow::Error::from(error)),
    }
}
