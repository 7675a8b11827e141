//! Loops over many draws from one Gaussian: the draws, and the logarithms of their density.

use super::{
    batch::BySample,
    blocking::LANES,
    lanes::{Lanes, Values},
    repeated::Repeated,
};
use crate::formulas::PerDraw;

/// z of each draw from the same q, and log q(z) in nats, summed over the latents.
///
/// # Shapes
/// `mean` and `log_var` (L), `eps` and `z` (B, L), `log_q` (B)
pub(crate) fn draws_of_one<Q: PerDraw>(
    q: Q,
    [mean, log_var]: [&Repeated; 2],
    eps: &BySample,
    z: &mut BySample,
    log_q: &mut [f32],
) {
    z.resize(eps.samples());
    for ((log_q, eps), z) in log_q.chunks_mut(LANES).zip(eps.panels()).zip(z.panels_mut()) {
        let sums = panel_draws_of_one(q, mean.panel(), log_var.panel(), eps, z);
        log_q.copy_from_slice(&sums.0[..log_q.len()]);
    }
}

#[cfg_attr(
    not(feature = "portable"),
    multiversion::multiversion(targets("x86_64+avx512f+avx512dq", "x86_64+avx2"))
)]
fn panel_draws_of_one<Q: PerDraw>(
    q: Q,
    mean: &Values,
    log_var: &Values,
    eps: &Values,
    z: &mut Values,
) -> Lanes {
    let mut log_q = Lanes::default();
    for (((z, mean), log_var), eps) in z.iter_mut().zip(mean).zip(log_var).zip(eps) {
        for lane in 0..LANES {
            let log_var = q.log_var(log_var.0[lane]);
            z.0[lane] = q.z(mean.0[lane], log_var, eps.0[lane]);
            log_q.0[lane] += q.log_density(log_var, eps.0[lane]);
        }
    }
    log_q
}
