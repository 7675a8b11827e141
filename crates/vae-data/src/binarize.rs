//! Pixels made black or white. Likelihoods in the literature are those of binary pixels, and how they were made binary
//! decides what a number means: numbers of different protocols are not comparable.

use std::{borrow::Cow, fmt, str::FromStr};

use ndarray::{Array2, ArrayViewMut2, Axis};
use rand_chacha::rand_core::RngCore;

use crate::{DataError, Dataset, Split, gather, stream::stream};

/// How grey pixels x in [0, 1] become binary.
///
/// As text, in configurations, model files and on command lines: `grey`, `dynamic`, `fixed:SEED` or `threshold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binarization {
    /// Not at all.
    #[default]
    Grey,
    /// White with probability x, drawn anew each time that an image is learned from (Salakhutdinov & Murray 2008 draw
    /// once; Burda et al. 2016 draw anew). What is measured is [drawn once](Self::measured).
    Dynamic,
    /// White with probability x, drawn once from a seed of its own.
    Fixed {
        /// The seed of the draws.
        seed: u64,
    },
    /// White where x is at least a half.
    Threshold,
}

/// Images that are measured, instead of an epoch in which they are learned from.
const STILL: u64 = u64::MAX;

impl Binarization {
    /// What each can be written as, in the order in which help texts list them. Capitals stand for a number.
    pub const FORMS: &[&str] = &["grey", "dynamic", "fixed:SEED", "threshold"];

    /// Makes the images with these indices of the training set binary, in the draw of an epoch.
    ///
    /// # Shapes
    /// `indices` (B), `x` (B, D) in [0, 1]
    ///
    /// # Panics
    /// If there are fewer rows than indices.
    pub fn apply(self, seed: u64, epoch: u64, indices: &[u32], x: ArrayViewMut2<'_, f32>) {
        self.draw(seed, [epoch, 0], indices, x);
    }

    /// The set as it is measured: every measurement of a set sees the same draw, and grey pixels are not copied.
    pub fn measured(self, set: &Dataset, split: Split) -> Cow<'_, Dataset> {
        match self {
            Self::Grey => Cow::Borrowed(set),
            _ => Cow::Owned(self.of_set(set, split, 0)),
        }
    }

    /// A set with its pixels made binary, 0 or 255, in the one draw in which it is measured.
    pub fn of_set(self, set: &Dataset, split: Split, seed: u64) -> Dataset {
        let indices: Vec<u32> = (0..set.len() as u32).collect();
        self.of_images(set, split, seed, &indices)
    }

    /// As [`of_set`](Self::of_set), of these images only; the others are left as they are.
    ///
    /// # Panics
    /// If an index is not below the number of images.
    pub fn of_images(self, set: &Dataset, split: Split, seed: u64, indices: &[u32]) -> Dataset {
        if self == Self::Grey {
            return set.clone();
        }
        let part = u64::from(split == Split::Test);
        let (mut images, mut x) = (set.images().to_owned(), Array2::zeros((1, set.pixels())));
        for &index in indices {
            gather(set.images(), &[index], x.view_mut());
            self.draw(seed, [STILL, part], &[index], x.view_mut());
            images.row_mut(index as usize).zip_mut_with(&x.row(0), |byte, &x| *byte = 255 * x as u8);
        }
        let labels = set.labels().map(<[u8]>::to_vec);
        Dataset::new(images, labels, set.height(), set.width())
            .expect("images of the same size as before")
            .with_class_names(set.class_names().clone())
    }

    fn draw(self, seed: u64, [epoch, part]: [u64; 2], indices: &[u32], mut x: ArrayViewMut2<'_, f32>) {
        let key = |index: u32| u64::from(index) | part << 32;
        let stream_of = |index: u32| match self {
            Self::Dynamic => Some(stream(seed, b"binarize", [epoch, key(index)])),
            Self::Fixed { seed } => Some(stream(seed, b"binfixed", [0, key(index)])),
            Self::Grey | Self::Threshold => None,
        };
        match self {
            Self::Grey => {}
            Self::Threshold => x.map_inplace(|x| *x = f32::from(u8::from(*x >= 0.5))),
            Self::Dynamic | Self::Fixed { .. } => {
                let mut bytes = vec![0; 2 * x.ncols()];
                for (mut row, &index) in x.axis_iter_mut(Axis(0)).zip(indices) {
                    if let Some(mut stream) = stream_of(index) {
                        stream.fill_bytes(&mut bytes);
                    }
                    for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
                        // White with probability x, in steps of 2⁻¹⁶.
                        *x = f32::from(u8::from(f32::from(u16::from_le_bytes(*bytes)) < *x * 65536.0));
                    }
                }
            }
        }
    }
}

