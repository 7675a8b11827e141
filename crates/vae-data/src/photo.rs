//! A photographed or drawn digit in MNIST's format.
//!
//! A model of MNIST has only seen digits that were prepared in one way, and reads others badly: light ink on black, the
//! digit scaled, its proportions kept, to fit a box of 20 x 20 pixels, and the box placed so that the centre of mass is
//! in the middle of 28 x 28 (Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits";
//! LeCun et al., "Gradient-based learning applied to document recognition", 1998). This module prepares any picture
//! in the same way:
//!
//! ```text
//! picture     PNG or JPEG ─► grey pixels
//! area        scaling down, which averages noise
//! sheet       the sheet that lies on a table, if there is one; what lies beside it is left out
//! paper       the brightness of the paper at each place, in light and shadow
//! ink         what differs from the paper, darker or lighter, by a threshold
//! pieces      the connected strokes: the largest and what is near it, without dust, blots, frames and ruled lines
//! pen         lines as wide as MNIST's, where they are thinner
//! placement   the box, the centre of mass
//! ```
//!
//! The picture must show one digit: two of one height side by side are an error. What is not made of lines, such as a
//! disc, is what differs from a plane through the border. A digit that touches the lines of its paper keeps them if
//! they are more than half as dark as its own; crop the picture then.
//!
//! Pictures for models of other things are [resized](crate::resized) instead.

mod area;
mod ink;
mod levels;
mod paper;
mod pen;
mod pieces;
mod placement;
mod plane;
mod sheet;

use std::path::Path;

use ndarray::{Array2, ArrayView2};

use crate::{
    error::{DataError, FormatError},
    picture,
};

use self::ink::Found;

pub use self::ink::Polarity;

/// The longest side, in pixels, of the scaled picture in which ink is looked for: strokes are several pixels wide
/// there.
const WORKING_SIDE: usize = 512;

/// A digit in MNIST's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// (28 * 28), row by row: 0 is the background, 255 full ink.
    pub pixels: Vec<u8>,
    /// How the digit was drawn.
    pub polarity: Polarity,
}

impl Photo {
    /// Height and width of the image, in pixels.
    pub const SIDE: usize = placement::SIDE;
}

/// The grey pixels of a PNG or JPEG file, (height, width), 0 black and 255 white, within the limits of [`read`].
///
/// Colours become grey; what is transparent is paper; EXIF's orientation is followed.
///
/// # Errors
/// [`DataError::File`] with the [`FormatError`]: if it cannot be read, is not a picture or too large.
pub fn grey(path: &Path) -> Result<Array2<u8>, DataError> {
    picture::read(path).map_err(|error| DataError::file(path, error))
}

/// The digit on a picture: a PNG or JPEG file of any size and colours, up to 16,384 x 16,384 pixels and 256 MiB
/// unpacked.
///
/// Colours become grey; what is transparent is paper; EXIF's orientation is followed.
///
/// # Errors
/// [`DataError::File`] with the [`FormatError`]: if it cannot be read, is not a picture or too large, or those of
/// [`from_grey`].
pub fn read(path: &Path) -> Result<Photo, DataError> {
    let image = picture::read(path);
    image.and_then(|image| from_grey(image.view())).map_err(|error| DataError::file(path, error))
}

/// The digit on a grey picture, dark on light or light on dark.
///
/// # Shapes
/// `image` (height, width), both at least 1.
///
/// # Errors
/// [`FormatError::NoInk`] if nothing stands out against the background, or if there are no pixels;
/// [`FormatError::SeveralDigits`] for digits side by side.
pub fn from_grey(image: ArrayView2<'_, u8>) -> Result<Photo, FormatError> {
    let (height, width) = image.dim();
    if image.is_empty() {
        return Err(FormatError::NoInk);
    }
    let shrink = (height.max(width) as f64 / WORKING_SIDE as f64).max(1.0);
    let fitted = |length: usize| ((length as f64 / shrink).round() as usize).max(1);
    let shape = (fitted(height), fitted(width));
    let cell = [height as f64 / shape.0 as f64, width as f64 / shape.1 as f64];
    let working = area::average(image, cell, shape);
    let Found { ink, polarity, digits } = ink::find(working).ok_or(FormatError::NoInk)?;
    if digits > 1 {
        return Err(FormatError::SeveralDigits { found: digits });
    }
    let digit = pen::widen(ink.view());
    Ok(Photo { pixels: placement::place(digit.view()), polarity })
}

#[cfg(test)]
mod tests;
