//! The affine part: where in the original the pixel of an augmented image comes from.

use rand_chacha::{ChaCha8Rng, rand_core::RngCore};

use super::settings::Augmentation;

/// An affine map from a pixel (x, y) to its place in the original.
#[derive(Clone, Copy, Debug)]
pub(super) struct Warp {
    /// The step of the place from one column to the next.
    pub(super) column: [f32; 2],
    /// The step of the place from one row to the next.
    pub(super) row: [f32; 2],
    /// The place that pixel (0, 0) comes from.
    pub(super) origin: [f32; 2],
}

impl Warp {
    /// Always seven draws, whatever the settings: switching on another change leaves the others as they were.
    pub(super) fn draw(augmentation: &Augmentation, size: (usize, usize), random: &mut ChaCha8Rng) -> Self {
        let mut within = |range: f64| range * (2.0 * unit(random) - 1.0);
        let angle = within(augmentation.rotation_degrees).to_radians();
        let scale = 1.0 + within(augmentation.scale);
        let shift = [within(augmentation.shift_pixels), within(augmentation.shift_pixels)];
        let shear = within(augmentation.shear_degrees).to_radians().tan();
        let mut sign = |probability: f64| if unit(random) < probability { -1.0 } else { 1.0 };
        let flip = [sign(augmentation.flip_horizontal), sign(augmentation.flip_vertical)];
        Self::new(angle, scale, shift, shear, flip, size)
    }

    /// The inverse of p ↦ R H S F (p − c) + c + shift: mirrored (F), scaled (S), slanted (H), turned (R) about the
    /// middle c, then moved. So the place of p is F⁻¹ S⁻¹ H⁻¹ R⁻¹ (p − c − shift) + c.
    fn new(
        angle: f64,
        scale: f64,
        shift: [f64; 2],
        shear: f64,
        flip: [f64; 2],
        (height, width): (usize, usize),
    ) -> Self {
        let (sin, cos) = angle.sin_cos();
        let middle = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
        // A direction after R⁻¹ and H⁻¹, then after S⁻¹ and F⁻¹, which is F.
        let back = |[x, y]: [f64; 2]| {
            let (x, y) = (cos * x + sin * y, cos * y - sin * x);
            [flip[0] * (x - shear * y) / scale, flip[1] * y / scale]
        };
        let start = back([-middle[0] - shift[0], -middle[1] - shift[1]]);
        let single = |v: [f64; 2]| v.map(|v| v as f32);
        Self {
            column: single(back([1.0, 0.0])),
            row: single(back([0.0, 1.0])),
            origin: single([start[0] + middle[0], start[1] + middle[1]]),
        }
    }
}

/// A number in [0, 1), uniform on the multiples of 2⁻³².
fn unit(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32()) / (1_u64 << 32) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [f64; 2] = [0.0, 0.0];
    const KEPT: [f64; 2] = [1.0, 1.0];

    /// Where pixel (x, y) of a 5 x 5 image comes from.
    fn place(warp: Warp, x: f32, y: f32) -> [i32; 2] {
        [0, 1].map(|axis| (warp.origin[axis] + x * warp.column[axis] + y * warp.row[axis]).round() as i32)
    }

    #[test]
    fn without_changes_a_pixel_comes_from_its_own_place() {
        assert_eq!(place(Warp::new(0.0, 1.0, NONE, 0.0, KEPT, (5, 5)), 3.0, 1.0), [3, 1]);
    }

    #[test]
    fn a_quarter_turn_brings_the_right_side_to_the_bottom() {
        let turned = Warp::new(90_f64.to_radians(), 1.0, NONE, 0.0, KEPT, (5, 5));
        assert_eq!(place(turned, 2.0, 4.0), [4, 2]);
    }

    #[test]
    fn twice_the_size_takes_from_half_as_far() {
        assert_eq!(place(Warp::new(0.0, 2.0, NONE, 0.0, KEPT, (5, 5)), 4.0, 0.0), [3, 1]);
    }

    #[test]
    fn pixels_moved_to_the_right_come_from_the_left() {
        assert_eq!(place(Warp::new(0.0, 1.0, [1.0, 0.0], 0.0, KEPT, (5, 5)), 3.0, 2.0), [2, 2]);
    }

    #[test]
    fn a_slant_moves_rows_against_each_other() {
        let slanted = Warp::new(0.0, 1.0, NONE, 1.0, KEPT, (5, 5));
        assert_eq!(
            (place(slanted, 4.0, 4.0), place(slanted, 1.0, 2.0), place(slanted, 0.0, 0.0)),
            ([2, 4], [1, 2], [2, 0])
        );
    }

    #[test]
    fn mirrored_images_come_from_the_other_side() {
        assert_eq!(place(Warp::new(0.0, 1.0, NONE, 0.0, [-1.0, 1.0], (5, 5)), 4.0, 3.0), [0, 3]);
        assert_eq!(place(Warp::new(0.0, 1.0, NONE, 0.0, [1.0, -1.0], (5, 5)), 4.0, 3.0), [4, 1]);
    }
}
