//! The growth of the cost as a document that can be kept beside the code. It names the command and the machine, but no
//! date, so that only the numbers change from one version to the next.

use std::fmt::Write;

use super::{
    machine::Machine,
    measurement::{Measurement, Outcome},
    scale::{Series, SeriesResult, Unit},
    table::number,
    workload,
};
use crate::term;

/// The text of the document. `command` is the command that makes it, `base` the measurement that the series vary.
pub(crate) fn text(machine: &Machine, command: &str, base: &Measurement, results: &[SeriesResult]) -> String {
    let Measurement { hidden, latent, batch, threads, seconds, .. } = base;
    let hidden: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    let s = if *threads == 1 { "" } else { "s" };
    let introduction = format!(
        "Training steps of 784-{}-{latent} with batch size {batch} on {threads} thread{s}, except for what a table \
         varies. A step consists of a batch of built-in digits (from {}, unless a table varies that), noise, gradient \
         and Adam. Each row is measured in a process of its own, each time is the median of about {seconds} s. GFLOP/s \
         counts two operations for every multiply-add of the formulas, even for those that are skipped because a \
         factor is zero. Peak memory is the most that the process ever held, including the program and the images.",
        hidden.join("-"),
        term::thousands(workload::IMAGES),
    );
    let mut text =
        format!("# How the cost grows\n{}", wrapped(&format!("Made by `{command}` on {machine}.")));
    let _ = write!(text, "\n{}", wrapped(&introduction));
    for (series, outcomes) in results {
        let (expectation, table) = (wrapped(series.expectation), table(series, outcomes));
        let _ = write!(text, "\n## {}\n{expectation}\n{table}", series.title);
    }
    text
}

/// Wraps a paragraph into lines that can be read and compared.
fn wrapped(paragraph: &str) -> String {
    const WIDTH: usize = 110;
    let mut text = String::new();
    let mut line = 0;
    for word in paragraph.split(' ') {
        let length = word.chars().count();
        if line > 0 && line + 1 + length > WIDTH {
            text.push('\n');
            line = 0;
        } else if line > 0 {
            text.push(' ');
            line += 1;
        }
        text.push_str(word);
        line += length;
    }
    text + "\n"
}

/// A row for each measurement of a series.
fn table(series: &Series, outcomes: &[Outcome]) -> String {
    let epochs = series.measurements.iter().any(|(_, measurement)| measurement.epochs);
    let mut head = vec![series.variable];
    if series.unit == Unit::Parameter {
        head.push("parameters");
    }
    head.push(if epochs { "s per epoch" } else { "ms per step" });
    head.extend(["images/s", "GFLOP/s", series.unit.head()]);
    if epochs {
        head.push("s to draw the set");
    }
    head.push("peak MiB");
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " ---: |".repeat(head.len()));
    for ((value, measurement), outcome) in series.measurements.iter().zip(outcomes) {
        let mut row = vec![term::thousands(*value)];
        if series.unit == Unit::Parameter {
            row.push(term::thousands(outcome.parameters as usize));
        }
        row.push(number(if epochs { outcome.seconds } else { 1e3 * outcome.seconds }));
        row.push(term::thousands((outcome.images as f64 / outcome.seconds).round() as usize));
        row.push(number(outcome.flop as f64 / outcome.seconds / 1e9));
        row.push(number(series.unit.time(measurement, outcome)));
        if epochs {
            row.push(number(outcome.drawing_seconds));
        }
        let mebibytes = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
        row.push(outcome.peak_resident_bytes.map_or("-".to_owned(), mebibytes));
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::scale, *};

    const OUTCOME: Outcome = Outcome {
        seconds: 0.002,
        images: 128,
        parameters: 451_984,
        flop: 294_649_856,
        drawing_seconds: 0.1,
        peak_resident_bytes: Some(25 << 20),
    };

    fn results() -> Vec<SeriesResult> {
        scale::series(&scale::base(2, 1.0))
            .into_iter()
            .map(|series| {
                let outcomes = vec![OUTCOME; series.measurements.len()];
                (series, outcomes)
            })
            .collect()
    }

    #[test]
    fn a_row_has_the_numbers_of_its_measurement() {
        let text = text(&Machine::this(), "made", &scale::base(2, 1.0), &results());
        for row in [
            "| batch | ms per step | images/s | GFLOP/s | µs per image | peak MiB |\n| ---: | ---: |",
            "| 16 | 2.000 | 64 000 | 147.3 | 15.62 | 25 |",
            "| 4 096 | 451 984 | 2.000 | 64 000 | 147.3 | 4.425 | 25 |",
            "| 2 | 2.000 | 64 000 | 147.3 | 4.000 | 25 |",
            "| 1 000 000 | 0.002 | 64 000 | 147.3 | 15.62 | 0.100 | 25 |",
        ] {
            assert!(text.contains(row), "{row} in {text}");
        }
    }

    #[test]
    fn memory_that_the_system_does_not_report_is_a_dash() {
        let mut results = results();
        results.truncate(1);
        results[0].1.iter_mut().for_each(|outcome| outcome.peak_resident_bytes = None);
        let text = text(&Machine::this(), "made", &scale::base(2, 1.0), &results);
        assert!(text.trim_end().ends_with("| 15.62 | - |"), "{text}");
    }

    #[test]
    fn a_paragraph_is_wrapped_between_its_words() {
        let paragraph = ["word"; 50].join(" ");
        let text = wrapped(&paragraph);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [109, 109, 29]);
        assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), paragraph);
    }

    #[test]
    fn the_command_is_at_the_top() {
        let text = text(&Machine::this(), "cargo xtask bench --scale a.md", &scale::base(1, 1.0), &[]);
        let top: Vec<&str> = text.lines().take(2).collect();
        assert!(
            top[1].contains("`cargo xtask bench --scale a.md`")
                && top[1].contains(&Machine::this().to_string())
        );
    }
}
