//! Handwritten-looking digits, drawn by the program: a data set for machines without MNIST.
//!
//! It needs no file and no network, so that a first run, a test or an offline machine can train a real model. The
//! digits imitate MNIST in content as well as in format: a nearest-neighbour classifier that has seen only them
//! recognises most of MNIST's test set (the example `nearest_neighbour` measures how much).
//!
//! A digit is made in the steps of someone who writes it, a module for each:
//!
//! ```text
//! strokes      the forms of a copybook: a few points that the pen passes
//! handwriting  how a hand varies them: slant, proportions, bends, wobble, pen
//! curve        the smooth line through the points
//! render       ink on paper, then the scaling and centring that MNIST's images went through
//! ```
//!
//! Each image has a stream of random numbers of its own (`dice`), keyed by seed, split and index. The arithmetic is
//! limited to `+ - * /` and `sqrt`, which IEEE 754 defines to the last bit, while `sin` or `exp` may differ there
//! between systems. So an image has the same bytes on every machine, with any number of threads, in a data set of any
//! size.

mod curve;
mod dice;
mod handwriting;
mod render;
mod strokes;

use ndarray::Array2;
use rayon::prelude::*;

use self::{dice::Dice, render::PIXELS};
use crate::{dataset::Dataset, splits::Split};

pub use self::render::SIDE;

/// Number of classes. Each block of as many images shows every class once.
const CLASSES: usize = 10;

/// Draws `count` labelled digits of 28 x 28 pixels, in MNIST's format: light ink on black, in a box of 20 x 20 pixels,
/// the centre of mass in the middle.
///
/// Image `i` and its label depend on `(seed, split, i)` alone, so a larger set begins with the smaller one. Images
/// `10 k` to `10 k + 9` show every digit once, in random order. The splits differ as two samples of the same writers
/// do; they share no image.
///
/// Takes about 5 microseconds an image and core.
///
/// ```
/// use vae_data::Split;
/// use vae_data::digits;
///
/// let train = digits::generate(1_000, 7, Split::Train);
/// assert_eq!(train.images().dim(), (1_000, 28 * 28));
/// let labels = train.labels().expect("the built-in digits have labels");
/// assert_eq!(labels.iter().filter(|&&label| label == 3).count(), 100);
/// ```
///
/// # Panics
/// If `count` is more than a [`Dataset`] holds, which is `u32::MAX` images or 3 TB.
pub fn generate(count: usize, seed: u64, split: Split) -> Dataset {
    assert!(u32::try_from(count).is_ok(), "a data set holds at most {} images, asked for {count}", u32::MAX);
    let mut pixels = vec![0; count * PIXELS];
    let mut labels = vec![0; count];
    pixels.par_chunks_exact_mut(PIXELS).zip(&mut labels).enumerate().for_each(|(index, (image, label))| {
        let index = index as u64;
        *label = label_of(index, seed, split);
        let mut dice = Dice::new(seed, Purpose::Drawing.tag(split), index);
        render::render(&handwriting::write(*label, &mut dice), image);
    });
    let images = Array2::from_shape_vec((count, PIXELS), pixels).expect("count images of PIXELS bytes each");
    Dataset::new(images, Some(labels), SIDE, SIDE).expect("at most u32::MAX images")
}

/// What a stream of random numbers is for: no two purposes share one.
#[derive(Clone, Copy)]
enum Purpose {
    Label,
    Drawing,
}

impl Purpose {
    /// The purpose's part of the key.
    fn tag(self, split: Split) -> &'static [u8; 8] {
        match (self, split) {
            (Self::Label, Split::Train) => b"trainlab",
            (Self::Label, Split::Test) => b"test-lab",
            (Self::Drawing, Split::Train) => b"traindig",
            (Self::Drawing, Split::Test) => b"test-dig",
        }
    }
}

