//! What every grid expects of its images and its style.

use ndarray::ArrayView2;

use crate::{GridStyle, VizError};

/// Checks that the style is valid, and that the images have this shape and all find a place.
pub(crate) fn check_grid(
    images: ArrayView2<f32>,
    image_shape: (usize, usize),
    style: &GridStyle,
) -> Result<(), VizError> {
    style.validate()?;
    check_images(images, image_shape)?;
    style.check_count(images.nrows())
}

/// Checks pairs of images in the same way, and that there are as many upper as lower ones.
pub(crate) fn check_pairs(
    [upper, lower]: [ArrayView2<f32>; 2],
    image_shape: (usize, usize),
    style: &GridStyle,
) -> Result<(), VizError> {
    style.validate()?;
    check_images(upper, image_shape)?;
    if upper.nrows() != lower.nrows() {
        return Err(VizError::UnequalPairs { expected: upper.nrows(), found: lower.nrows() });
    }
    check_images(lower, image_shape)?;
    style.check_count(upper.nrows())
}

/// Checks that there are images, and that each has as many values as its shape has pixels.
fn check_images(images: ArrayView2<f32>, (height, width): (usize, usize)) -> Result<(), VizError> {
    if height == 0 || width == 0 {
        return Err(VizError::EmptyImage { height, width });
    }
    if height.checked_mul(width) != Some(images.ncols()) {
        return Err(VizError::ImagePixels { height, width, found: images.ncols() });
    }
    if images.nrows() == 0 {
        return Err(VizError::NoImages);
    }
    Ok(())
}
