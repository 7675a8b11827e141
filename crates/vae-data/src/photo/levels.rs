//! Levels that many numbers have: a percentile, and the threshold between two classes of them.

/// Levels of brightness in the histogram for the threshold.
const BINS: usize = 256;

/// The level that divides the pixels above 0 into two classes with the largest variance between them.
pub(super) fn otsu(ink: impl Iterator<Item = f32> + Clone) -> f32 {
    let ink = ink.filter(|&ink| ink > 0.0);
    let most = ink.clone().fold(0.0_f32, f32::max);
    let mut counts = [0_u32; BINS];
    for ink in ink {
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
pub(super) fn percentile(values: impl Iterator<Item = f32>, share: f64) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    let at = (values.len() as f64 * share) as usize;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_lies_between_two_levels() {
        let found = otsu([[20.0; 80], [200.0; 80]].concat().into_iter());
        assert!((20.0..200.0).contains(&found), "{found}");
    }

    #[test]
    fn numbers_of_one_level_are_above_the_threshold() {
        assert!(otsu([5.0; 9].into_iter()) < 5.0);
    }

    #[test]
    fn nine_tenths_lie_below_the_percentile() {
        assert_eq!(percentile((0..10).map(|number| number as f32), 0.9), Some(9.0));
        assert_eq!(percentile([].into_iter(), 0.5), None);
    }
}
