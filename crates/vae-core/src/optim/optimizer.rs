//! An optimizer: a method, what it remembers, and how many steps it has taken.

use std::ops::Range;

use super::{clip::clip_by_norm, list::Method, normalise::normalise_each, update::Update};
use crate::VaeError;

/// The largest gradient that an optimizer can square: 2⁶³ and above it are taken as not finite.
pub(crate) const LARGEST_GRADIENT: f32 = 9.223_372e18;

/// A method, what it remembers, and the number of steps it has taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    method: Method,
    /// α, the step size of the next steps. Starts as the method's; a schedule changes it.
    pub learning_rate: f32,
    /// The largest norm that a gradient may have, over all parameters together; a longer one is
    /// [made shorter](clip_by_norm). Default none. It costs a pass over the gradients, which otherwise need not exist
    /// all at the same time. May be changed between steps.
    pub clip_norm: Option<f32>,
    /// Stretches of the gradient, such as those of the tensors, that are each [divided by their norm](normalise_each),
    /// after clipping. Default none. It costs what clipping costs. May be changed between steps.
    pub normalised: Vec<Range<usize>>,
    parameters: usize,
    steps: u64,
    /// In the order in which the method names them.
    state: Vec<Vec<f32>>,
}

impl Optimizer {
    /// A fresh optimizer for `parameters` parameters.
    pub fn new(method: impl Into<Method>, parameters: usize) -> Self {
        let method = method.into();
        let state = method.state().iter().map(|_| vec![0.0; parameters]).collect();
        let learning_rate = method.learning_rate();
        Self { method, learning_rate, clip_norm: None, normalised: Vec::new(), parameters, steps: 0, state }
    }

    /// An optimizer that goes on where another stopped, from the buffers that its [`state`](Self::state) gave, by name
    /// and in any order.
    ///
    /// # Errors
    /// [`VaeError::MissingTensor`] or [`VaeError::TensorShape`], for the first buffer that is missing or not of
    /// `parameters` numbers.
    pub fn resume<'n>(
        method: impl Into<Method>,
        parameters: usize,
        steps: u64,
        buffers: impl IntoIterator<Item = (&'n str, Vec<f32>)>,
    ) -> Result<Self, VaeError> {
        let mut optimizer = Self::new(method, 0);
        let mut given: Vec<_> = buffers.into_iter().collect();
        let kind = optimizer.method.kind();
        for (name, state) in optimizer.method.state().iter().zip(&mut optimizer.state) {
            let full_name = format!("{kind}.{name}");
            let Some(place) = given.iter().position(|(found, _)| found == name) else {
                return Err(VaeError::MissingTensor { name: full_name });
            };
            *state = given.swap_remove(place).1;
            if state.len() != parameters {
                let (expected, found) = (format!("[{parameters}]"), vec![state.len()]);
                return Err(VaeError::TensorShape { name: full_name, expected, found });
            }
        }
        Ok(Self { parameters, steps, ..optimizer })
    }

    /// The method, with the hyper-parameters that it started from.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The number of parameters that it is for.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Steps taken, t.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What it remembers: each buffer with its name, laid out like the parameters.
    pub fn state(&self) -> impl Iterator<Item = (&'static str, &[f32])> {
        self.method.state().iter().copied().zip(self.state.iter().map(Vec::as_slice))
    }

    /// One update of `parameters`. The gradients are clipped in place where [`clip_norm`](Self::clip_norm) asks for it.
    ///
    /// # Panics
    /// If a slice is not of the length that the optimizer was made for.
    pub fn step(&mut self, parameters: &mut [f32], gradients: &mut [f32]) {
        assert_eq!(gradients.len(), self.parameters, "number of gradients");
        if let Some(largest) = self.clip_norm {
            clip_by_norm(gradients, largest);
        }
        normalise_each(gradients, &self.normalised);
        self.begin(parameters).apply_all(gradients);
    }

    /// Whether a step looks at all of the gradient before it changes any parameter.
    pub(crate) fn needs_whole_gradient(&self) -> bool {
        self.clip_norm.is_some() || !self.normalised.is_empty()
    }

