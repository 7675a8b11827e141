//! A few samples on their way through the network and back: what one thread does of a step by itself.

use ndarray::{Array2, ArrayView2, s};

use crate::{
    Vae,
    bernoulli::bernoulli_backward,
    forward::Forward,
    gaussian::posterior_backward,
    mlp::Tape,
    panels::{Lanes, panels, square_sum},
    support::Support,
};

/// A few samples on their way through the network and back.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    forward: Forward,
    /// The gradients of the layers' outputs before their nonlinearity.
    encoder_deltas: Tape,
    decoder_deltas: Tape,
    /// By sample (P, L).
    dz: Array2<Lanes>,
    /// Sums of the squares of all layers' inputs and deltas.
    pub(crate) input_squares: f32,
    pub(crate) delta_squares: f32,
}

/// Which half of the network.
#[derive(Clone, Copy)]
pub(crate) enum Half {
    Encoder,
    Decoder,
}

impl Band {
    pub(crate) fn new(vae: &Vae, rows: usize) -> Self {
        Self {
            forward: Forward::new(vae, rows),
            encoder_deltas: vae.encoder.deltas(rows),
            decoder_deltas: vae.decoder.deltas(rows),
            dz: Array2::from_elem((panels(rows), vae.latent()), Lanes::default()),
            input_squares: 0.0,
            delta_squares: 0.0,
        }
    }

    /// x → q(z|x) → z → logits → loss, and the same way home. The loss is scale · (reconstruction + β · KL), summed
    /// over the samples; its two terms are left unscaled, in nats.
    pub(crate) fn run(
        &mut self,
        vae: &Vae,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        [scale, kl_scale]: [f32; 2],
        reconstruction: &mut [f32],
        kl: &mut [f32],
    ) {
        let Self { forward, encoder_deltas, decoder_deltas, .. } = self;
        let parameters = vae.parameters();
        forward.run(vae, x, eps, kl);
        let p = forward.panels();
        let mut dz = self.dz.slice_mut(s![..p, ..]);

        let (logits, dlogits) = (forward.decoder().output(p), decoder_deltas.output_mut(p));
        bernoulli_backward(logits, forward.x(), scale, dlogits, reconstruction);
        vae.decoder.backward_inputs(parameters, p, forward.decoder(), decoder_deltas, Some(dz.view_mut()));
        let (posterior, dposterior) = (forward.encoder().output(p), encoder_deltas.output_mut(p));
        posterior_backward(posterior, forward.eps(), dz.view(), kl_scale, forward.rows(), dposterior);
        vae.encoder.backward_inputs(parameters, p, forward.encoder(), encoder_deltas, None);

        let squares = |tape: &Tape, last: usize| tape.square_sum(tape.layers() - last, p);
        let hidden = squares(forward.encoder(), 1) + squares(forward.decoder(), 1);
        self.input_squares = square_sum(forward.x()) + hidden + square_sum(forward.z());
        self.delta_squares = squares(encoder_deltas, 0) + squares(decoder_deltas, 0);
    }

    /// What is zero of x.
    pub(crate) fn support(&self) -> &Support {
        self.forward.support()
    }

    /// The input of a layer, by sample (P, I).
    pub(crate) fn input(&self, half: Half, layer: usize) -> ArrayView2<'_, Lanes> {
        let p = self.forward.panels();
        match (half, layer) {
            (Half::Encoder, 0) => self.forward.x(),
            (Half::Decoder, 0) => self.forward.z(),
            (Half::Decoder, i) => self.forward.decoder().layer(i - 1, p),
            (Half::Encoder, i) => self.forward.encoder().layer(i - 1, p),
        }
    }

    /// The gradient of a layer's output before its nonlinearity, by sample (P, O).
    pub(crate) fn delta(&self, half: Half, layer: usize) -> ArrayView2<'_, Lanes> {
        let deltas = match half {
            Half::Encoder => &self.encoder_deltas,
            Half::Decoder => &self.decoder_deltas,
        };
        deltas.layer(layer, self.forward.panels())
    }
}
