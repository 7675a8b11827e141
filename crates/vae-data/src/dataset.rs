//! What every source of images delivers and every consumer takes: labelled images of one size, as bytes.
//!
//! Bytes rather than floats: MNIST takes 47 MB instead of 188, and a batch is converted while it is gathered, at the
//! speed of a copy.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{class_names::ClassNames, error::DataError, hash, resize};

/// The most images in a data set: indices are `u32`.
const MAX_IMAGES: usize = u32::MAX as usize;

/// `N` labelled images of one size, as bytes: 0 is the background, 255 full ink.
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    /// (N, height * width), contiguous, row after row.
    images: Array2<u8>,
    /// (N), if there are labels.
    labels: Option<Vec<u8>>,
    height: usize,
    width: usize,
    class_names: ClassNames,
}

impl Dataset {
    /// Images with their labels.
    ///
    /// # Shapes
    /// `images` is (N, height * width), one image a row, its pixels row by row; `labels` is (N). N may be 0; height
    /// and width may not.
    ///
    /// # Errors
    /// [`DataError::NoPixels`], [`DataError::PixelCount`], [`DataError::LabelCount`] and
    /// [`DataError::TooManyImages`] for arguments that do not fit together.
    pub fn new(
        images: Array2<u8>,
        labels: Option<Vec<u8>>,
        height: usize,
        width: usize,
    ) -> Result<Self, DataError> {
        let (count, found) = images.dim();
        if height == 0 || width == 0 {
            return Err(DataError::NoPixels { height, width });
        }
        let expected = height.saturating_mul(width);
        if found != expected {
            return Err(DataError::PixelCount { height, width, expected, found });
        }
        if count > MAX_IMAGES {
            return Err(DataError::TooManyImages { limit: MAX_IMAGES, found: count });
        }
        if let Some(labels) = &labels
            && labels.len() != count
        {
            return Err(DataError::LabelCount { images: count, labels: labels.len() });
        }
        // `gather` is a copy only of contiguous rows; any other layout is converted once, here.
        let images =
            if images.is_standard_layout() { images } else { images.as_standard_layout().into_owned() };
        Ok(Self { images, labels, height, width, class_names: ClassNames::default() })
    }

    /// The same images, whose labels have these names.
    #[must_use]
    pub fn with_class_names(self, class_names: ClassNames) -> Self {
        Self { class_names, ..self }
    }

    /// The images of all `sets`, in their order, with labels if all sets have labels, and the names of these if all
    /// sets have the same.
    ///
    /// # Errors
    /// [`DataError::JoinSizes`] for the first set whose images are of another size than those of the first,
    /// [`DataError::TooManyImages`].
    ///
    /// # Panics
    /// If there are no sets, as there is then no image size.
    pub fn join(sets: impl IntoIterator<Item = Self>) -> Result<Self, DataError> {
        let mut sets = sets.into_iter();
        let Self { images, mut labels, height, width, mut class_names } =
            sets.next().expect("at least one set to join");
        let mut images = images.into_raw_vec_and_offset().0;
        for (position, set) in sets.enumerate() {
            let (expected, found) = ((height, width), (set.height, set.width));
            if found != expected {
                return Err(DataError::JoinSizes { position: position + 1, expected, found });
            }
            images.extend_from_slice(set.bytes());
            if class_names != set.class_names {
                class_names = ClassNames::default();
            }
            labels = labels.zip(set.labels).map(|(labels, more)| [labels, more].concat());
        }
        let images = Array2::from_shape_vec((images.len() / (height * width), height * width), images)
            .expect("whole images only");
        Ok(Self::new(images, labels, height, width)?.with_class_names(class_names))
    }

    /// The same images with rows and columns exchanged, for data that was written column by column.
    #[must_use]
    pub fn transposed(mut self) -> Self {
        let (height, width) = (self.height, self.width);
        let pixels = self.images.as_slice_mut().expect("the constructor put the rows in order");
        pixels.par_chunks_mut(height * width).for_each_init(Vec::new, |original, image| {
            original.clear();
            original.extend_from_slice(image);
            for (i, pixel) in image.iter_mut().enumerate() {
                *pixel = original[i % height * width + i / height];
            }
        });
        Self { height: width, width: height, ..self }
    }

