//! Elastic distortion: smoothed random displacements of the pixels (P. Y. Simard, D. Steinkraus, J. C. Platt, "Best
//! practices for convolutional neural networks applied to visual document analysis", 2003).

use multiversion::multiversion;
use ndarray::Array2;
use ndarray_rand::{RandomExt, rand_distr::StandardUniform};
use rand_chacha::ChaCha8Rng;

use super::settings::Augmentation;

/// The Gaussian is cut off at this many of its σ: one part in three hundred lies beyond.
const CUT_SIGMAS: f64 = 3.0;

/// The distortion of one strength and width.
#[derive(Clone, Debug)]
pub(super) struct Elastic {
    /// (2 r + 1), the Gaussian times √α: applied along both axes, it gives α.
    kernel: Vec<f32>,
}

/// Displacements of an image's pixels, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Field<'r> {
    /// (height, 2 * width): for each row, the displacements along x, then those along y.
    rows: &'r [f32],
    width: usize,
}

impl Field<'_> {
    /// The displacements of a row, along x and along y.
    pub(super) fn row(&self, y: usize) -> (&[f32], &[f32]) {
        self.rows[y * 2 * self.width..][..2 * self.width].split_at(self.width)
    }
}

/// Memory for the displacements of an image.
#[derive(Default)]
pub(super) struct Buffers {
    /// (height, 2 * width), as drawn.
    drawn: Vec<f32>,
    /// (2, width + 2 r), a row smoothed along y, with r zeros at each end.
    margined: Vec<f32>,
    /// (height, 2 * width), smoothed along both axes.
    smooth: Vec<f32>,
}

impl Elastic {
    /// `None` if α is 0, so that nothing is distorted.
    pub(super) fn new(augmentation: &Augmentation) -> Option<Self> {
        let Augmentation { elastic_alpha: alpha, elastic_sigma: sigma, .. } = *augmentation;
        if alpha == 0.0 {
            return None;
        }
        let radius = (CUT_SIGMAS * sigma).ceil() as i32;
        let weights: Vec<f64> =
            (-radius..=radius).map(|x| (-f64::from(x * x) / (2.0 * sigma * sigma)).exp()).collect();
        let scale = alpha.sqrt() / weights.iter().sum::<f64>();
        Some(Self { kernel: weights.iter().map(|weight| (weight * scale) as f32).collect() })
    }

    /// Draws the displacements of an image of (height, width) pixels.
    pub(super) fn draw<'r>(
        &self,
        (height, width): (usize, usize),
        random: &mut ChaCha8Rng,
        buffers: &'r mut Buffers,
    ) -> Field<'r> {
        let Buffers { drawn, margined, smooth } = buffers;
        let margin = self.kernel.len() / 2;
        drawn.resize(height * 2 * width, 0.0);
        smooth.resize(height * 2 * width, 0.0);
        margined.clear();
        margined.resize(2 * (width + 2 * margin), 0.0);
        // Sixteen bits for each displacement, uniform in [−1, 1). Bits are drawn and not numbers, as the results of
        // other distributions may change with a version of their crate.
        let bits = Array2::<u32>::random_using((height, width), StandardUniform, random);
        for (row, bits) in drawn.chunks_exact_mut(2 * width).zip(bits.rows()) {
            let (dx, dy) = row.split_at_mut(width);
            for ((dx, dy), &bits) in dx.iter_mut().zip(dy).zip(bits) {
                *dx = f32::from(bits as i16) / 32_768.0;
                *dy = f32::from((bits >> 16) as i16) / 32_768.0;
            }
        }
        convolve(&self.kernel, width, drawn, margined, smooth);
        Field { rows: smooth, width }
    }
}

