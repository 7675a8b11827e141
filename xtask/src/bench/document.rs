//! How the cost grows, as a document that can be kept beside the code: it says what made it and on which machine, and
//! no date, so that what changes in it are the numbers.

use std::fmt::Write;

use crate::term;

use super::{
    machine::Machine,
    point::{Outcome, Point},
    scale::{Measured, Series, Unit},
    table::number,
    workload,
};

/// The document's text. `command` is what makes it, `base` what the series leave as it is.
pub(crate) fn text(machine: &Machine, command: &str, base: &Point, measured: &[Measured]) -> String {
    let Point { hidden, latent, batch, threads, seconds, .. } = base;
    let hidden: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    let s = if *threads == 1 { "" } else { "s" };
    let introduction = format!(
        "Training steps of 784-{}-{latent} at a batch of {batch} on {threads} thread{s}, but for what a table varies: \
         batches of built-in digits ({} where nothing else is said), noise, gradient and Adam. Each row is a process of \
         its own, each time a median of about {seconds} s. GFLOP/s counts two operations for every multiply-add of the \
         formulas, also for those that are left out because a factor is zero. Peak memory is all that the process ever \
         held at once, program and images included.",
        hidden.join("-"),
        term::thousands(workload::IMAGES),
    );
    let mut text =
        format!("# How the cost grows\n{}", wrapped(&format!("Made by `{command}` on {machine}.")));
    let _ = write!(text, "\n{}", wrapped(&introduction));
    for (series, outcomes) in measured {
        let (expectation, table) = (wrapped(series.expectation), table(series, outcomes));
        let _ = write!(text, "\n## {}\n{expectation}\n{table}", series.title);
    }
    text
}

/// A paragraph in lines that can be read and compared.
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

fn table(series: &Series, outcomes: &[Outcome]) -> String {
    let epochs = series.points.iter().any(|(_, point)| point.epochs);
    let mut head = vec![series.variable];
    if series.unit == Unit::Parameter {
        head.push("parameters");
    }
    head.push(if epochs { "s an epoch" } else { "ms a step" });
    head.extend(["images/s", "GFLOP/s", series.unit.head()]);
    if epochs {
        head.push("s to draw the set");
    }
    head.push("peak MiB");
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " ---: |".repeat(head.len()));
    for ((value, point), outcome) in series.points.iter().zip(outcomes) {
        let mut row = vec![term::thousands(*value)];
        if series.unit == Unit::Parameter {
            row.push(term::thousands(outcome.parameters as usize));
        }
        row.push(number(if epochs { outcome.seconds } else { 1e3 * outcome.seconds }));
        row.push(term::thousands((outcome.images as f64 / outcome.seconds).round() as usize));
        row.push(number(outcome.flop as f64 / outcome.seconds / 1e9));
        row.push(number(series.unit.of(point, outcome)));
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

    fn measured() -> Vec<Measured> {
        scale::series(&scale::base(2, 1.0))
            .into_iter()
            .map(|series| {
                let outcomes = vec![OUTCOME; series.points.len()];
                (series, outcomes)
            })
            .collect()
    }

    #[test]
    fn a_row_has_the_numbers_of_its_point() {
        let text = text(&Machine::this(), "made", &scale::base(2, 1.0), &measured());
        for row in [
            "| batch | ms a step | images/s | GFLOP/s | µs an image | peak MiB |\n| ---: | ---: |",
            "| 16 | 2.000 | 64 000 | 147.3 | 15.62 | 25 |",
            "| 4 096 | 451 984 | 2.000 | 64 000 | 147.3 | 4.425 | 25 |",
            "| 2 | 2.000 | 64 000 | 147.3 | 4.000 | 25 |",
            "| 1 000 000 | 0.002 | 64 000 | 147.3 | 15.62 | 0.100 | 25 |",
        ] {
            assert!(text.contains(row), "{row} in {text}");
        }
    }

    #[test]
    fn memory_that_the_system_does_not_tell_is_a_dash() {
        let mut measured = measured();
        measured.truncate(1);
        measured[0].1.iter_mut().for_each(|outcome| outcome.peak_resident_bytes = None);
        let text = text(&Machine::this(), "made", &scale::base(2, 1.0), &measured);
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
    fn the_command_stands_at_the_top() {
        let text = text(&Machine::this(), "cargo xtask bench --scale a.md", &scale::base(1, 1.0), &[]);
        let top: Vec<&str> = text.lines().take(2).collect();
        assert!(
            top[1].contains("`cargo xtask bench --scale a.md`")
                && top[1].contains(&Machine::this().to_string())
        );
    }
}
