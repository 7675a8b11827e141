//! A flow as prior: p(z) is what a chain of couplings makes of a simpler density p(u), N(0, I) or a mixture of
//! Gaussians (RealNVP: Dinh, Sohl-Dickstein & Bengio 2017; as prior of a VAE: Chen et al. 2017, Xu et al. 2019). A flow
//! alone is one piece, and between the clouds of codes of different classes it leaves bridges; a mixture as its base
//! has none.
//!
//! Halve z = (x₁, x₀). Each coupling scales and shifts one half by what a network makes of the other:
//!
//! x_{k+2} = x_k ⊙ exp(s_k) + t_k, with (r_k, t_k) = net_k(x_{k+1}) and s_k = S tanh(r_k / S).
//!
//! After N couplings u = (x_N, x_{N+1}), and by the change of variables (Dinh et al., equation 2)
//!
//! log p(z) = log p(u) + Σ_k Σ s_k, in nats.
//!
//! The last layer of each network starts at zero: then s = t = 0, and training starts at p(u).

use super::gaussians::{Gaussians, GaussiansPass};
use crate::{
    Activation,
    formulas::{HALF_LOG_TAU, PerCoupled},
    kernel::{
        batch::{BySample, Samples},
        coupling,
        special::{exp, tanh},
        sums,
    },
    layers::{
        layer::Layer,
        layout::Layout,
        stack::{Deltas, Stack, Tape},
    },
};

/// S, the bound of |s|: a coupling scales a number by a factor between e⁻² and e².
const LARGEST_LOG_SCALE: f32 = 2.0;

/// Layers of the network of a coupling.
const LAYERS: usize = 3;

/// The networks of the couplings, in the order from z to u.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    latent: usize,
    couplings: Vec<Stack>,
    /// p(u), if it is not N(0, I)
    base: Option<Gaussians>,
}

/// A few samples on their way from z to u and back.
#[derive(Clone, Debug)]
pub(crate) struct FlowPass {
    /// x₀ to x_{N+1} (B, L/2)
    x: Vec<BySample>,
    /// exp(s) of each coupling (B, L/2)
    scales: Vec<BySample>,
    tapes: Vec<Tape>,
    /// The gradients of x₀ to x_{N+1} (B, L/2), and memory for one more of either size.
    dx: Vec<BySample>,
    spare: [BySample; 2],
    deltas: Vec<Deltas>,
    /// u, its gradient (B, L), log p(u) (B) and its way there and back, where p(u) is a mixture.
    base: Option<BasePass>,
}

#[derive(Clone, Debug)]
struct BasePass {
    u: BySample,
    du: BySample,
    log_p: Vec<f32>,
    pass: GaussiansPass,
}

impl Flow {
    /// Couplings with two hidden layers each, of which the first changes the second half of the latents; behind them as
    /// many Gaussians as given, or N(0, I) for none.
    pub(crate) fn new(
        layout: &mut Layout,
        latent: usize,
        couplings: usize,
        hidden: usize,
        gaussians: usize,
    ) -> Self {
        let stack = |k| {
            let widths = [Self::width(latent, k + 1), hidden, hidden, 2 * Self::width(latent, k)];
            Stack::dense(layout, &format!("prior.coupling{}", k + 1), &widths, Activation::Relu)
        };
        let couplings = (0..couplings).map(stack).collect();
        let base = (gaussians > 0).then(|| Gaussians::new(layout, latent, gaussians, false));
        Self { latent, couplings, base }
    }

    /// Numbers of x_k: the first half of the latents, which may be one larger, for odd k.
    fn width(latent: usize, k: usize) -> usize {
        if k.is_multiple_of(2) { latent / 2 } else { latent.div_ceil(2) }
    }

    /// p(u), if it is not N(0, I).
    pub(crate) fn base(&self) -> Option<&Gaussians> {
        self.base.as_ref()
    }