impl fmt::Display for Binarization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grey => f.write_str("grey"),
            Self::Dynamic => f.write_str("dynamic"),
            Self::Fixed { seed } => write!(f, "fixed:{seed}"),
            Self::Threshold => f.write_str("threshold"),
        }
    }
}

impl FromStr for Binarization {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let unknown = || DataError::Binarization { expected: Self::FORMS.join(", "), found: text.to_owned() };
        match text.split_once(':') {
            None if text == "grey" => Ok(Self::Grey),
            None if text == "dynamic" => Ok(Self::Dynamic),
            None if text == "threshold" => Ok(Self::Threshold),
            Some(("fixed", seed)) => Ok(Self::Fixed { seed: seed.parse().map_err(|_| unknown())? }),
            _ => Err(unknown()),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Binarization {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Binarization {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWN: [Binarization; 2] = [Binarization::Dynamic, Binarization::Fixed { seed: 3 }];

    /// 2000 images of a black, a grey and a white pixel; the grey one has the probability 51/255.
    fn set() -> Dataset {
        let images = Array2::from_shape_fn((2000, 3), |(_, pixel)| [0, 51, 255][pixel]);
        Dataset::new(images, None, 1, 3).unwrap()
    }

    fn epoch(binarization: Binarization, epoch: u64, indices: &[u32]) -> Array2<f32> {
        let mut x = Array2::zeros((indices.len(), 3));
        gather(set().images(), indices, x.view_mut());
        binarization.apply(7, epoch, indices, x.view_mut());
        x
    }

    #[test]
    fn black_stays_black_white_stays_white_and_grey_is_white_as_often_as_it_is_bright() {
        let all: Vec<u32> = (0..2000).collect();
        for binarization in DRAWN {
            let x = epoch(binarization, 0, &all);
            assert!(x.column(0).iter().all(|&x| x == 0.0) && x.column(2).iter().all(|&x| x == 1.0));
            let share = x.column(1).sum() / 2000.0;
            assert!((share - 0.2).abs() < 0.03, "{binarization}: {share}");
        }
        assert!(epoch(Binarization::Threshold, 0, &all).column(1).iter().all(|&x| x == 0.0));
        assert_eq!(epoch(Binarization::Grey, 0, &[5])[[0, 1]], 0.2);
    }

    #[test]
    fn an_epoch_draws_anew_where_that_is_asked_for_and_an_image_has_its_draw_wherever_it_lies() {
        let (some, reversed): (Vec<u32>, Vec<u32>) = ((0..200).collect(), (0..200).rev().collect());
        for binarization in DRAWN {
            let first = epoch(binarization, 0, &some);
            let again = epoch(binarization, 1, &some);
            assert_eq!(first == again, binarization != Binarization::Dynamic);
            let other_way = epoch(binarization, 0, &reversed);
            assert!(first.rows().into_iter().rev().eq(other_way.rows()));
        }
    }

    #[test]
    fn a_set_that_is_measured_is_binary_and_its_test_images_have_draws_of_their_own() {
        for binarization in DRAWN {
            let train = binarization.of_set(&set(), Split::Train, 1);
            assert!(train.images().iter().all(|&byte| byte == 0 || byte == 255));
            assert_eq!(train, binarization.of_set(&set(), Split::Train, 1));
            assert_ne!(train, binarization.of_set(&set(), Split::Test, 1));
            let other_seed = binarization.of_set(&set(), Split::Train, 2);
            assert_eq!(train == other_seed, binarization != Binarization::Dynamic);
            let one = binarization.of_images(&set(), Split::Train, 1, &[4]);
            assert_eq!(one.images().row(4), train.images().row(4));
            assert_eq!(one.images().row(5), set().images().row(5));
        }
    }

    #[test]
    fn every_form_reads_back_and_others_are_refused() {
        for form in Binarization::FORMS {
            let text = form.replace("SEED", "12");
            assert_eq!(text.parse::<Binarization>().unwrap().to_string(), text);
        }
        for text in ["", "gray", "fixed", "fixed:", "fixed:-1", "dynamic:3"] {
            let error = text.parse::<Binarization>().unwrap_err().to_string();
            assert!(error.ends_with("grey, dynamic, fixed:SEED, threshold"), "{error}");
        }
    }
}
