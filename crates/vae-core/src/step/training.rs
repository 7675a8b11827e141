//! Algorithm 1 of the paper: training, a step a batch.
//!
//! ```text
//! θ, φ ← initialise parameters                     Vae::new
//! repeat
//!     X ← random minibatch                         Batch { x, .. }
//!     ε ← random samples of p(ε)                   Batch { eps, .. }
//!     g ← ∇ of the loss at θ, φ; X, ε              backprop
//!     θ, φ ← update using g                        optimizer
//! until convergence
//! ```

use super::{backprop::Backprop, sink::Sink};
use crate::{Batch, Loss, Method, Objective, Optimizer, Vae, VaeError};

/// A model in training: its parameters, what the optimizer remembers of them, and the memory of a step.
#[derive(Clone, Debug)]
pub struct Training {
    vae: Vae,
    /// What turns a gradient into a step. Its step size and the bound of the gradient's norm may be changed between
    /// steps.
    pub optimizer: Optimizer,
    /// What is minimised. Default: −ELBO. May be changed between steps.
    pub objective: Objective,
    backprop: Backprop,
}

impl Training {
    /// A training of `vae` by this method, from its first step on. The method's numbers are taken as they are;
    /// [`Method::validate`] checks those that come from a user.
    pub fn new(vae: Vae, method: impl Into<Method>) -> Self {
        let optimizer = Optimizer::new(method, vae.parameters().len());
        Self::resume(vae, optimizer)
    }

    /// A training that goes on with an optimizer that has taken steps before.
    ///
    /// # Panics
    /// If the optimizer is for another number of parameters.
    pub fn resume(vae: Vae, optimizer: Optimizer) -> Self {
        assert_eq!(optimizer.parameters(), vae.parameters().len(), "parameters of the optimizer");
        Self { vae, optimizer, objective: Objective::default(), backprop: Backprop::new() }
    }

    /// One step on one batch. Gives the loss before the step, averaged over the batch.
    ///
    /// The noise is the caller's, so the same batches give the same bits, with any number of threads.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for a number that the likelihood excludes or noise that is not finite,
    /// [`VaeError::NotFinite`] for a loss or gradient that is infinite or not a number: model and optimizer are then as
    /// they were.
    ///
    /// # Panics
    /// If the shapes do not fit the model, or the batch is empty.
    pub fn step(&mut self, batch: Batch<'_>) -> Result<Loss, VaeError> {
        let Self { vae, optimizer, objective, backprop } = self;
        let (loss, samples) = (backprop.pass(vae, batch, objective)?, batch.samples());
        if !optimizer.needs_whole_gradient() && backprop.is_surely_finite(samples) {
            // Each piece of the gradient meets its update as soon as it is there.
            let update = optimizer.begin(vae.parameters_mut().values_mut());
            backprop.sum_into(samples, Sink::Update(update));
        } else {
            // Every number of the gradient has to be looked at before any of them changes a parameter.
            let gradient = backprop.write(vae, samples)?;
            optimizer.step(vae.parameters_mut().values_mut(), gradient);
        }
        Ok(loss)
    }

    /// The model as it is now.
    pub fn vae(&self) -> &Vae {
        &self.vae
    }

    /// The model as it is now, to change its parameters.
    pub fn vae_mut(&mut self) -> &mut Vae {
        &mut self.vae
    }

