//! From bytes to numbers: the images of a batch, picked by index, as `f32` in [0, 1].

use multiversion::multiversion;
use ndarray::{ArrayView2, ArrayViewMut2};

/// Fills row `i` of `out` with image `indices[i]`, byte `b` as the `f32` nearest to `b / 255`.
///
/// Bytes are divided by 255. Multiplying by 1/255 looks cheaper, but is off by a bit for some bytes, and the division
/// vectorises just as well. Nothing is allocated.
///
/// # Shapes
/// `images` (N, D), `indices` (B), `out` (B, D).
///
/// # Panics
/// If `out` is not (B, D), or if an index is not below N.
pub fn gather(images: ArrayView2<'_, u8>, indices: &[u32], mut out: ArrayViewMut2<'_, f32>) {
    let (count, pixels) = images.dim();
    assert_eq!(
        out.dim(),
        (indices.len(), pixels),
        "out must have a row for each index and a column for each pixel"
    );
    for (&index, mut row) in indices.iter().zip(out.rows_mut()) {
        assert!((index as usize) < count, "index {index} is out of range for {count} images");
        let image = images.row(index as usize);
        match (image.as_slice(), row.as_slice_mut()) {
            (Some(image), Some(row)) => to_units(image, row),
            _ => row.zip_mut_with(&image, |number, &byte| *number = to_unit(byte)),
        }
    }
}

/// [`to_unit`] of each byte, on plain slices, which the compiler turns into vector instructions.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn to_units(bytes: &[u8], numbers: &mut [f32]) {
    for (number, &byte) in numbers.iter_mut().zip(bytes) {
        *number = to_unit(byte);
    }
}

/// A byte, 0 to 255, as a number from 0 to 1.
#[inline(always)]
fn to_unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, s};

    use super::*;

    #[test]
    fn every_byte_becomes_the_nearest_number() {
        let images = Array2::from_shape_fn((1, 256), |(_, byte)| byte as u8);
        let mut out = Array2::zeros((1, 256));
        gather(images.view(), &[0], out.view_mut());
        for byte in 0..256 {
            // Exact in f64, then rounded once.
            let nearest = (byte as f64 / 255.0) as f32;
            assert_eq!(out[[0, byte]].to_bits(), nearest.to_bits(), "{byte}");
        }
    }

    #[test]
    fn rows_come_in_the_order_of_the_indices_and_may_repeat() {
        let images = array![[0_u8, 51], [102, 153], [204, 255]];
        let mut out = Array2::zeros((4, 2));
        gather(images.view(), &[2, 0, 2, 1], out.view_mut());
        assert_eq!(out, array![[0.8, 1.0], [0.0, 0.2], [0.8, 1.0], [0.4, 0.6]]);
    }

    #[test]
    fn views_with_gaps_give_the_same_numbers() {
        let images = array![[0_u8, 51, 102, 153], [204, 255, 0, 51]];
        let mut out = Array2::zeros((2, 4));
        gather(images.slice(s![.., ..;2]), &[1, 0], out.slice_mut(s![.., ..;2]));
        assert_eq!(out, array![[0.8, 0.0, 0.0, 0.0], [0.0, 0.0, 0.4, 0.0]]);
    }

    #[test]
    #[should_panic(expected = "index 3 is out of range for 3 images")]
    fn an_index_out_of_range_panics() {
        gather(Array2::zeros((3, 2)).view(), &[3], Array2::zeros((1, 2)).view_mut());
    }

    #[test]
    #[should_panic(expected = "out must have a row")]
    fn an_output_of_another_shape_panics() {
        gather(Array2::zeros((3, 2)).view(), &[1, 2], Array2::zeros((1, 2)).view_mut());
    }
}
