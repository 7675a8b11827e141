//! Which images, and in which order: the validation part, set apart once, and a new order for each epoch.
//!
//! Both are functions of a seed and nothing else, not of threads, the platform or what was drawn before. So a resumed
//! run sees the order that an uninterrupted one would have seen, and a result can be repeated from its seed.

use rand_chacha::{ChaCha8Rng, rand_core::RngCore};

use crate::{error::DataError, stream::stream};

/// The purpose of the streams for the orders of epochs.
const EPOCH: &[u8; 8] = b"dataperm";
/// The purpose of the stream for what is held out.
const HOLDOUT: &[u8; 8] = b"datahold";

/// Puts `indices` into the order of an epoch: all orders are equally likely.
///
/// The result depends on the order before, so start each epoch from the same order, such as
/// [`Holdout::train`](Holdout), and not from that of the previous epoch.
///
/// # Panics
/// If there are more than `u32::MAX` indices, the most that a [`Dataset`](crate::Dataset) can have.
pub fn shuffle(indices: &mut [u32], seed: u64, epoch: u64) {
    fisher_yates(indices, &mut stream(seed, EPOCH, [epoch, 0]));
}

/// The numbers 0 to `count - 1` in the order of an epoch.
///
/// # Panics
/// If `count` is above `u32::MAX`, the most that a [`Dataset`](crate::Dataset) can have.
#[must_use]
pub fn shuffled(count: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut indices = all(count);
    shuffle(&mut indices, seed, epoch);
    indices
}

/// The training images, divided into those to train on and a validation part, which shows overfitting.
///
/// The validation part is drawn at random: the last images of a set sorted by class would all be of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdout {
    /// The images to train on, in ascending order.
    pub train: Vec<u32>,
    /// The images to validate on, in ascending order.
    pub validation: Vec<u32>,
}

impl Holdout {
    /// Sets `validation` of `images` images apart, which may be 0.
    ///
    /// # Errors
    /// [`DataError::HoldoutTooLarge`] if no images would be left to train on.
    ///
    /// # Panics
    /// If there are more than `u32::MAX` images, the most that a [`Dataset`](crate::Dataset) can have.
    pub fn new(images: usize, validation: usize, seed: u64) -> Result<Self, DataError> {
        if validation >= images {
            return Err(DataError::HoldoutTooLarge { images, validation });
        }
        let mut order = all(images);
        fisher_yates(&mut order, &mut stream(seed, HOLDOUT, [0, 0]));
        let mut train = order.split_off(validation);
        let mut validation = order;
        train.sort_unstable();
        validation.sort_unstable();
        Ok(Self { train, validation })
    }
}

/// 0 to `count - 1`, in order.
pub(crate) fn all(count: usize) -> Vec<u32> {
    (0..u32::try_from(count).expect("at most u32::MAX images")).collect()
}

/// Fisher and Yates: from the last place to the first, each takes one of the indices not yet placed.
pub(crate) fn fisher_yates(indices: &mut [u32], random: &mut ChaCha8Rng) {
    let count = u32::try_from(indices.len()).expect("at most u32::MAX indices");
    for last in (1..count).rev() {
        indices.swap(last as usize, below(last + 1, || random.next_u32()) as usize);
    }
}

/// A number below `bound`, all equally likely.
///
/// The upper half of `bound` times 32 random bits (Lemire, "Fast random integer generation in an interval", 2019).
/// For equal shares, 2³² mod `bound` of the 2³² products are too many: those whose lower half is below that number
/// are drawn again. Written out because the results of `rand`'s own ranges may change with its versions, and because
/// a draw of `usize` would depend on the platform.
fn below(bound: u32, mut draw: impl FnMut() -> u32) -> u32 {
    let surplus = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(draw()) * u64::from(bound);
        if product as u32 >= surplus {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn orders_are_the_same_for_ever() {
        // Another order would change every training run ever made with a seed. The numbers come from ChaCha with eight
        // rounds and the shuffle written a second time, in Python.
        assert_eq!(shuffled(10, 0, 0), [8, 6, 2, 3, 5, 4, 0, 1, 7, 9]);
        assert_eq!(shuffled(60_000, 7, 3)[..5], [49829, 34241, 57598, 49795, 32122]);
        assert_eq!(Holdout::new(20, 5, 7).unwrap().validation, [5, 7, 12, 16, 19]);
    }

    #[test]
    fn epochs_differ() {
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 1, 1));
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 2, 0));
    }

    #[test]
    fn the_six_orders_of_three_are_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..60_000 {
            *counts.entry(shuffled(3, 5, epoch)).or_insert(0_i32) += 1;
        }
        // 10,000 each; the standard deviation is 91.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (count - 10_000).abs() < 500), "{counts:?}");
    }

    #[test]
    fn draws_that_would_favour_some_numbers_are_repeated() {
        // 2^32 mod 3 is 1: of the products, the one with lower half 0 is the one too many.
        let mut draws = [0, u32::MAX].into_iter();
        assert_eq!(below(3, || draws.next().unwrap()), 2);
    }

    #[test]
    fn no_image_and_one_image_have_one_order() {
        assert_eq!((shuffled(0, 1, 1), shuffled(1, 1, 1)), (vec![], vec![0]));
    }

    #[test]
    fn a_holdout_of_sorted_classes_holds_every_class() {
        // Ten classes of 600 images, one after the other.
        let mut classes = [0; 10];
        for image in Holdout::new(6000, 500, 3).unwrap().validation {
            classes[image as usize / 600] += 1;
        }
        assert!(classes.iter().all(|&count| (20..=80).contains(&count)), "{classes:?}");
    }

    #[test]
    fn seeds_hold_out_different_images() {
        assert_ne!(Holdout::new(100, 10, 1).unwrap(), Holdout::new(100, 10, 2).unwrap());
    }

    #[test]
    fn a_holdout_of_everything_is_refused() {
        let error = Holdout::new(100, 100, 1).unwrap_err();
        assert!(matches!(error, DataError::HoldoutTooLarge { images: 100, validation: 100 }), "{error}");
    }

    proptest! {
        #[test]
        fn an_order_is_a_permutation(count in 0_usize..500, seed in any::<u64>(), epoch in any::<u64>()) {
            let mut order = shuffled(count, seed, epoch);
            order.sort_unstable();
            prop_assert_eq!(order, all(count));
        }

        #[test]
        fn a_holdout_divides_the_images(images in 1_usize..300, part in 0.0..1.0, seed in any::<u64>()) {
            let wanted = (images as f64 * part) as usize;
            let Holdout { train, validation } = Holdout::new(images, wanted, seed).unwrap();
            prop_assert_eq!(validation.len(), wanted);
            let mut together = [train, validation].concat();
            together.sort_unstable();
            prop_assert_eq!(together, all(images));
        }
    }
}
