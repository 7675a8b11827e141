//! The gradient of the loss with respect to every parameter, and the training step that follows it.
//!
//! A step goes through three parallel regions, with a barrier after each:
//!
//! ```text
//! bands      a few samples each: x → logits → loss, and the same way home to the deltas of every layer
//! factors    what the gradients are products of, turned from panels by sample to numbers sample by sample
//! gradients  tiles of dW = dy xᵀ and db, each with its update
//! ```
//! The cut into bands depends on the batch alone, and within each region idle threads take tiles of a layer. The
//! parameters change in the last region only, when the loss is known to be finite and the gradients to be bounded.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use crate::{
    Elbo, Optimizer, Vae, VaeError,
    band::{Band, Half},
    factors::Factors,
    forward::BAND,
    linear::Gradient,
    optimizer::{LARGEST_GRADIENT, Update, all_finite},
    panels::{LANES, panels},
};

/// The buffers of a training step, made once for the largest batch: activations, their gradients, and the gradient
/// of the parameters in the parameters' own layout.
#[derive(Clone, Debug)]
pub struct Backprop {
    /// The largest batch.
    rows: usize,
    /// Panels of a band.
    band: usize,
    bands: Vec<Band>,
    /// Of each layer, the encoder's and then the decoder's.
    factors: Vec<Factors>,
    /// (B,)
    reconstruction: Vec<f32>,
    /// (B,)
    kl: Vec<f32>,
    gradients: Vec<f32>,
}

impl Backprop {
    /// Buffers for `vae` and batches of up to `rows` samples.
    pub fn new(vae: &Vae, rows: usize) -> Self {
        let band = (panels(rows) / 2).clamp(1, BAND);
        let first = vae.encoder.layers().iter().take(1).map(|layer| Factors::of_data(layer, rows));
        let others = vae.encoder.layers().iter().skip(1).chain(vae.decoder.layers());
        Self {
            rows,
            band,
            bands: (0..panels(rows).div_ceil(band)).map(|_| Band::new(vae, band * LANES)).collect(),
            factors: first.chain(others.map(|layer| Factors::new(layer, rows))).collect(),
            reconstruction: vec![0.0; rows],
            kl: vec![0.0; rows],
            gradients: vec![0.0; vae.layout().len()],
        }
    }

    /// The gradient that the last [`run`](Self::run) found, laid out like the parameters. A training step leaves none: each
    /// piece of it goes into its update instead.
    pub fn gradients(&self) -> &[f32] {
        &self.gradients
    }

    /// The same, to change: an exchange between machines, for instance.
    pub fn gradients_mut(&mut self) -> &mut [f32] {
        &mut self.gradients
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
        self.write_gradients(vae, x.nrows())?;
        Ok(elbo)
    }

    /// The gradients from the deltas, each number of them looked at.
    fn write_gradients(&mut self, vae: &Vae, rows: usize) -> Result<(), VaeError> {
        self.turn(vae.encoder.layers().len(), rows);
        self.parameter_gradients(None);
        match vae.layout().iter(&self.gradients).find(|(_, _, gradient)| !all_finite(gradient)) {
            Some((name, ..)) => Err(VaeError::NotFinite { term: format!("gradient of {name}") }),
            None => Ok(()),
        }
    }

    /// The way forward and back through the activations, which leaves the deltas of every layer in the bands.
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
        let bands = &mut self.bands;
        let (reconstruction, kl) = (&mut self.reconstruction[..rows], &mut self.kl[..rows]);
        let (band, scale) = (self.band * LANES, 1.0 / rows as f32);
        let data = x.axis_chunks_iter(Axis(0), band).into_par_iter().zip(eps.axis_chunks_iter(Axis(0), band));
        let terms = reconstruction.par_chunks_mut(band).zip(kl.par_chunks_mut(band));
        bands.par_iter_mut().zip(data).zip(terms).for_each(|((band, (x, eps)), (reconstruction, kl))| {
            band.run(vae, x, eps, [scale, beta * scale], reconstruction, kl);
        });

