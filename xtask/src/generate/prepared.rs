//! A picture of the user's in the size of the model's images: as it is, as a digit, or scaled.

use std::{fmt, path::Path};

use anyhow::Context;
use vae_data::{
    photo::{self, Photo},
    resized,
};
use vae_train::ModelFile;

use super::digit_classifier::are_digits;
use crate::paths;

/// What was done with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preparation {
    /// It has the size of the model's images.
    AsItIs,
    /// The digit was found on it and brought into MNIST's format.
    Digit,
    /// It was scaled as `--resize` scales the pictures of a data set.
    Scaled,
}

/// A picture, prepared.
pub(crate) struct Prepared {
    /// (D): 0 is black, 255 is white.
    pub(crate) pixels: Vec<u8>,
    pub(crate) preparation: Preparation,
    /// Height and width of the file's picture.
    found: (usize, usize),
    /// Height and width of the model's images.
    size: (usize, usize),
}

impl Prepared {
    /// Prepares the picture in a file.
    ///
    /// The rule: a picture of the model's size is taken as it is. Others are prepared as a digit if the model is of
    /// digits in MNIST's format, or else scaled. `data` is what the model was trained on. Images of 28 x 28 pixels of
    /// unknown data are taken for digits.
    pub(crate) fn read(model: &ModelFile, data: Option<&str>, file: &Path) -> anyhow::Result<Self> {
        let size = (model.height, model.width);
        let grey = photo::grey(file)?;
        let found = grey.dim();
        let (pixels, preparation) = if found == size {
            (grey.into_raw_vec_and_offset().0, Preparation::AsItIs)
        } else if size == (Photo::SIDE, Photo::SIDE) && data.is_none_or(are_digits) {
            let digit = photo::from_grey(grey.view()).with_context(|| paths::display(file))?;
            (digit.pixels, Preparation::Digit)
        } else {
            let scaled = resized(grey.view(), size);
            (scaled.into_raw_vec_and_offset().0, Preparation::Scaled)
        };
        Ok(Self { pixels, preparation, found, size })
    }

    /// Whether most pixels of a picture that is taken as it is are light, as on paper.
    pub(crate) fn is_taken_dark_on_light(&self) -> bool {
        let light = self.pixels.iter().filter(|&&pixel| pixel > 127).count();
        self.preparation == Preparation::AsItIs && 2 * light > self.pixels.len()
    }
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((height, width), (rows, columns)) = (self.found, self.size);
        // 4000 x 3000 is usually read as width and height.
        let found = if height == width {
            format!("{height} x {width}")
        } else {
            format!("{width} wide, {height} high")
        };
        match self.preparation {
            Preparation::AsItIs => write!(f, "taken as it is, {rows} x {columns}"),
            Preparation::Digit => {
                write!(f, "{found}, prepared as a digit in MNIST's format, {rows} x {columns}")
            }
            Preparation::Scaled => write!(f, "{found}, scaled to {rows} x {columns}"),
        }
    }
}
