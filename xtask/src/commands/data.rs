//! `cargo xtask data`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;
use vae_data::mnist::{self, FileState};

use crate::{
    Done,
    data_source::{self, Interrupted},
    paths, term,
};

/// Fetches MNIST, checks it, lists what data there is.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Downloads MNIST from public mirrors; what is there and right is kept
    Fetch(Directory),
    /// Compares the four files of MNIST with their published SHA-256
    Verify(Directory),
    /// Lists where MNIST lies and what else there is to train on
    List,
}

#[derive(clap::Args)]
struct Directory {
    /// The directory of the files [default: data/mnist/; for verify, $VAE_DATA first]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    match args.action {
        Action::Fetch(Directory { dir }) => {
            let dir = dir.unwrap_or_else(paths::mnist);
            match data_source::download(&dir) {
                Err(error) if error.is::<Interrupted>() => return Ok(Done::Interrupted),
                other => other?,
            }
            term::line(format_args!("MNIST is in {}", paths::display(&dir)));
        }
        Action::Verify(Directory { dir }) => {
            let dir = dir.or_else(data_source::variable).unwrap_or_else(paths::mnist);
            verify(&dir)?;
        }
        Action::List => list(),
    }
    Ok(Done::Finished)
}

fn verify(dir: &Path) -> anyhow::Result<()> {
    let checks = mnist::verify(dir);
    for check in &checks {
        let what = match &check.state {
            FileState::Ok => "as published".to_owned(),
            FileState::Mismatch { expected, found } => format!("SHA-256 expected {expected}, found {found}"),
            FileState::Missing => "missing".to_owned(),
            FileState::Unreadable(error) => error.to_string(),
        };
        term::line(format_args!("{}: {what}", check.name));
    }
    if checks.iter().any(|check| !matches!(check.state, FileState::Ok)) {
        bail!("{} does not hold MNIST; 'cargo xtask data fetch' brings it", paths::display(dir));
    }
    Ok(())
}

fn list() {
    let describe = |dir: &Path| match mnist::load(dir) {
        Ok(splits) => format!(
            "{}: {} training and {} test images of {} x {}",
            dir.display(),
            term::thousands(splits.train.len()),
            term::thousands(splits.test.len()),
            splits.train.height(),
            splits.train.width(),
        ),
        Err(error) => format!("none: {error}"),
    };
    let variable = match data_source::variable() {
        Some(dir) => describe(&dir),
        None => "not set".to_owned(),
    };
    term::line(format_args!("${}    {variable}", data_source::VARIABLE));
    term::line(format_args!("data/mnist/  {}", describe(&paths::mnist())));
    term::line(format_args!(
        "digits       built in: drawn by the program, 28 x 28, as many as asked for (--digits)"
    ));
    term::line(format_args!("DIR          any directory of IDX files under MNIST's names (--data DIR)"));
    term::line(format_args!(
        "DIR          any folder of PNG or JPEG pictures of one size, a subfolder a class"
    ));
}
