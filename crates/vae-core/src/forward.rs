//! A few samples on their way through the network: x → q(z|x) → z → logits.

use ndarray::{Array2, ArrayView2, s};

use crate::{
    Vae,
    gaussian::posterior_forward,
    mlp::Tape,
    panels::{LANES, Lanes, Panels, panels},
    support::Support,
    turn::rows_to_samples,
};

/// Panels that go their way together: few enough that their activations stay in a core's second cache, and enough
/// that fetching the weights is little beside computing with them.
pub(crate) const BAND: usize = 4;

/// Samples that go through the network together outside of training.
pub(crate) const BLOCK: usize = BAND * LANES;

/// The buffers of one way through the network, and what lies in them after it.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    /// The largest number of samples, and the number there are.
    capacity: usize,
    rows: usize,
    /// By sample (P, D).
    x: Array2<Lanes>,
    support: Support,
    /// By sample (P, L).
    eps: Array2<Lanes>,
    z: Array2<Lanes>,
    encoder: Tape,
    decoder: Tape,
}

impl Forward {
    /// Buffers for `vae` and up to `rows` samples.
    pub(crate) fn new(vae: &Vae, rows: usize) -> Self {
        let room = |features| Array2::from_elem((panels(rows), features), Lanes::default());
        Self {
            capacity: rows,
            rows: 0,
            x: room(vae.input()),
            support: Support::new(panels(rows), vae.input()),
            eps: room(vae.latent()),
            z: room(vae.latent()),
            encoder: vae.encoder.tape(rows),
            decoder: vae.decoder.tape(rows),
        }
    }

    /// The way from x to the logits; gives each sample's KL(q(z|x) ‖ p(z)) in nats.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L), `kl` (B)
    pub(crate) fn run(
        &mut self,
        vae: &Vae,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        kl: &mut [f32],
    ) {
        assert!(x.nrows() <= self.capacity, "{} samples, made for {}", x.nrows(), self.capacity);
        self.rows = x.nrows();
        let (p, parameters) = (panels(self.rows), vae.parameters());
        let mut x_panels = self.x.slice_mut(s![..p, ..]);
        rows_to_samples(x, x_panels.view_mut());
        self.support.find(x_panels.view());
        rows_to_samples(eps, self.eps.slice_mut(s![..p, ..]));

        let x = Panels { lanes: x_panels.view(), support: Some(&self.support) };
        vae.encoder.forward(parameters, x, &mut self.encoder);
        let (eps, mut z) = (self.eps.slice(s![..p, ..]), self.z.slice_mut(s![..p, ..]));
        posterior_forward(self.encoder.output(p), eps, z.view_mut(), kl);
        vae.decoder.forward(parameters, z.view().into(), &mut self.decoder);
    }

    /// Number of samples.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of panels, P.
    pub(crate) fn panels(&self) -> usize {
        panels(self.rows)
    }

    /// x by sample (P, D).
    pub(crate) fn x(&self) -> ArrayView2<'_, Lanes> {
        self.x.slice(s![..self.panels(), ..])
    }

    /// What is zero of x.
    pub(crate) fn support(&self) -> &Support {
        &self.support
    }

    /// ε by sample (P, L).
    pub(crate) fn eps(&self) -> ArrayView2<'_, Lanes> {
        self.eps.slice(s![..self.panels(), ..])
    }

    /// z by sample (P, L).
    pub(crate) fn z(&self) -> ArrayView2<'_, Lanes> {
        self.z.slice(s![..self.panels(), ..])
    }

    /// What the encoder's layers gave.
    pub(crate) fn encoder(&self) -> &Tape {
        &self.encoder
    }

    /// What the decoder's layers gave.
    pub(crate) fn decoder(&self) -> &Tape {
        &self.decoder
    }
}
