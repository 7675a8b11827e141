//! The connected pieces of ink, and which of them are the digit.
//!
//! The digit is the piece with the most ink, and those that are close to it: the bar of a five may be apart. A blot or
//! dust elsewhere is left out, and so is a frame around the digit or a line that runs off the picture.

use std::{f64::consts::FRAC_PI_4, ops::Range};

use ndarray::{Array2, ArrayView2};

/// A piece with less than this share of the digit's ink is a speck. The bar of a five has ten times as much.
const SPECK: f64 = 0.02;

/// How far a piece that belongs to the digit may be from it, in heights of the digit.
const NEAR: f64 = 0.15;

/// How much wider than the digit's lines a piece that belongs to it may be: a blot is not drawn with a pen.
const BLOT: f64 = 1.7;

/// How much of a piece's ink counts where it touches the edge of the picture, and where it touches opposite edges: a
/// digit that does is the digit only if there is no better one. A blot counts as little as what touches the edge.
const AT_EDGE: f64 = 0.25;
const ACROSS: f64 = 0.08;

/// The least length of lines, in widths of the line; what is shorter is a blot, if there is anything else.
pub(super) const SLENDER: f64 = 2.2;

/// The least height of another digit, in heights of the digit.
const DIGIT: f64 = 0.6;

/// Connected pixels.
pub(super) struct Piece {
    pub(super) pixels: Vec<(usize, usize)>,
    ink: f64,
    rows: Range<usize>,
    columns: Range<usize>,
    /// Mean width of its lines: twice its area over the length of its outline.
    pub(super) pen: f64,
}

impl Piece {
    /// Its longer side.
    pub(super) fn length(&self) -> usize {
        self.rows.len().max(self.columns.len())
    }

    /// Whether it touches no edge, one, or opposite ones.
    fn weight(&self, (height, width): (usize, usize)) -> f64 {
        let ends = |range: &Range<usize>, length: usize| [range.start == 0, range.end == length];
        let [rows, columns] = [ends(&self.rows, height), ends(&self.columns, width)];
        if rows == [true; 2] || columns == [true; 2] {
            ACROSS
        } else if rows.contains(&true) || columns.contains(&true) {
            AT_EDGE
        } else {
            1.0
        }
    }

    /// Its box and half of that on each side.
    pub(super) fn surroundings(&self, (height, width): (usize, usize)) -> (Range<usize>, Range<usize>) {
        let wider = |range: &Range<usize>, length: usize| {
            let more = range.len().div_ceil(2);
            range.start.saturating_sub(more)..(range.end + more).min(length)
        };
        (wider(&self.rows, height), wider(&self.columns, width))
    }

    /// Whether it touches an edge of the picture.
    pub(super) fn touches_edge(&self, shape: (usize, usize)) -> bool {
        self.weight(shape) < 1.0
    }

    /// Whether the piece lies in the other's box.
    fn is_in_box_of(&self, other: &Self) -> bool {
        let within = |a: &Range<usize>, b: &Range<usize>| a.start > b.start && a.end < b.end;
        within(&self.rows, &other.rows) && within(&self.columns, &other.columns)
    }

    /// Whether at least half of the smaller one's box lies in that of the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let area = |piece: &Self| piece.rows.len() * piece.columns.len();
        let both = common(&self.rows, &other.rows) * common(&self.columns, &other.columns);
        2 * both >= area(self).min(area(other))
    }

    /// Whether both stand side by side, in one line, as digits of a number do.
    fn is_beside(&self, other: &Self) -> bool {
        let (height, width) =
            (self.rows.len().min(other.rows.len()), self.columns.len().min(other.columns.len()));
        2 * common(&self.rows, &other.rows) > height && 10 * common(&self.columns, &other.columns) <= width
    }
}

/// The length that both have in common.
fn common(a: &Range<usize>, b: &Range<usize>) -> usize {
    a.end.min(b.end).saturating_sub(a.start.max(b.start))
}

/// The digit among the pieces.
pub(super) struct Digit {
    /// Its pieces, the largest first.
    pub(super) pieces: Vec<Piece>,
    /// How many digits stand in a row, this one included.
    pub(super) digits: usize,
}

