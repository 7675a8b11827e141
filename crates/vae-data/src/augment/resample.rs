//! The value at a place between four pixels, bilinear. Places beyond the image have the value of the nearest pixel of
//! its edge: black around a handwritten digit, and no black wedges in the corners of an image with a light background.

use multiversion::multiversion;

use super::{elastic::Field, warp::Warp};

/// An image as numbers in [0, 1] with its edge repeated around it, so that places need no check whether they are
/// inside.
#[derive(Default)]
pub(super) struct Padded {
    /// (height + 3, width + 3): the first row and column once more before the image, the last twice after it.
    pixels: Vec<f32>,
    height: usize,
    width: usize,
}

impl Padded {
    /// Replaces the image before.
    pub(super) fn fill(&mut self, image: &[u8], (height, width): (usize, usize)) {
        if (self.height, self.width) != (height, width) {
            self.pixels.clear();
            self.pixels.resize((height + 3) * (width + 3), 0.0);
            (self.height, self.width) = (height, width);
        }
        for (row, image) in self.pixels.chunks_exact_mut(width + 3).skip(1).zip(image.chunks_exact(width)) {
            for (number, &byte) in row[1..].iter_mut().zip(image) {
                *number = f32::from(byte) / 255.0;
            }
            row[0] = row[1];
            let last = row[width];
            row[width + 1..].fill(last);
        }
        let stride = width + 3;
        self.pixels.copy_within(stride..2 * stride, 0);
        let last = height * stride;
        for below in 1..=2 {
            self.pixels.copy_within(last..last + stride, last + below * stride);
        }
    }

    /// Fills each pixel of `out` from its place by `warp`, displaced by `bend`.
    pub(super) fn resample(&self, warp: &Warp, bend: Option<Field<'_>>, out: &mut [f32]) {
        for (y, out) in out.chunks_exact_mut(self.width).enumerate() {
            let start = [0, 1].map(|axis| warp.origin[axis] + y as f32 * warp.row[axis]);
            let none: &[f32] = &[];
            let (dx, dy) = bend.as_ref().map_or((none, none), |bend| bend.row(y));
            resample_row(self, start, warp.column, (dx, dy), out);
        }
    }
}

/// One row. The slices of `bend` are as long as the row, or empty without displacements.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn resample_row(source: &Padded, start: [f32; 2], step: [f32; 2], bend: (&[f32], &[f32]), out: &mut [f32]) {
    let stride = source.width + 3;
    // Beyond these places all four pixels repeat the edge.
    let last = [source.width, source.height].map(|length| length as f32);
    for (x, out) in out.iter_mut().enumerate() {
        let bent = [bend.0, bend.1].map(|bend| bend.get(x).copied().unwrap_or(0.0));
        let place = [0, 1]
            .map(|axis| (start[axis] + x as f32 * step[axis] + bent[axis]).clamp(-1.0, last[axis]) + 1.0);
        let [column, row] = place.map(|place| place as usize);
        let [right, down] = [place[0] - column as f32, place[1] - row as f32];
        let upper = &source.pixels[row * stride + column..][..stride + 2];
        let between = |a: f32, b: f32, share: f32| a + share * (b - a);
        let value = between(
            between(upper[0], upper[1], right),
            between(upper[stride], upper[stride + 1], right),
            down,
        );
        // Rounding must not lead out of [0, 1], which a likelihood of pixels requires.
        *out = value.clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(image: &[u8], size: (usize, usize), by: [f32; 2]) -> Vec<f32> {
        let mut source = Padded::default();
        source.fill(image, size);
        let mut out = vec![f32::NAN; image.len()];
        source.resample(&Warp { column: [1.0, 0.0], row: [0.0, 1.0], origin: by }, None, &mut out);
        out
    }

    #[test]
    fn an_image_that_is_not_moved_is_the_same_to_the_bit() {
        let image: Vec<u8> = (0..=255).collect();
        let expected: Vec<f32> = image.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        assert_eq!(moved(&image, (16, 16), [0.0, 0.0]), expected);
    }

    #[test]
    fn half_a_pixel_is_the_mean_of_two() {
        assert_eq!(moved(&[0, 255, 255, 0], (1, 4), [0.5, 0.0]), [0.5, 1.0, 0.5, 0.0]);
    }

    #[test]
    fn beyond_the_image_its_nearest_pixel_is_repeated() {
        // 1 2 3
        // 4 5 6
        let image = [10, 20, 30, 40, 50, 60];
        let grey = |byte: u8| f32::from(byte) / 255.0;
        for (by, expected) in [
            ([-1.0, 0.0], [10, 10, 20, 40, 40, 50]),
            ([2.0, 0.0], [30, 30, 30, 60, 60, 60]),
            ([0.0, 1.0], [40, 50, 60, 40, 50, 60]),
            ([5.0, -7.0], [30; 6]),
            ([-1e9, 1e9], [40; 6]),
            ([1e9, -1e9], [30; 6]),
        ] {
            assert_eq!(moved(&image, (2, 3), by), expected.map(grey), "{by:?}");
        }
        assert_eq!(moved(&[0, 255, 255, 0], (1, 4), [3.5, 0.5]), [0.0; 4]);
    }

    #[test]
    fn an_image_of_one_grey_stays_so_wherever_its_pixels_come_from() {
        for by in [[0.3, -0.7], [5.0, 0.0], [0.0, -7.5], [-1e9, 1e9]] {
            assert_eq!(moved(&[255; 4], (2, 2), by), [1.0; 4]);
        }
    }
}
