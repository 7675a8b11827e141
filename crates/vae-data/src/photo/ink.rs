//! The separation of ink and paper: how much ink each pixel has, from 0 for none to 1 for full ink.

use std::collections::HashSet;

use ndarray::{Array2, ArrayView2, s};

use super::{
    levels::{otsu, percentile},
    paper,
    pieces::{self, Digit},
    plane::Plane,
    sheet,
};

/// The least contrast that counts as ink, in levels of grey.
const LEAST_CONTRAST: f32 = 8.0;

/// The sides of the squares that lines are narrower than, as parts of the picture's longer side: the smallest that
/// holds the digit's lines is taken, because wide ones count shadows as ink.
const SQUARES: [usize; 3] = [8, 4, 2];

/// The least radius of a square: lines of MNIST's own images are up to six pixels wide.
const LEAST_RADIUS: usize = 3;

/// Noise above this standard deviation, in levels of grey, is smoothed away first.
const SMOOTHED: f32 = 3.0;

/// Paper darker than this is so dark that its noise would become ink.
const DARKEST_PAPER: f32 = 48.0;

/// The part of full ink that connected ink has at least: lines of squared paper are mostly below.
const FAINT: f32 = 0.5;

/// The part of full ink that the edge of a line has at least, more than a pixel from where it is no longer faint.
const EDGE: f32 = 0.45;

/// Lines below this part of the square's side are found as a whole with it.
const NARROW: f64 = 0.45;

/// Which is darker, ink or paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// A pen on paper.
    DarkOnLight,
    /// Chalk on a board, or MNIST itself.
    LightOnDark,
}

/// What was found on a picture.
pub(super) struct Found {
    /// (height, width): the digit's ink alone.
    pub(super) ink: Array2<f32>,
    pub(super) polarity: Polarity,
    /// How many digits stand in a row.
    pub(super) digits: usize,
}

/// The ink of a grey picture; `None` if nothing stands out from noise.
///
/// Both polarities are tried, and ink is what differs from the [paper], which is known only once it is known how wide
/// the lines are: so that is tried, too. If no try gives lines, as in a picture of a disc, the paper is a
/// [plane](Plane) through the border.
pub(super) fn find(mut image: Array2<f32>) -> Option<Found> {
    for _ in 0..2 {
        if paper::noise(image.view()) > SMOOTHED {
            image = paper::smooth(image.view());
        }
    }
    let sheet = sheet::find(image.view(), radius(image.dim(), SQUARES[0]));
    let on_sheet = sheet.and_then(|sheet| find_on(&image, Some(&sheet)));
    let found = on_sheet.or_else(|| find_on(&image, None));
    found.or_else(|| flat(image))
}

/// The ink of the sheet, or of the whole picture. `None` without lines, or if they reach beyond the sheet.
fn find_on(image: &Array2<f32>, sheet: Option<&Array2<bool>>) -> Option<Found> {
    let dark = best(image.view(), sheet);
    let light = best(image.mapv(|grey| 255.0 - grey).view(), sheet);
    let (lines, polarity) = match (dark, light) {
        (Some(dark), Some(light)) if dark.is_preferred_to(&light) => (dark, Polarity::DarkOnLight),
        (_, Some(light)) => (light, Polarity::LightOnDark),
        (dark, None) => (dark?, Polarity::DarkOnLight),
    };
    // Writing goes on beyond the edge of a shadow, but not beyond that of a sheet.
    if sheet.is_some_and(|sheet| lines.reach_beyond(sheet)) {
        return None;
    }
    Some(Found { digits: lines.digit.digits, ink: lines.into_ink(), polarity })
}

/// Half the side of the square that is a part of the picture's longer side.
fn radius((height, width): (usize, usize), part: usize) -> usize {
    (height.max(width) / part / 2).max(LEAST_RADIUS)
}

/// Lines, which may be a digit.
struct Lines {
    /// Contrast with the paper, in levels of grey.
    contrast: Array2<f32>,
    digit: Digit,
    /// The contrast of full ink.
    full: f32,
    /// Sum of squares of the digit's contrast.
    strength: f64,
    /// Length over width of the largest piece: a digit has at least 3.
    slender: f64,
    at_edge: bool,
}

/// The lines, dark on light, for the best square.
fn best(image: ArrayView2<'_, f32>, sheet: Option<&Array2<bool>>) -> Option<Lines> {
    let mut best: Option<Lines> = None;
    for part in SQUARES {
        let radius = radius(image.dim(), part);
        let paper = paper::without_ink(image, radius);
        best = match (best, lines(image, &paper, radius, sheet)) {
            (Some(best), Some(lines)) if lines.are_more_than(&best) => Some(lines),
            (None, lines) => lines,
            (best, _) => best,
        };
        if best.as_ref().is_some_and(|best| best.pen() < NARROW * (2 * radius + 1) as f64) {
            break;
        }
    }
    best
}

