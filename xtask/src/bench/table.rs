//! The numbers of a run as text.

use std::fmt::Write;

use super::{
    limits::Limits,
    report::{Inference, Report, Training},
};
use crate::term;

impl Report {
    /// The machine, its limits, training and inference.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n\n{}", self.machine, limits(&self.limits));
        if !self.training.is_empty() {
            let _ = write!(text, "\n{}\n{}", steps(&self.training), stages(&self.training));
        }
        if !self.inference.is_empty() {
            let _ = write!(text, "\n{}", inference(&self.inference));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn limits(limits: &[Limits]) -> String {
    let mut head = vec!["threads", "f32 GFLOP/s"];
    head.extend(Limits::SETS);
    let row = |limits: &Limits| {
        let mut row = vec![limits.threads.to_string(), number(limits.peak_gflops)];
        row.extend(limits.bandwidth.iter().map(|set| number(set.gb_per_second)));
        row
    };
    let table = aligned(&head, limits.iter().map(row));
    format!(
        "Limits: multiply-adds in registers; GB/s for the arrays of an optimizer, by the working set of all\n\
         threads together (the smallest: of each thread)\n{table}"
    )
}

fn steps(training: &[Training]) -> String {
    let head =
        ["network", "batch", "threads", "ms/step", "images/s", "GFLOP/s", "floor ms", "of floor", "s/epoch"];
    let row = |line: &Training| {
        vec![
            line.network.clone(),
            line.batch.to_string(),
            line.threads.to_string(),
            number(line.step_ms),
            term::thousands(line.images_per_second.round() as usize),
            number(line.gflops),
            number(line.floor_ms),
            percent(line.floor_share),
            number(line.epoch_seconds),
        ]
    };
    format!(
        "Training steps; the floor is the time of all multiply-adds at the peak rate and of the optimizer's\n\
         bytes at the bandwidth; an epoch has 60 000 images\n{}",
        aligned(&head, training.iter().map(row))
    )
}

fn stages(training: &[Training]) -> String {
    let head = ["network", "batch", "threads", "gather", "noise", "forward", "backward", "optimizer"];
    let row = |line: &Training| {
        let mut row = vec![line.network.clone(), line.batch.to_string(), line.threads.to_string()];
        // A difference of medians may be negative; it is shown as zero.
        let stages = line.parts_ms.in_order().map(|ms| ms.max(0.0));
        row.extend(stages.iter().map(|ms| format!("{} {:>5}", number(*ms), percent(ms / line.step_ms))));
        row
    };
    let table = aligned(&head, training.iter().map(row));
    format!("Where a step's time goes: ms and share of the step; each stage is measured separately\n{table}")
}

fn inference(inference: &[Inference]) -> String {
    let head =
        ["network", "threads", "encode/s", "decode/s", "sample/s", "encode µs", "99 %", "decode µs", "99 %"];
    let row = |line: &Inference| {
        let mut row = vec![line.network.clone(), line.threads.to_string()];
        let rates =
            [line.encode_images_per_second, line.decode_images_per_second, line.sample_images_per_second];
        row.extend(rates.map(|rate| term::thousands(rate.round() as usize)));
        for latency in [line.encode_one, line.decode_one] {
            row.extend([latency.median_us, latency.percentile_99_us].map(number));
        }
        row
    };
    format!(
        "Inference: images per second, {} at once; µs for a single image, median and 99th percentile\n{}",
        term::thousands(inference.first().map_or(0, |line| line.batch)),
        aligned(&head, inference.iter().map(row))
    )
}

/// A table with a head; the first column is aligned to the left, the others to the right.
pub(crate) fn aligned(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|&cell| cell.to_owned()).collect();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(text, "{cell:width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}

/// A number with about four digits.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.2}"),
        size if size < 1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use vae_core::VaeConfig;

    use super::{
        super::{floor::Work, limits::tests, machine::Machine, step::StepTimes},
        *,
    };

    fn report() -> Report {
        let work = Work { multiply_adds: 5_000_000_000, parameters: 3_000_000 };
        let times =
            StepTimes { step: 0.2, batch: 0.1, noise: 0.01, forward: 0.05, backward: 0.1, optimizer: -1e-3 };
        let network = VaeConfig { hidden: vec![1024, 1024], ..VaeConfig::default() };
        Report {
            machine: Machine::this(),
            limits: vec![tests::limits(1), tests::limits(128)],
            training: vec![Training::new(&network, work, 65_536, &times, &tests::limits(128))],
            inference: Vec::new(),
        }
    }

    #[test]
    fn the_tables_fit_a_hundred_columns() {
        for line in report().text().lines().skip(1) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn a_negative_stage_is_shown_as_zero() {
        let text = stages(&report().training);
        assert!(text.trim_end().ends_with("0.000   0 %"), "{text}");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["long name".to_owned(), "1".to_owned()], vec!["b".to_owned(), "12345".to_owned()]];
        assert_eq!(aligned(&["µs", "n"], rows), "µs             n\nlong name      1\nb          12345\n");
    }

    #[test]
    fn numbers_keep_about_four_digits() {
        assert_eq!(
            [0.0, 1.2345, 12.345, 123.45, 1234.5].map(number),
            ["0.000", "1.234", "12.35", "123.5", "1234"]
        );
    }
}
