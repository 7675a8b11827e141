//! `exp`, `expm1`, `ln`, `log1p`, the logistic function, `tanh` and the tail of the normal distribution, written so
//! that a loop over them becomes vector instructions.
//!
//! libm's scalar functions would cost more than the matrix products. These have no branch and no table, and use no
//! fused multiply-add, so that they give the same bits at any vector width. Each is marked `inline(always)`: the
//! loops that call them are compiled once for each instruction set.
//!
//! The polynomials are least-maximum fits, made for this crate, to what is left of each function after its leading
//! terms. Errors are in units in the last place (ulp) against `f64`; the tests measure them.

/// eˣ, to 2 ulp; subnormal results are exact to their last place, `exp(-∞) = 0`, `exp(∞) = ∞`, NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // eˣ = 2ⁿ · eʳ with |r| ≤ ln2 / 2. Adding 1.5·2²³ rounds to an integer, found in the sum's low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 355.0 / 512.0; // nine bits: n · LN2_HIGH is exact
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let e = 1.0 + (r + r * r * exp_beyond_linear(r));
    // In two factors, as 2ⁿ alone is not a normal number for n = 128 or n < -126.
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = n >> 1;
    e * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// (eʳ − 1 − r) / r² for |r| ≤ ln2 / 2
#[inline(always)]
fn exp_beyond_linear(r: f32) -> f32 {
    let p = 0.000_197_902_06;
    let p = p * r + 0.001_394_485;
    let p = p * r + 0.008_333_499;
    let p = p * r + 0.041_666_29;
    let p = p * r + 0.166_666_66;
    p * r + 0.5
}

/// eˣ − 1, to 4 ulp
#[inline(always)]
pub(crate) fn expm1(x: f32) -> f32 {
    // Near zero the difference would cancel.
    let near = x + x * x * exp_beyond_linear(x);
    let far = exp(x) - 1.0;
    if x.abs() < 0.34 { near } else { far }
}

/// Φ(−y) / e^(−y²/2) for y ≥ 0, with Φ the distribution function of N(0, 1), to 8 ulp for y ≤ 14
#[inline(always)]
pub(crate) fn normal_tail(y: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3 * y);
    let p = 0.038_378_29;
    let p = p * t - 0.169_166_12;
    let p = p * t + 0.228_660_08;
    let p = p * t - 0.076_506_48;
    let p = p * t + 0.142_535_52;
    let p = p * t + 0.094_683_52;
    let p = p * t + 0.121_920_34;
    let p = p * t + 0.119_487_69;
    p * t + 7.168_876e-6
}

/// 2ⁿ for -126 ≤ n ≤ 127
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// ln x for normal x, to 3 ulp; NaN stays NaN
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    // x = 2ⁿ · m with m around 1, and ln m = 2 atanh(s), s = (m − 1) / (m + 1) within ± 0.18
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let n = (x.to_bits().wrapping_sub(SQRT_HALF) as i32) >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((n as u32) << 23));
    let ln_m = twice_atanh((m - 1.0) / (m + 1.0));
    // 0 · x is zero, or NaN where the bits of x are not those of a number.
    n as f32 * std::f32::consts::LN_2 + ln_m + 0.0 * x
}

/// ln(1 + e) for 0 ≤ e ≤ 1, to 2 ulp
#[inline(always)]
pub(crate) fn log1p_unit(e: f32) -> f32 {
    // ln(1 + e) = 2 atanh(s), s = e / (2 + e) ≤ 1/3
    twice_atanh(e / (2.0 + e))
}

/// 2 atanh(s) for |s| ≤ 1/3
#[inline(always)]
fn twice_atanh(s: f32) -> f32 {
    let t = s * s;
    // (atanh(s) / s − 1) / s²
    let p = 0.108_714_536;
    let p = p * t + 0.085_824_98;
    let p = p * t + 0.111_496_28;
    let p = p * t + 0.142_842_67;
    let p = p * t + 0.200_000_24;
    let p = p * t + 0.333_333_34;
    2.0 * (s + s * (t * p))
}

/// The logistic function and softplus together: (σ(g), ln(1 + eᵍ)), from a single exponential.
///
/// Neither overflows: with e = exp(−|g|) ≤ 1, σ(g) is 1/(1+e) or e/(1+e), and softplus is max(g, 0) + ln(1 + e).
#[inline(always)]
pub(crate) fn sigmoid_softplus(g: f32) -> (f32, f32) {
    let e = exp(-g.abs());
    let reciprocal = 1.0 / (1.0 + e);
    let sigmoid = if g < 0.0 { e * reciprocal } else { reciprocal };
    let positive = if g < 0.0 { 0.0 } else { g };
    (sigmoid, positive + log1p_unit(e))
}

/// σ(g) = 1 / (1 + e⁻ᵍ), to 3 ulp
#[inline(always)]
pub(crate) fn sigmoid(g: f32) -> f32 {
    sigmoid_softplus(g).0
}

