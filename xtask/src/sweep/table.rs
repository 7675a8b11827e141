//! The results of all variants side by side, in Markdown or JSON.

use std::fmt::Write;

use serde::Serialize;
use toml::Table;
use vae_core::{Likelihood, Loss};
use vae_data::Binarization;

use crate::term;

/// The result of one run, measured on the test images.
pub(crate) struct Measured {
    pub(crate) loss: Loss,
    pub(crate) quickest_epoch_secs: f64,
}

/// The results of a sweep, in nats per image of the test set.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The data of the test images.
    pub(crate) data: String,
    /// The number of test images.
    pub(crate) images: usize,
    pub(crate) seeds: Vec<u64>,
    pub(crate) variants: Vec<Row>,
}

/// The results of a variant over all seeds. The losses of a variant are missing if one of its runs diverged.
#[derive(Serialize)]
pub(crate) struct Row {
    name: String,
    changes: Table,
    #[serde(skip)]
    changes_text: String,
    likelihood: Likelihood,
    /// How pixels were made black or white.
    protocol: Binarization,
    parameters: usize,
    /// The number of runs whose loss became NaN or infinite.
    diverged: usize,
    neg_elbo: Option<Spread>,
    reconstruction: Option<Spread>,
    kl: Option<Spread>,
    /// The mean −ELBO minus that of the first variant; none where the likelihoods or the protocols differ.
    difference: Option<f64>,
    /// Only the quickest epoch is reported: others may be slower because of other programs.
    quickest_epoch_secs: Option<f64>,
}

/// One loss over all seeds.
#[derive(Serialize)]
struct Spread {
    mean: f64,
    /// The sample standard deviation, with n − 1 in the denominator; none for a single seed.
    deviation: Option<f64>,
    values: Vec<f64>,
}

impl Spread {
    fn new(values: Vec<f64>) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        Self { mean, deviation, values }
    }

    fn text(&self) -> String {
        let spread = self.deviation.map_or_else(String::new, |deviation| format!(" ± {deviation:.2}"));
        format!("{:.2}{spread}", self.mean)
    }
}

/// The variant that a row describes.
pub(crate) struct VariantInfo {
    pub(crate) name: String,
    pub(crate) changes: Table,
    pub(crate) changes_text: String,
    pub(crate) likelihood: Likelihood,
    pub(crate) protocol: Binarization,
    pub(crate) parameters: usize,
}

impl Row {
    /// Rows of the same scale can be compared.
    fn scale(&self) -> (Likelihood, Binarization) {
        (self.likelihood, self.protocol)
    }

    /// `runs` has one entry per seed, which is `None` if the run diverged. At least one entry is expected.
    pub(crate) fn new(variant: VariantInfo, runs: &[Option<Measured>]) -> Self {
        let VariantInfo { name, changes, changes_text, likelihood, protocol, parameters } = variant;
        let spread = |number: fn(&Measured) -> f64| {
            let values: Option<Vec<f64>> = runs.iter().map(|run| run.as_ref().map(number)).collect();
            values.map(Spread::new)
        };
        Self {
            name,
            changes,
            changes_text,
            likelihood,
            protocol,
            parameters,
            diverged: runs.iter().filter(|run| run.is_none()).count(),
            neg_elbo: spread(|run| run.loss.neg_elbo()),
            reconstruction: spread(|run| run.loss.reconstruction),
            kl: spread(|run| run.loss.kl),
            difference: None,
            quickest_epoch_secs: spread(|run| run.quickest_epoch_secs)
                .and_then(|seconds| seconds.values.into_iter().min_by(f64::total_cmp)),
        }
    }
}

impl Report {
    pub(crate) fn new(data: String, images: usize, seeds: Vec<u64>, mut variants: Vec<Row>) -> Self {
        let mean = |row: &Row| row.neg_elbo.as_ref().map(|spread| spread.mean);
        let first = variants.first().map(|row| (row.scale(), mean(row)));
        for row in &mut variants {
            let first = first.filter(|(scale, _)| *scale == row.scale());
            let first = first.and_then(|(_, mean)| mean);
            row.difference = first.zip(mean(row)).map(|(first, own)| own - first);
        }
        Self { data, images, seeds, variants }
    }

