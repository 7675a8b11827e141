//! Improved precision and recall (Kynkäänniemi et al., *Improved Precision and Recall Metric for Assessing Generative
//! Models*, 2019): a set of images is the union of balls around their features, each of which reaches to the k-th
//! nearest neighbour in the set (equation 1). Precision is the share of new images within the balls of the real ones,
//! recall the share of real images within the balls of the new ones (equation 2).

use ndarray::{ArrayView1, ArrayView2};

use super::distances::Points;

/// k, as in the paper.
pub const NEIGHBOURS: usize = 3;

/// Features, and the radii of the balls around them.
#[derive(Clone, Debug)]
pub struct Manifold {
    features: Points<f64>,
    /// Squared radii (N)
    radii: Vec<f64>,
}

impl Manifold {
    /// The manifold of features. Equal features are neighbours at a distance of 0.
    ///
    /// # Shapes
    /// `features` (N, H)
    ///
    /// # Panics
    /// If there are not more rows than [`NEIGHBOURS`].
    pub fn new(features: ArrayView2<'_, f32>) -> Self {
        let features = Points::new(features.mapv(f64::from));
        assert!(features.len() > NEIGHBOURS, "more images than neighbours, found {}", features.len());
        // The smallest distances of each point so far, in ascending order.
        let mut nearest = vec![[f64::INFINITY; NEIGHBOURS]; features.len()];
        features.fold_squared_distances(&features, &mut nearest, |nearest, i, first, distances| {
            for (j, &distance) in distances.indexed_iter() {
                if distance < nearest[NEIGHBOURS - 1] && first + j != i {
                    nearest[NEIGHBOURS - 1] = distance;
                    nearest.sort_by(f64::total_cmp);
                }
            }
        });
        Self { features, radii: nearest.into_iter().map(|nearest| nearest[NEIGHBOURS - 1]).collect() }
    }

    /// The share of the other manifold's points that lie within a ball of this one: the precision of `other` if this
    /// one is of real images, the recall of this one if `other` is.
    ///
    /// # Panics
    /// If the features of the two have different widths.
    pub fn share_of(&self, other: &Self) -> f64 {
        let mut within = vec![false; other.features.len()];
        let reaches = |first: usize, distances: ArrayView1<'_, f64>| {
            distances.iter().zip(&self.radii[first..]).any(|(distance, radius)| distance <= radius)
        };
        other.features.fold_squared_distances(&self.features, &mut within, |within, _, first, distances| {
            *within |= reaches(first, distances);
        });
        within.iter().filter(|&&within| within).count() as f64 / within.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    /// A grid of 9 × 9 points around (`x`, 0).
    fn grid(x: f32) -> Manifold {
        Manifold::new(
            Array2::from_shape_fn((81, 2), |(i, j)| if j == 0 { x + (i / 9) as f32 } else { (i % 9) as f32 })
                .view(),
        )
    }

    #[test]
    fn equal_sets_have_a_share_of_one() {
        assert_eq!(grid(0.0).share_of(&grid(0.0)), 1.0);
    }

    #[test]
    fn disjoint_sets_have_a_share_of_zero() {
        assert_eq!((grid(0.0).share_of(&grid(30.0)), grid(30.0).share_of(&grid(0.0))), (0.0, 0.0));
    }

    #[test]
    fn half_a_line_reaches_half_of_the_line_and_the_line_all_of_its_half() {
        let line = |from: usize, to: usize| {
            Manifold::new(Array2::from_shape_fn((to - from, 1), |(i, _)| (from + i) as f32).view())
        };
        let (all, half) = (line(0, 100), line(0, 50));
        assert_eq!(all.share_of(&half), 1.0);
        // Inside, the third neighbour is at a distance of 2; from the end of the half, which is 49, at 3.
        assert_eq!(half.share_of(&all), 0.53);
    }

    #[test]
    fn a_radius_reaches_to_the_third_neighbour() {
        let manifold = Manifold::new(array![[0.0], [1.0], [3.0], [7.0], [20.0]].view());
        assert_eq!(manifold.radii, [49.0, 36.0, 16.0, 49.0, 361.0]);
    }

    #[test]
    fn copies_are_neighbours_at_no_distance() {
        let copies = Manifold::new(Array2::from_elem((6, 3), 0.7).view());
        assert_eq!(copies.radii, [0.0; 6]);
        assert_eq!(copies.share_of(&copies), 1.0);
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let features = Array2::from_shape_fn((300, 7), |(i, j)| ((i * 53 + j * 29) % 97) as f32);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Manifold::new(features.view()).radii)
        };
        assert_eq!(with(1), with(3));
    }
}