/// What is darker than the paper, and looks like lines.
fn lines(
    image: ArrayView2<'_, f32>,
    paper: &Array2<f32>,
    radius: usize,
    sheet: Option<&Array2<bool>>,
) -> Option<Lines> {
    // What a pen takes is a share of the light that falls on the paper.
    let mut contrast = paper - &image;
    contrast.zip_mut_with(paper, |contrast, paper| *contrast *= 255.0 / paper.max(DARKEST_PAPER));
    // Noise makes paper look brighter than most of it is.
    let typical = percentile(contrast.iter().copied(), 0.5)?;
    let noise = 3.0 * percentile(contrast.iter().map(|ink| (ink - typical).abs()), 0.5)? / 0.6745;
    contrast.mapv_inplace(|ink| if ink - typical > noise { ink - typical } else { 0.0 });
    if let Some(sheet) = sheet {
        contrast.zip_mut_with(sheet, |contrast, &inside| *contrast *= f32::from(u8::from(inside)));
    }
    let low = otsu(contrast.iter().copied());
    // The lines of squared paper may be more than the digit's: the digit is what stands out from them. But a blot may
    // stand out from the digit, and then it is no lines.
    let high = otsu(contrast.iter().copied().filter(|&ink| ink > low));
    [high, low].into_iter().find_map(|threshold| {
        let lines = Lines::above(threshold, &contrast)?;
        (lines.full >= LEAST_CONTRAST.max(2.0 * noise) && lines.are_whole(image, paper, radius))
            .then_some(lines)
    })
}

impl Lines {
    /// The digit whose ink is above a threshold, or connected with such ink and not faint.
    fn above(threshold: f32, contrast: &Array2<f32>) -> Option<Self> {
        let full = |ink: &mut dyn Iterator<Item = f32>| percentile(ink.filter(|&ink| ink > threshold), 0.9);
        let faint = FAINT * full(&mut contrast.iter().copied())?;
        let digit = pieces::digit(contrast.view(), faint.min(threshold), threshold)?;
        // Only of the digit: a blot that is darker than the pen must not make the pen faint.
        let pixels = || digit.pieces.iter().flat_map(|piece| &piece.pixels);
        let full = full(&mut pixels().map(|&at| contrast[at]))?;
        let strength = pixels().map(|&at| f64::from(contrast[at]).powi(2)).sum();
        let largest = digit.pieces.first()?;
        let slender = largest.length() as f64 / largest.pen;
        let at_edge = largest.touches_edge(contrast.dim());
        Some(Self { contrast: contrast.clone(), full, strength, slender, at_edge, digit })
    }

    /// Whether some of them are at the edge of a sheet.
    fn reach_beyond(&self, sheet: &Array2<bool>) -> bool {
        let mut pixels = self.digit.pieces.iter().flat_map(|piece| &piece.pixels);
        pixels.any(|&at| pieces::around(at, sheet.dim()).any(|at| !sheet[at]))
    }

    /// Mean width of the largest piece.
    fn pen(&self) -> f64 {
        self.digit.pieces.first().map_or(f64::INFINITY, |piece| piece.pen)
    }

    /// Whether the lines are narrower than the square and end where the ink ends: those of a thick marker do not, if
    /// the square is too small for them, and only their corners are found.
    fn are_whole(&self, image: ArrayView2<'_, f32>, paper: &Array2<f32>, radius: usize) -> bool {
        let Some(piece) = self.digit.pieces.first() else { return false };
        let median = |of: ArrayView2<'_, f32>| percentile(piece.pixels.iter().map(|&at| of[at]), 0.5);
        let (Some(ink), Some(paper_below)) = (median(image), median(paper.view())) else { return false };
        let inside: HashSet<(usize, usize)> = piece.pixels.iter().copied().collect();
        // Beside a line there is paper, in the light or in the shadow: where the paper seems to be as dark as the line,
        // the line goes on.
        let (mut outline, mut cut) = (0, 0);
        for &at in &piece.pixels {
            let line = image[at] + 0.3 * (paper[at] - image[at]);
            for beside in pieces::around(at, image.dim()).filter(|beside| !inside.contains(beside)) {
                outline += 1;
                cut += usize::from(paper[beside] < line);
            }
        }
        // The middle of a zero is surrounded by ink, and by more of what it is of itself.
        let tolerance = 0.15 * (paper_below - ink);
        let (rows, columns) = piece.surroundings(image.dim());
        let nearby = image.slice(s![rows, columns]);
        let like = |level: f32| nearby.iter().filter(|&&grey| (grey - level).abs() < tolerance).count();
        piece.pen < 1.5 * radius as f64
            && self.slender > pieces::SLENDER
            && 5 * cut < outline
            && like(paper_below) > like(ink)
    }

