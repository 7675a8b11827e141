//! Which values a chart shows: all of them, unless a few early ones would squeeze the others into a flat line.
//!
//! The first epoch of a training often has a loss far above all that follow. Only epochs at the beginning may leave the
//! frame: a loss that rises later is what one looks at a chart for.

use crate::{Curve, axis::LARGEST};

/// The share of the epochs that may leave the frame, from the first on; the first alone, if this is less than an epoch.
const EARLY: f64 = 0.05;
/// The early epochs leave the frame if it would be more than this many times as high with them.
const SQUEEZED: f64 = 2.0;
/// An early point stays in the frame if this makes the frame higher by no more than this share at that end.
const NEAR: f64 = 0.25;
/// A curve with fewer points is shown whole.
const FEWEST: usize = 5;

/// The range of the values shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Frame {
    /// The frame for these curves; `None` without a point that can be drawn.
    pub(crate) fn of(curves: &[Curve]) -> Option<Self> {
        let points = || curves.iter().flat_map(|curve| curve.points).filter(|point| is_drawable(point));
        let (low, high) = range(points().map(|point| point.1))?;
        let whole = Self { low, high };
        let (first, last) = range(points().map(|point| point.0))?;
        let early = first + EARLY * (last - first);
        let Some((low, high)) = range(points().filter(|point| point.0 > early).map(|point| point.1)) else {
            return Some(whole);
        };
        let rest = Self { low, high };
        let long = curves
            .iter()
            .any(|curve| curve.points.iter().filter(|point| is_drawable(point)).count() >= FEWEST);
        if !long || whole.height() <= SQUEEZED * rest.height() {
            return Some(whole);
        }
        // An early point that needs little space stays.
        let space = NEAR * rest.height();
        let near = |y: &f64| (rest.low - space..=rest.high + space).contains(y);
        range(points().map(|point| point.1).filter(near)).map(|(low, high)| Self { low, high })
    }

    fn height(self) -> f64 {
        self.high - self.low
    }
}

/// The part of the way from one point to another on which y is between 0 and `height`, with the end that was cut off
/// first, if any. `None` if no part of it is.
pub(crate) fn clip((from, to): ((f64, f64), (f64, f64)), height: f64) -> Option<((f64, f64), (f64, f64))> {
    let inside = |point: (f64, f64)| (0.0..=height).contains(&point.1);
    let edge = |point: (f64, f64)| if point.1 < 0.0 { 0.0 } else { height };
    if !inside(from) && !inside(to) && edge(from) == edge(to) {
        return None;
    }
    let cut = |point: (f64, f64)| {
        if inside(point) {
            return point;
        }
        let y = edge(point);
        (from.0 + (to.0 - from.0) * (y - from.1) / (to.1 - from.1), y)
    };
    Some((cut(from), cut(to)))
}

/// True if both coordinates of a point are finite and within ±[`LARGEST`].
pub(crate) fn is_drawable(&(x, y): &(f64, f64)) -> bool {
    // The comparison is false for NaN.
    x.abs() <= LARGEST && y.abs() <= LARGEST
}

/// The least and the greatest of the numbers; `None` without numbers.
pub(crate) fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.fold(None, |range, x| {
        Some(range.map_or((x, x), |(low, high): (f64, f64)| (low.min(x), high.max(x))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(points: &[(f64, f64)]) -> (f64, f64) {
        let frame = Frame::of(&[Curve { points, ..Curve::default() }]).unwrap();
        (frame.low, frame.high)
    }

    /// A loss over 100 epochs that begins at 1000 and ends near 100.
    fn falling() -> Vec<(f64, f64)> {
        (1..=100).map(|epoch| (f64::from(epoch), 100.0 + 900.0 / f64::from(epoch))).collect()
    }

    #[test]
    fn a_first_epoch_far_above_the_others_leaves_the_frame() {
        assert_eq!(
            frame(&[(1.0, 500.0), (2.0, 110.0), (3.0, 108.0), (4.0, 106.0), (5.0, 105.0)]),
            (105.0, 110.0)
        );
    }

    #[test]
    fn a_first_epoch_near_the_others_stays() {
        assert_eq!(
            frame(&[(1.0, 111.0), (2.0, 110.0), (3.0, 108.0), (4.0, 106.0), (5.0, 105.0)]),
            (105.0, 111.0)
        );
    }

    #[test]
    fn the_first_few_of_a_hundred_epochs_leave_the_frame() {
        let (low, high) = frame(&falling());
        assert_eq!((low, high), (109.0, 100.0 + 900.0 / 5.0));
    }

    #[test]
    fn an_early_dip_that_needs_little_space_stays_in_the_frame() {
        let mut points = falling();
        points[3].1 = 105.0;
        assert_eq!(frame(&points).0, 105.0);
        points[3].1 = 0.0;
        assert_eq!(frame(&points).0, 109.0);
    }

    #[test]
    fn a_rise_at_the_end_stays_in_the_frame() {
        let mut points = falling();
        points.push((101.0, 1e9));
        assert_eq!(frame(&points).1, 1e9);
    }

    #[test]
    fn few_epochs_are_shown_whole() {
        assert_eq!(frame(&[(1.0, 500.0), (2.0, 110.0), (3.0, 108.0)]), (108.0, 500.0));
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_frame() {
        assert_eq!(clip(((0.0, -10.0), (10.0, 10.0)), 20.0), Some(((5.0, 0.0), (10.0, 10.0))));
        assert_eq!(clip(((0.0, 10.0), (10.0, 30.0)), 20.0), Some(((0.0, 10.0), (5.0, 20.0))));
        assert_eq!(clip(((0.0, -10.0), (20.0, 30.0)), 20.0), Some(((5.0, 0.0), (15.0, 20.0))));
        assert_eq!(clip(((0.0, -10.0), (10.0, -1.0)), 20.0), None);
        assert_eq!(clip(((0.0, 1.0), (10.0, 2.0)), 20.0), Some(((0.0, 1.0), (10.0, 2.0))));
    }
}
