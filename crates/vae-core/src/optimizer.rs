//! What turns a gradient into the next parameters. One file a method: its formula, its hyper-parameters, its loop.

mod adam;
mod adamax;
mod adamw;
mod clip;
mod rmsprop;
mod sgd;
mod update;

use rayon::prelude::*;

pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use clip::clip_by_norm;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
pub(crate) use update::Update;

use crate::VaeError;

/// Numbers of a piece of work: small enough that the moments and gradients of a piece stay in a core's cache.
const PIECE: usize = 1 << 14;

/// The largest gradient that an optimizer can square: 2⁶³ and above it are taken as not finite.
pub(crate) const LARGEST_GRADIENT: f32 = 9.223_372e18;

/// How a gradient g becomes a step of the parameters p.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// Gradient descent, with momentum.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Adam with the largest gradient in place of the second moment.
    Adamax(Adamax),
    /// Gradients over their own recent size.
    RmsProp(RmsProp),
}

impl Method {
    /// The names of all methods, in the order in which help texts list them.
    pub const NAMES: [&str; 5] = ["sgd", "adam", "adamw", "adamax", "rmsprop"];

    /// The name in configurations and checkpoints.
    pub const fn name(&self) -> &'static str {
        let place = match self {
            Self::Sgd(_) => 0,
            Self::Adam(_) => 1,
            Self::AdamW(_) => 2,
            Self::Adamax(_) => 3,
            Self::RmsProp(_) => 4,
        };
        Self::NAMES[place]
    }

    /// The names of the buffers that it keeps between steps, each laid out like the parameters.
    pub fn state(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd(sgd) => sgd.state(),
            Self::Adam(_) | Self::AdamW(_) => &["first_moment", "second_moment"],
            Self::Adamax(_) => &["first_moment", "infinity_norm"],
            Self::RmsProp(_) => &["square_average"],
        }
    }

    /// α, the step size.
    pub fn learning_rate(&self) -> f32 {
        // A copy, so that the fields are listed once.
        *self.clone().learning_rate_mut()
    }

    fn learning_rate_mut(&mut self) -> &mut f32 {
        match self {
            Self::Sgd(sgd) => &mut sgd.learning_rate,
            Self::Adam(adam) | Self::AdamW(AdamW { adam, .. }) | Self::Adamax(Adamax(adam)) => {
                &mut adam.learning_rate
            }
            Self::RmsProp(rmsprop) => &mut rmsprop.learning_rate,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`VaeError::Hyperparameter`] for the first field out of its range.
    pub fn validate(&self) -> Result<(), VaeError> {
        let lr = self.learning_rate();
        require("learning_rate", lr, lr > 0.0 && lr <= 1.0, "above 0 and at most 1")?;
        match self {
            Self::Sgd(sgd) => sgd.validate(),
            Self::Adam(adam) | Self::Adamax(Adamax(adam)) => adam.validate(),
            Self::AdamW(adamw) => adamw.validate(),
            Self::RmsProp(rmsprop) => rmsprop.validate(),
        }
    }
}

/// Lets a method stand where one is wanted: `Optimizer::new(Adam::default(), n)`.
macro_rules! into_method {
    ($($method:ident),*) => {$(
        impl From<$method> for Method {
            fn from(method: $method) -> Self {
                Self::$method(method)
            }
        }
    )*};
}
into_method!(Sgd, Adam, AdamW, Adamax, RmsProp);

/// A method, what it remembers, and the number of steps it has taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer {
    method: Method,
    /// The largest norm that a gradient may have, over all parameters together; a longer one is
    /// [made shorter](clip_by_norm). Default none. It costs a pass over the gradients, which otherwise need not exist
    /// all at the same time. May be changed between steps.
    pub clip_norm: Option<f32>,
    parameters: usize,
    steps: u64,
    state: Vec<Vec<f32>>,
}