/// The digit; `None` if no ink is above `high`.
///
/// A piece is a set of pixels above `low`, connected by edges or corners, with at least one above `high`.
pub(super) fn digit(ink: ArrayView2<'_, f32>, low: f32, high: f32) -> Option<Digit> {
    let (mut pieces, map) = all(ink, low, high);
    let frames: Vec<bool> = (0..pieces.len()).map(|i| is_frame(i, &pieces, &map)).collect();
    let weight = |i: usize| {
        let piece: &Piece = &pieces[i];
        let as_blot = if (piece.length() as f64) < SLENDER * piece.pen { AT_EDGE } else { 1.0 };
        let as_frame = if frames[i] { ACROSS } else { 1.0 };
        piece.ink * piece.weight(ink.dim()) * as_blot * as_frame
    };
    let main = (0..pieces.len()).max_by(|&a, &b| weight(a).total_cmp(&weight(b)))?;
    let belongs = |i: usize| {
        let (piece, main) = (&pieces[i], &pieces[main]);
        piece.ink >= SPECK * main.ink
            && piece.pen <= BLOT * main.pen
            && piece.weight(ink.dim()) >= main.weight(ink.dim())
            && !frames[i]
    };
    let others: Vec<bool> = (0..pieces.len())
        .map(|i| {
            let (piece, main) = (&pieces[i], &pieces[main]);
            let ratio = piece.rows.len() as f64 / main.rows.len() as f64;
            belongs(i)
                && (DIGIT..=1.0 / DIGIT).contains(&ratio)
                && piece.pen >= main.pen / BLOT
                && piece.is_beside(main)
        })
        .collect();
    let reach = (NEAR * pieces[main].length() as f64).ceil() as usize;
    let mut chosen = near(main, &pieces, &map, reach, |i| belongs(i) && !others[i]);
    chosen.sort_unstable_by_key(|&i| std::cmp::Reverse(i));
    let mut kept: Vec<Piece> = chosen.into_iter().map(|i| pieces.swap_remove(i)).collect();
    kept.sort_by(|a, b| b.ink.total_cmp(&a.ink));
    Some(Digit { pieces: kept, digits: 1 + others.iter().filter(|&&other| other).count() })
}

/// No piece.
const NONE: u32 = u32::MAX;

/// All pieces, and which of them each pixel belongs to.
fn all(ink: ArrayView2<'_, f32>, low: f32, high: f32) -> (Vec<Piece>, Array2<u32>) {
    let mut map = Array2::from_elem(ink.dim(), NONE);
    let mut pieces = Vec::new();
    for (start, _) in ink.indexed_iter().filter(|&(_, &ink)| ink > high) {
        if map[start] != NONE {
            continue;
        }
        let number = pieces.len() as u32;
        map[start] = number;
        let mut pixels = vec![start];
        let mut next = 0;
        while let Some(&at) = pixels.get(next) {
            next += 1;
            for at in around(at, ink.dim()) {
                if ink[at] > low && map[at] == NONE {
                    map[at] = number;
                    pixels.push(at);
                }
            }
        }
        pieces.push(pixels);
    }
    let pieces = pieces.into_iter().map(|pixels| piece(pixels, ink, &map)).collect();
    (pieces, map)
}

fn piece(pixels: Vec<(usize, usize)>, ink: ArrayView2<'_, f32>, map: &Array2<u32>) -> Piece {
    let extent = |axis: fn(&(usize, usize)) -> usize| {
        let places = || pixels.iter().map(axis);
        places().min().unwrap_or_default()..places().max().unwrap_or_default() + 1
    };
    let number = map[pixels[0]];
    let outline: usize = pixels
        .iter()
        .map(|&(y, x)| {
            let beside = [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)];
            beside.iter().filter(|&&at| map.get(at) != Some(&number)).count()
        })
        .sum();
    let total = pixels.iter().map(|&at| f64::from(ink[at])).sum();
    let pen = 2.0 * pixels.len() as f64 / (FRAC_PI_4 * outline as f64);
    Piece { ink: total, rows: extent(|at| at.0), columns: extent(|at| at.1), pen, pixels }
}

/// Whether there is a piece of some size inside of a piece: that is the digit, and this the frame around it.
fn is_frame(number: usize, pieces: &[Piece], map: &Array2<u32>) -> bool {
    let frame = &pieces[number];
    let inside: Vec<&Piece> = pieces
        .iter()
        .filter(|piece| {
            4 * piece.length() > frame.length() && piece.ink > 0.05 * frame.ink && piece.is_in_box_of(frame)
        })
        .collect();
    if inside.is_empty() {
        return false;
    }
    // What can be reached from the edge of the frame's box, without crossing the frame.
    let (top, left) = (frame.rows.start, frame.columns.start);
    let shape = (frame.rows.len(), frame.columns.len());
    let is_frame = |(y, x): (usize, usize)| map[[top + y, left + x]] == number as u32;
    let mut outside = Array2::from_elem(shape, false);
    let mut next: Vec<(usize, usize)> = Vec::new();
    let at_edge = |(y, x): (usize, usize)| y == 0 || x == 0 || y + 1 == shape.0 || x + 1 == shape.1;
    for (at, outside) in outside.indexed_iter_mut().filter(|&(at, _)| at_edge(at) && !is_frame(at)) {
        *outside = true;
        next.push(at);
    }
    while let Some((y, x)) = next.pop() {
        for at in [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)] {
            if outside.get(at) == Some(&false) && !is_frame(at) {
                outside[at] = true;
                next.push(at);
            }
        }
    }
    inside.iter().any(|piece| !outside[[piece.pixels[0].0 - top, piece.pixels[0].1 - left]])
}

