//! One axis of a chart: its range, its ticks at round numbers with their labels, and positions along it.
//!
//! plotters has axes of its own. These label epochs at whole numbers, have different labels at any magnitude, and
//! cannot fail: a chart is needed most when a run goes wrong and its loss is 1e30 or does not change at all.

/// Numbers of a larger magnitude are not drawn: the length of an axis must fit into an `f64`.
pub(crate) const LARGEST: f64 = 1e300;
/// Numbers of a smaller magnitude count as zero.
const SMALLEST: f64 = 1e-300;
/// A range that is narrower than this fraction of its magnitude counts as a single number: its labels would need more
/// digits than are legible.
const FLAT: f64 = 1e-9;

/// A range of numbers with its ticks.
#[derive(Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    /// Round numbers within the range, ascending, each with its label.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis for measured values, a little wider than from `low` to `high`, with about `ticks` labels.
    pub(crate) fn values(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high, magnitude) = snap(low, high);
        let pad = if high - low > FLAT * magnitude {
            0.05 * (high - low)
        } else if magnitude > 0.0 {
            0.1 * magnitude
        } else {
            1.0
        };
        let (low, high) = (low - pad, high + pad);
        let step = round_step((high - low) / ticks as f64);
        Self { low, high, ticks: ticks_at(low, high, step) }
    }

    /// An axis for epochs, exactly from `low` to `high` (one epoch more at both ends if these are equal), labelled at
    /// whole numbers if its range is at least one epoch.
    pub(crate) fn epochs(low: f64, high: f64, ticks: usize) -> Self {
        let (mut low, mut high, magnitude) = snap(low, high);
        if high - low <= FLAT * magnitude {
            // Around larger numbers, a range of two epochs would be too narrow for legible labels.
            let pad = if magnitude < 1e6 { 1.0 } else { 0.1 * magnitude };
            (low, high) = (low - pad, high + pad);
        }
        let step = round_step((high - low) / ticks as f64);
        let step = if high - low >= 1.0 { step.max(1.0) } else { step };
        Self { low, high, ticks: ticks_at(low, high, step) }
    }

    /// Position of a value along the axis: 0 at its lower end, 1 at its upper end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// Both numbers, with zero for those below [`SMALLEST`], and the larger of their magnitudes.
fn snap(low: f64, high: f64) -> (f64, f64, f64) {
    debug_assert!(low <= high && low.abs() <= LARGEST && high.abs() <= LARGEST, "{low} to {high}");
    let snap = |value: f64| if value.abs() < SMALLEST { 0.0 } else { value };
    let (low, high) = (snap(low), snap(high));
    (low, high, low.abs().max(high.abs()))
}

/// The smallest of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, ... that is not smaller than `step`.
fn round_step(step: f64) -> f64 {
    let unit = 10f64.powf(step.log10().floor());
    let multiple = step / unit;
    // The tolerance keeps a step that is already round, in spite of rounding errors.
    let rounded = [1.0, 2.0, 5.0].into_iter().find(|&candidate| multiple <= candidate * (1.0 + 1e-9));
    unit * rounded.unwrap_or(10.0)
}

/// The multiples of `step` between `low` and `high`, with labels of as many digits as make them different.
fn ticks_at(low: f64, high: f64, step: f64) -> Vec<(f64, String)> {
    // A tick may lie outside by a billionth of a step: 0.1 · 3 is a little more than 0.3.
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    let count = (last - first) as usize + 1;
    let values = (0..count).map(|i| (first + i as f64) * step);
    let magnitude = low.abs().max(high.abs());
    values.map(|value| (value, label(value, step, magnitude))).collect()
}

/// A tick's label, with a minus sign instead of a hyphen. Axes of very large or very small magnitude are labelled in
/// scientific notation.
fn label(value: f64, step: f64, magnitude: f64) -> String {
    let exponent = |x: f64| (x.log10() + 1e-9).floor();
    let label = if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e6).contains(&magnitude) {
        format!("{value:.*}", (-exponent(step)).max(0.0) as usize)
    } else {
        let digits = (exponent(value.abs()) - exponent(step)).max(0.0) as usize;
        format!("{value:.digits$e}")
    };
    label.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn a_loss_gets_round_labels() {
        assert_eq!(labels(&Axis::values(103.0, 181.0, 5)), ["100", "120", "140", "160", "180"]);
    }

    #[test]
    fn labels_have_the_digits_that_tell_them_apart() {
        assert_eq!(labels(&Axis::values(0.11, 0.49, 5)), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(&Axis::values(-0.02, 0.02, 4)), ["−0.02", "0", "0.02"]);
    }

    #[test]
    fn epochs_are_labelled_at_whole_numbers() {
        assert_eq!(labels(&Axis::epochs(1.0, 3.0, 8)), ["1", "2", "3"]);
        assert_eq!(labels(&Axis::epochs(1.0, 20.0, 5)), ["5", "10", "15", "20"]);
    }

    #[test]
    fn a_single_epoch_is_in_the_middle() {
        let axis = Axis::epochs(1.0, 1.0, 5);
        assert_eq!(labels(&axis), ["0", "1", "2"]);
        assert_eq!(axis.position(1.0), 0.5);
    }

    #[test]
    fn fractions_of_an_epoch_are_labelled_too() {
        assert_eq!(labels(&Axis::epochs(0.2, 0.8, 3)), ["0.2", "0.4", "0.6", "0.8"]);
    }

    #[test]
    fn large_and_small_numbers_are_labelled_in_scientific_notation() {
        assert_eq!(labels(&Axis::values(0.0, 3e30, 4)), ["0", "1e30", "2e30", "3e30"]);
        assert_eq!(labels(&Axis::values(1e-30, 2e-30, 3)), ["1.0e−30", "1.5e−30", "2.0e−30"]);
    }

    #[test]
    fn any_range_gives_few_different_labels_in_order_and_within_the_axis() {
        let magnitudes = [0.0, 5e-324, 1e-300, 1e-30, 1e-9, 0.3, 1.0, 104.7, 1e6, 1e15, 1e30, LARGEST];
        let values: Vec<f64> =
            magnitudes.into_iter().flat_map(|m| [-m, m, m * (1.0 + 1e-12), m * 1.001]).collect();
        for &low in &values {
            for &high in values.iter().filter(|&&high| high >= low && high <= LARGEST && low <= LARGEST) {
                for axis in [Axis::values(low, high, 5), Axis::epochs(low, high, 5)] {
                    let ticks = &axis.ticks;
                    assert!((1..=12).contains(&ticks.len()), "{low:e} to {high:e}: {axis:?}");
                    assert!(
                        ticks.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1),
                        "{low:e} to {high:e}: {axis:?}"
                    );
                    for value in ticks.iter().map(|tick| tick.0).chain([low, high]) {
                        let position = axis.position(value);
                        assert!(
                            (-1e-6..=1.0 + 1e-6).contains(&position),
                            "{low:e} to {high:e}: {value:e} {axis:?}"
                        );
                    }
                    assert!(
                        ticks.iter().all(|(_, label)| label.chars().count() <= 17),
                        "{low:e} to {high:e}: {axis:?}"
                    );
                }
            }
        }
    }
}
