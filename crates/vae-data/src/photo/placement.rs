//! The last step of MNIST's recipe: the digit in a box of 20 x 20 pixels, the box where the centre of mass is in the
//! middle of 28 x 28.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use super::area;

/// Height and width of the image, in pixels.
pub(super) const SIDE: usize = 28;

/// Height and width of the box.
pub(super) const BOX: usize = 20;

/// Where the centre of mass belongs, as index of a row or column. MNIST rounds up: 14 and not 13.5.
const MIDDLE: f32 = (SIDE / 2) as f32;

/// The rows and columns that have ink.
pub(super) struct Frame {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Frame {
    /// # Panics
    /// If there is no ink at all.
    pub(super) fn of(ink: ArrayView2<'_, f32>) -> Self {
        let inked = || ink.indexed_iter().filter(|&(_, &ink)| ink > 0.0).map(|(at, _)| at);
        let extent = |axis: fn((usize, usize)) -> usize| {
            let (least, most) = (inked().map(axis).min(), inked().map(axis).max());
            least.expect("there is ink")..most.expect("there is ink") + 1
        };
        Self { rows: extent(|at| at.0), columns: extent(|at| at.1) }
    }
}

/// The image, (28 * 28) bytes row by row, of ink between 0 and 1.
///
/// # Panics
/// If there is no ink at all.
pub(super) fn place(ink: ArrayView2<'_, f32>) -> Vec<u8> {
    let Frame { rows, columns } = Frame::of(ink);
    let (height, width) = (rows.len(), columns.len());
    let cell = height.max(width) as f64 / BOX as f64;
    let fitted = |length: usize| ((length as f64 / cell - 1e-9).ceil() as usize).clamp(1, BOX);
    let digit = ink.slice(s![rows, columns]);
    let digit = area::average(digit, [cell; 2], (fitted(height), fitted(width)));
    onto_canvas(&digit)
}

/// Places the digit by whole pixels, as in MNIST, so that it is not blurred by a second scaling.
fn onto_canvas(digit: &Array2<f32>) -> Vec<u8> {
    let (mut mass, mut moment) = (0.0, [0.0; 2]);
    for ((y, x), &ink) in digit.indexed_iter() {
        mass += ink;
        moment[0] += ink * y as f32;
        moment[1] += ink * x as f32;
    }
    let most = digit.iter().fold(0.0_f32, |most, &ink| most.max(ink));
    let (height, width) = digit.dim();
    let start = |moment: f32, length: usize| ((MIDDLE - moment / mass + 0.5) as usize).min(SIDE - length);
    let (top, left) = (start(moment[0], height), start(moment[1], width));
    let mut pixels = vec![0; SIDE * SIDE];
    for ((y, x), &ink) in digit.indexed_iter() {
        // Scaling makes narrow lines grey, but every digit of MNIST has some pixel of full ink.
        pixels[(top + y) * SIDE + left + x] = (ink / most * 255.0 + 0.5) as u8;
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_and_columns(pixels: &[u8]) -> [usize; 2] {
        let image = ArrayView2::from_shape((SIDE, SIDE), pixels).unwrap();
        let inked = |lanes: ndarray::iter::Lanes<'_, u8, ndarray::Ix1>| {
            lanes.into_iter().filter(|lane| lane.iter().any(|&ink| ink > 0)).count()
        };
        [inked(image.rows()), inked(image.columns())]
    }

    #[test]
    fn the_longer_side_fills_the_box_and_the_shorter_keeps_the_proportion() {
        assert_eq!(rows_and_columns(&place(Array2::ones((211, 37)).view())), [20, 4]);
        assert_eq!(rows_and_columns(&place(Array2::ones((37, 211)).view())), [4, 20]);
    }

    #[test]
    fn a_small_digit_is_enlarged() {
        assert_eq!(rows_and_columns(&place(Array2::ones((5, 3)).view())), [20, 12]);
    }

    #[test]
    fn the_centre_of_mass_comes_to_the_middle() {
        // A heavy lower end: the box moves up.
        let mut ink = Array2::zeros((40, 20));
        ink.slice_mut(s![.., 8..12]).fill(1.0);
        ink.slice_mut(s![30.., ..]).fill(1.0);
        let pixels = place(ink.view());
        let mass: f64 = pixels.iter().map(|&ink| f64::from(ink)).sum();
        let moment: f64 = pixels.iter().enumerate().map(|(i, &ink)| (i / SIDE) as f64 * f64::from(ink)).sum();
        assert!((moment / mass - 14.0).abs() <= 0.51, "{}", moment / mass);
    }
}
