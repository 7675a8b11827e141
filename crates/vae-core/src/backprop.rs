//! The gradient of the loss with respect to every parameter, and the training step that follows it.

use ndarray::{Array2, ArrayView2, s};

use crate::{
    Adam, Elbo, Vae, VaeError,
    bernoulli::bernoulli_backward,
    gaussian::{posterior_backward, posterior_forward},
    mlp::{Mlp, Tape},
    optimizer::{LARGEST_GRADIENT, Moments, Rates, all_finite},
    panels::{LANES, Lanes, largest, panels, rows_to_features, rows_to_samples, samples_to_features},
};

/// The buffers of a training step, made once for the largest batch: activations, their gradients, and the gradient
/// of the parameters in the parameters' own layout.
#[derive(Clone, Debug)]
pub struct Backprop {
    /// The largest batch.
    rows: usize,
    encoder: Half,
    decoder: Half,
    /// x by sample (P, D) and by feature (Q, 16 P).
    x: Array2<Lanes>,
    x_by_feature: Array2<Lanes>,
    /// By sample (P, L).
    eps: Array2<Lanes>,
    /// z by sample (P, L) and by feature (Q, 16 P), and its gradient by sample (P, L).
    z: Array2<Lanes>,
    z_by_feature: Array2<Lanes>,
    dz: Array2<Lanes>,
    /// (B,)
    reconstruction: Vec<f32>,
    /// (B,)
    kl: Vec<f32>,
    gradients: Vec<f32>,
}

/// What one half of the network gives on the way forward and back.
#[derive(Clone, Debug)]
struct Half {
    outputs: Tape,
    deltas: Tape,
    /// Inputs of the layers but the first, by feature.
    inputs: Vec<Array2<Lanes>>,
}

impl Half {
    fn new(mlp: &Mlp, rows: usize) -> Self {
        Self { outputs: mlp.tape(rows), deltas: mlp.tape(rows), inputs: mlp.inputs_by_feature(rows) }
    }
}

