//! Runs side by side: the settings in which they differ, and how far each came.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, ensure};
use serde::Serialize;
use toml::Value;
use vae_train::{EpochMetrics, TrainConfig};
use vae_viz::{Curve, Panel};

use super::{summary::Summary, table::aligned};
use crate::{
    best_epoch::{Best, Measured},
    paths,
    pictures::{Captioned, short_data, software},
    program, term,
};

/// Two runs or more.
#[derive(Serialize)]
pub(crate) struct Comparison {
    runs: Vec<Compared>,
    /// The settings that are not the same everywhere: the value in each run, or none where it is unknown.
    differences: BTreeMap<String, Vec<Option<Value>>>,
    /// Why the −ELBOs cannot be compared; none if they can.
    not_comparable: Vec<String>,
}

/// A run of a comparison.
#[derive(Serialize)]
struct Compared {
    #[serde(flatten)]
    summary: Summary,
    /// The losses of its best epoch.
    at_best: Option<EpochMetrics>,
    /// The median over its epochs.
    seconds_per_epoch: Option<f64>,
}

impl Comparison {
    /// Reads the runs: each a directory, or a name of a run in the directory of runs.
    pub(crate) fn read(runs: &[String]) -> anyhow::Result<Self> {
        let runs = runs.iter().map(|run| Compared::read(run)).collect::<anyhow::Result<Vec<_>>>()?;
        let not_comparable = not_comparable(&runs);
        Ok(Self { differences: differences(&runs), runs, not_comparable })
    }

    pub(crate) fn text(&self) -> String {
        let mut head = vec![""];
        let titles: Vec<String> = self.runs.iter().map(|run| format!("{}>", run.summary.name)).collect();
        head.extend(titles.iter().map(String::as_str));
        let none = || "–".to_owned();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (key, values) in &self.differences {
            let text = |value: &Option<Value>| value.as_ref().map_or_else(none, plain);
            rows.push([key.clone()].into_iter().chain(values.iter().map(text)).collect());
        }
        if rows.is_empty() {
            rows.push(vec!["no setting differs".to_owned()]);
        }
        rows.push(Vec::new());
        let mut row = |title: &str, cell: &dyn Fn(&Compared) -> Option<String>| {
            let cells = self.runs.iter().map(|run| cell(run).unwrap_or_else(none));
            rows.push([title.to_owned()].into_iter().chain(cells).collect());
        };
        row("epochs", &|run| Some(run.summary.epochs()));
        row("state", &|run| Some(format!("{:?}", run.summary.state).to_lowercase()));
        row("best -ELBO", &|run| run.summary.best.map(|best| format!("{:.2}", best.neg_elbo)));
        row("  measured on", &|run| {
            Some(match run.summary.best?.measured_on {
                Measured::Validation => "held-out".to_owned(),
                Measured::ValidationAveraged => "held-out, averaged".to_owned(),
                Measured::Train => "training".to_owned(),
            })
        });
        row("  at epoch", &|run| run.summary.best.map(|best| best.epoch.to_string()));
        let number = |number: f64| format!("{number:.2}");
        row("reconstruction there", &|run| run.reconstruction().map(number));
        row("KL there", &|run| run.kl().map(number));
        row("training -ELBO there", &|run| run.at_best.as_ref().map(|line| number(line.train_neg_elbo)));
        row("seconds an epoch", &|run| run.seconds_per_epoch.map(number));
        row("parameters", &|run| run.summary.parameters.map(|n| term::thousands(n as usize)));
        let mut text = aligned(&head, &rows);
        for reason in &self.not_comparable {
            text += &format!("\nnot comparable: {reason}");
        }
        for Compared { summary, .. } in self.runs.iter().filter(|run| !run.summary.problems.is_empty()) {
            text += &format!("\n{}: {}", summary.name, summary.state());
        }
        text.trim_end().to_owned()
    }

    /// −ELBO, reconstruction and KL of all runs over the epochs.
    pub(crate) fn picture(&self) -> anyhow::Result<Captioned> {
        type Get = fn(&EpochMetrics) -> Option<f64>;
        let held_out = self
            .runs
            .iter()
            .all(|run| run.summary.best.is_none_or(|best| best.measured_on != Measured::Train));
        let panels: [(&str, Get, Get); 3] = [
            ("-ELBO", |m| m.average_neg_elbo.or(m.validation_neg_elbo), |m| Some(m.train_neg_elbo)),
            ("reconstruction", |m| m.validation_reconstruction, |m| Some(m.train_reconstruction)),
            ("KL", |m| m.validation_kl, |m| Some(m.train_kl)),
        ];
        let points: Vec<Vec<Vec<(f64, f64)>>> = panels
            .iter()
            .map(|(_, validation, train)| {
                let get = if held_out { validation } else { train };
                let of_run = |run: &Compared| {
                    let metrics = &run.summary.metrics;
                    metrics.iter().filter_map(|line| Some((line.epoch as f64, get(line)?))).collect()
                };
                self.runs.iter().map(of_run).collect()
            })
            .collect();
        let images = if held_out { "held-out images" } else { "training images" };
        let y_label = if self.not_comparable.is_empty() {
            format!("nats per image, {images}")
        } else {
            format!("nats per image, {images}; not comparable")
        };
        let panels: Vec<Panel<'_>> = panels
            .iter()
            .zip(&points)
            .map(|((title, ..), points)| {
                let curves = self.runs.iter().zip(points).map(|(run, points)| Curve {
                    label: &run.summary.name,
                    points,
                    mark: run.summary.best.map(|best| best.epoch as f64),
                });
                Panel { title, y_label: &y_label, curves: curves.collect() }
            })
            .collect();
        let caption = "rings: the best epochs";
        let picture = vae_viz::curves(&panels, Some(caption))?;
        Ok(Captioned::new(picture, vec![("Software", software())]))
    }