/// The pieces that belong to one, within `reach` pixels of it or of another of them.
fn near(
    main: usize,
    pieces: &[Piece],
    map: &Array2<u32>,
    reach: usize,
    belongs: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut chosen = vec![main];
    let mut next = 0;
    while let Some(&from) = chosen.get(next) {
        next += 1;
        let mut seen = Array2::from_elem(map.dim(), false);
        pieces[from].pixels.iter().for_each(|&at| seen[at] = true);
        let mut ring = pieces[from].pixels.clone();
        for _ in 0..reach {
            let mut wider = Vec::new();
            for at in ring.into_iter().flat_map(|at| around(at, map.dim())) {
                if std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                wider.push(at);
                let found = map[at] as usize;
                if map[at] != NONE && !chosen.contains(&found) && belongs(found) {
                    chosen.push(found);
                }
            }
            ring = wider;
        }
    }
    chosen
}

/// A pixel and its neighbours, at edges and corners.
pub(super) fn around(
    (y, x): (usize, usize),
    (height, width): (usize, usize),
) -> impl Iterator<Item = (usize, usize)> {
    let near = |at: usize, length: usize| at.saturating_sub(1)..(at + 2).min(length);
    near(y, height).flat_map(move |y| near(x, width).map(move |x| (y, x)))
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    /// A stroke of 30 x 4 pixels on a picture of 60 x 60.
    fn stroke() -> Array2<f32> {
        let mut ink = Array2::zeros((60, 60));
        ink.slice_mut(s![15..45, 20..24]).fill(100.0);
        ink
    }

    /// Where the digit has ink, and how many digits there are.
    fn found(ink: &Array2<f32>) -> (Array2<bool>, usize) {
        let digit = digit(ink.view(), 25.0, 50.0).unwrap();
        let mut kept = Array2::from_elem(ink.dim(), false);
        digit.pieces.iter().flat_map(|piece| &piece.pixels).for_each(|&at| kept[at] = true);
        (kept, digit.digits)
    }

    #[test]
    fn a_speck_goes_and_the_stroke_stays() {
        let mut ink = stroke();
        ink[[38, 27]] = 100.0;
        let (kept, digits) = found(&ink);
        assert!(kept[[20, 22]] && !kept[[38, 27]]);
        assert_eq!(digits, 1);
    }

    #[test]
    fn a_second_stroke_nearby_stays_and_one_far_away_goes() {
        let mut ink = stroke();
        ink.slice_mut(s![15..18, 27..35]).fill(100.0);
        ink.slice_mut(s![15..18, 48..56]).fill(100.0);
        let (kept, digits) = found(&ink);
        assert!(kept[[16, 30]] && !kept[[16, 50]]);
        assert_eq!(digits, 1);
    }

    #[test]
    fn a_blot_goes_even_if_it_is_near_and_has_more_ink() {
        let mut ink = stroke();
        ink.slice_mut(s![20..36, 27..43]).fill(100.0);
        let kept = found(&ink).0;
        assert!(kept[[20, 22]] && !kept[[30, 30]]);
    }

    #[test]
    fn faint_ink_stays_where_it_is_connected_with_the_stroke() {
        let mut ink = stroke();
        ink.slice_mut(s![40..44, 24..35]).fill(30.0);
        ink.slice_mut(s![15..30, 30..38]).fill(30.0);
        let kept = found(&ink).0;
        assert!(kept[[42, 32]] && !kept[[20, 34]]);
    }

    #[test]
    fn a_frame_around_the_digit_goes() {
        let mut ink = stroke();
        for side in [s![5..8, 5..55], s![52..55, 5..55], s![5..55, 5..8], s![5..55, 52..55]] {
            ink.slice_mut(side).fill(100.0);
        }
        let (kept, digits) = found(&ink);
        assert!(kept[[20, 22]] && !kept[[6, 30]]);
        assert_eq!(digits, 1);
    }

    #[test]
    fn a_line_that_runs_off_the_picture_goes() {
        let mut ink = stroke();
        ink.slice_mut(s![.., 50..57]).fill(100.0);
        let (kept, digits) = found(&ink);
        assert!(kept[[20, 22]] && !kept[[20, 53]]);
        assert_eq!(digits, 1);
    }

    #[test]
    fn two_strokes_of_one_height_side_by_side_are_two_digits() {
        let mut ink = stroke();
        ink.slice_mut(s![18..42, 30..34]).fill(100.0);
        assert_eq!(found(&ink).1, 2);
        ink.slice_mut(s![14..46, 44..48]).fill(100.0);
        assert_eq!(found(&ink).1, 3);
    }

    #[test]
    fn without_ink_there_is_no_digit() {
        assert!(digit(Array2::zeros((5, 5)).view(), 25.0, 50.0).is_none());
    }
}