impl Backprop {
    /// Buffers for `vae` and batches of up to `rows` samples.
    pub fn new(vae: &Vae, rows: usize) -> Self {
        let by_sample = |features| Array2::from_elem((panels(rows), features), Lanes::default());
        let by_feature =
            |features| Array2::from_elem((panels(features), LANES * panels(rows)), Lanes::default());
        Self {
            rows,
            encoder: Half::new(&vae.encoder, rows),
            decoder: Half::new(&vae.decoder, rows),
            x: by_sample(vae.input()),
            x_by_feature: by_feature(vae.input()),
            eps: by_sample(vae.latent()),
            z: by_sample(vae.latent()),
            z_by_feature: by_feature(vae.latent()),
            dz: by_sample(vae.latent()),
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
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I)
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] names the first term that is infinite or not a number, or a gradient that an optimizer
    /// could not square.
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
        let elbo = self.deltas(vae, x, eps, beta)?;
        self.parameter_gradients(&vae.encoder, &vae.decoder, panels(x.nrows()), None);
        match vae.layout().iter(&self.gradients).find(|(_, _, gradient)| !all_finite(gradient)) {
            Some((name, ..)) => Err(VaeError::NotFinite { term: format!("gradient of {name}") }),
            None => Ok(elbo),
        }
    }

    /// The way forward and back through the activations: all that the gradient of the parameters is made of.
    fn deltas(
        &mut self,
        vae: &Vae,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        beta: f32,
    ) -> Result<Elbo, VaeError> {
        let rows = x.nrows();
        assert!((1..=self.rows).contains(&rows), "a batch of {rows}, made for {}", self.rows);
        assert_eq!(x.ncols(), vae.input(), "columns of x");
        assert_eq!(eps.dim(), (rows, vae.latent()), "the shape of eps");
        assert_eq!(self.gradients.len(), vae.layout().len(), "made for another model");
        let p = panels(rows);
        let parameters = vae.parameters();
        let Self { encoder, decoder, .. } = self;
        let (mut x_panels, mut eps_panels) = (self.x.slice_mut(s![..p, ..]), self.eps.slice_mut(s![..p, ..]));
        let (mut z, mut dz) = (self.z.slice_mut(s![..p, ..]), self.dz.slice_mut(s![..p, ..]));
        let (reconstruction, kl) = (&mut self.reconstruction[..rows], &mut self.kl[..rows]);
        let scale = 1.0 / rows as f32;
        rows_to_samples(x, x_panels.view_mut());
        rows_to_features(x, self.x_by_feature.slice_mut(s![.., ..LANES * p]));
        rows_to_samples(eps, eps_panels.view_mut());
        let (x, eps) = (x_panels.view(), eps_panels.view());

        // x → q(z|x) → z → g → loss
        vae.encoder.forward(parameters, x, &mut encoder.outputs);
        posterior_forward(encoder.outputs.output(p), eps, z.view_mut(), kl);
        vae.decoder.forward(parameters, z.view(), &mut decoder.outputs);
        let dlogits = decoder.deltas.output_mut(p);
        bernoulli_backward(decoder.outputs.output(p), x, scale, dlogits, reconstruction);
        let elbo = Elbo::mean(reconstruction, kl);
        for (term, value) in [("reconstruction", elbo.reconstruction), ("KL", elbo.kl)] {
            if !value.is_finite() {
                return Err(VaeError::NotFinite { term: term.to_owned() });
            }
        }

        // and the same way home
        vae.decoder.backward_inputs(
            parameters,
            p,
            &decoder.outputs,
            &mut decoder.deltas,
            Some(dz.view_mut()),
        );
        let dposterior = encoder.deltas.output_mut(p);
        posterior_backward(encoder.outputs.output(p), eps, dz.view(), beta * scale, rows, dposterior);
        vae.encoder.backward_inputs(parameters, p, &encoder.outputs, &mut encoder.deltas, None);
        samples_to_features(z.view(), self.z_by_feature.slice_mut(s![.., ..LANES * p]));
        Ok(elbo)
    }

    /// Whether every gradient is bound to be finite, seen from the deltas of `p` panels.
    fn surely_finite(&self, vae: &Vae, p: usize) -> bool {
        let Self { encoder, decoder, .. } = self;
        let z = largest(self.z.slice(s![..p, ..]));
        [
            vae.encoder.gradient_bound(
                largest(self.x.slice(s![..p, ..])),
                p,
                &encoder.outputs,
                &encoder.deltas,
            ),
            vae.decoder.gradient_bound(z, p, &decoder.outputs, &decoder.deltas),
        ]
        .into_iter()
        .all(|bound| bound < LARGEST_GRADIENT)
    }

    /// The gradient of every parameter from the deltas of `p` panels, and the update, where one is wanted.
    fn parameter_gradients(
        &mut self,
        encoder: &Mlp,
        decoder: &Mlp,
        p: usize,
        update: Option<(Moments<'_>, Rates)>,
    ) {
        let (of_encoder, of_decoder) = match update {
            None => (None, None),
            Some((moments, rates)) => {
                let (first, second) = moments.split_at(encoder.parameters());
                (Some((first, rates)), Some((second, rates)))
            }
        };
        let gradients = &mut self.gradients;
        let (x, z) = (&self.x_by_feature, &self.z_by_feature);
        let (x, z) = (x.slice(s![.., ..LANES * p]), z.slice(s![.., ..LANES * p]));
        let Half { outputs, deltas, inputs } = &mut self.encoder;
        encoder.backward_parameters(x, p, outputs, deltas, inputs, gradients, of_encoder);
        let Half { outputs, deltas, inputs } = &mut self.decoder;
        decoder.backward_parameters(z, p, outputs, deltas, inputs, gradients, of_decoder);
    }
}

