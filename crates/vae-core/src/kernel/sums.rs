//! Sums over the features of each sample, or over the samples, and the weights of their terms.

use super::{
    batch::BySample,
    blocking::LANES,
    lanes::{Lanes, Values},
    special::{exp, ln},
};

/// Adds weight · Σ v² of each sample to its sum.
///
/// # Shapes
/// `values` (B, F), `sums` (B)
pub(crate) fn add_square_sums(values: &BySample, weight: f32, sums: &mut [f32]) {
    for (sums, values) in sums.chunks_mut(LANES).zip(values.panels()) {
        let mut total = Lanes::default();
        for values in values {
            for (total, v) in total.0.iter_mut().zip(&values.0) {
                *total += v * v;
            }
        }
        sums.iter_mut().zip(&total.0).for_each(|(sum, total)| *sum += weight * total);
    }
}

/// ln Σ_F exp(c + weight · v) of each sample, and the shares of the terms in the sum, in place.
///
/// # Shapes
/// `constants` (F), `values` (B, F), `log_sum` (B)
pub(crate) fn log_sum_exp(constants: &[f32], weight: f32, values: &mut BySample, log_sum: &mut [f32]) {
    for (log_sum, values) in log_sum.chunks_mut(LANES).zip(values.panels_mut()) {
        let sums = panel_log_sum_exp(constants, weight, values);
        log_sum.copy_from_slice(&sums.0[..log_sum.len()]);
    }
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_log_sum_exp(constants: &[f32], weight: f32, values: &mut Values) -> Lanes {
    let mut largest = Lanes([f32::NEG_INFINITY; LANES]);
    for (v, c) in values.iter_mut().zip(constants) {
        for lane in 0..LANES {
            let term = c + weight * v.0[lane];
            v.0[lane] = term;
            largest.0[lane] = if term < largest.0[lane] { largest.0[lane] } else { term };
        }
    }
    let mut sum = Lanes::default();
    for v in values.iter_mut() {
        for lane in 0..LANES {
            v.0[lane] = exp(v.0[lane] - largest.0[lane]);
            sum.0[lane] += v.0[lane];
        }
    }
    let mut log_sum = Lanes::default();
    for lane in 0..LANES {
        log_sum.0[lane] = largest.0[lane] + ln(sum.0[lane]);
        sum.0[lane] = 1.0 / sum.0[lane];
    }
    for v in values {
        for lane in 0..LANES {
            v.0[lane] *= sum.0[lane];
        }
    }
    log_sum
}

/// Σ_B v of each feature, where the padding is zero.
///
/// # Shapes
/// `values` (B, F), `sums` (F)
pub(crate) fn column_sums(values: &BySample, sums: &mut [f32]) {
    sums.fill(0.0);
    for panel in values.panels() {
        sums.iter_mut().zip(panel).for_each(|(sum, v)| *sum += v.0.iter().sum::<f32>());
    }
}

/// v ← weight · v, zero in the padding.
pub(crate) fn scale(values: &mut BySample, weight: f32) {
    let samples = values.samples();
    for (p, panel) in values.panels_mut().enumerate() {
        let weight = Lanes::first(samples - LANES * p, weight);
        for v in panel.iter_mut().flat_map(|lanes| lanes.0.iter_mut().zip(&weight.0)) {
            *v.0 *= v.1;
        }
    }
}
