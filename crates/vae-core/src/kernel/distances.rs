//! Weighted squared distances of samples from a number of centres, there and back.

use super::{
    batch::BySample,
    blocking::LANES,
    lanes::{Lanes, Values},
};

/// d[b, k] = Σ_L a[k, l] (z[b, l] − m[k, l])²
///
/// # Shapes
/// `z` (B, L), `m` and `a` (K, L), `d` (B, K)
pub(crate) fn distances(z: &BySample, m: &[f32], a: &[f32], d: &mut BySample) {
    d.resize(z.samples());
    z.panels().zip(d.panels_mut()).for_each(|(z, d)| panel_distances(z, m, a, d));
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_distances(z: &Values, m: &[f32], a: &[f32], d: &mut Values) {
    let centres = m.chunks_exact(z.len()).zip(a.chunks_exact(z.len()));
    for (d, (m, a)) in d.iter_mut().zip(centres) {
        let mut sum = Lanes::default();
        for ((z, m), a) in z.iter().zip(m).zip(a) {
            for lane in 0..LANES {
                let away = z.0[lane] - m;
                sum.0[lane] += a * (away * away);
            }
        }
        *d = sum;
    }
}

/// The gradient of ½ Σ δ d, with δ held fixed, added to `dz` and written to `dm`, and twice that of a.
///
/// dz = Σ_K δ a (z − m), dm = −Σ_B δ a (z − m), 2 da = Σ_B δ (z − m)²
///
/// # Shapes
/// `z` and `dz` (B, L), `m`, `a`, `dm` and `da` (K, L), `delta` (B, K), zero in the padding
pub(crate) fn distances_backward(
    z: &BySample,
    m: &[f32],
    a: &[f32],
    delta: &BySample,
    dz: &mut BySample,
    [dm, da]: [&mut [f32]; 2],
) {
    dm.fill(0.0);
    da.fill(0.0);
    for ((z, delta), dz) in z.panels().zip(delta.panels()).zip(dz.panels_mut()) {
        panel_distances_backward(z, m, a, delta, dz, dm, da);
    }
}

#[allow(clippy::too_many_arguments, reason = "one loop over seven arrays")]
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_distances_backward(
    z: &Values,
    m: &[f32],
    a: &[f32],
    delta: &Values,
    dz: &mut Values,
    dm: &mut [f32],
    da: &mut [f32],
) {
    let latent = z.len();
    let centres = m.chunks_exact(latent).zip(a.chunks_exact(latent));
    let slopes = dm.chunks_exact_mut(latent).zip(da.chunks_exact_mut(latent));
    for ((delta, (m, a)), (dm, da)) in delta.iter().zip(centres).zip(slopes) {
        for l in 0..latent {
            let (mut first, mut second) = (Lanes::default(), Lanes::default());
            for lane in 0..LANES {
                let away = z[l].0[lane] - m[l];
                let pull = delta.0[lane] * away;
                dz[l].0[lane] += a[l] * pull;
                first.0[lane] = pull;
                second.0[lane] = pull * away;
            }
            dm[l] -= a[l] * in_halves(first);
            da[l] += in_halves(second);
        }
    }
}

/// The sum of sixteen numbers, half onto half.
#[inline(always)]
fn in_halves(mut lanes: Lanes) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes.0[lane] += lanes.0[lane + width];
        }
        width /= 2;
    }
    lanes.0[0]
}
