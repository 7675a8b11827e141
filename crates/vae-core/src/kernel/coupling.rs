//! Loops over the numbers that a coupling of a flow scales and shifts, there and back.

use super::{
    batch::BySample,
    blocking::LANES,
    elementwise::split,
    lanes::{Lanes, Values},
};
use crate::formulas::PerCoupled;

/// y′ = y eˢ + t and its scale eˢ, and adds Σ s over the coupled numbers of each sample to `log_det`.
///
/// # Shapes
/// `given` (B, 2M), r and t side by side; `y`, `scale` and `out` (B, M), `log_det` (B)
pub(crate) fn couple<C: PerCoupled>(
    c: C,
    given: &BySample,
    y: &BySample,
    scale: &mut BySample,
    out: &mut BySample,
    log_det: &mut [f32],
) {
    scale.resize(y.samples());
    out.resize(y.samples());
    let panels = given.panels().zip(y.panels()).zip(scale.panels_mut()).zip(out.panels_mut());
    for (log_det, (((given, y), scale), out)) in log_det.chunks_mut(LANES).zip(panels) {
        let [r, t] = split(given);
        let sums = panel_couple(c, r, t, y, scale, out);
        log_det.iter_mut().zip(&sums.0).for_each(|(log_det, sum)| *log_det += sum);
    }
}

/// y from y′, in place.
///
/// # Shapes
/// `given` (B, 2M), r and t side by side; `y` (B, M)
pub(crate) fn uncouple<C: PerCoupled>(c: C, given: &BySample, y: &mut BySample) {
    for (given, y) in given.panels().zip(y.panels_mut()) {
        let [r, t] = split(given);
        panel_uncouple(c, r, t, y);
    }
}

/// From dy′: dy and the gradient of r and t, of a loss that also counts −weight · Σ s; zero in the padding if dy′ is.
///
/// # Shapes
/// `given` and `dgiven` (B, 2M), `y`, `scale`, `dout` and `dy` (B, M)
#[allow(clippy::too_many_arguments, reason = "one loop over six arrays")]
pub(crate) fn couple_backward<C: PerCoupled>(
    c: C,
    given: &BySample,
    y: &BySample,
    scale: &BySample,
    dout: &BySample,
    weight: f32,
    dy: &mut BySample,
    dgiven: &mut BySample,
) {
    let samples = y.samples();
    dy.resize(samples);
    dgiven.resize(samples);
    let read = given.panels().zip(y.panels()).zip(scale.panels()).zip(dout.panels());
    let written = dy.panels_mut().zip(dgiven.panels_mut());
    for (p, ((((given, y), scale), dout), (dy, dgiven))) in read.zip(written).enumerate() {
        let [r, _] = split::<2>(given);
        let (dr, dt) = dgiven.split_at_mut(y.len());
        panel_couple_backward(c, r, y, scale, dout, Lanes::first(samples - LANES * p, weight), dy, dr, dt);
    }
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_couple<C: PerCoupled>(
    c: C,
    r: &Values,
    t: &Values,
    y: &Values,
    scale: &mut Values,
    out: &mut Values,
) -> Lanes {
    let mut log_det = Lanes::default();
    for (((r, t), y), (scale, out)) in r.iter().zip(t).zip(y).zip(scale.iter_mut().zip(out)) {
        for lane in 0..LANES {
            let (y, factor, s) = c.forward(y.0[lane], r.0[lane], t.0[lane]);
            out.0[lane] = y;
            scale.0[lane] = factor;
            log_det.0[lane] += s;
        }
    }
    log_det
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_uncouple<C: PerCoupled>(c: C, r: &Values, t: &Values, y: &mut Values) {
    for ((r, t), y) in r.iter().zip(t).zip(y) {
        for lane in 0..LANES {
            y.0[lane] = c.inverse(y.0[lane], r.0[lane], t.0[lane]);
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one loop over seven arrays")]
#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_couple_backward<C: PerCoupled>(
    c: C,
    r: &Values,
    y: &Values,
    scale: &Values,
    dout: &Values,
    weight: Lanes,
    dy: &mut Values,
    dr: &mut Values,
    dt: &mut Values,
) {
    let given = r.iter().zip(y).zip(scale).zip(dout);
    for ((((r, y), scale), dout), ((dy, dr), dt)) in given.zip(dy.iter_mut().zip(dr).zip(dt)) {
        let mut slopes = [Lanes::default(); 3];
        for lane in 0..LANES {
            let (a, b, d) = c.slopes(y.0[lane], r.0[lane], scale.0[lane], dout.0[lane], weight.0[lane]);
            slopes[0].0[lane] = a;
            slopes[1].0[lane] = b;
            slopes[2].0[lane] = d;
        }
        [*dy, *dr, *dt] = slopes;
    }
}