    /// The names of the runs.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| run.summary.name.as_str())
    }
}

impl Compared {
    fn read(name: &str) -> anyhow::Result<Self> {
        let run = paths::existing_run(Path::new(name));
        ensure!(
            run.is_started(),
            "there is no run {name:?}, neither a directory nor a name that '{} runs' lists",
            program::name(),
        );
        let summary = Summary::read(name.to_owned(), &run);
        let at_best = summary
            .best
            .and_then(|best| summary.metrics.iter().find(|line| line.epoch == best.epoch).cloned());
        let mut seconds: Vec<f64> = summary.metrics.iter().map(|line| line.train_seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let seconds_per_epoch = seconds.get(seconds.len() / 2).copied();
        Ok(Self { summary, at_best, seconds_per_epoch })
    }

    fn is_of_training_images(&self) -> bool {
        self.summary.best.is_some_and(|Best { measured_on, .. }| measured_on == Measured::Train)
    }

    fn reconstruction(&self) -> Option<f64> {
        let line = self.at_best.as_ref()?;
        if self.is_of_training_images() {
            Some(line.train_reconstruction)
        } else {
            line.validation_reconstruction
        }
    }

    fn kl(&self) -> Option<f64> {
        let line = self.at_best.as_ref()?;
        if self.is_of_training_images() { Some(line.train_kl) } else { line.validation_kl }
    }
}

/// The settings that are not the same in all runs.
fn differences(runs: &[Compared]) -> BTreeMap<String, Vec<Option<Value>>> {
    let settings: Vec<BTreeMap<String, Value>> =
        runs.iter().map(|run| run.summary.config.as_ref().map(flat).unwrap_or_default()).collect();
    let keys = settings.iter().flat_map(BTreeMap::keys);
    let mut differences: BTreeMap<String, Vec<Option<Value>>> = keys
        .map(|key| (key.clone(), settings.iter().map(|of_run| of_run.get(key).cloned()).collect()))
        .collect();
    differences.retain(|_, values| values.iter().any(|value| *value != values[0]));
    differences
}

/// The settings by section and key, as in `model.latent`.
fn flat(config: &TrainConfig) -> BTreeMap<String, Value> {
    let sections = toml::Table::try_from(config).unwrap_or_default();
    let mut settings = BTreeMap::new();
    for (section, values) in sections {
        let Value::Table(values) = values else { continue };
        settings.extend(values.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
    }
    settings
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

/// The reasons why the −ELBO of one run says nothing about that of another.
fn not_comparable(runs: &[Compared]) -> Vec<String> {
    let reason = |what: &str, value: &dyn Fn(&Compared) -> Option<String>| {
        let values: Vec<String> = runs.iter().filter_map(value).collect();
        let differ = values.iter().any(|other| *other != values[0]);
        differ.then(|| format!("the -ELBOs are of different {what} ({})", values.join(", ")))
    };
    let config = |run: &Compared, text: fn(&TrainConfig) -> String| run.summary.config.as_ref().map(text);
    let reasons = [
        reason("likelihoods", &|run| config(run, |config| config.model.likelihood.to_string())),
        reason("protocols", &|run| config(run, |config| format!("{} pixels", config.data.binarization))),
        reason("data", &|run| config(run, |config| short_data(&config.data.source))),
        reason("splits", &|run| {
            let images = if run.is_of_training_images() { "training images" } else { "held-out images" };
            run.summary.best.map(|_| images.to_owned())
        }),
    ];
    reasons.into_iter().flatten().collect()
}

/// Writes the picture of a comparison; the directory for pictures is created if it is there.
pub(crate) fn write_picture(comparison: &Comparison, path: &Path) -> anyhow::Result<()> {
    let picture = comparison.picture().context("cannot draw the curves")?;
    if let Some(parent) = path.parent().filter(|parent| *parent == paths::pictures()) {
        std::fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    picture.write(path)
}