    /// The same images in another size of `(height, width)`, each kept whole: it lies in the middle, with the ratio of
    /// its sides, and what remains beside it is filled with the median of its edge. Areas are averaged to shrink an
    /// image, and straight lines between pixels enlarge it.
    ///
    /// # Errors
    /// [`DataError::ResizedSize`] for a size without pixels or of a side above 4096, or if all images together would
    /// take more than 1 GiB.
    pub fn resized(self, (height, width): (usize, usize)) -> Result<Self, DataError> {
        resize::check(self.len(), (height, width))?;
        if (self.height, self.width) == (height, width) {
            return Ok(self);
        }
        let mut images = Array2::zeros((self.len(), height * width));
        let rows =
            images.as_slice_mut().expect("a new array is contiguous").par_chunks_exact_mut(height * width);
        rows.zip(self.bytes().par_chunks_exact(self.pixels())).for_each(|(to, from)| {
            let image = ArrayView2::from_shape((self.height, self.width), from).expect("a byte a pixel");
            to.copy_from_slice(
                resize::resized(image, (height, width)).as_slice().expect("a new array is contiguous"),
            );
        });
        Ok(Self { images, height, width, ..self })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.nrows()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The images, (N, height * width), contiguous.
    pub fn images(&self) -> ArrayView2<'_, u8> {
        self.images.view()
    }

    /// One label for each image, if there are labels.
    pub fn labels(&self) -> Option<&[u8]> {
        self.labels.as_deref()
    }

    /// The names of the labels; none if these speak for themselves.
    pub fn class_names(&self) -> &ClassNames {
        &self.class_names
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels of an image: `height * width`, the columns of [`images`](Self::images).
    pub fn pixels(&self) -> usize {
        self.images.ncols()
    }

    /// The mean of the images, in [0, 1]; black without any.
    ///
    /// # Shapes
    /// → (height * width)
    pub fn mean(&self) -> Array1<f32> {
        let mut sums = Array1::<u64>::zeros(self.pixels());
        for image in self.images.rows() {
            sums.zip_mut_with(&image, |sum, &byte| *sum += u64::from(byte));
        }
        let white = 255.0 * self.len().max(1) as f64;
        sums.mapv(|sum| (sum as f64 / white) as f32)
    }

    /// All pixels, image after image.
    fn bytes(&self) -> &[u8] {
        self.images.as_slice().expect("the constructor put the rows in order")
    }

    /// Identifies the data, whatever file or program it came from: SHA-256, in lower-case hexadecimal, of the number of
    /// images, height, width and whether there are labels (1 or 0), each as a little-endian `u64`, then of the images'
    /// bytes, then of the labels.
    pub fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        for number in [self.len(), self.height, self.width, usize::from(self.labels.is_some())] {
            hasher.update((number as u64).to_le_bytes());
        }
        hasher.update(self.bytes());
        hasher.update(self.labels().unwrap_or_default());
        hash::hex(&hasher.finalize())
    }
}