    /// Counts a step, and gives it to be applied, piece by piece, when the gradients are there.
    ///
    /// # Panics
    /// If `parameters` is not of the length that the optimizer was made for.
    pub(crate) fn begin<'a>(&'a mut self, parameters: &'a mut [f32]) -> Update<'a> {
        assert_eq!(parameters.len(), self.parameters, "number of parameters");
        self.steps += 1;
        // After i32::MAX steps every power of a decay is long zero.
        let t = i32::try_from(self.steps).unwrap_or(i32::MAX);
        Update::new(self.method.at(self.learning_rate, t), parameters, &mut self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adam, AdamW, Adamax, MethodKind, RmsProp, Sgd};

    fn methods() -> [Method; 6] {
        [
            Sgd::default().into(),
            Sgd { momentum: 0.0, ..Sgd::default() }.into(),
            Adam::default().into(),
            AdamW::default().into(),
            Adamax::default().into(),
            RmsProp::default().into(),
        ]
    }

    #[test]
    fn adams_first_step_is_the_learning_rate_against_the_gradients_sign() {
        for method in [Method::from(Adam::default()), Adamax::default().into()] {
            let mut optimizer = Optimizer::new(method, 2);
            let mut parameters = [1.0, 1.0];
            optimizer.step(&mut parameters, &mut [0.3, -20.0]);
            assert!((parameters[0] - 0.999).abs() < 1e-6 && (parameters[1] - 1.001).abs() < 1e-6);
        }
    }

    #[test]
    fn a_gradient_that_stays_zero_leaves_no_subnormal_behind() {
        for method in methods() {
            let mut optimizer = Optimizer::new(method, 1);
            let mut parameters = [0.5];
            optimizer.step(&mut parameters, &mut [1e-3]);
            for _ in 0..100_000 {
                optimizer.step(&mut parameters, &mut [0.0]);
                for (name, values) in optimizer.state() {
                    let ok = values[0] == 0.0 || values[0].is_normal();
                    assert!(ok, "{} of {} is {:e}", name, method.kind(), values[0]);
                }
            }
        }
    }

    #[test]
    fn the_quadratic_is_minimised_by_every_method() {
        for method in methods() {
            let mut optimizer = Optimizer::new(method, 1);
            let mut parameters = [3.0];
            for step in 0..3000 {
                optimizer.learning_rate = 0.01 * (1.0 - step as f32 / 3000.0);
                let mut gradient = [2.0 * (parameters[0] - 1.0)];
                optimizer.step(&mut parameters, &mut gradient);
            }
            assert!((parameters[0] - 1.0).abs() < 2e-3, "{}: {}", method.kind(), parameters[0]);
        }
    }

    #[test]
    fn a_clipped_gradient_moves_no_further_than_its_norm_allows() {
        let mut optimizer = Optimizer::new(Sgd { learning_rate: 1.0, momentum: 0.0 }, 2);
        optimizer.clip_norm = Some(0.5);
        let mut parameters = [0.0, 0.0];
        optimizer.step(&mut parameters, &mut [30.0, 40.0]);
        assert!((parameters[0] + 0.3).abs() < 1e-6 && (parameters[1] + 0.4).abs() < 1e-6, "{parameters:?}");
    }

    #[test]
    fn an_optimizer_goes_on_from_its_named_buffers() {
        for method in methods() {
            let mut straight = Optimizer::new(method, 2);
            let mut parameters = [0.3, -0.7];
            straight.step(&mut parameters, &mut [0.1, 0.2]);
            let buffers: Vec<_> = straight.state().map(|(name, values)| (name, values.to_vec())).collect();
            let buffers = buffers.into_iter().rev();
            let resumed = Optimizer::resume(method, 2, straight.steps(), buffers);
            assert_eq!(resumed.unwrap(), straight);
        }
    }

    #[test]
    fn a_buffer_that_is_missing_or_misshapen_is_named() {
        let resume = |buffers: Vec<(&str, Vec<f32>)>| {
            Optimizer::resume(Adam::default(), 2, 1, buffers).unwrap_err().to_string()
        };
        let first = || ("first_moment", vec![0.0; 2]);
        assert_eq!(resume(vec![first()]), "tensor adam.second_moment is missing");
        let error = resume(vec![first(), ("second_moment", vec![0.0; 3])]);
        assert_eq!(error, "tensor adam.second_moment has shape [3], expected [2]");
    }

    #[test]
    fn hyper_parameters_out_of_range_are_refused_by_name() {
        for (method, message) in [
            (Adam { beta2: 1.0, ..Adam::default() }.into(), "beta2 must be at least 0 and below 1, found 1"),
            (
                Adamax(Adam { beta1: -0.1, ..Adam::default() }).into(),
                "beta1 must be at least 0 and below 1, found -0.1",
            ),
            (
                Sgd { momentum: 1.5, ..Sgd::default() }.into(),
                "momentum must be at least 0 and below 1, found 1.5",
            ),
            (
                RmsProp { smoothing: 2.0, ..RmsProp::default() }.into(),
                "smoothing must be at least 0 and below 1, found 2",
            ),
            (
                AdamW { weight_decay: -1.0, ..AdamW::default() }.into(),
                "weight_decay must be between 0 and 1, found -1",
            ),
        ] {
            let method: Method = method;
            assert_eq!(method.validate().unwrap_err().to_string(), message);
        }
        for learning_rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            for mut method in methods() {
                *method.hyperparameters_mut()[0].1 = learning_rate;
                assert!(method.validate().is_err());
            }
        }
    }

    #[test]
    fn every_method_is_valid_by_default_and_found_by_its_name() {
        for method in methods().into_iter().chain(MethodKind::ALL.map(MethodKind::method)) {
            assert!(method.validate().is_ok());
            assert_eq!(method.kind().name().parse::<MethodKind>().unwrap(), method.kind());
            assert_eq!(method.kind().method().kind(), method.kind());
        }
    }
}
