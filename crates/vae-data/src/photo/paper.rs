//! The brightness of the paper at each place, under whatever light falls on it.
//!
//! A pen's line is narrow, while a shadow, a table beside the sheet or a change of light is wide. A closing keeps what
//! is wide, with its edges as they are, and fills what is narrower than a square with the brightness around it (J. Serra,
//! "Image analysis and mathematical morphology", 1982): ink vanishes, and the hard edge of a shadow stays.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis, s};

/// The picture without what is dark and narrower than `2 * radius + 1` pixels.
///
/// The edge of the picture goes on beyond it, so that a shadow or a table there is wide, however little of it is seen.
pub(super) fn without_ink(image: ArrayView2<'_, f32>, radius: usize) -> Array2<f32> {
    let (height, width) = image.dim();
    let inside = |at: usize, length: usize| at.saturating_sub(radius).min(length - 1);
    let mut wide = Array2::from_shape_fn((height + 2 * radius, width + 2 * radius), |(y, x)| {
        image[[inside(y, height), inside(x, width)]]
    });
    // The least of the most: the least is the negative of the most of the negatives.
    for _ in 0..2 {
        for axis in [Axis(0), Axis(1)] {
            let mut scratch = Scratch::default();
            wide.lanes_mut(axis).into_iter().for_each(|lane| most_nearby(lane, radius, &mut scratch));
        }
        wide.mapv_inplace(|grey| -grey);
    }
    wide.slice(s![radius..radius + height, radius..radius + width]).to_owned()
}

/// Memory for a lane.
#[derive(Default)]
struct Scratch {
    from_left: Vec<f32>,
    from_right: Vec<f32>,
}

/// Replaces each number by the most of those within `radius`: in blocks as long as the window, the running maximum from
/// the left and from the right, one of which ends where the other begins (M. van Herk, 1992).
fn most_nearby(mut lane: ArrayViewMut1<'_, f32>, radius: usize, scratch: &mut Scratch) {
    let window = 2 * radius + 1;
    let padded = (lane.len() + 2 * radius).next_multiple_of(window);
    let Scratch { from_left, from_right } = scratch;
    from_left.clear();
    from_left.resize(padded, f32::NEG_INFINITY);
    for (to, from) in from_left[radius..].iter_mut().zip(&lane) {
        *to = *from;
    }
    from_right.clone_from(from_left);
    for block in from_left.chunks_exact_mut(window) {
        (1..window).for_each(|at| block[at] = block[at].max(block[at - 1]));
    }
    for block in from_right.chunks_exact_mut(window) {
        (1..window).rev().for_each(|at| block[at - 1] = block[at - 1].max(block[at]));
    }
    for (at, to) in lane.iter_mut().enumerate() {
        *to = from_right[at].max(from_left[at + window - 1]);
    }
}

/// The median of the nine pixels around each: noise goes, edges stay.
pub(super) fn smooth(image: ArrayView2<'_, f32>) -> Array2<f32> {
    let (height, width) = image.dim();
    Array2::from_shape_fn(image.dim(), |(y, x)| {
        let near = |at: usize, step: usize, length: usize| (at + step).saturating_sub(1).min(length - 1);
        let mut greys: [f32; 9] =
            std::array::from_fn(|i| image[[near(y, i / 3, height), near(x, i % 3, width)]]);
        *greys.select_nth_unstable_by(4, f32::total_cmp).1
    })
}

/// Standard deviation of the noise: from the differences of neighbours, most of which are both paper.
pub(super) fn noise(image: ArrayView2<'_, f32>) -> f32 {
    let right = image.slice(s![.., 1..]);
    let differences: Array1<f32> =
        image.slice(s![.., ..-1]).iter().zip(&right).map(|(a, b)| (a - b).abs()).collect();
    // Half of a normal distribution lies within 0.6745 standard deviations, and the difference of two has √2 times that
    // of one.
    super::ink::percentile(differences.into_iter(), 0.5)
        .map_or(0.0, |median| median / 0.6745 / 2.0_f32.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_and_the_edge_of_a_shadow_stays() {
        let shadow = Array2::from_shape_fn((60, 60), |(_, x)| if x < 30 { 90.0 } else { 200.0 });
        let mut image = shadow.clone();
        image.slice_mut(s![20..24, 5..55]).fill(20.0);
        assert_eq!(without_ink(image.view(), 6), shadow);
    }

    #[test]
    fn what_is_wider_than_the_square_stays() {
        let mut image = Array2::from_elem((40, 40), 200.0);
        image.slice_mut(s![10..23, 10..23]).fill(20.0);
        assert_eq!(without_ink(image.view(), 6), image);
        assert_eq!(without_ink(image.view(), 7), Array2::from_elem((40, 40), 200.0));
    }

    #[test]
    fn a_narrow_strip_at_the_edge_of_the_picture_stays() {
        let mut image = Array2::from_elem((40, 40), 200.0);
        image.slice_mut(s![.., ..3]).fill(20.0);
        assert_eq!(without_ink(image.view(), 10), image);
    }

    #[test]
    fn a_picture_of_one_pixel_stays() {
        let image = Array2::from_elem((1, 1), 7.0);
        assert_eq!(without_ink(image.view(), 5), image);
        assert_eq!((smooth(image.view()), noise(image.view())), (image, 0.0));
    }
}
