//! The width of the pen: lines in MNIST are two to three pixels wide, and a model of it has never seen thinner ones.
//! The line of a fine pen on a large sheet would become a tenth of a pixel wide.

use std::f64::consts::FRAC_PI_4;

use ndarray::{Array2, ArrayView1, ArrayView2, s};

use super::placement::{self, Frame};

/// The least mean width of lines, in pixels of the final image: a twentieth of MNIST's test digits are below 1.68 and a
/// tenth below 1.86. Wider pens stay as they are.
const LEAST_WIDTH: f64 = 1.8;

/// The digit, cut out of the picture and drawn with a pen that is wide enough.
///
/// Each pixel's ink spreads over a disc, as with a larger tip of the pen.
///
/// # Panics
/// If there is no ink at all.
pub(super) fn widen(ink: ArrayView2<'_, f32>) -> Array2<f32> {
    let Frame { rows, columns } = Frame::of(ink);
    let digit = ink.slice(s![rows, columns]);
    let (height, width) = digit.dim();
    let side = height.max(width) as f64;
    // What is added to the lines is also added to the digit's size, and scaled down with it.
    let box_side = placement::BOX as f64;
    let least = LEAST_WIDTH / box_side;
    let pen = mean_width(digit);
    let radius = ((least * side - pen) / (1.0 - least) / 2.0) as f32;
    // Without an outline, the width is NaN.
    if radius.is_nan() || radius <= 0.0 {
        return digit.to_owned();
    }
    let margin = radius.ceil() as usize;
    let mut wide = Array2::<f32>::zeros((height + 2 * margin, width + 2 * margin));
    let tip = Array2::from_shape_fn((2 * margin + 1, 2 * margin + 1), |(y, x)| {
        let [y, x] = [y, x].map(|at| at as f32 - margin as f32);
        (radius + 0.5 - (y * y + x * x).sqrt()).clamp(0.0, 1.0)
    });
    for ((y, x), &ink) in digit.indexed_iter().filter(|&(_, &ink)| ink > 0.0) {
        let mut below = wide.slice_mut(s![y..=y + 2 * margin, x..=x + 2 * margin]);
        below.zip_mut_with(&tip, |wide, tip| *wide = wide.max(ink * tip));
    }
    wide
}

/// Mean width of lines, in pixels: twice their area over the length of their outline.
///
/// Pixels with more than half of full ink count, so that noise adds no outline. Its length is the number of steps
/// between those and the others along both axes, times π/4: a line of length 1 takes 4/π steps, on average over its
/// directions.
fn mean_width(ink: ArrayView2<'_, f32>) -> f64 {
    let is_line = |ink: &f32| *ink > 0.5;
    let steps = |lane: ArrayView1<'_, f32>| {
        let next = lane.iter().skip(1).map(is_line).chain([false]);
        let within = lane.iter().map(is_line).zip(next).filter(|(a, b)| a != b).count();
        within + usize::from(lane.first().is_some_and(is_line))
    };
    let outline: usize = ink.rows().into_iter().chain(ink.columns()).map(steps).sum();
    let area = ink.iter().filter(|ink| is_line(ink)).count();
    2.0 * area as f64 / (FRAC_PI_4 * outline as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ring of a radius, drawn with a pen of a width.
    fn ring(radius: f32, pen: f32) -> Array2<f32> {
        let side = 2 * (radius + pen) as usize + 4;
        Array2::from_shape_fn((side, side), |(y, x)| {
            let [y, x] = [y, x].map(|at| at as f32 + 0.5 - side as f32 / 2.0);
            (pen / 2.0 + 0.5 - ((y * y + x * x).sqrt() - radius).abs()).clamp(0.0, 1.0)
        })
    }

    #[test]
    fn the_width_of_a_pen_is_found() {
        for pen in [2.0, 5.0, 11.0] {
            let found = mean_width(ring(60.0, pen).view());
            assert!((found / f64::from(pen) - 1.0).abs() < 0.1, "{pen}: {found}");
        }
    }

    #[test]
    fn a_thin_pen_is_widened_to_the_least_width() {
        for pen in [1.0, 3.0, 8.0] {
            let wide = widen(ring(100.0, pen).view());
            let found = mean_width(wide.view()) / wide.nrows() as f64 * placement::BOX as f64;
            assert!((found / LEAST_WIDTH - 1.0).abs() < 0.15, "{pen}: {found}");
        }
    }

    #[test]
    fn a_wide_pen_stays_as_it_is() {
        let ring = ring(100.0, 40.0);
        let Frame { rows, columns } = Frame::of(ring.view());
        assert_eq!(widen(ring.view()), ring.slice(s![rows, columns]));
    }
}
