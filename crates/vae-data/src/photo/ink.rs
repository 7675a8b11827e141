//! The separation of ink and paper: how much ink each pixel has, from 0 for none to 1 for full ink.

use ndarray::{Array2, ArrayView2, Zip};

use super::{paper::Paper, specks};

/// The least contrast that counts as ink, in levels of grey.
const LEAST_CONTRAST: f32 = 8.0;

/// Levels of brightness in the histogram for the threshold.
const BINS: usize = 256;

/// Which is darker, ink or paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// A pen on paper.
    DarkOnLight,
    /// Chalk on a board, or MNIST itself.
    LightOnDark,
}

/// The ink of a grey picture; `None` if nothing stands out from noise.
///
/// The paper's brightness is subtracted, and ink is what is darker or what is lighter, whichever is stronger. A pixel
/// stays if it exceeds a threshold (Otsu, "A threshold selection method from gray-level histograms", 1979, computed
/// without noise), or if it exceeds half of that and is connected with one that does. So grey edges stay, while
/// shadows and stains elsewhere go, and so do [`specks`].
pub(super) fn find(mut image: Array2<f32>) -> Option<(Array2<f32>, Polarity)> {
    let paper = Paper::of(image.view());
    paper.subtract_from(&mut image);
    let noise = 3.0 * paper.noise;
    let strength = |sign: f32| -> f64 {
        let drawn = image.iter().map(|grey| sign * grey).filter(|&ink| ink > noise);
        drawn.map(|ink| f64::from(ink * ink)).sum()
    };
    // By squares, so that a wide faint shadow weighs little against a few strokes.
    let polarity =
        if strength(-1.0) >= strength(1.0) { Polarity::DarkOnLight } else { Polarity::LightOnDark };
    let sign = if polarity == Polarity::DarkOnLight { -1.0 } else { 1.0 };
    image.mapv_inplace(|grey| if sign * grey > noise { sign * grey } else { 0.0 });
    let threshold = otsu(image.view());
    let kept = specks::without(image.view(), threshold)?;
    // Only of what is kept: dust that is darker than the pen must not make the pen faint.
    let strokes = image.iter().zip(&kept).filter(|&(&ink, &kept)| kept && ink > threshold);
    let full = percentile(strokes.map(|(&ink, _)| ink), 0.9)?;
    if full < LEAST_CONTRAST.max(2.0 * noise) {
        return None;
    }
    Zip::from(&mut image)
        .and(&kept)
        .for_each(|ink, &kept| *ink = if kept { (*ink / full).min(1.0) } else { 0.0 });
    Some((image, polarity))
}

/// The level that divides the pixels above 0 into two classes with the largest variance between them.
fn otsu(image: ArrayView2<'_, f32>) -> f32 {
    let most = image.iter().fold(0.0_f32, |most, &ink| most.max(ink));
    let mut counts = [0_u32; BINS];
    for &ink in image.iter().filter(|&&ink| ink > 0.0) {
        counts[((ink / most * BINS as f32) as usize).min(BINS - 1)] += 1;
    }
    let weigh = |(bin, &count): (usize, &u32)| (f64::from(count), f64::from(count) * bin as f64);
    let add = |a: (f64, f64), b: (f64, f64)| (a.0 + b.0, a.1 + b.1);
    let all = counts.iter().enumerate().map(weigh).fold((0.0, 0.0), add);
    let (mut below, mut best, mut threshold) = ((0.0, 0.0), 0.0, 0);
    for (bin, count) in counts.iter().enumerate() {
        below = add(below, weigh((bin, count)));
        let above = (all.0 - below.0, all.1 - below.1);
        let apart = below.1 / below.0 - above.1 / above.0;
        let variance = below.0 * above.0 * apart * apart;
        // With a single level, the variance is 0 or NaN, and all pixels are above the threshold.
        if variance > best {
            (best, threshold) = (variance, bin + 1);
        }
    }
    threshold as f32 / BINS as f32 * most
}

/// The value that a `share` of all lies below.
fn percentile(values: impl Iterator<Item = f32>, share: f64) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    let at = (values.len() as f64 * share) as usize;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    #[test]
    fn the_threshold_lies_between_two_levels() {
        let mut image = Array2::from_elem((10, 10), 20.0);
        image.slice_mut(s![..2, ..]).fill(200.0);
        assert!((20.0..200.0).contains(&otsu(image.view())), "{}", otsu(image.view()));
    }

    #[test]
    fn pixels_of_one_level_are_above_the_threshold() {
        assert!(otsu(Array2::from_elem((3, 3), 5.0).view()) < 5.0);
    }

    #[test]
    fn a_faint_stroke_is_full_ink() {
        let mut image = Array2::from_elem((20, 20), 120.0);
        image.slice_mut(s![5..15, 8..11]).fill(100.0);
        let (ink, polarity) = find(image).unwrap();
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
        let (ink, _) = find(image).unwrap();
        assert_eq!(ink.iter().fold(0.0_f32, |most, &ink| most.max(ink)), 1.0);
        crate::photo::pen::widen(ink.view());
    }

    #[test]
    fn noise_is_not_ink() {
        let image = Array2::from_shape_fn((50, 50), |(y, x)| 100.0 + ((y * 7919 + x * 104_729) % 13) as f32);
        assert!(find(image).is_none());
    }
}