    /// The layers, in the order of their parameters.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.couplings.iter().flat_map(Stack::layers)
    }

    /// The layers whose weights start at zero.
    pub(crate) fn last_layers(&self) -> impl Iterator<Item = &Layer> {
        self.couplings.iter().filter_map(|stack| stack.layers().last())
    }

    /// The two latents halves' first places within z: x_k for even and for odd k.
    fn first(&self, k: usize) -> usize {
        if k.is_multiple_of(2) { self.latent.div_ceil(2) } else { 0 }
    }

    /// Memory for up to `samples` samples.
    pub(crate) fn pass(&self, samples: usize) -> FlowPass {
        let half = |k| BySample::zeroed(samples, Self::width(self.latent, k));
        let couplings = self.couplings.len();
        let base = |base: &Gaussians| BasePass {
            u: BySample::zeroed(samples, self.latent),
            du: BySample::zeroed(samples, self.latent),
            log_p: vec![0.0; samples],
            pass: base.pass(samples),
        };
        FlowPass {
            x: (0..couplings + 2).map(half).collect(),
            scales: (0..couplings).map(half).collect(),
            tapes: self.couplings.iter().map(|stack| stack.tape(samples)).collect(),
            dx: (0..couplings + 2).map(half).collect(),
            spare: [half(0), half(1)],
            deltas: self.couplings.iter().map(|stack| stack.deltas(samples)).collect(),
            base: self.base.as_ref().map(base),
        }
    }

    /// log p(z) of each sample in nats.
    ///
    /// # Shapes
    /// `z` (B, L), `log_p` (B)
    pub(crate) fn log_density(
        &self,
        parameters: &[f32],
        z: &BySample,
        pass: &mut FlowPass,
        log_p: &mut [f32],
    ) {
        let FlowPass { x, scales, tapes, base, .. } = pass;
        let couplings = self.couplings.len();
        log_p.fill(0.0);
        x[0].take_features(z, self.first(0));
        x[1].take_features(z, self.first(1));
        for (k, (net, tape)) in self.couplings.iter().zip(tapes).enumerate() {
            let (before, after) = x.split_at_mut(k + 2);
            net.forward(parameters, before[k + 1].view(), tape);
            coupling::couple(Affine, tape.output(), &before[k], &mut scales[k], &mut after[0], log_p);
        }
        match (&self.base, base) {
            (Some(gaussians), Some(base)) => {
                base.u.set_features(self.first(couplings), &x[couplings]);
                base.u.set_features(self.first(couplings + 1), &x[couplings + 1]);
                let log_p_u = &mut base.log_p[..log_p.len()];
                gaussians.log_density(parameters, &base.u, &mut base.pass, log_p_u);
                log_p.iter_mut().zip(log_p_u).for_each(|(log_p, log_p_u)| *log_p += *log_p_u);
            }
            _ => {
                log_p.iter_mut().for_each(|log_p| *log_p -= HALF_LOG_TAU * self.latent as f32);
                x[couplings..].iter().for_each(|u| sums::add_square_sums(u, -0.5, log_p));
            }
        }
    }

    /// Adds the gradient of −weight · Σ_B log p(z) to dz, after [`log_density`](Self::log_density), and leaves the
    /// deltas of the networks.
    ///
    /// # Shapes
    /// `dz` (B, L)
    pub(crate) fn backward(&self, parameters: &[f32], weight: f32, pass: &mut FlowPass, dz: &mut BySample) {
        let FlowPass { x, scales, tapes, dx, spare, deltas, base } = pass;
        let couplings = self.couplings.len();
        match (&self.base, base) {
            (Some(gaussians), Some(BasePass { du, pass, .. })) => {
                du.resize(dz.samples());
                du.clear();
                gaussians.backward(parameters, weight, pass, du);
                dx[couplings].take_features(du, self.first(couplings));
                dx[couplings + 1].take_features(du, self.first(couplings + 1));
            }
            _ => {
                // −log N(u; 0, I) has the slope u.
                for (du, u) in dx[couplings..].iter_mut().zip(&x[couplings..]) {
                    du.copy_from(u);
                    sums::scale(du, weight);
                }
            }
        }
        for (k, (net, tape)) in self.couplings.iter().zip(tapes).enumerate().rev() {
            let (before, after) = dx.split_at_mut(k + 2);
            let given = tape.output();
            let dgiven = deltas[k].output_mut();
            coupling::couple_backward(
                Affine,
                given,
                &x[k],
                &scales[k],
                &after[0],
                weight,
                &mut before[k],
                dgiven,
            );
            let through_net = &mut spare[(k + 1) % 2];
            net.backward(parameters, tape, &mut deltas[k], Some(through_net));
            before[k + 1].add_features(0, through_net);
        }
        dz.add_features(self.first(0), &dx[0]);
        dz.add_features(self.first(1), &dx[1]);
    }

    /// z from u, in place: the way that samples take.
    ///
    /// # Shapes
    /// `u` (B, L)
    pub(crate) fn inverse(&self, parameters: &[f32], pass: &mut FlowPass, u: &mut BySample) {
        let FlowPass { spare, tapes, .. } = pass;
        let couplings = self.couplings.len();
        for k in [couplings, couplings + 1] {
            spare[k % 2].take_features(u, self.first(k));
        }
        for (k, (net, tape)) in self.couplings.iter().zip(tapes).enumerate().rev() {
            net.forward(parameters, spare[(k + 1) % 2].view(), tape);
            coupling::uncouple(Affine, tape.output(), &mut spare[k % 2]);
        }
        for (k, half) in spare.iter().enumerate() {
            u.set_features(self.first(k), half);
        }
    }
}