impl Vae {
    /// One step of training: the gradient of the loss at `x`, then Adam's update.
    ///
    /// Each piece of the gradient meets its update as soon as it is computed; the result is, to the bit, that of
    /// [`Backprop::run`] and [`Adam::step`] one after the other.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I)
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for a loss or gradient that is infinite or not a number: the parameters and the
    /// optimizer are then as they were.
    ///
    /// # Panics
    /// As [`Backprop::run`] and [`Adam::step`].
    pub fn train_step(
        &mut self,
        backprop: &mut Backprop,
        adam: &mut Adam,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        beta: f32,
    ) -> Result<Elbo, VaeError> {
        let elbo = backprop.deltas(self, x, eps, beta)?;
        let p = panels(x.nrows());
        if backprop.surely_finite(self, p) {
            let (encoder, decoder, parameters) = self.parts_mut();
            backprop.parameter_gradients(encoder, decoder, p, Some(adam.begin(parameters)));
            return Ok(elbo);
        }
        // Nobody knows yet: look at every number before any of them changes a parameter.
        let elbo = backprop.run(self, x, eps, beta)?;
        adam.step(self.parameters_mut(), backprop.gradients());
        Ok(elbo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, AdamConfig, VaeConfig};

    fn model() -> (Vae, Array2<f32>, Array2<f32>) {
        let config = VaeConfig { input: 30, hidden: vec![40, 9], latent: 3, ..VaeConfig::default() };
        let x = Array2::from_shape_fn((37, 30), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
        let eps = Array2::from_shape_fn((37, 3), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
        (Vae::new(config, 2).unwrap(), x, eps)
    }

    #[test]
    fn a_step_is_the_gradient_then_the_update_to_the_bit() {
        let (mut fused, x, eps) = model();
        let mut plain = fused.clone();
        let (mut backprop, count) = (Backprop::new(&fused, 37), fused.parameters().len());
        let (mut fused_adam, mut plain_adam) =
            (Adam::new(AdamConfig::default(), count), Adam::new(AdamConfig::default(), count));
        for _ in 0..3 {
            let a = fused.train_step(&mut backprop, &mut fused_adam, x.view(), eps.view(), 1.0).unwrap();
            let b = backprop.run(&plain, x.view(), eps.view(), 1.0).unwrap();
            plain_adam.step(plain.parameters_mut(), backprop.gradients());
            assert_eq!(a, b);
            assert_eq!(fused.parameters(), plain.parameters());
            assert_eq!(fused_adam, plain_adam);
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_changes_nothing() {
        let (mut vae, x, eps) = model();
        vae.parameters_mut()[0] = f32::NAN;
        let bits = |vae: &Vae| vae.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        let before = bits(&vae);
        let mut backprop = Backprop::new(&vae, 37);
        let mut adam = Adam::new(AdamConfig::default(), before.len());
        let error = vae.train_step(&mut backprop, &mut adam, x.view(), eps.view(), 1.0).unwrap_err();
        assert_eq!(error, VaeError::NotFinite { term: "reconstruction".to_owned() });
        assert_eq!((bits(&vae), adam.steps()), (before, 0));
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing_and_is_named() {
        let config = VaeConfig { activation: Activation::Tanh, ..model().0.config().clone() };
        let mut vae = Vae::new(config, 2).unwrap();
        let (x, eps) = (Array2::zeros((1, 30)), Array2::zeros((1, 3)));
        // What feeds the last layer is zero, so the loss does not see its huge weights; the way back does.
        for spec in vae.layout().tensors().to_vec() {
            match spec.name.as_str() {
                "decoder.fc3.weight" => vae.parameters_mut()[spec.range].fill(3e38),
                "decoder.fc2.weight" | "decoder.fc2.bias" => vae.parameters_mut()[spec.range].fill(0.0),
                _ => {}
            }
        }
        let before = vae.parameters().to_vec();
        let mut backprop = Backprop::new(&vae, 37);
        let mut adam = Adam::new(AdamConfig::default(), before.len());
        let result = vae.train_step(&mut backprop, &mut adam, x.view(), eps.view(), 1.0);
        if let Err(VaeError::NotFinite { term }) = result {
            assert!(term.starts_with("gradient of "), "{term}");
            assert_eq!((vae.parameters(), adam.steps()), (&before[..], 0));
        } else {
            panic!("the gradient should overflow: {result:?}");
        }
    }
}
