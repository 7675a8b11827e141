//! The picture itself: a rectangle of RGB bytes. All pixels are allocated here, so that the limit on a picture's size
//! is enforced in one place.

use crate::VizError;

/// The largest picture that is drawn: 64 Mpixel, 192 MiB of RGB.
///
/// Sizes often come from a command line, where a slip (a scale of 2000 instead of 2) must give an error instead of
/// exhausting the memory.
pub const MAX_PIXELS: usize = 64 << 20;

/// An RGB picture in memory, ready to be encoded with [`to_png`](Picture::to_png).
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// `(height, width, 3)`, row-major.
    rgb: Vec<u8>,
}

impl Picture {
    /// A picture filled with one colour.
    pub(crate) fn new(width: usize, height: usize, colour: [u8; 3]) -> Result<Self, VizError> {
        check_size(width, height)?;
        Ok(Self { width, height, rgb: colour.repeat(width * height) })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Red, green and blue of the pixel `x` from the left and `y` from the top.
    ///
    /// # Panics
    /// If `x` or `y` lies outside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width, "x within the width: expected less than {}, found {x}", self.width);
        assert!(y < self.height, "y within the height: expected less than {}, found {y}", self.height);
        let start = 3 * (y * self.width + x);
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    /// All pixels: `(height, width, 3)`, row-major, one byte per channel.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The pixels from `(x, y)` to the right edge of the picture, three bytes each; empty if `(x, y)` lies outside.
    pub(crate) fn line_from(&mut self, x: usize, y: usize) -> &mut [u8] {
        if x >= self.width || y >= self.height {
            return &mut [];
        }
        let line = 3 * y * self.width;
        &mut self.rgb[line + 3 * x..line + 3 * self.width]
    }

    /// Copies `other` with its upper left corner at `(x, y)`; the part that lies outside the picture is left out.
    pub(crate) fn paste(&mut self, other: &Picture, x: usize, y: usize) {
        for (dy, source) in other.rgb.chunks_exact(3 * other.width).enumerate() {
            let target = self.line_from(x, y + dy);
            let len = target.len().min(source.len());
            target[..len].copy_from_slice(&source[..len]);
        }
    }

    /// Mixes `colour` into the pixel with the weight `coverage` in [0, 1]; does nothing outside the picture.
    pub(crate) fn blend(&mut self, x: usize, y: usize, colour: [u8; 3], coverage: f32) {
        for (under, over) in self.line_from(x, y).iter_mut().zip(colour) {
            let mixed = f32::from(*under) + coverage * (f32::from(over) - f32::from(*under));
            *under = mixed.round() as u8;
        }
    }

    /// All pixels, to be drawn on by plotters.
    pub(crate) fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }
}

// A derived `Debug` would print millions of numbers in a failed assertion.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

/// Refuses sizes of more than [`MAX_PIXELS`], before anything is allocated.
pub(crate) fn check_size(width: usize, height: usize) -> Result<(), VizError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= MAX_PIXELS => Ok(()),
        _ => Err(VizError::TooLarge { expected: MAX_PIXELS, width, height }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_largest_size_passes_and_one_line_more_does_not() {
        assert!(check_size(MAX_PIXELS / 1024, 1024).is_ok());
        assert!(matches!(check_size(MAX_PIXELS / 1024, 1025), Err(VizError::TooLarge { height: 1025, .. })));
    }

    #[test]
    fn a_size_that_overflows_is_too_large() {
        assert!(matches!(Picture::new(usize::MAX, 3, [0; 3]), Err(VizError::TooLarge { .. })));
    }

    #[test]
    fn a_pasted_picture_is_cut_at_the_border() {
        let mut page = Picture::new(3, 2, [0; 3]).unwrap();
        page.paste(&Picture::new(5, 5, [9; 3]).unwrap(), 2, 1);
        let set: Vec<_> = (0..2).flat_map(|y| (0..3).map(move |x| (x, y))).collect();
        for (x, y) in set {
            let expected = if (x, y) == (2, 1) { [9; 3] } else { [0; 3] };
            assert_eq!(page.pixel(x, y), expected, "at ({x}, {y})");
        }
    }

    #[test]
    fn half_coverage_mixes_half_and_half() {
        let mut page = Picture::new(1, 1, [0, 100, 255]).unwrap();
        page.blend(0, 0, [200, 100, 55], 0.5);
        assert_eq!(page.pixel(0, 0), [100, 100, 155]);
    }

    #[test]
    #[should_panic(expected = "x within the width: expected less than 3, found 3")]
    fn a_pixel_outside_the_picture_is_a_panic() {
        Picture::new(3, 2, [0; 3]).unwrap().pixel(3, 0);
    }
}