impl FlowPass {
    /// The gradient of the parameters that belong to no layer, summed over the samples.
    pub(crate) fn gradient(&self) -> &[f32] {
        self.base.as_ref().map_or(&[], |base| base.pass.gradient())
    }

    /// The gradient of a layer's linear output (B, O), and its input (B, I); the layers of all couplings, one after the
    /// other.
    pub(crate) fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        let (k, i) = (layer / LAYERS, layer % LAYERS);
        let input = match i.checked_sub(1) {
            None => &self.x[k + 1],
            Some(before) => self.tapes[k].layer(before),
        };
        [self.deltas[k].layer(i).view(), input.view()]
    }

    /// Σ of the squares of all layers' deltas, and of all layers' inputs.
    pub(crate) fn square_sums(&self) -> [f32; 2] {
        let deltas = self.deltas.iter().map(Deltas::square_sum).sum();
        let hidden: f32 = self.tapes.iter().map(Tape::hidden_square_sum).sum();
        let given: f32 = self.x[1..self.x.len() - 1].iter().map(BySample::square_sum).sum();
        [deltas, hidden + given]
    }
}

/// y′ = y eˢ + t with s = S tanh(r / S).
#[derive(Clone, Copy)]
struct Affine;

impl Affine {
    #[inline(always)]
    fn log_scale(r: f32) -> f32 {
        LARGEST_LOG_SCALE * tanh(r * (1.0 / LARGEST_LOG_SCALE))
    }
}

impl PerCoupled for Affine {
    #[inline(always)]
    fn forward(self, y: f32, r: f32, t: f32) -> (f32, f32, f32) {
        let s = Self::log_scale(r);
        let scale = exp(s);
        (y * scale + t, scale, s)
    }

    #[inline(always)]
    fn inverse(self, y: f32, r: f32, t: f32) -> f32 {
        (y - t) * exp(-Self::log_scale(r))
    }

    #[inline(always)]
    fn slopes(self, y: f32, r: f32, scale: f32, dy: f32, weight: f32) -> (f32, f32, f32) {
        let bent = tanh(r * (1.0 / LARGEST_LOG_SCALE));
        let ds = dy * y * scale - weight;
        (dy * scale, ds * (1.0 - bent * bent), dy)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::noise::{Purpose, standard_normal, stream};

    #[test]
    fn u_of_z_of_u_is_u() {
        for latent in [2, 3, 9] {
            let mut layout = Layout::default();
            let flow = Flow::new(&mut layout, latent, 5, 8, 0);
            let mut parameters = Array2::zeros((1, layout.len()));
            standard_normal(&mut stream(1, Purpose::WEIGHTS, 0, 0), parameters.view_mut());
            let parameters: Vec<f32> = parameters.iter().map(|w| 0.3 * w).collect();
            let mut u = Array2::zeros((40, latent));
            standard_normal(&mut stream(2, Purpose::SAMPLES, 0, 0), u.view_mut());
            let (mut z, mut pass) = (BySample::zeroed(40, latent), flow.pass(40));
            z.pack(u.view());
            flow.inverse(&parameters, &mut pass, &mut z);
            flow.log_density(&parameters, &z, &mut pass, &mut [0.0; 40]);
            for k in [5, 6] {
                let first = flow.first(k);
                for (sample, u) in u.rows().into_iter().enumerate() {
                    for (l, found) in pass.x[k].sample(sample).enumerate() {
                        let want = u[first + l];
                        assert!((found - want).abs() < 1e-4 * want.abs().max(1.0), "{found}, {want}");
                    }
                }
            }
        }
    }
}