    /// Whether a larger square shows more of the same digit.
    fn are_more_than(&self, less: &Self) -> bool {
        let area = |lines: &Self| lines.digit.pieces.iter().map(|piece| piece.pixels.len()).sum::<usize>();
        let mut is_digit = Array2::from_elem(self.contrast.dim(), false);
        self.digit.pieces.iter().flat_map(|piece| &piece.pixels).for_each(|&at| is_digit[at] = true);
        let common =
            less.digit.pieces.iter().flat_map(|piece| &piece.pixels).filter(|&&at| is_digit[at]).count();
        area(self) >= area(less)
            && common as f64 > 0.7 * area(less) as f64
            && self.full > 0.8 * less.full
            && (less.at_edge || !self.at_edge)
    }

    /// Whether these lines and not those of the other polarity are the digit.
    ///
    /// A sheet on a dark table is light and has the digit in it, and a zero has a light middle. The digit is the one
    /// that is longer in proportion to its width.
    fn is_preferred_to(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (self.digit.pieces.first(), other.digit.pieces.first()) else { return true };
        if a.overlaps(b) { self.slender >= other.slender } else { self.strength >= other.strength }
    }

    /// The digit's ink, with the faint edges of its lines: they are as wide as the picture is blurred, at most a
    /// quarter of a line, and then one pixel.
    fn into_ink(self) -> Array2<f32> {
        let shape = self.contrast.dim();
        let mut ink = Array2::zeros(shape);
        let mut inked: Vec<(usize, usize)> =
            self.digit.pieces.iter().flat_map(|piece| &piece.pixels).copied().collect();
        let share = |at: (usize, usize)| (self.contrast[at] / self.full).min(1.0);
        for &at in &inked {
            ink[at] = share(at);
        }
        let wide = (self.pen() / 4.0).round() as usize;
        for step in 0..=wide {
            for i in 0..inked.len() {
                for at in pieces::around(inked[i], shape) {
                    if ink[at] == 0.0 && share(at) > if step == wide { 0.0 } else { EDGE } {
                        ink[at] = share(at);
                        inked.push(at);
                    }
                }
            }
        }
        ink
    }
}

/// What differs from a plane through the border of the picture.
fn flat(mut image: Array2<f32>) -> Option<Found> {
    let plane = Plane::of(image.view());
    plane.subtract_from(&mut image);
    let noise = 3.0 * plane.noise;
    let strength = |sign: f32| -> f64 {
        let drawn = image.iter().map(|grey| sign * grey).filter(|&ink| ink > noise);
        drawn.map(|ink| f64::from(ink * ink)).sum()
    };
    let polarity =
        if strength(-1.0) >= strength(1.0) { Polarity::DarkOnLight } else { Polarity::LightOnDark };
    let sign = if polarity == Polarity::DarkOnLight { -1.0 } else { 1.0 };
    image.mapv_inplace(|grey| if sign * grey > noise { sign * grey } else { 0.0 });
    let threshold = otsu(image.iter().copied());
    let digit = pieces::digit(image.view(), threshold / 2.0, threshold)?;
    let pixels = digit.pieces.iter().flat_map(|piece| &piece.pixels);
    let full = percentile(pixels.map(|&at| image[at]).filter(|&ink| ink > threshold), 0.9)?;
    if full < LEAST_CONTRAST.max(2.0 * noise) {
        return None;
    }
    let digits = digit.digits;
    let lines = Lines { contrast: image, digit, full, strength: 0.0, slender: 0.0, at_edge: false };
    Some(Found { ink: lines.into_ink(), polarity, digits })
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faint_stroke_is_full_ink() {
        let mut image = Array2::from_elem((20, 20), 120.0);
        image.slice_mut(s![5..15, 8..11]).fill(100.0);
        let Found { ink, polarity, .. } = find(image).unwrap();
        assert_eq!((ink[[10, 9]], ink[[2, 2]], polarity), (1.0, 0.0, Polarity::DarkOnLight));
    }

    #[test]
    fn dust_darker_than_the_pen_does_not_make_it_faint() {
        let mut image = Array2::from_elem((512, 512), 255.0);
        image.slice_mut(s![20..400, 20..300]).fill(235.0);
        image.slice_mut(s![100..200, 320..420]).fill(175.0);
        for (y, x) in (20..500).step_by(6).flat_map(|y| (440..500).step_by(6).map(move |x| (y, x))).take(220)
        {
            image.slice_mut(s![y..y + 3, x..x + 3]).fill(55.0);
        }
        let ink = find(image).unwrap().ink;
        assert_eq!(ink.iter().fold(0.0_f32, |most, &ink| most.max(ink)), 1.0);
        crate::photo::pen::widen(ink.view());
    }

    #[test]
    fn noise_is_not_ink() {
        let image = Array2::from_shape_fn((50, 50), |(y, x)| 100.0 + ((y * 7919 + x * 104_729) % 13) as f32);
        assert!(find(image).is_none());
    }
}