    /// The trained model.
    pub fn into_vae(self) -> Vae {
        self.vae
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::{Activation, Adam, AdamW, Adamax, Likelihood, RmsProp, Sgd, VaeConfig};

    fn model() -> (Vae, Array2<f32>, Array2<f32>) {
        let config = VaeConfig { input: 30, hidden: vec![40, 9], latent: 3, ..VaeConfig::default() };
        let x = Array2::from_shape_fn((37, 30), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
        let eps = Array2::from_shape_fn((37, 3), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
        (Vae::new(config, 2).unwrap(), x, eps)
    }

    fn bits(vae: &Vae) -> Vec<u32> {
        vae.parameters().values().iter().map(|p| p.to_bits()).collect()
    }

    /// Three steps at once, and as gradient and update one after the other.
    fn assert_step_is_gradient_then_update(method: Method, clip_norm: Option<f32>) {
        let (mut plain, x, eps) = model();
        let batch = Batch::new(x.view(), eps.view());
        let mut training = Training::new(plain.clone(), method);
        training.optimizer.clip_norm = clip_norm;
        let (mut backprop, mut optimizer) = (Backprop::new(), training.optimizer.clone());
        for _ in 0..3 {
            let loss = training.step(batch).unwrap();
            let (want, gradient) = backprop.gradient(&plain, batch, &Objective::default()).unwrap();
            optimizer.step(plain.parameters_mut().values_mut(), gradient);
            assert_eq!(loss, want);
            assert!(bits(training.vae()) == bits(&plain), "{method:?}");
            assert!(training.optimizer == optimizer, "{method:?}");
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
    fn a_larger_batch_and_another_model_find_memory() {
        let (vae, x, eps) = model();
        let (few, few_eps) = (x.slice(ndarray::s![..5, ..]), eps.slice(ndarray::s![..5, ..]));
        let (few, all) = (Batch::new(few, few_eps), Batch::new(x.view(), eps.view()));
        let wide = VaeConfig { hidden: vec![17], ..vae.config().clone() };
        let wide = Vae::new(wide, 2).unwrap();
        let objective = Objective::default();
        let fresh =
            |vae, batch| Backprop::new().gradient(vae, batch, &objective).map(|(l, g)| (l, g.to_vec()));
        let mut used = Backprop::new();
        for (vae, batch) in [(&vae, few), (&vae, all), (&wide, all), (&vae, few)] {
            let found = used.gradient(vae, batch, &objective).map(|(l, g)| (l, g.to_vec()));
            assert_eq!(found.unwrap(), fresh(vae, batch).unwrap());
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_changes_nothing() {
        let (mut vae, x, eps) = model();
        vae.parameters_mut().values_mut()[0] = f32::NAN;
        let before = bits(&vae);
        let mut training = Training::new(vae, Adam::default());
        let error = training.step(Batch::new(x.view(), eps.view())).unwrap_err();
        assert_eq!(error.to_string(), "reconstruction is not finite");
        assert_eq!((bits(training.vae()), training.optimizer.steps()), (before, 0));
    }

    #[test]
    fn a_number_that_the_likelihood_excludes_changes_nothing_and_is_found() {
        let (vae, mut x, eps) = model();
        let before = bits(&vae);
        let mut training = Training::new(vae, Adam::default());
        for (number, text) in [(1.5, "1.5"), (-0.25, "-0.25"), (f32::NAN, "NaN")] {
            x[[33, 7]] = number;
            let error = training.step(Batch::new(x.view(), eps.view())).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("row 33, column 7 of x is {text}, bernoulli takes numbers between 0 and 1")
            );
        }
        assert_eq!((bits(training.vae()), training.optimizer.steps()), (before, 0));
    }

    #[test]
    fn a_gaussian_likelihood_takes_any_number_that_is_finite() {
        let config = VaeConfig {
            input: 2,
            hidden: vec![3],
            latent: 1,
            likelihood: Likelihood::Gaussian { sigma: None },
            ..VaeConfig::default()
        };
        let mut training = Training::new(Vae::new(config, 2).unwrap(), Adam::default());
        let (mut x, eps) = (array![[-3.0, 40.0]], array![[0.5]]);
        assert!(training.step(Batch::new(x.view(), eps.view())).is_ok());
        x[[0, 1]] = f32::INFINITY;
        let error = training.step(Batch::new(x.view(), eps.view())).unwrap_err().to_string();
        assert_eq!(error, "row 0, column 1 of x is inf, gaussian takes finite numbers");
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing_and_is_named() {
        let config = VaeConfig { activation: Activation::Tanh, ..model().0.config().clone() };
        let mut vae = Vae::new(config, 2).unwrap();
        let (x, eps) = (Array2::zeros((1, 30)), Array2::zeros((1, 3)));
        // What feeds the last layer is zero, so the loss does not see its huge weights; the way back does.
        for spec in vae.parameters().layout().tensors().to_vec() {
            let values = vae.parameters_mut().values_mut();
            match spec.name.as_str() {
                "decoder.fc3.weight" => values[spec.range].fill(3e38),
                "decoder.fc2.weight" | "decoder.fc2.bias" => values[spec.range].fill(0.0),
                _ => {}
            }
        }
        let before = bits(&vae);
        let mut training = Training::new(vae, Adam::default());
        let result = training.step(Batch::new(x.view(), eps.view()));
        if let Err(VaeError::NotFinite { term }) = result {
            assert!(term.starts_with("gradient of "), "{term}");
            assert_eq!((bits(training.vae()), training.optimizer.steps()), (before, 0));
        } else {
            panic!("the gradient should overflow: {result:?}");
        }
    }
}
