//! PNG and JPEG files as grey pixels, whatever their size, colours and depth, within limits.
//!
//! A PNG of a hundred kilobytes may unpack to a gigabyte, and a picture from a telephone may lie on its side, with its
//! orientation in its EXIF data. Both are handled here, so that all other modules get plain pixels.

use std::{
    io::{Cursor, Read},
    path::Path,
};

use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};
use ndarray::Array2;

use crate::{
    content::{looks_like_page, open_regular},
    error::FormatError,
};

/// The most bytes of a file.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The most rows and the most columns.
const MAX_SIDE: u32 = 16_384;

/// The most bytes that a decoder may unpack to, apart from its own buffers: the picture of a good camera is 150 MB.
const MAX_DECODED_BYTES: u64 = 256 << 20;

/// The pixels of a PNG or JPEG file, (height, width), 0 black and 255 white, turned as its EXIF data asks.
///
/// Colours become their luma (Rec. 709). Transparent pixels show the paper below them: white, or black if the opaque
/// ones are light.
pub(crate) fn read(path: &Path) -> Result<Array2<u8>, FormatError> {
    read_as_grey(path).map(|picture| picture.grey)
}

/// The grey pixels of a picture, and whether it had colours before.
pub(crate) struct Grey {
    /// As [`read`] gives them.
    pub(crate) grey: Array2<u8>,
    /// Whether colours were lost that an eye would see.
    pub(crate) was_coloured: bool,
}

/// [`read`], and what was lost by it.
pub(crate) fn read_as_grey(path: &Path) -> Result<Grey, FormatError> {
    let mut bytes = Vec::new();
    open_regular(path, MAX_FILE_BYTES)?
        .take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(FormatError::Io)?;
    to_grey(&bytes)
}

/// [`read_as_grey`] from the bytes of a file.
fn to_grey(bytes: &[u8]) -> Result<Grey, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if looks_like_page(bytes) {
        return Err(FormatError::Page);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(FormatError::Io)?;
    if reader.format() == Some(ImageFormat::Jpeg) && !is_complete(bytes) {
        return Err(FormatError::NotAPicture { reason: "a JPEG that is cut short".to_owned() });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    // Rows and columns are checked below, as the decoders' own error does not give their number.
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(decoder_error)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE {
        let limit = format!("{MAX_SIDE} x {MAX_SIDE} pixels");
        return Err(FormatError::PictureTooLarge { limit, found: format!("{height} x {width}") });
    }
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        let limit = format!("{MAX_DECODED_BYTES} bytes unpacked");
        return Err(FormatError::PictureTooLarge { limit, found: decoder.total_bytes().to_string() });
    }
    let orientation = decoder.orientation().map_err(decoder_error)?;
    let image = DynamicImage::from_decoder(decoder).map_err(decoder_error)?;
    let was_coloured = is_coloured(&image);
    let mut grey = DynamicImage::ImageLuma8(grey(image));
    grey.apply_orientation(orientation);
    let (height, width) = (grey.height() as usize, grey.width() as usize);
    let pixels = grey.into_luma8().into_raw();
    let grey = Array2::from_shape_vec((height, width), pixels).expect("a byte a pixel");
    Ok(Grey { grey, was_coloured })
}

/// Whether there is an end-of-image marker after the last scan of a JPEG: without it, decoders invent the missing
/// pixels.
fn is_complete(jpeg: &[u8]) -> bool {
    let marker = |code: u8| move |pair: &[u8]| pair == [0xff, code];
    let scan = jpeg.windows(2).rposition(marker(0xda));
    scan.is_some_and(|scan| jpeg[scan..].windows(2).any(marker(0xd9)))
}

fn decoder_error(error: ImageError) -> FormatError {
    match error {
        ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            FormatError::Io(error)
        }
        ImageError::Limits(_) => FormatError::PictureTooLarge {
            limit: format!("{MAX_DECODED_BYTES} bytes unpacked"),
            found: "more".to_owned(),
        },
        ImageError::Unsupported(_) => FormatError::NotAPicture { reason: "another format".to_owned() },
        damaged => {
            FormatError::NotAPicture { reason: format!("a damaged one: {}", damaged.to_string().trim_end()) }
        }
    }
}

/// Whether the channels of a pixel differ by more than the noise of a JPEG.
fn is_coloured(image: &DynamicImage) -> bool {
    const NOISE: u8 = 24;
    let differ =
        |rgb: &[u8]| rgb.iter().max() > rgb.iter().min().map(|least| least.saturating_add(NOISE)).as_ref();
    match image {
        DynamicImage::ImageRgb8(image) => image.pixels().any(|pixel| differ(&pixel.0)),
        DynamicImage::ImageRgba8(image) => {
            image.pixels().any(|pixel| pixel.0[3] > 0 && differ(&pixel.0[..3]))
        }
        image if image.color().has_color() => image.to_rgb8().pixels().any(|pixel| differ(&pixel.0)),
        _ => false,
    }
}

fn grey(image: DynamicImage) -> GrayImage {
    if image.color().has_alpha() { laid_on_paper(&image.into_luma_alpha8()) } else { image.into_luma8() }
}

/// The picture on paper, without the alpha channel.
fn laid_on_paper(image: &GrayAlphaImage) -> GrayImage {
    let (mut opacity, mut light) = (0_u64, 0_u64);
    for &image::LumaA([luma, alpha]) in image.pixels() {
        opacity += u64::from(alpha);
        light += u64::from(alpha) * u64::from(luma);
    }
    let opaque = opacity == 255 * u64::from(image.width()) * u64::from(image.height());
    let paper: u32 = if !opaque && light > 127 * opacity { 0 } else { 255 };
    let pixel = |&image::LumaA([luma, alpha]): &image::LumaA<u8>| {
        let (luma, alpha) = (u32::from(luma), u32::from(alpha));
        ((luma * alpha + paper * (255 - alpha) + 127) / 255) as u8
    };
    let pixels = image.pixels().map(pixel).collect();
    GrayImage::from_raw(image.width(), image.height(), pixels).expect("a byte a pixel")
}

#[cfg(test)]
mod tests;