    pub(crate) fn markdown(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(ToString::to_string).collect();
        let images = term::thousands(self.images);
        let mut text = format!("{images} test images of {}, nats per image, ", self.data);
        text += &match &seeds[..] {
            [seed] => format!("seed {seed}.\n\n"),
            _ => format!("mean ± sample standard deviation over the seeds {}.\n\n", seeds.join(", ")),
        };
        let mixed = self.variants.iter().any(|row| row.scale() != self.variants[0].scale());
        let (likelihood, protocol) = self.variants[0].scale();
        if !mixed && self.variants[0].scale() != Default::default() {
            text += &format!("All have {protocol} pixels and {likelihood} likelihood.\n\n");
        }
        if mixed {
            text += "The likelihoods, or the protocols by which pixels are made black or white, differ: their losses are \
                     on different scales and cannot be compared.\n\n";
        }
        text += "| variant | changes | parameters | -ELBO | reconstruction | KL | vs. first | quickest epoch, s |\n";
        text += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
        for (i, row) in self.variants.iter().enumerate() {
            let none = || "–".to_owned();
            let number = |spread: &Option<Spread>| spread.as_ref().map_or_else(none, Spread::text);
            let neg_elbo = match row.diverged {
                0 => number(&row.neg_elbo),
                runs => format!("diverged ({runs} of {})", self.seeds.len()),
            };
            let difference = row.difference.filter(|_| i > 0);
            let cells = [
                cell(&row.name),
                if row.changes_text.is_empty() { none() } else { cell(&row.changes_text) },
                term::thousands(row.parameters),
                if mixed { format!("{neg_elbo} ({}, {})", row.likelihood, row.protocol) } else { neg_elbo },
                number(&row.reconstruction),
                number(&row.kl),
                difference.map_or_else(none, |nats| format!("{nats:+.2}")),
                row.quickest_epoch_secs.map_or_else(none, |seconds| format!("{seconds:.2}")),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// A text for a cell of the table, on one line and with its bars escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, runs: &[Option<f64>]) -> Row {
        let variant = VariantInfo {
            name: name.to_owned(),
            changes: Table::new(),
            changes_text: String::new(),
            likelihood: Likelihood::Bernoulli,
            protocol: Binarization::Grey,
            parameters: 12_345,
        };
        let measured =
            |reconstruction| Measured { loss: Loss { reconstruction, kl: 20.0 }, quickest_epoch_secs: 0.5 };
        Row::new(variant, &runs.iter().map(|run| run.map(measured)).collect::<Vec<_>>())
    }

    fn report(seeds: Vec<u64>, rows: Vec<Row>) -> Report {
        Report::new("digits".to_owned(), 1000, seeds, rows)
    }

    #[test]
    fn a_row_has_mean_sample_deviation_and_the_difference_from_the_first() {
        let rows = vec![row("a", &[Some(80.0), Some(82.0)]), row("b", &[Some(78.0), Some(81.0)])];
        let text = report(vec![0, 1], rows).markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "1 000 test images of digits, nats per image, mean ± sample standard deviation over the seeds 0, 1."
        );
        assert_eq!(lines[4], "| a | – | 12 345 | 101.00 ± 1.41 | 81.00 ± 1.41 | 20.00 ± 0.00 | – | 0.50 |");
        assert_eq!(
            lines[5],
            "| b | – | 12 345 | 99.50 ± 2.12 | 79.50 ± 2.12 | 20.00 ± 0.00 | -1.50 | 0.50 |"
        );
    }

    #[test]
    fn losses_of_different_likelihoods_are_marked_and_not_compared() {
        let likelihood = Likelihood::ContinuousBernoulli;
        let other = Row { likelihood, ..row("b", &[Some(-900.0)]) };
        let report = report(vec![0], vec![row("a", &[Some(80.0)]), other]);
        assert_eq!(report.variants[1].difference, None);
        let text = report.markdown();
        assert!(text.contains("cannot be compared"), "{text}");
        assert!(text.contains("| -880.00 (continuous_bernoulli, grey) | -900.00 | 20.00 | – |"), "{text}");
    }

    #[test]
    fn losses_of_different_protocols_are_marked_and_not_compared() {
        let other = Row { protocol: Binarization::Dynamic, ..row("b", &[Some(70.0)]) };
        let report = report(vec![0], vec![row("a", &[Some(80.0)]), other]);
        assert_eq!(report.variants[1].difference, None);
        let text = report.markdown();
        assert!(text.contains("cannot be compared") && text.contains("90.00 (bernoulli, dynamic)"), "{text}");
    }

    #[test]
    fn a_single_seed_has_no_spread() {
        let text = report(vec![7], vec![row("a", &[Some(80.0)])]).markdown();
        assert!(text.contains("seed 7.") && text.contains("| 100.00 |"), "{text}");
        assert!(!text.contains('±'), "{text}");
    }

    #[test]
    fn a_variant_that_diverged_has_no_numbers() {
        let rows = vec![row("a", &[Some(80.0), None]), row("b", &[Some(80.0), Some(80.0)])];
        let text = report(vec![0, 1], rows).markdown();
        assert!(text.contains("| a | – | 12 345 | diverged (1 of 2) | – | – | – | – |"), "{text}");
        assert!(
            text.contains("| b | – | 12 345 | 100.00 ± 0.00 | 80.00 ± 0.00 | 20.00 ± 0.00 | – | 0.50 |"),
            "{text}"
        );
    }

    #[test]
    fn a_name_with_bars_and_line_breaks_stays_in_its_cell() {
        let text = report(vec![0], vec![row("a|b\nc", &[Some(80.0)])]).markdown();
        assert!(text.contains(r"| a\|b c |"), "{text}");
    }
}
