//! What holds for whole batches of augmented images.

use ndarray::{Array2, s};
use sha2::{Digest, Sha256};

use super::*;
use crate::{dataset::Dataset, digits, gather::gather, hash, splits::Split};

/// A little of everything that suits handwriting.
fn handwriting() -> Augmentation {
    Augmentation {
        rotation_degrees: 10.0,
        scale: 0.1,
        shift_pixels: 1.5,
        shear_degrees: 8.0,
        elastic_alpha: 34.0,
        ..Augmentation::default()
    }
}

fn digits() -> Dataset {
    digits::generate(100, 1, Split::Train)
}

fn augmented(augmentation: &Augmentation, indices: &[u32], seed: u64, epoch: u64) -> Array2<f32> {
    let augmenter = Augmenter::new(augmentation, 28, 28).unwrap();
    let mut out = Array2::from_elem((indices.len(), 784), f32::NAN);
    augmenter.gather(digits().images(), indices, seed, epoch, out.view_mut());
    out
}

fn all() -> Vec<u32> {
    (0..100).collect()
}

#[test]
fn without_augmentation_images_are_those_of_gather_to_the_bit() {
    let mut plain = Array2::zeros((100, 784));
    gather(digits().images(), &all(), plain.view_mut());
    assert_eq!(augmented(&Augmentation::default(), &all(), 1, 2), plain);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| augmented(&handwriting(), &all(), 1, 2))
    };
    assert_eq!(by(1), by(3));
}

#[test]
fn the_batch_that_an_image_is_in_does_not_matter() {
    let whole = augmented(&handwriting(), &all(), 1, 2);
    let part = augmented(&handwriting(), &[70, 3], 1, 2);
    assert_eq!((part.row(0), part.row(1)), (whole.row(70), whole.row(3)));
}

#[test]
fn epochs_and_seeds_augment_differently() {
    let reference = augmented(&handwriting(), &all(), 1, 2);
    for other in [augmented(&handwriting(), &all(), 1, 3), augmented(&handwriting(), &all(), 2, 2)] {
        assert!(reference.rows().into_iter().zip(other.rows()).all(|(a, b)| a != b));
    }
}

#[test]
fn these_numbers_are_drawn_on_every_machine() {
    // Without angles, whose sines may differ in the last bit between systems. Other numbers would change every training
    // run with augmentation.
    let augmentation = Augmentation {
        scale: 0.25,
        shift_pixels: 2.5,
        flip_horizontal: 0.5,
        flip_vertical: 0.5,
        ..Augmentation::default()
    };
    let mut hasher = Sha256::new();
    for number in augmented(&augmentation, &all(), 1, 2) {
        hasher.update(number.to_bits().to_le_bytes());
    }
    let golden = "fcb7956719c03e9d40210f68e21eeb63e3dfa6b8a5a67e468df1a60cccb448c6";
    assert_eq!(hash::hex(&hasher.finalize()), golden);
}

#[test]
fn each_setting_alone_changes_images() {
    type Set = fn(&mut Augmentation);
    let plain = augmented(&Augmentation::default(), &all(), 1, 2);
    let sets: [Set; 7] = [
        |a| a.rotation_degrees = 10.0,
        |a| a.scale = 0.1,
        |a| a.shift_pixels = 2.0,
        |a| a.shear_degrees = 10.0,
        |a| a.elastic_alpha = 34.0,
        |a| a.flip_horizontal = 0.5,
        |a| a.flip_vertical = 0.5,
    ];
    for set in sets {
        let mut augmentation = Augmentation::default();
        set(&mut augmentation);
        assert_ne!(augmented(&augmentation, &all(), 1, 2), plain, "{augmentation:?}");
    }
}

#[test]
fn half_of_the_images_are_exactly_mirrored() {
    let augmentation = Augmentation { flip_horizontal: 0.5, ..Augmentation::default() };
    let (plain, flipped) =
        (augmented(&Augmentation::default(), &all(), 1, 2), augmented(&augmentation, &all(), 1, 2));
    let mirrored = (0..100).filter(|&i| {
        let image = plain.row(i).to_shape((28, 28)).unwrap().slice(s![.., ..;-1]).to_owned();
        let result = flipped.row(i).to_shape((28, 28)).unwrap().to_owned();
        assert!(result == image || result == plain.row(i).to_shape((28, 28)).unwrap(), "image {i}");
        result == image
    });
    let mirrored = mirrored.count();
    assert!((30..70).contains(&mirrored), "{mirrored}");
}

#[test]
fn pixels_stay_between_0_and_1() {
    let wild = Augmentation { elastic_alpha: 500.0, scale: 0.9, shift_pixels: 30.0, ..handwriting() };
    for augmentation in [handwriting(), wild] {
        assert!(augmented(&augmentation, &all(), 1, 2).iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    }
}

#[test]
fn augmented_handwriting_has_about_as_much_ink() {
    let ink = |augmentation| augmented(&augmentation, &all(), 1, 2).sum();
    let (plain, bent) = (ink(Augmentation::default()), ink(handwriting()));
    assert!((bent / plain - 1.0).abs() < 0.05, "{plain} to {bent}");
}

#[test]
fn images_of_any_shape_are_augmented() {
    for (height, width) in [(1, 1), (1, 9), (9, 1), (3, 50)] {
        let augmenter = Augmenter::new(&handwriting(), height, width).unwrap();
        let mut out = Array2::from_elem((2, height * width), f32::NAN);
        augmenter.gather(Array2::from_elem((2, height * width), 200).view(), &[0, 1], 1, 2, out.view_mut());
        assert!(out.iter().all(|pixel| pixel.is_finite()), "{height} x {width}");
    }
}

#[test]
#[should_panic(expected = "index 100 is out of range for 100 images")]
fn an_index_out_of_range_panics() {
    augmented(&handwriting(), &[100], 1, 2);
}

#[test]
#[should_panic(expected = "out must have a row")]
fn an_output_of_another_shape_panics() {
    let augmenter = Augmenter::new(&handwriting(), 28, 28).unwrap();
    augmenter.gather(digits().images(), &[1, 2], 1, 2, Array2::zeros((1, 784)).view_mut());
}
