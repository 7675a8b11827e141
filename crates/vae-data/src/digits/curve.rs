//! The smooth line through a stroke's knots.
//!
//! A cubic spline of the Catmull-Rom kind in its centripetal parametrisation: local, so that a wobble of one knot
//! does not travel down the stroke, and without the loops and overshoots that the uniform kind makes where knots are
//! unevenly spaced, which wobbling knots always are (C. Yuksel, S. Schaefer, J. Keyser, "Parameterization and
//! Applications of Catmull-Rom Curves", 2011).

/// A place on the paper: x to the right, y downwards.
pub(super) type Point = [f32; 2];

/// Points of the curve from one knot to the next: at the size of an image, a chord is about a pixel long.
const STEPS: usize = 6;

/// A polyline along the curve that passes `knots` in order, smoothly except where `is_corner` says so.
///
/// # Panics
/// If there are fewer than two knots, or not as many corners as knots.
pub(super) fn through(knots: &[Point], is_corner: &[bool]) -> Vec<Point> {
    assert!(knots.len() >= 2, "a curve needs two knots, found {}", knots.len());
    assert_eq!(knots.len(), is_corner.len(), "a flag for each knot");
    let last = knots.len() - 1;
    let mut line = Vec::with_capacity(last * STEPS + 1);
    line.push(knots[0]);
    let mut start = 0;
    for end in 1..=last {
        if end == last || is_corner[end] {
            extend_smoothly(&mut line, &knots[start..=end]);
            start = end;
        }
    }
    line
}

/// Appends the curve through `knots` to a line that ends at the first of them.
fn extend_smoothly(line: &mut Vec<Point>, knots: &[Point]) {
    // The centripetal parameter runs from knot to knot in the square root of their distance.
    let times: Vec<f32> = knots.windows(2).map(|pair| distance(pair[0], pair[1]).sqrt().max(1e-3)).collect();
    let velocities = velocities(knots, &times);
    for (i, &time) in times.iter().enumerate() {
        for step in 1..=STEPS {
            let t = step as f32 / STEPS as f32;
            // Hermite's cubic: places and velocities at both ends.
            let from_start = (2.0 * t - 3.0) * t * t + 1.0;
            let from_leaving = ((t - 2.0) * t + 1.0) * t * time;
            let from_arriving = (t - 1.0) * t * t * time;
            line.push(std::array::from_fn(|axis| {
                from_start * knots[i][axis]
                    + (1.0 - from_start) * knots[i + 1][axis]
                    + from_leaving * velocities[i][axis]
                    + from_arriving * velocities[i + 1][axis]
            }));
        }
    }
}

/// The velocity at each knot: at an inner one that of the parabola through it and its neighbours, at an end such that
/// the acceleration is zero there.
fn velocities(knots: &[Point], times: &[f32]) -> Vec<Point> {
    let mean = |i: usize, axis: usize| (knots[i + 1][axis] - knots[i][axis]) / times[i];
    let last = knots.len() - 1;
    let mut velocities: Vec<Point> = vec![[0.0; 2]; knots.len()];
    for axis in 0..2 {
        for i in 1..last {
            let (before, after) = (times[i - 1], times[i]);
            let across = (knots[i + 1][axis] - knots[i - 1][axis]) / (before + after);
            velocities[i][axis] = mean(i - 1, axis) - across + mean(i, axis);
        }
        if last == 1 {
            velocities[0][axis] = mean(0, axis);
            velocities[1][axis] = mean(0, axis);
        } else {
            velocities[0][axis] = 1.5 * mean(0, axis) - 0.5 * velocities[1][axis];
            velocities[last][axis] = 1.5 * mean(last - 1, axis) - 0.5 * velocities[last - 1][axis];
        }
    }
    velocities
}

fn distance(a: Point, b: Point) -> f32 {
    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARCH: [Point; 3] = [[0.0, 1.0], [0.5, 0.0], [1.0, 1.0]];

    /// How sharply the line turns at a point: 1 straight on, 0 a right angle, -1 back.
    fn cosine_at(line: &[Point], i: usize) -> f32 {
        let step = |i: usize| [line[i + 1][0] - line[i][0], line[i + 1][1] - line[i][1]];
        let ([ax, ay], [bx, by]) = (step(i - 1), step(i));
        (ax * bx + ay * by) / ((ax * ax + ay * ay) * (bx * bx + by * by)).sqrt()
    }

    #[test]
    fn the_line_passes_every_knot() {
        let line = through(&ARCH, &[false; 3]);
        for (i, knot) in ARCH.iter().enumerate() {
            assert!(distance(line[i * STEPS], *knot) < 1e-6);
        }
    }

    #[test]
    fn two_knots_make_a_straight_line() {
        let line = through(&[[0.0, 0.0], [3.0, 6.0]], &[false; 2]);
        assert_eq!(line.len(), STEPS + 1);
        assert!(line.iter().all(|[x, y]| (2.0 * x - y).abs() < 1e-5), "{line:?}");
    }

    #[test]
    fn a_smooth_knot_is_rounded() {
        assert!(cosine_at(&through(&ARCH, &[false; 3]), STEPS) > 0.6);
    }

    #[test]
    fn a_corner_stays_a_corner() {
        assert!(cosine_at(&through(&ARCH, &[false, true, false]), STEPS) < -0.5);
    }

    #[test]
    fn knots_on_one_spot_yield_finite_points() {
        let line = through(&[[0.3, 0.3]; 4], &[false; 4]);
        assert!(line.iter().flatten().all(|coordinate| coordinate.is_finite()), "{line:?}");
    }

    #[test]
    #[should_panic(expected = "a curve needs two knots, found 1")]
    fn one_knot_panics() {
        let _ = through(&[[0.0, 0.0]], &[false]);
    }
}
