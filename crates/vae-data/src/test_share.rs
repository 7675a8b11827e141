//! The sixth of each class that is set apart to test with, for data that come without a test set.

use std::collections::BTreeMap;

use crate::{order::fisher_yates, stream::stream};

/// One in this many images of a class is set apart, and at least one if there are two or more.
const TEST_SHARE: usize = 6;

/// The purpose of this module's streams.
const PURPOSE: &[u8; 8] = b"datafold";

/// Which images are set apart to test with. Without classes, all have one label.
pub(crate) fn is_test(labels: impl IntoIterator<Item = u8>, seed: u64) -> Vec<bool> {
    let mut classes: BTreeMap<u8, Vec<u32>> = BTreeMap::new();
    let mut count = 0;
    for (label, index) in labels.into_iter().zip(0..) {
        classes.entry(label).or_default().push(index);
        count += 1;
    }
    let mut is_test = vec![false; count];
    for (label, mut images) in classes {
        let share = if images.len() < 2 { 0 } else { (images.len() / TEST_SHARE).max(1) };
        fisher_yates(&mut images, &mut stream(seed, PURPOSE, [u64::from(label), 0]));
        images[..share].iter().for_each(|&index| is_test[index as usize] = true);
    }
    is_test
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixth_of_each_class_is_set_apart_whatever_the_order_of_the_classes() {
        let mixed: Vec<u8> = (0..60).map(|i| i % 2).collect();
        let is_test = is_test(mixed.iter().copied(), 1);
        for class in 0..2 {
            let count = mixed.iter().zip(&is_test).filter(|(label, is_test)| **label == class && **is_test);
            assert_eq!(count.count(), 5);
        }
    }

    #[test]
    fn the_same_images_are_set_apart_for_ever() {
        // Another choice would move images that models were trained on into the test set.
        let chosen: Vec<usize> =
            is_test([7; 20], 1).iter().enumerate().filter(|(_, is_test)| **is_test).map(|(i, _)| i).collect();
        assert_eq!(chosen, [2, 4, 9]);
    }

    #[test]
    fn a_single_image_is_trained_on() {
        assert_eq!(is_test([0, 1, 1], 1).iter().filter(|is_test| **is_test).count(), 1);
        assert!(!is_test([0, 1, 1], 1)[0]);
    }
}
