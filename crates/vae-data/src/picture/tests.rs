//! Pictures of every kind, written by the library that reads them, and edited by hand where it cannot write them.

use image::{ExtendedColorType, ImageEncoder, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::array;

use super::*;

fn decode(bytes: &[u8]) -> Result<Array2<u8>, FormatError> {
    to_grey(bytes).map(|picture| picture.grey)
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG whose header announces `width` x `height` grey pixels, of which the file holds none.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(GrayImage::new(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

#[test]
fn grey_pixels_come_as_they_are() {
    let image = GrayImage::from_raw(3, 2, vec![0, 50, 100, 150, 200, 250]).unwrap();
    assert_eq!(decode(&encoded(image, ImageFormat::Png)).unwrap(), array![[0, 50, 100], [150, 200, 250]]);
}

#[test]
fn sixteen_bits_become_eight() {
    let image = image::ImageBuffer::<Luma<u16>, _>::from_raw(3, 1, vec![0_u16, 0x8080, 0xffff]).unwrap();
    assert_eq!(decode(&encoded(image, ImageFormat::Png)).unwrap(), array![[0, 128, 255]]);
}

#[test]
fn a_jpeg_is_nearly_what_was_saved() {
    let image = RgbImage::from_pixel(20, 10, Rgb([200, 200, 200]));
    let pixels = decode(&encoded(image, ImageFormat::Jpeg)).unwrap();
    assert_eq!(pixels.dim(), (10, 20));
    assert!(pixels.iter().all(|grey| grey.abs_diff(200) <= 2), "{pixels:?}");
}

#[test]
fn green_is_brighter_than_blue() {
    let image = RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([0, 255, 0]) } else { Rgb([0, 0, 255]) });
    let pixels = decode(&encoded(image, ImageFormat::Png)).unwrap();
    assert!(pixels[[0, 0]] > 2 * pixels[[0, 1]], "{pixels}");
}

#[test]
fn dark_ink_on_a_transparent_ground_gets_white_paper() {
    let image = RgbaImage::from_fn(3, 1, |x, _| Rgba([0, 0, 0, [0, 128, 255][x as usize]]));
    assert_eq!(decode(&encoded(image, ImageFormat::Png)).unwrap(), array![[255, 127, 0]]);
}

#[test]
fn light_ink_on_a_transparent_ground_gets_black_paper() {
    let image = GrayAlphaImage::from_fn(3, 1, |x, _| LumaA([255, [0, 128, 255][x as usize]]));
    assert_eq!(decode(&encoded(image, ImageFormat::Png)).unwrap(), array![[0, 128, 255]]);
}

#[test]
fn a_picture_on_its_side_is_turned_as_its_exif_data_asks() {
    // One entry, tag 0x0112 (orientation), a short: 6, to be turned by 90 degrees clockwise.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.write_image(&[1, 2, 3, 4, 5, 6], 3, 2, ExtendedColorType::L8).unwrap();
    assert_eq!(decode(&bytes).unwrap(), array![[4, 1], [5, 2], [6, 3]]);
}

#[test]
fn files_that_are_not_pictures_are_refused() {
    for bytes in [&b"not a picture"[..], b"GIF89a", b"\x1f\x8b\x08", &[0; 100]] {
        let error = decode(bytes).unwrap_err();
        assert!(matches!(error, FormatError::NotAPicture { .. }), "{error}");
    }
    assert!(matches!(decode(b"").unwrap_err(), FormatError::Empty));
    assert!(matches!(decode(b"<!doctype html>").unwrap_err(), FormatError::Page));
}

#[test]
fn a_jpeg_cut_short_is_refused_wherever_it_is_cut() {
    let image = RgbImage::from_fn(64, 48, |x, y| Rgb([(x * 3) as u8, (y * 5) as u8, (x ^ y) as u8]));
    let bytes = encoded(image, ImageFormat::Jpeg);
    for length in (1..bytes.len() - 1).step_by(17) {
        let error = decode(&bytes[..length]).unwrap_err();
        assert!(matches!(error, FormatError::NotAPicture { .. }), "cut at {length}: {error}");
    }
}

#[test]
fn a_png_cut_short_is_refused_wherever_it_is_cut() {
    let image = GrayImage::from_fn(20, 20, |x, y| Luma([(x * y) as u8]));
    let bytes = encoded(image, ImageFormat::Png);
    // The last twelve bytes mark the end: without them, every pixel is still there.
    for length in 1..bytes.len() - 12 {
        let error = decode(&bytes[..length]).unwrap_err();
        assert!(matches!(error, FormatError::NotAPicture { .. }), "cut at {length}: {error}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_gigabytes_is_refused_unread() {
    for (width, height) in [(16_385, 1), (1, u32::MAX >> 1), (60_000, 60_000), (16_384, 16_384 + 1)] {
        let error = decode(&png_header(width, height)).unwrap_err();
        assert!(matches!(error, FormatError::PictureTooLarge { .. }), "{width} x {height}: {error}");
    }
}

#[test]
fn a_picture_without_pixels_is_refused() {
    assert!(matches!(decode(&png_header(0, 5)).unwrap_err(), FormatError::NotAPicture { .. }));
}

#[test]
fn a_directory_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    assert!(matches!(read(dir.path()).unwrap_err(), FormatError::NotAFile { .. }));
}

#[test]
fn colours_that_an_eye_would_see_are_noticed() {
    let was_coloured = |rgb: [u8; 3], format| {
        let image = RgbImage::from_pixel(8, 8, Rgb(rgb));
        to_grey(&encoded(image, format)).unwrap().was_coloured
    };
    assert!(was_coloured([200, 30, 30], ImageFormat::Png) && was_coloured([200, 30, 30], ImageFormat::Jpeg));
    assert!(!was_coloured([90, 90, 90], ImageFormat::Png) && !was_coloured([90, 92, 88], ImageFormat::Jpeg));
}