/// Sizes only: the content would be millions of numbers in the message of an assertion.
impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset")
            .field("images", &self.len())
            .field("height", &self.height)
            .field("width", &self.width)
            .field("labelled", &self.labels.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn two_images() -> Dataset {
        Dataset::new(array![[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]], Some(vec![3, 4]), 2, 3).unwrap()
    }

    #[test]
    fn sizes_are_those_of_the_constructor() {
        let set = two_images();
        assert_eq!((set.len(), set.height(), set.width(), set.pixels()), (2, 2, 3, 6));
    }

    #[test]
    fn the_mean_of_the_images_is_pixel_by_pixel_and_between_black_and_white() {
        let mean = two_images().mean();
        let expected = [4.0, 5.0, 6.0, 7.0, 8.0, 9.0f32];
        assert!(mean.iter().zip(expected).all(|(mean, byte)| (mean - byte / 255.0).abs() < 1e-7), "{mean}");
        assert_eq!(Dataset::new(Array2::zeros((0, 4)), None, 2, 2).unwrap().mean().to_vec(), [0.0; 4]);
    }

    #[test]
    fn no_images_is_a_valid_data_set() {
        assert!(Dataset::new(Array2::zeros((0, 4)), None, 2, 2).unwrap().is_empty());
    }

    #[test]
    fn images_without_pixels_are_refused() {
        let error = Dataset::new(Array2::zeros((3, 0)), None, 0, 5).unwrap_err();
        assert!(matches!(error, DataError::NoPixels { height: 0, width: 5 }), "{error}");
    }

    #[test]
    fn a_pixel_count_that_does_not_fit_the_size_is_refused() {
        let error = Dataset::new(Array2::zeros((3, 5)), None, 2, 3).unwrap_err();
        assert!(matches!(error, DataError::PixelCount { expected: 6, found: 5, .. }), "{error}");
    }

    #[test]
    fn a_size_beyond_all_memory_is_refused() {
        let error = Dataset::new(Array2::zeros((3, 0)), None, usize::MAX, 2).unwrap_err();
        assert!(matches!(error, DataError::PixelCount { expected: usize::MAX, .. }), "{error}");
    }

    #[test]
    fn a_label_too_few_is_refused() {
        let error = Dataset::new(Array2::zeros((3, 4)), Some(vec![1, 2]), 2, 2).unwrap_err();
        assert!(matches!(error, DataError::LabelCount { images: 3, labels: 2 }), "{error}");
    }

    #[test]
    fn images_in_column_order_are_put_in_row_order() {
        let transposed = array![[1_u8, 3], [2, 4]].reversed_axes();
        let set = Dataset::new(transposed, None, 1, 2).unwrap();
        assert_eq!(set.images().as_slice(), Some(&[1, 2, 3, 4][..]));
    }

    #[test]
    fn the_fingerprint_is_the_documented_hash() {
        // Python: hashlib.sha256(struct.pack('<4Q', 2, 2, 3, 1) + bytes(range(1, 13)) + bytes([3, 4])).hexdigest()
        let expected = "b4593408ecdea8a55543edf04a0bdb58ff3bffac857b809b5421bcdedd191d6f";
        assert_eq!(two_images().fingerprint(), expected);
    }

    #[test]
    fn the_fingerprint_depends_on_the_labels() {
        let unlabelled = Dataset { labels: None, ..two_images() };
        assert_ne!(two_images().fingerprint(), unlabelled.fingerprint());
    }

    #[test]
    fn the_fingerprint_depends_on_the_orientation() {
        let turned = Dataset { height: 3, width: 2, ..two_images() };
        assert_ne!(two_images().fingerprint(), turned.fingerprint());
    }

    #[test]
    fn sets_are_joined_in_the_order_given() {
        let other = Dataset::new(array![[20, 21, 22, 23, 24, 25]], Some(vec![255]), 2, 3).unwrap();
        let joined = Dataset::join([other, two_images()]).unwrap();
        assert_eq!((joined.len(), joined.height(), joined.width()), (3, 2, 3));
        assert_eq!(joined.images().column(5).to_vec(), [25, 6, 12]);
        assert_eq!(joined.labels(), Some(&[255, 3, 4][..]));
    }

    #[test]
    fn a_set_joined_alone_is_itself() {
        assert_eq!(Dataset::join([two_images()]).unwrap(), two_images());
    }

    #[test]
    fn joined_sets_have_labels_only_if_each_has() {
        let unlabelled = || Dataset { labels: None, ..two_images() };
        assert_eq!(Dataset::join([two_images(), unlabelled()]).unwrap().labels(), None);
        assert_eq!(Dataset::join([unlabelled(), two_images()]).unwrap().labels(), None);
    }

    #[test]
    fn joined_sets_keep_the_names_of_classes_that_all_agree_on() {
        let named = |name| two_images().with_class_names(ClassNames::of_known([name], 3));
        let join = |sets| Dataset::join(sets).unwrap().class_names().name_of(3);
        assert_eq!(join([named("circle"), named("circle")]), "circle");
        assert_eq!(join([named("circle"), named("square")]), "3");
        assert_eq!(join([named("circle"), two_images()]), "3");
    }

    #[test]
    fn a_set_of_another_size_is_not_joined() {
        let turned = Dataset { height: 3, width: 2, ..two_images() };
        let error = Dataset::join([two_images(), two_images(), turned]).unwrap_err();
        assert!(
            matches!(error, DataError::JoinSizes { position: 2, expected: (2, 3), found: (3, 2) }),
            "{error}"
        );
    }

    #[test]
    #[should_panic(expected = "at least one set")]
    fn joining_nothing_panics() {
        let _ = Dataset::join([]);
    }

    #[test]
    fn transposing_turns_columns_into_rows() {
        let turned = two_images().transposed();
        assert_eq!((turned.height(), turned.width(), turned.labels()), (3, 2, Some(&[3, 4][..])));
        assert_eq!(turned.images(), array![[1, 4, 2, 5, 3, 6], [7, 10, 8, 11, 9, 12]]);
    }

    #[test]
    fn transposing_twice_changes_nothing() {
        assert_eq!(two_images().transposed().transposed(), two_images());
    }
}
