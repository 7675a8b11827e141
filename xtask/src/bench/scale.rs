//! How the cost of training grows: one thing at a time, from small to large.

use crate::interrupt;

use super::{
    point::{Outcome, Point},
    watch::Watch,
    workload,
};

/// A series and what was measured at each of its points.
pub(crate) type Measured = (Series, Vec<Outcome>);

/// Measurements in which one thing grows.
pub(crate) struct Series {
    pub(crate) title: &'static str,
    /// What one would expect of it, and why.
    pub(crate) expectation: &'static str,
    /// What grows.
    pub(crate) variable: &'static str,
    /// The work that time is divided by, so that growth beyond it shows.
    pub(crate) unit: Unit,
    /// What grows, as a number, and the measurement there.
    pub(crate) points: Vec<(usize, Point)>,
}

/// Time for a unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Image,
    Parameter,
    /// All threads' time together.
    Step,
}

impl Unit {
    /// The head of the column.
    pub(crate) const fn head(self) -> &'static str {
        match self {
            Self::Image => "µs an image",
            Self::Parameter => "ns a parameter",
            Self::Step => "ms times threads",
        }
    }

    /// The time of a unit of work.
    pub(crate) fn of(self, point: &Point, outcome: &Outcome) -> f64 {
        match self {
            Self::Image => 1e6 * outcome.seconds / outcome.images as f64,
            Self::Parameter => 1e9 * outcome.seconds / outcome.parameters as f64,
            Self::Step => 1e3 * outcome.seconds * point.threads as f64,
        }
    }
}

/// What does not grow: the network 784-256-64 at a batch of 128.
pub(crate) fn base(threads: usize, seconds: f64) -> Point {
    Point {
        hidden: vec![256],
        latent: 64,
        batch: 128,
        threads,
        images: workload::IMAGES,
        epochs: false,
        seconds,
    }
}

/// Measures all series that `base` is the base of.
///
/// # Errors
/// Those of [`Point::measure_apart`].
pub(crate) fn measure(base: &Point) -> anyhow::Result<Vec<Measured>> {
    let series = series(base);
    let _ending = interrupt::StopCleanly::begin();
    let watch = Watch::new(series.iter().map(|series| series.points.len()).sum());
    let mut measured = Vec::new();
    for series in series {
        let mut outcomes = Vec::new();
        for (value, point) in &series.points {
            watch.begin(&format!("{} {value}", series.variable));
            outcomes.push(point.measure_apart()?);
            watch.done();
        }
        measured.push((series, outcomes));
    }
    Ok(measured)
}

/// All series, on up to as many threads as `base` has.
pub(crate) fn series(base: &Point) -> [Series; 5] {
    let points = |values: Vec<usize>, change: &dyn Fn(&mut Point, usize)| {
        let point = |&value: &usize| {
            let mut point = base.clone();
            change(&mut point, value);
            (value, point)
        };
        values.iter().map(point).collect()
    };
    [
        Series {
            title: "Batch",
            expectation: "A step updates all parameters, however many images it looks at, so the time an image falls \
                          as the batch grows, until the arithmetic is all there is.",
            variable: "batch",
            unit: Unit::Image,
            points: points(doublings(16, 4_096), &|point, value| point.batch = value),
        },
        Series {
            title: "Width",
            expectation: "With one hidden layer, parameters and arithmetic grow with its width. Training holds 16 bytes \
                          a parameter: where they leave a cache, a parameter takes longer.",
            variable: "width",
            unit: Unit::Parameter,
            points: points(doublings(128, 4_096), &|point, value| point.hidden = vec![value]),
        },
        Series {
            title: "Depth",
            expectation: "Each further hidden layer of 256 adds the same work to encoder and decoder.",
            variable: "hidden layers",
            unit: Unit::Parameter,
            points: points((1..=4).collect(), &|point, value| point.hidden = vec![256; value]),
        },
        Series {
            title: "Threads",
            expectation: "If a step could be shared out without loss, the time of all threads together would stay the \
                          same.",
            variable: "threads",
            unit: Unit::Step,
            points: points(crews(base.threads), &|point, value| point.threads = value),
        },
        Series {
            title: "Training set",
            expectation: "An epoch takes as many steps as there are batches, and an image 784 bytes. Epochs too long to \
                          wait for are cut short and scaled up.",
            variable: "images",
            unit: Unit::Image,
            points: points(vec![1_000, 10_000, 100_000, 1_000_000], &|point, value| {
                (point.images, point.epochs) = (value, true);
            }),
        },
    ]
}

/// `first`, twice that and so on up to `last`.
fn doublings(first: usize, last: usize) -> Vec<usize> {
    std::iter::successors(Some(first), |&value| Some(2 * value)).take_while(|&value| value <= last).collect()
}

/// Every number of threads up to eight, then its doublings, and always the last.
fn crews(most: usize) -> Vec<usize> {
    let mut crews: Vec<usize> = (1..=most.min(8)).chain(doublings(16, most)).collect();
    if crews.last() != Some(&most) {
        crews.push(most);
    }
    crews
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_grow_one_by_one_and_then_by_doubling() {
        assert_eq!(crews(1), [1]);
        assert_eq!(crews(3), [1, 2, 3]);
        assert_eq!(crews(8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(crews(48), [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 48]);
    }

    #[test]
    fn doublings_include_both_ends() {
        assert_eq!(doublings(16, 4_096), [16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096]);
    }

    #[test]
    fn every_batch_is_there_to_be_gathered() {
        for series in series(&base(2, 1.0)) {
            assert!(series.points.iter().all(|(_, point)| point.batch <= point.images), "{}", series.title);
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
        let point = base(4, 1.0);
        let close = |unit: Unit, expected: f64| (unit.of(&point, &outcome) - expected).abs() < 1e-9;
        assert!(close(Unit::Image, 100.0) && close(Unit::Parameter, 1_000.0) && close(Unit::Step, 40.0));
    }
}
