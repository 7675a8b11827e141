//! Removal of specks: dust must not enlarge the box that the digit is scaled to.

use ndarray::{Array2, ArrayView2};

/// A piece with less than this share of the largest piece's ink is a speck. The bar of a five has ten times as much.
const SPECK: f64 = 0.02;

/// Where there is ink that belongs to the digit: all pieces but specks, with a faint edge of one pixel around. `None`
/// if no ink is above the threshold.
///
/// A piece is a set of pixels above half the threshold, connected by edges or corners, with at least one above the
/// threshold itself.
pub(super) fn without(ink: ArrayView2<'_, f32>, threshold: f32) -> Option<Array2<bool>> {
    let pieces = pieces(ink, threshold);
    let largest = pieces.iter().map(|piece| piece.ink).max_by(f64::total_cmp)?;
    let mut kept = Array2::from_elem(ink.dim(), false);
    for piece in pieces.iter().filter(|piece| piece.ink >= SPECK * largest) {
        for &at in &piece.pixels {
            around(at, ink.dim()).for_each(|at| kept[at] = true);
        }
    }
    Some(kept)
}

/// Connected pixels.
struct Piece {
    pixels: Vec<(usize, usize)>,
    ink: f64,
}

fn pieces(ink: ArrayView2<'_, f32>, threshold: f32) -> Vec<Piece> {
    let mut visited = Array2::from_elem(ink.dim(), false);
    let mut pieces = Vec::new();
    for (start, _) in ink.indexed_iter().filter(|&(_, &ink)| ink > threshold) {
        if std::mem::replace(&mut visited[start], true) {
            continue;
        }
        let mut pixels = vec![start];
        let mut next = 0;
        while let Some(&at) = pixels.get(next) {
            next += 1;
            for at in around(at, ink.dim()) {
                if ink[at] > threshold / 2.0 && !std::mem::replace(&mut visited[at], true) {
                    pixels.push(at);
                }
            }
        }
        let ink = pixels.iter().map(|&at| f64::from(ink[at])).sum();
        pieces.push(Piece { pixels, ink });
    }
    pieces
}

/// A pixel and its neighbours, at edges and corners.
fn around((y, x): (usize, usize), (height, width): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let near = |at: usize, length: usize| at.saturating_sub(1)..(at + 2).min(length);
    near(y, height).flat_map(move |y| near(x, width).map(move |x| (y, x)))
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    /// A stroke of 30 x 4 pixels.
    fn stroke() -> Array2<f32> {
        let mut ink = Array2::zeros((40, 40));
        ink.slice_mut(s![5..35, 10..14]).fill(100.0);
        ink
    }

    #[test]
    fn a_speck_goes_and_the_stroke_stays() {
        let mut ink = stroke();
        ink[[38, 38]] = 100.0;
        let kept = without(ink.view(), 50.0).unwrap();
        assert!(kept[[20, 12]] && !kept[[38, 38]]);
    }

    #[test]
    fn a_second_stroke_stays() {
        let mut ink = stroke();
        ink.slice_mut(s![5..8, 18..26]).fill(100.0);
        assert!(without(ink.view(), 50.0).unwrap()[[6, 20]]);
    }

    #[test]
    fn faint_ink_stays_where_it_is_connected_with_the_stroke() {
        let mut ink = stroke();
        ink.slice_mut(s![30..34, 14..25]).fill(30.0);
        ink.slice_mut(s![5..20, 30..38]).fill(30.0);
        let kept = without(ink.view(), 50.0).unwrap();
        assert!(kept[[32, 22]] && !kept[[10, 34]]);
    }

    #[test]
    fn without_ink_there_is_nothing_to_keep() {
        assert!(without(Array2::zeros((5, 5)).view(), 50.0).is_none());
    }
}