        let elbo = Elbo::mean(&self.reconstruction[..rows], &self.kl[..rows]);
        for (term, value) in [("reconstruction", elbo.reconstruction), ("KL", elbo.kl)] {
            if !value.is_finite() {
                return Err(VaeError::NotFinite { term: term.to_owned() });
            }
        }
        Ok(elbo)
    }

    /// The bands of a batch of `rows` samples.
    fn bands_of(&self, rows: usize) -> &[Band] {
        &self.bands[..panels(rows).div_ceil(self.band)]
    }

    /// Whether every gradient is bound to be finite, seen from the deltas: by Cauchy and Schwarz, no sum of products of
    /// deltas and inputs is larger than the product of their norms. (A bias has an input of ones.)
    fn surely_finite(&self, rows: usize) -> bool {
        let sum = |of: fn(&Band) -> f32| self.bands_of(rows).iter().map(of).sum::<f32>();
        let (inputs, deltas) = (sum(|band| band.input_squares), sum(|band| band.delta_squares));
        deltas.sqrt() * inputs.max(rows as f32).sqrt() < LARGEST_GRADIENT / 2.0
    }

    /// Deltas and inputs of every layer, from the bands to the factors.
    fn turn(&mut self, encoder_layers: usize, rows: usize) {
        let bands = &self.bands[..panels(rows).div_ceil(self.band)];
        self.factors.par_iter_mut().enumerate().for_each(|(i, factors)| {
            let (half, i) = match i.checked_sub(encoder_layers) {
                None => (Half::Encoder, i),
                Some(i) => (Half::Decoder, i),
            };
            let deltas = bands.iter().map(|band| band.delta(half, i));
            let inputs = bands.iter().map(|band| band.input(half, i));
            factors.turn(deltas, inputs, bands.iter().map(Band::support));
        });
    }

    /// The gradient of every parameter from the factors, and the update, where one is wanted.
    fn parameter_gradients(&mut self, update: Option<Update<'_>>) {
        layer_gradients(&self.factors, &mut self.gradients, update);
    }
}

/// The gradients of consecutive layers, all at once.
pub(crate) fn layer_gradients(factors: &[Factors], gradients: &mut [f32], update: Option<Update<'_>>) {
    let [first, factors @ ..] = factors else { return };
    let layer = first.layer();
    let (gradient, gradients) = gradients.split_at_mut(layer.parameters());
    let (update, update_rest) = update.map(|update| update.split_at(layer.parameters())).unzip();
    let (dw, db) = gradient.split_at_mut(layer.inputs * layer.outputs);
    let update = update.map(|update| update.split_at(dw.len())).map(|(w, b)| [w, b]);
    rayon::join(
        || first.gradient(Gradient { dw, db, update }),
        || layer_gradients(factors, gradients, update_rest),
    );
}

