//! Loops over single numbers, each compiled for the instruction sets of the machine: one loop for every kind of
//! [formula](crate::formulas).
//!
//! They never fuse a product and a sum, and give the same bits at any width. Where several slices are written, numbers
//! are copied out first: the compiler then need not fear that the slices overlap. They are loops over indices where an
//! array's `map` would do: its closure is compiled for wider vectors than `map` itself, and so would stay a call.

use super::{
    batch::BySample,
    blocking::{LANES, SUM},
    lanes::{Lanes, Values},
    repeated::Repeated,
};
use crate::formulas::{Gate, OfInput, OfValue, PerDraw, PerLatent, PerPixel, Rule};

/// h = f(a), in place.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn value<F: OfValue>(h: &mut Values) {
    for h in h {
        for h in &mut h.0 {
            *h = F::forward(*h);
        }
    }
}

/// h = f(a), in place, and f′(a) into `slope`.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn value_and_slope<F: OfInput>(h: &mut Values, slope: &mut Values) {
    for (h, slope) in h.iter_mut().zip(slope) {
        for (h, slope) in h.0.iter_mut().zip(&mut slope.0) {
            (*h, *slope) = F::forward(*h);
        }
    }
}

/// da = dh · f′(a), in place, from h = f(a).
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn back_by_value<F: OfValue>(h: &Values, dh: &mut Values) {
    for (dh, h) in dh.iter_mut().zip(h) {
        for (dh, &h) in dh.0.iter_mut().zip(&h.0) {
            *dh = F::backward(h, *dh);
        }
    }
}

/// da = dh · f′(a), in place, from f′(a).
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn back_by_slope(slope: &Values, dh: &mut Values) {
    for (dh, slope) in dh.iter_mut().zip(slope) {
        for (dh, &slope) in dh.0.iter_mut().zip(&slope.0) {
            *dh *= slope;
        }
    }
}

/// h of values and their gates side by side; of the gates remains what the way back needs.
///
/// # Shapes
/// `pairs` (B, 2H) → `h` (B, H)
pub(crate) fn gate<G: Gate>(pairs: &mut BySample, h: &mut BySample) {
    h.resize(pairs.samples());
    for (pairs, h) in pairs.panels_mut().zip(h.panels_mut()) {
        let (a, g) = pairs.split_at_mut(h.len());
        panel_gate::<G>(a, g, h);
    }
}