/// tanh x, to 2 ulp
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    // Away from zero, 1 − 2 / (e²ˣ + 1); near it that would cancel, and a polynomial in x² serves.
    let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
    let far = if x < 0.0 { -far } else { far };
    let t = x * x;
    let p = -0.005_721_637_5;
    let p = p * t + 0.020_655_225;
    let p = p * t - 0.053_745_147;
    let p = p * t + 0.133_315_15;
    let p = p * t - 0.333_332_84;
    let near = x + x * (t * p);
    if magnitude < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of `f` against `exact` over a dense walk through `from..=to`, in ulp of the exact value.
    fn worst_ulp(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, from: f32, to: f32) -> f64 {
        let steps = 2_000_000;
        (0..=steps)
            .map(|i| from + (to - from) * (i as f32 / steps as f32))
            .map(|x| {
                let want = exact(f64::from(x));
                let ulp = 2f64.powi(want.abs().log2().floor().max(-126.0) as i32 - 23);
                (f64::from(f(x)) - want).abs() / ulp
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_two_ulp() {
        let worst = worst_ulp(exp, f64::exp, -87.0, 88.7);
        assert!(worst < 2.0, "{worst}");
    }

    #[test]
    fn exp_reaches_down_through_the_subnormals() {
        let worst = worst_ulp(exp, f64::exp, -103.0, -87.0);
        assert!(worst < 2.0, "{worst}");
    }

    #[test]
    fn exp_is_right_at_the_ends() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-0.0), 1.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(89.0), f32::INFINITY);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-200.0), 0.0);
        assert!(exp(f32::NAN).is_nan());
        assert!((f64::from(exp(88.0)) / 88f64.exp() - 1.0).abs() < 3e-7);
        assert!((f64::from(exp(-88.0)) - (-88f64).exp()).abs() < 2e-45);
    }

    #[test]
    fn ln_is_within_three_ulp_and_does_not_hide_nan() {
        for (from, to) in [(1e-30, 1.0), (0.5, 2.0), (1.0, 1e30), (1.2e-38, 1e-37)] {
            let worst = worst_ulp(ln, f64::ln, from, to);
            assert!(worst < 3.0, "{worst} between {from} and {to}");
        }
        assert!(ln(f32::NAN).is_nan());
    }

    #[test]
    fn log1p_is_within_two_ulp() {
        let worst = worst_ulp(log1p_unit, f64::ln_1p, 1e-30, 1.0);
        assert!(worst < 2.0, "{worst}");
        let worst = worst_ulp(log1p_unit, f64::ln_1p, 1e-30, 1e-4);
        assert!(worst < 2.0, "{worst}");
    }

    #[test]
    fn expm1_is_within_four_ulp() {
        for (from, to) in [(-80.0, 80.0), (-1.0, 1.0), (1e-20, 1e-3)] {
            let worst = worst_ulp(expm1, f64::exp_m1, from, to);
            assert!(worst < 4.0, "{worst} between {from} and {to}");
        }
    }

    #[test]
    fn expm1_is_right_at_the_ends() {
        assert_eq!((expm1(0.0), expm1(f32::NEG_INFINITY), expm1(f32::INFINITY)), (0.0, -1.0, f32::INFINITY));
        assert!(expm1(f32::NAN).is_nan());
    }

    /// Φ(−y) e^(y²/2), by the continued fraction of Mills' ratio far from zero, by the series of erf near it.
    fn exact_tail(y: f64) -> f64 {
        let density = (2.0 * std::f64::consts::PI).sqrt().recip();
        if y > 3.0 {
            let fraction = (1..200).rev().fold(y, |rest, k| y + f64::from(k) / rest);
            return density / fraction;
        }
        // Φ(y) − ½ = φ(y) (y + y³/3 + y⁵/(3·5) + …)
        let mut term = y;
        let sum: f64 = (1..200)
            .map(|k| {
                let this = term;
                term *= y * y / f64::from(2 * k + 1);
                this
            })
            .sum();
        0.5 * (0.5 * y * y).exp() - density * sum
    }

    #[test]
    fn the_tail_of_the_normal_distribution_is_within_eight_ulp() {
        let worst = worst_ulp(normal_tail, exact_tail, 0.0, 14.0);
        assert!(worst < 8.0, "{worst}");
    }

    #[test]
    fn the_tail_of_the_normal_distribution_starts_at_a_half_and_does_not_hide_nan() {
        assert!((normal_tail(0.0) - 0.5).abs() < 1e-7);
        assert!(normal_tail(f32::NAN).is_nan());
    }

    #[test]
    fn sigmoid_is_within_three_ulp() {
        let worst = worst_ulp(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), -87.0, 40.0);
        assert!(worst < 3.0, "{worst}");
    }

    #[test]
    fn softplus_is_within_three_ulp() {
        let exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let worst = worst_ulp(|x| sigmoid_softplus(x).1, exact, -80.0, 80.0);
        assert!(worst < 3.0, "{worst}");
    }

    #[test]
    fn sigmoid_and_softplus_saturate_without_overflow() {
        assert_eq!(sigmoid_softplus(1e30), (1.0, 1e30));
        assert_eq!(sigmoid_softplus(-1e30), (0.0, 0.0));
        assert_eq!(sigmoid_softplus(f32::INFINITY), (1.0, f32::INFINITY));
        assert_eq!(sigmoid_softplus(f32::NEG_INFINITY), (0.0, 0.0));
        assert!(sigmoid_softplus(f32::NAN).1.is_nan());
        assert!(sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn tanh_is_within_two_ulp() {
        for (from, to) in [(-12.0, 12.0), (-1.0, 1.0), (1e-20, 1e-3)] {
            let worst = worst_ulp(tanh, f64::tanh, from, to);
            assert!(worst < 2.0, "{worst} between {from} and {to}");
        }
    }

    #[test]
    fn tanh_is_right_at_the_ends() {
        assert_eq!(tanh(0.0), 0.0);
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
        assert!(tanh(f32::NAN).is_nan());
    }
}