impl Vae {
    /// One step of training: the gradient of the loss at `x`, then the optimizer's update.
    ///
    /// Each piece of the gradient meets its update as soon as it is computed, and is forgotten; the result is, to the bit,
    /// that of [`Backprop::run`] and [`Optimizer::step`] one after the other. Only where the gradient is
    /// [clipped](Optimizer::clip_norm) must it be there as a whole first.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `eps` (B, L) drawn from N(0, I)
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for a loss or gradient that is infinite or not a number: the parameters and the
    /// optimizer are then as they were.
    ///
    /// # Panics
    /// As [`Backprop::run`] and [`Optimizer::step`].
    pub fn train_step(
        &mut self,
        backprop: &mut Backprop,
        optimizer: &mut Optimizer,
        x: ArrayView2<'_, f32>,
        eps: ArrayView2<'_, f32>,
        beta: f32,
    ) -> Result<Elbo, VaeError> {
        let (elbo, rows) = (backprop.deltas(self, x, eps, beta)?, x.nrows());
        if optimizer.clip_norm.is_none() && backprop.surely_finite(rows) {
            backprop.turn(self.encoder.layers().len(), rows);
            backprop.parameter_gradients(Some(optimizer.begin(self.parameters_mut())));
            return Ok(elbo);
        }
        // Every number of the gradient has to be looked at before any of them changes a parameter.
        backprop.write_gradients(self, rows)?;
        optimizer.step(self.parameters_mut(), backprop.gradients_mut());
        Ok(elbo)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::{Activation, Adam, AdamW, Adamax, Method, RmsProp, Sgd, VaeConfig};

    fn model() -> (Vae, Array2<f32>, Array2<f32>) {
        let config = VaeConfig { input: 30, hidden: vec![40, 9], latent: 3, ..VaeConfig::default() };
        let x = Array2::from_shape_fn((37, 30), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
        let eps = Array2::from_shape_fn((37, 3), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
        (Vae::new(config, 2).unwrap(), x, eps)
    }

    /// Three steps at once, and as gradient and update one after the other.
    fn assert_step_is_gradient_then_update(method: Method, clip_norm: Option<f32>) {
        let (mut fused, x, eps) = model();
        let mut plain = fused.clone();
        let (mut backprop, count) = (Backprop::new(&fused, 37), fused.parameters().len());
        let mut optimizer = Optimizer::new(method, count);
        optimizer.clip_norm = clip_norm;
        let (mut fused_optimizer, mut plain_optimizer) = (optimizer.clone(), optimizer);
        for _ in 0..3 {
            let a = fused.train_step(&mut backprop, &mut fused_optimizer, x.view(), eps.view(), 1.0).unwrap();
            let b = backprop.run(&plain, x.view(), eps.view(), 1.0).unwrap();
            plain_optimizer.step(plain.parameters_mut(), backprop.gradients_mut());
            assert_eq!(a, b);
            assert!(fused.parameters() == plain.parameters(), "{method:?}");
            assert!(fused_optimizer == plain_optimizer, "{method:?}");
        }
    }

    #[test]
    fn a_step_is_the_gradient_then_the_update_to_the_bit() {
        for method in [
            Method::from(Adam::default()),
            AdamW::default().into(),
            Adamax::default().into(),
            RmsProp::default().into(),
            Sgd::default().into(),
            Sgd { momentum: 0.0, ..Sgd::default() }.into(),
        ] {
            assert_step_is_gradient_then_update(method, None);
        }
    }

    #[test]
    fn a_clipped_step_is_the_gradient_then_the_clipped_update_to_the_bit() {
        assert_step_is_gradient_then_update(Adam::default().into(), Some(0.1));
    }

    #[test]
    fn a_loss_that_is_not_finite_changes_nothing() {
        let (mut vae, x, eps) = model();
        vae.parameters_mut()[0] = f32::NAN;
        let bits = |vae: &Vae| vae.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        let before = bits(&vae);
        let mut backprop = Backprop::new(&vae, 37);
        let mut optimizer = Optimizer::new(Adam::default(), before.len());
        let error = vae.train_step(&mut backprop, &mut optimizer, x.view(), eps.view(), 1.0).unwrap_err();
        assert_eq!(error, VaeError::NotFinite { term: "reconstruction".to_owned() });
        assert_eq!((bits(&vae), optimizer.steps()), (before, 0));
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
        let mut optimizer = Optimizer::new(Adam::default(), before.len());
        let result = vae.train_step(&mut backprop, &mut optimizer, x.view(), eps.view(), 1.0);
        if let Err(VaeError::NotFinite { term }) = result {
            assert!(term.starts_with("gradient of "), "{term}");
            assert_eq!((vae.parameters(), optimizer.steps()), (&before[..], 0));
        } else {
            panic!("the gradient should overflow: {result:?}");
        }
    }
}
