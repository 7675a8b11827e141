//! The gradient of the loss with respect to every parameter, and the training step that follows it.

use ndarray::{Array2, ArrayView2, s};

use crate::{
    Adam, Elbo, Vae, VaeError,
    bernoulli::bernoulli_backward,
    gaussian::{posterior_backward, posterior_forward},
    mlp::Tape,
    optimizer::all_finite,
};

/// The buffers of a training step, made once for the largest batch: activations, their gradients, and the gradient
/// of the parameters in the parameters' own layout.
#[derive(Clone, Debug)]
pub struct Backprop {
    encoder: Tape,
    encoder_deltas: Tape,
    decoder: Tape,
    decoder_deltas: Tape,
    /// (B, L)
    z: Array2<f32>,
    /// (B, L)
    dz: Array2<f32>,
    /// (B,)
    reconstruction: Vec<f32>,
    /// (B,)
    kl: Vec<f32>,
    gradients: Vec<f32>,
}

impl Backprop {
    /// Buffers for `vae` and batches of up to `rows` samples.
    pub fn new(vae: &Vae, rows: usize) -> Self {
        Self {
            encoder: vae.encoder.tape(rows),
            encoder_deltas: vae.encoder.tape(rows),
            decoder: vae.decoder.tape(rows),
            decoder_deltas: vae.decoder.tape(rows),
            z: Array2::zeros((rows, vae.latent())),
            dz: Array2::zeros((rows, vae.latent())),
            reconstruction: vec![0.0; rows],
            kl: vec![0.0; rows],
            gradients: vec![0.0; vae.layout().len()],
        }
    }

    /// The gradient of the last batch, laid out like the parameters.
    pub fn gradients(&self) -> &[f32] {
        &self.gradients
    }

    /// The loss (reconstruction + β · KL, averaged over the batch) of `x`, and its gradient, left in
    /// [`gradients`](Self::gradients).
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I), both row-major
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] names the first term that is infinite or not a number.
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty or larger than the buffers.
    pub fn run(
        &mut self,
        vae: &Vae,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        beta: f32,
    ) -> Result<Elbo, VaeError> {
        let rows = x.nrows();
        assert!((1..=self.kl.len()).contains(&rows), "a batch of {rows}, made for {}", self.kl.len());
        assert_eq!(x.ncols(), vae.input(), "columns of x");
        assert_eq!(eps.dim(), (rows, vae.latent()), "the shape of eps");
        assert_eq!(self.gradients.len(), vae.layout().len(), "made for another model");
        assert!(x.is_standard_layout() && eps.is_standard_layout(), "x and eps must be row-major");
        let parameters = vae.parameters();
        let mut z = self.z.slice_mut(s![..rows, ..]);
        let mut dz = self.dz.slice_mut(s![..rows, ..]);
        let (reconstruction, kl) = (&mut self.reconstruction[..rows], &mut self.kl[..rows]);
        let scale = 1.0 / rows as f32;

        // x → q(z|x) → z → g → loss
        vae.encoder.forward(parameters, x, &mut self.encoder);
        posterior_forward(self.encoder.output(), eps, z.view_mut(), kl);
        vae.decoder.forward(parameters, z.view(), &mut self.decoder);
        let mut dlogits = self.decoder_deltas.output_mut(rows);
        dlogits.assign(&self.decoder.output());
        bernoulli_backward(dlogits, x, scale, reconstruction);
        let elbo = Elbo::mean(reconstruction, kl);
        for (term, value) in [("reconstruction", elbo.reconstruction), ("KL", elbo.kl)] {
            if !value.is_finite() {
                return Err(VaeError::NotFinite { term: term.to_owned() });
            }
        }

        // and the same way home
        let gradients = &mut self.gradients;
        let (tape, deltas) = (&self.decoder, &mut self.decoder_deltas);
        vae.decoder.backward(parameters, z.view(), tape, deltas, gradients, Some(dz.view_mut()));
        let dposterior = self.encoder_deltas.output_mut(rows);
        posterior_backward(self.encoder.output(), eps, dz.view(), beta * scale, dposterior);
        vae.encoder.backward(parameters, x, &self.encoder, &mut self.encoder_deltas, gradients, None);
        match vae.layout().iter(gradients).find(|(_, _, gradient)| !all_finite(gradient)) {
            Some((name, ..)) => Err(VaeError::NotFinite { term: format!("gradient of {name}") }),
            None => Ok(elbo),
        }
    }
}

impl Vae {
    /// One step of training: the gradient of the loss at `x`, then Adam's update.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I), both row-major
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for a loss or gradient that is infinite or not a number: the parameters and the
    /// optimizer are then as they were.
    ///
    /// # Panics
    /// As [`Backprop::run`].
    pub fn train_step(
        &mut self,
        backprop: &mut Backprop,
        adam: &mut Adam,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        beta: f32,
    ) -> Result<Elbo, VaeError> {
        let elbo = backprop.run(self, x, eps, beta)?;
        adam.step(self.parameters_mut(), backprop.gradients());
        Ok(elbo)
    }
}
