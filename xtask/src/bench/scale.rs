//! The growth of the cost of training: series of measurements in which one quantity grows.

use super::{
    measurement::{Measurement, Outcome},
    progress::Progress,
    workload,
};
use crate::interrupt::StopCleanly;

/// A series and the outcomes of its measurements.
pub(crate) type SeriesResult = (Series, Vec<Outcome>);

/// Measurements in which one quantity grows.
pub(crate) struct Series {
    pub(crate) title: &'static str,
    /// The growth that one would expect, and why.
    pub(crate) expectation: &'static str,
    /// The name of the quantity that grows.
    pub(crate) variable: &'static str,
    /// The work that time is divided by, so that growth beyond it shows.
    pub(crate) unit: Unit,
    /// The values of the quantity, and the measurement for each.
    pub(crate) measurements: Vec<(usize, Measurement)>,
}

/// A unit of work, by which times are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Image,
    Parameter,
    /// A step, with the times of all threads added up.
    Step,
}

impl Unit {
    /// The head of the column.
    pub(crate) const fn head(self) -> &'static str {
        match self {
            Self::Image => "µs per image",
            Self::Parameter => "ns per parameter",
            Self::Step => "ms times threads",
        }
    }

    /// The time per unit of work.
    pub(crate) fn time(self, measurement: &Measurement, outcome: &Outcome) -> f64 {
        match self {
            Self::Image => 1e6 * outcome.seconds / outcome.images as f64,
            Self::Parameter => 1e9 * outcome.seconds / outcome.parameters as f64,
            Self::Step => 1e3 * outcome.seconds * measurement.threads as f64,
        }
    }
}

/// The measurement that the series vary: the network 784-256-64 with batch size 128.
pub(crate) fn base(threads: usize, seconds: f64) -> Measurement {
    Measurement {
        hidden: vec![256],
        latent: 64,
        batch: 128,
        threads,
        images: workload::IMAGES,
        epochs: false,
        seconds,
    }
}

/// Runs all series that vary `base`.
///
/// # Errors
/// Those of [`Measurement::run_in_process`].
pub(crate) fn measure(base: &Measurement) -> anyhow::Result<Vec<SeriesResult>> {
    let series = series(base);
    let _guard = StopCleanly::begin();
    let progress = Progress::new(series.iter().map(|series| series.measurements.len()).sum());
    let mut results = Vec::new();
    for series in series {
        let mut outcomes = Vec::new();
        for (value, measurement) in &series.measurements {
            progress.begin(&format!("{} {value}", series.variable));
            outcomes.push(measurement.run_in_process()?);
            progress.done();
        }
        results.push((series, outcomes));
    }
    Ok(results)
}

/// All series, with at most the number of threads of `base`.
pub(crate) fn series(base: &Measurement) -> [Series; 5] {
    let vary = |values: Vec<usize>, change: &dyn Fn(&mut Measurement, usize)| {
        let measurement = |&value: &usize| {
            let mut measurement = base.clone();
            change(&mut measurement, value);
            (value, measurement)
        };
        values.iter().map(measurement).collect()
    };
    [
        Series {
            title: "Batch",
            expectation: "A step updates all parameters, whatever the size of its batch. So the time per image falls \
                          as the batch grows, until it is only that of the arithmetic.",
            variable: "batch",
            unit: Unit::Image,
            measurements: vary(doublings(16, 4_096), &|m, value| m.batch = value),
        },
        Series {
            title: "Width",
            expectation: "With one hidden layer, parameters and arithmetic grow with its width. Training holds 16 \
                          bytes per parameter. When they no longer fit into a cache, the time per parameter grows.",
            variable: "width",
            unit: Unit::Parameter,
            measurements: vary(doublings(128, 4_096), &|m, value| m.hidden = vec![value]),
        },
        Series {
            title: "Depth",
            expectation: "Each additional hidden layer of width 256 adds the same work to encoder and decoder.",
            variable: "hidden layers",
            unit: Unit::Parameter,
            measurements: vary((1..=4).collect(), &|m, value| m.hidden = vec![256; value]),
        },
        Series {
            title: "Threads",
            expectation: "If a step could be divided without loss, the sum of the times of all threads would be \
                          constant.",
            variable: "threads",
            unit: Unit::Step,
            measurements: vary(thread_counts(base.threads), &|m, value| m.threads = value),
        },
        Series {
            title: "Training set",
            expectation: "The time of an epoch grows with the number of its batches; an image takes 784 bytes. The \
                          time of a long epoch is extrapolated from a part of it.",
            variable: "images",
            unit: Unit::Image,
            measurements: vary(vec![1_000, 10_000, 100_000, 1_000_000], &|m, value| {
                (m.images, m.epochs) = (value, true);
            }),
        },
    ]
}

/// `first`, twice `first` and so on, up to `last`.
fn doublings(first: usize, last: usize) -> Vec<usize> {
    std::iter::successors(Some(first), |&value| Some(2 * value)).take_while(|&value| value <= last).collect()
}

/// Every number of threads up to eight, then powers of two, and always `most`.
fn thread_counts(most: usize) -> Vec<usize> {
    let mut counts: Vec<usize> = (1..=most.min(8)).chain(doublings(16, most)).collect();
    if counts.last() != Some(&most) {
        counts.push(most);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_grow_one_by_one_and_then_by_doubling() {
        assert_eq!(thread_counts(1), [1]);
        assert_eq!(thread_counts(3), [1, 2, 3]);
        assert_eq!(thread_counts(8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(thread_counts(48), [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 48]);
    }

    #[test]
    fn doublings_include_both_ends() {
        assert_eq!(doublings(16, 4_096), [16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096]);
    }

    #[test]
    fn no_batch_is_larger_than_its_training_set() {
        for series in series(&base(2, 1.0)) {
            assert!(series.measurements.iter().all(|(_, m)| m.batch <= m.images), "{}", series.title);
        }
    }

    #[test]
    fn a_unit_of_work_divides_the_time() {
        let outcome = Outcome {
            seconds: 0.01,
            images: 100,
            parameters: 10_000,
            flop: 1,
            drawing_seconds: 0.0,
            peak_resident_bytes: None,
        };
        let measurement = base(4, 1.0);
        let close = |unit: Unit, expected: f64| (unit.time(&measurement, &outcome) - expected).abs() < 1e-9;
        assert!(close(Unit::Image, 100.0) && close(Unit::Parameter, 1_000.0) && close(Unit::Step, 40.0));
    }
}
