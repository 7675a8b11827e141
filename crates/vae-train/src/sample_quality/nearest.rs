//! The distance to the nearest of many images, to see whether new images are copies of those that a model was trained
//! on.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::distances::Points;

/// Images that are converted to numbers at a time.
const BLOCK: usize = 4096;

/// For each image the Euclidean distance √Σ(x − y)² to the nearest of `others`, whose bytes stand for numbers in
/// [0, 1]. A copy has a distance of 0. The distances are infinite if there are no others.
///
/// # Shapes
/// `images` (N, D) in [0, 1], `others` (M, D) u8 → N
///
/// # Panics
/// If the numbers of pixels differ.
pub fn nearest_distances(images: ArrayView2<'_, f32>, others: ArrayView2<'_, u8>) -> Vec<f64> {
    let images = Points::new(images.to_owned());
    let mut nearest = vec![f64::INFINITY; images.len()];
    for others in others.axis_chunks_iter(Axis(0), BLOCK) {
        let others = Points::new(others.mapv(|byte| f32::from(byte) / 255.0));
        // The nearest of the block is found by rounded distances, and its own is computed from the differences.
        let mut best = vec![(f32::INFINITY, None); images.len()];
        images.fold_squared_distances(&others, &mut best, |best, _, first, distances| {
            for (j, &distance) in distances.indexed_iter() {
                if distance < best.0 {
                    *best = (distance, Some(first + j));
                }
            }
        });
        nearest.par_iter_mut().zip(best).enumerate().for_each(|(i, (nearest, (_, index)))| {
            if let Some(index) = index {
                let pairs = images.point(i).into_iter().zip(others.point(index));
                let square: f64 = pairs.map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
                *nearest = nearest.min(square);
            }
        });
    }
    nearest.into_iter().map(f64::sqrt).collect()
}

/// The median of some numbers: with an even number of them, the mean of the two in the middle. None of no numbers.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (sorted[middle - 1] + upper) / 2.0 })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use vae_data::{Split, digits};

    use super::*;

    #[test]
    fn the_distance_is_the_euclidean_one_to_the_nearest() {
        let others = array![[255, 0, 0], [0, 255, 255], [51, 51, 0]];
        let found = nearest_distances(array![[0.2, 0.2, 0.5], [1.0, 0.0, 0.25]].view(), others.view());
        assert!((found[0] - 0.5).abs() < 1e-7 && (found[1] - 0.25).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn a_copied_image_has_a_distance_of_zero_and_no_other_image_has() {
        let others = digits::generate(300, 3, Split::Train);
        let mut images = digits::generate(40, 3, Split::Test).images().mapv(|byte| f32::from(byte) / 255.0);
        images.row_mut(7).assign(&others.images().row(222).mapv(|byte| f32::from(byte) / 255.0));
        let found = nearest_distances(images.view(), others.images());
        let copies: Vec<usize> = (0..40).filter(|&i| found[i] == 0.0).collect();
        assert_eq!(copies, [7]);
    }

    #[test]
    fn an_image_beyond_the_first_block_is_found() {
        let mut others = Array2::zeros((BLOCK + 20, 2));
        others[[BLOCK + 11, 0]] = 255;
        assert_eq!(nearest_distances(array![[1.0, 0.0]].view(), others.view()), [0.0]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[5.0, 1.0, 4.0, 3.0]), Some(3.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn without_others_every_distance_is_infinite() {
        assert_eq!(nearest_distances(array![[1.0]].view(), Array2::zeros((0, 1)).view()), [f64::INFINITY]);
    }
}
