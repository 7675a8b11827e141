//! All runs of a directory, newest first, and the sweeps beside them.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use vae_data::Binarization;
use vae_train::RunDir;

use super::{summary::Summary, table::aligned, time};
use crate::{
    best_epoch::{Best, Measured},
    pictures::short_data,
};

/// The runs of a directory.
#[derive(Serialize)]
pub(crate) struct Runs {
    /// Newest first.
    pub(crate) runs: Vec<Summary>,
    pub(crate) sweeps: Vec<Sweep>,
}

/// A directory with runs in VARIANT/seed-N.
#[derive(Serialize)]
pub(crate) struct Sweep {
    pub(crate) name: String,
    pub(crate) variants: usize,
    pub(crate) runs: usize,
}

impl Runs {
    /// The runs in `directory`; with `all`, those of sweeps too.
    pub(crate) fn find(directory: &Path, all: bool) -> Self {
        let mut found = Self { runs: Vec::new(), sweeps: Vec::new() };
        for (name, path) in subdirectories(directory) {
            let run = RunDir::new(&path);
            // A run that was killed before it wrote a file has its lock.
            if run.is_started() || path.join(".lock").exists() {
                found.runs.push(Summary::read(name, &run));
                continue;
            }
            let variants = subdirectories(&path);
            let of_variant = |(variant, path): &(String, PathBuf)| -> Vec<(String, RunDir)> {
                let seeds = subdirectories(path).into_iter().map(|(seed, path)| (seed, RunDir::new(path)));
                let runs = seeds.filter(|(_, run)| run.is_started());
                runs.map(|(seed, run)| (format!("{name}/{variant}/{seed}"), run)).collect()
            };
            let runs: Vec<Vec<_>> = variants.iter().map(of_variant).filter(|runs| !runs.is_empty()).collect();
            if runs.is_empty() {
                continue;
            }
            found.sweeps.push(Sweep {
                name: name.clone(),
                variants: runs.len(),
                runs: runs.iter().map(Vec::len).sum(),
            });
            if all {
                found.runs.extend(runs.into_iter().flatten().map(|(name, run)| Summary::read(name, &run)));
            }
        }
        found
            .runs
            .sort_by(|a, b| Reverse(a.last_write).cmp(&Reverse(b.last_write)).then(a.name.cmp(&b.name)));
        found
    }

    /// A line for each run.
    pub(crate) fn text(&self) -> String {
        let head =
            ["name", "data", "model", "epochs>", "best -ELBO>", "at epoch>", "last write, UTC", "state"];
        let rows: Vec<Vec<String>> = self.runs.iter().map(row).collect();
        aligned(&head, &rows)
    }
}

fn row(run: &Summary) -> Vec<String> {
    let data = run.config.as_ref().map_or("?".to_owned(), |config| {
        let data = short_data(&config.data.source);
        match config.data.binarization {
            Binarization::Grey => data,
            how => format!("{data} ({how})"),
        }
    });
    let (neg_elbo, epoch) =
        run.best.map_or(("–".to_owned(), "–".to_owned()), |Best { epoch, neg_elbo, measured_on }| {
            let train = if measured_on == Measured::Train { "train " } else { "" };
            (format!("{train}{neg_elbo:.2}"), epoch.to_string())
        });
    let cells =
        [run.name.clone(), data, run.model(), run.epochs(), neg_elbo, epoch, written(run), run.state()];
    // A name may hold anything that the file system allows.
    cells.map(|cell| cell.chars().map(|c| if c.is_control() { '?' } else { c }).collect()).to_vec()
}

fn written(run: &Summary) -> String {
    run.last_write.map_or("–".to_owned(), time::minutes)
}

/// The directories in a directory and their names, by name. What cannot be read is left out.
fn subdirectories(directory: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(_, path)| path.is_dir())
        .collect();
    found.sort();
    found
}