/// The digit that image `index` shows.
///
/// Labels are shuffled in blocks of ten and not drawn one by one: so every class has its share in any set, however
/// small, and the index of an image does not tell its class.
fn label_of(index: u64, seed: u64, split: Split) -> u8 {
    let mut dice = Dice::new(seed, Purpose::Label.tag(split), index / CLASSES as u64);
    let mut block: [u8; CLASSES] = std::array::from_fn(|digit| digit as u8);
    for last in (1..CLASSES).rev() {
        block.swap(last, dice.below(last as u32 + 1) as usize);
    }
    block[(index % CLASSES as u64) as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Enough of each class for a stable mean.
    fn sample() -> Dataset {
        generate(2_000, 1, Split::Train)
    }

    /// Column and row of the centre of mass, in pixels.
    fn centre_of_mass(image: &[u8]) -> [f32; 2] {
        let mut moments = [0.0; 3];
        for (at, &ink) in image.iter().enumerate() {
            let ink = f32::from(ink);
            moments[0] += ink;
            moments[1] += ink * (at % SIDE) as f32;
            moments[2] += ink * (at / SIDE) as f32;
        }
        [moments[1] / moments[0], moments[2] / moments[0]]
    }

    /// First and last row or column with ink, by `coordinate` of a pixel's place in the image.
    fn extent(image: &[u8], coordinate: impl Fn(usize) -> usize) -> (usize, usize) {
        let inked = || image.iter().enumerate().filter(|&(_, &ink)| ink > 0).map(|(at, _)| coordinate(at));
        (inked().min().expect("an image has ink"), inked().max().expect("an image has ink"))
    }

    fn share_of(set: &Dataset, is_counted: impl Fn(u8) -> bool) -> f64 {
        let counted = set.images().iter().filter(|&&ink| is_counted(ink)).count();
        counted as f64 / set.images().len() as f64
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let drawn_by = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| generate(203, 5, Split::Train))
        };
        let one = drawn_by(1);
        assert_eq!(one, drawn_by(2));
        assert_eq!(one, drawn_by(7));
    }

    #[test]
    fn a_larger_set_begins_with_the_smaller_one() {
        let (small, large) = (generate(37, 5, Split::Test), generate(120, 5, Split::Test));
        assert_eq!(small.images(), large.images().slice(ndarray::s![..37, ..]));
        assert_eq!(small.labels().unwrap(), &large.labels().unwrap()[..37]);
    }

    #[test]
    fn these_bytes_are_drawn_on_every_machine() {
        let golden = "c83db551b4deff7cb1e63405b4338db3622c1781f6b756e0b838c9607b38048c";
        assert_eq!(generate(100, 1, Split::Train).fingerprint(), golden);
    }

    #[test]
    fn no_image_comes_twice_in_either_split_of_two_seeds() {
        let sets = [(1, Split::Train), (1, Split::Test), (2, Split::Train), (2, Split::Test)];
        let sets = sets.map(|(seed, split)| generate(500, seed, split));
        let mut distinct = HashSet::new();
        for set in &sets {
            distinct.extend(set.images().rows().into_iter().map(|image| image.to_vec()));
        }
        assert_eq!(distinct.len(), 4 * 500);
    }

    #[test]
    fn the_order_of_the_labels_depends_on_seed_and_split() {
        let order = |seed, split| generate(100, seed, split).labels().unwrap().to_vec();
        assert_ne!(order(1, Split::Train), order(2, Split::Train));
        assert_ne!(order(1, Split::Train), order(1, Split::Test));
    }

    #[test]
    fn every_block_of_ten_shows_every_digit() {
        for block in sample().labels().unwrap().chunks_exact(CLASSES) {
            assert_eq!(block.iter().collect::<HashSet<_>>().len(), CLASSES);
        }
    }

    #[test]
    fn no_place_in_a_block_prefers_a_digit() {
        let mut threes = [0; CLASSES];
        for (index, &label) in generate(10_000, 1, Split::Train).labels().unwrap().iter().enumerate() {
            threes[index % CLASSES] += usize::from(label == 3);
        }
        // 1,000 blocks: 100 expected with a standard deviation of 9.5.
        assert!(threes.iter().all(|&count| (60..140).contains(&count)), "{threes:?}");
    }

    #[test]
    fn a_set_without_images_can_be_drawn() {
        assert!(generate(0, 1, Split::Train).is_empty());
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    #[should_panic(expected = "at most 4294967295 images, asked for 4294967296")]
    fn more_images_than_a_data_set_holds_panic() {
        let _ = generate(1 << 32, 1, Split::Train);
    }

    #[test]
    fn the_longer_side_fills_the_box_and_none_exceeds_it() {
        for image in sample().images().rows() {
            let image = image.as_slice().unwrap();
            let (left, right) = extent(image, |at| at % SIDE);
            let (top, bottom) = extent(image, |at| at / SIDE);
            let longer = (right - left + 1).max(bottom - top + 1);
            assert!((18..=20).contains(&longer), "{longer}");
        }
    }

    #[test]
    fn the_centre_of_mass_is_never_far_from_the_middle() {
        for image in sample().images().rows() {
            let [x, y] = centre_of_mass(image.as_slice().unwrap());
            assert!((x - 14.0).abs() < 2.0 && (y - 14.0).abs() < 2.0, "({x}, {y})");
        }
    }

    #[test]
    fn the_centre_of_mass_is_almost_always_as_near_as_whole_pixels_get() {
        let set = sample();
        let is_near = |image: ndarray::ArrayView1<u8>| {
            centre_of_mass(image.as_slice().unwrap())
                .iter()
                .all(|coordinate| (coordinate - 14.0).abs() < 0.52)
        };
        let near = set.images().rows().into_iter().filter(|image| is_near(*image)).count();
        assert!(near * 100 > 97 * set.len(), "{near} of {}", set.len());
    }

    #[test]
    fn the_outermost_pixels_stay_empty() {
        for image in sample().images().rows() {
            let image = image.as_slice().unwrap();
            let (left, right) = extent(image, |at| at % SIDE);
            let (top, bottom) = extent(image, |at| at / SIDE);
            assert!(left.min(top) >= 1 && right.max(bottom) < SIDE - 1, "{left}..{right}, {top}..{bottom}");
        }
    }

    #[test]
    fn every_image_has_full_ink_but_is_mostly_empty() {
        for image in sample().images().rows() {
            assert!(image.iter().any(|&ink| ink > 180));
            let empty = image.iter().filter(|&&ink| ink == 0).count();
            assert!(empty * 2 > PIXELS, "{empty}");
        }
    }

    #[test]
    fn mean_ink_is_near_that_of_mnist() {
        // MNIST: 0.1307 of full ink.
        let set = sample();
        let ink =
            set.images().iter().map(|&ink| f64::from(ink)).sum::<f64>() / set.images().len() as f64 / 255.0;
        assert!((0.12..0.14).contains(&ink), "{ink}");
    }

    #[test]
    fn empty_and_saturated_pixels_are_as_frequent_as_in_mnist() {
        // MNIST: 0.81 of the pixels are 0, 0.07 are at least 250.
        let empty = share_of(&sample(), |ink| ink == 0);
        assert!((0.79..0.83).contains(&empty), "{empty}");
        let full = share_of(&sample(), |ink| ink >= 250);
        assert!((0.06..0.08).contains(&full), "{full}");
    }

    #[test]
    fn images_of_one_class_differ_in_more_than_a_pixel() {
        let set = sample();
        let labels = set.labels().unwrap();
        for class in 0..CLASSES as u8 {
            let of_class = (0..set.len()).filter(|&index| labels[index] == class).take(30);
            let images: Vec<_> = of_class.map(|index| set.images().row(index).to_owned()).collect();
            for pair in images.windows(2) {
                let differing = pair[0].iter().zip(&pair[1]).filter(|(a, b)| a.abs_diff(**b) > 64).count();
                assert!(differing > 10, "two images of {class} differ in {differing} pixels");
            }
        }
    }

    #[test]
    fn a_digit_resembles_its_own_class_more_than_another() {
        let (known, asked) = (sample(), generate(300, 1, Split::Test));
        let distance = |a: ndarray::ArrayView1<u8>, b: ndarray::ArrayView1<u8>| -> u64 {
            a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum()
        };
        let (known_labels, asked_labels) = (known.labels().unwrap(), asked.labels().unwrap());
        let recognised = (0..asked.len()).filter(|&index| {
            let image = asked.images().row(index).to_owned();
            let nearest =
                (0..known.len()).min_by_key(|&other| distance(image.view(), known.images().row(other)));
            known_labels[nearest.unwrap()] == asked_labels[index]
        });
        let recognised = recognised.count();
        assert!(recognised >= 270, "{recognised} of 300");
    }
}