/// The gradient of values and gates, from dh and what [`gate`] left.
///
/// # Shapes
/// `pairs` and `dpairs` (B, 2H), `dh` (B, H)
pub(crate) fn gate_backward<G: Gate>(pairs: &BySample, dh: &BySample, dpairs: &mut BySample) {
    dpairs.resize(dh.samples());
    for ((pairs, dh), dpairs) in pairs.panels().zip(dh.panels()).zip(dpairs.panels_mut()) {
        let ((a, kept), (da, dg)) = (pairs.split_at(dh.len()), dpairs.split_at_mut(dh.len()));
        panel_gate_backward::<G>(a, kept, dh, da, dg);
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_gate<G: Gate>(a: &Values, g: &mut Values, h: &mut Values) {
    for ((a, g), h) in a.iter().zip(g).zip(h) {
        for ((a, g), h) in a.0.iter().zip(&mut g.0).zip(&mut h.0) {
            (*h, *g) = G::forward(*a, *g);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn panel_gate_backward<G: Gate>(a: &Values, kept: &Values, dh: &Values, da: &mut Values, dg: &mut Values) {
    let given = a.iter().zip(kept).zip(dh);
    for (((a, kept), dh), (da, dg)) in given.zip(da.iter_mut().zip(dg)) {
        let mut slopes = [Lanes::default(); 2];
        for lane in 0..LANES {
            let (value, gate) = G::backward(a.0[lane], kept.0[lane], dh.0[lane]);
            slopes[0].0[lane] = value;
            slopes[1].0[lane] = gate;
        }
        [*da, *dg] = slopes;
    }
}

/// −log p(x|z) of each sample, in nats, summed over its pixels.
///
/// # Shapes
/// `theta` (B, P·D), `x` (B, D), `loss` (B)
pub(crate) fn pixel_loss<const P: usize, D: PerPixel<P>>(
    density: D,
    theta: &BySample,
    x: &BySample,
    loss: &mut [f32],
) {
    for ((loss, theta), x) in loss.chunks_mut(LANES).zip(theta.panels()).zip(x.panels()) {
        let sums = panel_loss(density, theta, x);
        loss.copy_from_slice(&sums.0[..loss.len()]);
    }
}

/// −log p(x|z) of one x for each sample of z, in nats, summed over its pixels: bit for bit what [`pixel_loss`] gives.
///
/// # Shapes
/// `theta` (B, P·D), `x` (D), `loss` (B)
pub(crate) fn pixel_loss_of_one<const P: usize, D: PerPixel<P>>(
    density: D,
    theta: &BySample,
    x: &Repeated,
    loss: &mut [f32],
) {
    for (loss, theta) in loss.chunks_mut(LANES).zip(theta.panels()) {
        let sums = panel_loss(density, theta, x.panel());
        loss.copy_from_slice(&sums.0[..loss.len()]);
    }
}

/// −log p(x|z) of each sample, and scale times its gradient with respect to θ, zero in the padding.
///
/// # Shapes
/// `theta` and `dtheta` (B, P·D), `x` (B, D), `loss` (B)
pub(crate) fn pixel_loss_and_slopes<const P: usize, D: PerPixel<P>>(
    density: D,
    theta: &BySample,
    x: &BySample,
    scale: f32,
    dtheta: &mut BySample,
    loss: &mut [f32],
) {
    dtheta.resize(theta.samples());
    let panels = theta.panels().zip(x.panels()).zip(dtheta.panels_mut());
    for (loss, ((theta, x), dtheta)) in loss.chunks_mut(LANES).zip(panels) {
        let scale = Lanes::first(loss.len(), scale);
        let sums = panel_loss_and_slopes(density, theta, x, scale, dtheta);
        loss.copy_from_slice(&sums.0[..loss.len()]);
    }
}

/// The mean of p(x|z).
///
/// # Shapes
/// `theta` (B, P·D) → `mean` (B, D)
pub(crate) fn pixel_mean<const P: usize, D: PerPixel<P>>(density: D, theta: &BySample, mean: &mut BySample) {
    mean.resize(theta.samples());
    theta.panels().zip(mean.panels_mut()).for_each(|(theta, mean)| panel_mean(density, theta, mean));
}

/// The P numbers that a panel has for each pixel: those of all pixels, then the next of all pixels.
#[inline(always)]
pub(super) fn split<const P: usize>(theta: &Values) -> [&Values; P] {
    let pixels = theta.len() / P;
    let mut parts = [theta; P];
    for p in 0..P {
        parts[p] = &theta[p * pixels..(p + 1) * pixels];
    }
    parts
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_loss<const P: usize, D: PerPixel<P>>(density: D, theta: &Values, x: &Values) -> Lanes {
    let theta: [&Values; P] = split(theta);
    let mut total = Lanes::default();
    for (part, x) in x.chunks(SUM).enumerate() {
        let mut sum = Lanes::default();
        for (i, x) in x.iter().enumerate() {
            let now = at(&theta, SUM * part + i);
            for lane in 0..LANES {
                let loss = density.loss(lane_of(&now, lane), x.0[lane]);
                sum.0[lane] += within(D::SUPPORT, x.0[lane], loss);
            }
        }
        total.add(&sum);
    }
    total
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_loss_and_slopes<const P: usize, D: PerPixel<P>>(
    density: D,
    theta: &Values,
    x: &Values,
    scale: Lanes,
    dtheta: &mut Values,
) -> Lanes {
    let pixels = x.len();
    let theta: [&Values; P] = split(theta);
    let mut total = Lanes::default();
    for (part, x) in x.chunks(SUM).enumerate() {
        let mut sum = Lanes::default();
        for (i, x) in x.iter().enumerate() {
            let pixel = SUM * part + i;
            let now = at(&theta, pixel);
            let mut slopes = [Lanes::default(); P];
            for lane in 0..LANES {
                let (loss, slope) = density.loss_and_slopes(lane_of(&now, lane), x.0[lane]);
                sum.0[lane] += within(D::SUPPORT, x.0[lane], loss);
                for p in 0..P {
                    slopes[p].0[lane] = scale.0[lane] * slope[p];
                }
            }
            for p in 0..P {
                dtheta[p * pixels + pixel] = slopes[p];
            }
        }
        total.add(&sum);
    }
    total
}

/// The P lines of one pixel.
#[inline(always)]
fn at<const P: usize>(theta: &[&Values; P], pixel: usize) -> [Lanes; P] {
    let mut lines = [Lanes::default(); P];
    for p in 0..P {
        lines[p] = theta[p][pixel];
    }
    lines
}

/// The P numbers of one lane.
#[inline(always)]
fn lane_of<const P: usize>(lines: &[Lanes; P], lane: usize) -> [f32; P] {
    let mut numbers = [0.0; P];
    for p in 0..P {
        numbers[p] = lines[p].0[lane];
    }
    numbers
}

/// The loss, or infinity where x cannot occur.
#[inline(always)]
fn within([least, largest]: [f32; 2], x: f32, loss: f32) -> f32 {
    if x >= least && x <= largest { loss } else { f32::INFINITY }
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_mean<const P: usize, D: PerPixel<P>>(density: D, theta: &Values, mean: &mut Values) {
    let theta: [&Values; P] = split(theta);
    for (pixel, mean) in mean.iter_mut().enumerate() {
        let now = at(&theta, pixel);
        for lane in 0..LANES {
            mean.0[lane] = density.mean(lane_of(&now, lane));
        }
    }
}

/// KL(q(z|x) ‖ p(z)) of each sample, in nats, summed over the latents, and z.
///
/// # Shapes
/// `posterior` (B, 2L), mean and log-variance side by side; `eps` and `z` (B, L), `kl` (B)
pub(crate) fn draw<Q: PerDraw, D: PerLatent>(
    q: Q,
    prior: D,
    posterior: &BySample,
    eps: &BySample,
    z: &mut BySample,
    kl: &mut [f32],
) {
    z.resize(posterior.samples());
    let panels = posterior.panels().zip(eps.panels()).zip(z.panels_mut());
    for (kl, ((posterior, eps), z)) in kl.chunks_mut(LANES).zip(panels) {
        let [mean, log_var] = split(posterior);
        let sums = panel_draw(q, prior, mean, log_var, eps, z);
        kl.copy_from_slice(&sums.0[..kl.len()]);
    }
}

/// From dz, the gradient of loss + weight · Σ_B KL with respect to the posterior's mean and log-variance; zero in the
/// padding, and where the log-variance is bounded.
///
/// # Shapes
/// `posterior` and `dposterior` (B, 2L), `eps` and `dz` (B, L)
pub(crate) fn draw_backward<Q: PerDraw, D: PerLatent>(
    q: Q,
    prior: D,
    posterior: &BySample,
    eps: &BySample,
    dz: &BySample,
    weight: f32,
    dposterior: &mut BySample,
) {
    let samples = posterior.samples();
    dposterior.resize(samples);
    let panels = posterior.panels().zip(eps.panels()).zip(dz.panels()).zip(dposterior.panels_mut());
    for (p, (((posterior, eps), dz), dposterior)) in panels.enumerate() {
        let [mean, log_var] = split(posterior);
        let (dmean, dlog_var) = dposterior.split_at_mut(mean.len());
        let weight = Lanes::first(samples - LANES * p, weight);
        panel_draw_backward(q, prior, mean, log_var, eps, dz, weight, dmean, dlog_var);
    }
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_draw<Q: PerDraw, D: PerLatent>(
    q: Q,
    prior: D,
    mean: &Values,
    log_var: &Values,
    eps: &Values,
    z: &mut Values,
) -> Lanes {
    let mut kl = Lanes::default();
    for (((z, mean), log_var), eps) in z.iter_mut().zip(mean).zip(log_var).zip(eps) {
        for lane in 0..LANES {
            let (mean, log_var) = (mean.0[lane], q.log_var(log_var.0[lane]));
            z.0[lane] = q.z(mean, log_var, eps.0[lane]);
            kl.0[lane] += prior.kl(mean, log_var);
        }
    }
    kl
}

#[allow(clippy::too_many_arguments, reason = "one loop over seven arrays")]
#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_draw_backward<Q: PerDraw, D: PerLatent>(
    q: Q,
    prior: D,
    mean: &Values,
    log_var: &Values,
    eps: &Values,
    dz: &Values,
    weight: Lanes,
    dmean: &mut Values,
    dlog_var: &mut Values,
) {
    let given = mean.iter().zip(log_var).zip(eps).zip(dz);
    for ((((mean, log_var), eps), dz), (dmean, dlog_var)) in given.zip(dmean.iter_mut().zip(dlog_var)) {
        let mut slopes = [Lanes::default(); 2];
        for lane in 0..LANES {
            let (given, weight) = (log_var.0[lane], weight.0[lane]);
            let log_var = q.log_var(given);
            let of_draw = q.slopes(log_var, eps.0[lane], dz.0[lane]);
            let of_kl = prior.slopes(mean.0[lane], log_var);
            let slope = of_draw.1 + weight * of_kl.1;
            slopes[0].0[lane] = of_draw.0 + weight * of_kl.0;
            slopes[1].0[lane] = if given == log_var { slope } else { 0.0 };
        }
        [*dmean, *dlog_var] = slopes;
    }
}

/// One step of an optimizer that remembers nothing.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn update<R: Rule<0>>(rule: R, p: &mut [f32], g: &[f32]) {
    for (p, &g) in p.iter_mut().zip(g) {
        (*p, []) = rule.step(*p, [], g);
    }
}

/// One step of an optimizer that remembers a number a parameter.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn update_with_one<R: Rule<1>>(rule: R, p: &mut [f32], a: &mut [f32], g: &[f32]) {
    for ((p, a), &g) in p.iter_mut().zip(a).zip(g) {
        (*p, [*a]) = rule.step(*p, [*a], g);
    }
}

/// One step of an optimizer that remembers two numbers a parameter.
#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
pub(crate) fn update_with_two<R: Rule<2>>(rule: R, p: &mut [f32], a: &mut [f32], b: &mut [f32], g: &[f32]) {
    for (((p, a), b), &g) in p.iter_mut().zip(a).zip(b).zip(g) {
        (*p, [*a, *b]) = rule.step(*p, [*a, *b], g);
    }
}