impl Optimizer {
    /// A fresh optimizer for `parameters` parameters.
    pub fn new(method: impl Into<Method>, parameters: usize) -> Self {
        let method = method.into();
        let state = method.state().iter().map(|_| vec![0.0; parameters]).collect();
        Self { method, clip_norm: None, parameters, steps: 0, state }
    }

    /// An optimizer that goes on where another stopped, with the buffers that [`Method::state`] names.
    ///
    /// # Panics
    /// If the number of buffers is another, or one is not of `parameters` numbers.
    pub fn resume(method: impl Into<Method>, parameters: usize, steps: u64, state: Vec<Vec<f32>>) -> Self {
        let method = method.into();
        assert_eq!(state.len(), method.state().len(), "number of the optimizer's buffers");
        assert!(state.iter().all(|buffer| buffer.len() == parameters), "length of the optimizer's buffers");
        Self { method, clip_norm: None, parameters, steps, state }
    }

    /// The method and its hyper-parameters.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Changes α, the step size, from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f32) {
        *self.method.learning_rate_mut() = learning_rate;
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
        self.begin(parameters).apply_all(gradients);
    }

    /// Counts a step, and gives it to be applied, piece by piece, when the gradients are there.
    ///
    /// # Panics
    /// If `parameters` is not of the length that the optimizer was made for.
    pub(crate) fn begin<'a>(&'a mut self, parameters: &'a mut [f32]) -> Update<'a> {
        assert_eq!(parameters.len(), self.parameters, "number of parameters");
        self.steps += 1;
        Update::new(self.method, self.steps, parameters, &mut self.state)
    }
}

/// A hyper-parameter out of its range is an error that names it.
fn require(field: &'static str, found: f32, ok: bool, expected: &'static str) -> Result<(), VaeError> {
    if ok { Ok(()) } else { Err(VaeError::Hyperparameter { field, expected, found }) }
}

/// The number itself, or zero where it is too small to be normal.
#[inline(always)]
fn flush(value: f32) -> f32 {
    if value.abs() < f32::MIN_POSITIVE { 0.0 } else { value }
}

/// Whether no number is infinite or NaN, nor its square.
pub(crate) fn all_finite(values: &[f32]) -> bool {
    values.par_chunks(PIECE).all(piece_is_finite)
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn piece_is_finite(values: &[f32]) -> bool {
    // Without their sign, numbers are ordered as their bits are: finite, infinite, NaN.
    let magnitude = |v: &f32| v.to_bits() & 0x7fff_ffff;
    values.iter().fold(0, |largest: u32, v| largest.max(magnitude(v))) < LARGEST_GRADIENT.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    assert!(ok, "{} of {} is {:e}", name, method.name(), values[0]);
                }
            }
        }
    }

    #[test]
    fn the_quadratic_is_minimised_by_every_method() {
        for mut method in methods() {
            *method.learning_rate_mut() = 0.01;
            let mut optimizer = Optimizer::new(method, 1);
            let mut parameters = [3.0];
            for step in 0..3000 {
                optimizer.set_learning_rate(0.01 * (1.0 - step as f32 / 3000.0));
                let mut gradient = [2.0 * (parameters[0] - 1.0)];
                optimizer.step(&mut parameters, &mut gradient);
            }
            assert!((parameters[0] - 1.0).abs() < 2e-3, "{}: {}", method.name(), parameters[0]);
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
                *method.learning_rate_mut() = learning_rate;
                assert!(method.validate().is_err());
            }
        }
    }

    #[test]
    fn every_method_is_valid_by_default_and_has_its_name_in_the_list() {
        for method in methods() {
            assert_eq!(method.validate(), Ok(()));
            assert!(Method::NAMES.contains(&method.name()));
        }
    }

    #[test]
    fn one_number_that_is_not_finite_is_found() {
        let mut values = vec![-1e18; 3 * PIECE];
        assert!(all_finite(&values));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e19, -1e19] {
            values[2 * PIECE + 77] = bad;
            assert!(!all_finite(&values));
        }
    }
}