/// Smooths along y, then along x, row by row; displacements beyond the image are 0.
///
/// The outer loops run over the kernel and the inner ones over pixels: so vectors are long, and the terms of a sum
/// have the same order at any vector width.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn convolve(kernel: &[f32], width: usize, drawn: &[f32], margined: &mut [f32], smooth: &mut [f32]) {
    let margin = kernel.len() / 2;
    let height = drawn.len() / (2 * width);
    for (y, out) in smooth.chunks_exact_mut(2 * width).enumerate() {
        out.fill(0.0);
        let first = y.saturating_sub(margin);
        let rows = drawn[first * 2 * width..(y + margin + 1).min(height) * 2 * width].chunks_exact(2 * width);
        for (row, &weight) in rows.zip(&kernel[first + margin - y..]) {
            for (out, value) in out.iter_mut().zip(row) {
                *out += weight * value;
            }
        }
        for (out, margined) in out.chunks_exact_mut(width).zip(margined.chunks_exact_mut(width + 2 * margin))
        {
            margined[margin..margin + width].copy_from_slice(out);
            out.fill(0.0);
            for (shift, &weight) in kernel.iter().enumerate() {
                for (out, value) in out.iter_mut().zip(&margined[shift..shift + width]) {
                    *out += weight * value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{hash, stream::stream};

    fn elastic(alpha: f64, sigma: f64) -> Elastic {
        let augmentation =
            Augmentation { elastic_alpha: alpha, elastic_sigma: sigma, ..Augmentation::default() };
        Elastic::new(&augmentation).unwrap()
    }

    #[test]
    fn smoothing_is_the_plain_sum_over_a_square() {
        let (height, width) = (7, 5);
        let drawn: Vec<f32> = (0..height * 2 * width).map(|i| (i * 37 % 23) as f32 - 11.0).collect();
        let Elastic { kernel } = elastic(3.0, 0.8);
        let margin = kernel.len() as i32 / 2;
        let mut smooth = vec![0.0; drawn.len()];
        convolve(&kernel, width, &drawn, &mut vec![0.0; 2 * (width + 2 * margin as usize)], &mut smooth);
        let at = |y: i32, x: i32, axis: usize| {
            let inside = (0..height as i32).contains(&y) && (0..width as i32).contains(&x);
            if inside { drawn[(y as usize * 2 + axis) * width + x as usize] } else { 0.0 }
        };
        for (y, x, axis) in [(0, 0, 0), (3, 2, 1), (6, 4, 0), (2, 4, 1)] {
            let mut sum = 0.0;
            for (i, a) in (-margin..).zip(&kernel) {
                for (j, b) in (-margin..).zip(&kernel) {
                    sum += a * b * at(y + i, x + j, axis);
                }
            }
            let found = smooth[(y as usize * 2 + axis) * width + x as usize];
            assert!((found - sum).abs() < 1e-4, "({y}, {x}, {axis}): {found}, not {sum}");
        }
    }

    #[test]
    fn these_displacements_are_drawn_on_every_machine() {
        // Before they are smoothed, as the Gaussian may differ in the last bit between systems.
        let mut buffers = Buffers::default();
        elastic(34.0, 4.0).draw((7, 5), &mut stream(1, b"elastic ", [2, 3]), &mut buffers);
        let mut hasher = Sha256::new();
        for displacement in &buffers.drawn {
            hasher.update(displacement.to_bits().to_le_bytes());
        }
        let golden = "0759db5a5bc5c5d6328562ab6625a2b8fd98ac00113f4907516487292edb061e";
        assert_eq!(hash::hex(&hasher.finalize()), golden);
    }

    #[test]
    fn displacements_have_the_documented_deviation() {
        let (elastic, mut buffers) = (elastic(34.0, 4.0), Buffers::default());
        let middle = |index| {
            let field = elastic.draw((28, 28), &mut stream(1, b"elastic ", [0, index]), &mut buffers);
            field.row(14).0[14]
        };
        let squares: f32 = (0..2_000).map(middle).map(|dx| dx * dx).sum();
        let deviation = (squares / 2_000.0).sqrt();
        assert!((deviation - 1.38).abs() < 0.1, "{deviation}");
    }

    #[test]
    fn displacements_along_the_axes_are_independent() {
        let (elastic, mut buffers) = (elastic(34.0, 4.0), Buffers::default());
        let product = |index| {
            let field = elastic.draw((28, 28), &mut stream(1, b"elastic ", [1, index]), &mut buffers);
            let (dx, dy) = field.row(14);
            dx[14] * dy[14]
        };
        let mean: f32 = (0..2_000).map(product).sum::<f32>() / 2_000.0;
        assert!(mean.abs() < 0.2, "{mean}");
    }
}
