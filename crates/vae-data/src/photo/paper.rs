//! The brightness of the paper at each place, under whatever light falls on it.
//!
//! A pen's line is narrow, while a shadow, a table beside the sheet or a change of light is wide. A closing keeps what
//! is wide, with its edges as they are, and fills what is narrower than a square with the brightness around it
//! (J. Serra, "Image analysis and mathematical morphology", 1982): ink vanishes, and the hard edge of a shadow stays.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::levels::percentile;

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
        for _ in 0..2 {
            most_nearby(wide.view_mut(), radius);
            // The columns become rows, and in the second round rows again.
            wide = wide.t().as_standard_layout().into_owned();
        }
        wide.mapv_inplace(|grey| -grey);
    }
    wide.slice(s![radius..radius + height, radius..radius + width]).to_owned()
}

/// Replaces each row by the most of the rows within `radius`, at each place: in blocks as long as the window, the
/// running maximum from the first and from the last, one of which ends where the other begins (M. van Herk, 1992).
fn most_nearby(mut rows: ArrayViewMut2<'_, f32>, radius: usize) {
    let (height, width) = rows.dim();
    let window = 2 * radius + 1;
    let padded = (height + 2 * radius).next_multiple_of(window);
    let mut down = Array2::from_elem((padded, width), f32::NEG_INFINITY);
    down.slice_mut(s![radius..radius + height, ..]).assign(&rows);
    let mut up = down.clone();
    let most = |to: &mut f32, from: &f32| *to = to.max(*from);
    for first in (0..padded).step_by(window) {
        for row in first + 1..first + window {
            let (before, mut at) = down.multi_slice_mut((s![row - 1, ..], s![row, ..]));
            at.zip_mut_with(&before, most);
        }
        for row in (first + 1..first + window).rev() {
            let (mut before, at) = up.multi_slice_mut((s![row - 1, ..], s![row, ..]));
            before.zip_mut_with(&at, most);
        }
    }
    rows.assign(&up.slice(s![..height, ..]));
    rows.zip_mut_with(&down.slice(s![window - 1..window - 1 + height, ..]), most);
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
    let left = image.slice(s![.., ..image.ncols() - 1]);
    let differences = left.iter().zip(&right).map(|(a, b)| (a - b).abs());
    // Half of a normal distribution lies within 0.6745 standard deviations, and the difference of two has √2 times that
    // of one.
    percentile(differences, 0.5).map_or(0.0, |median| median / 0.6745 / 2.0_f32.sqrt())
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
