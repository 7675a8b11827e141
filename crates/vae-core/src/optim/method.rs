//! What an optimization method offers.

use crate::{VaeError, error::require};

/// A method with its hyper-parameters.
pub(crate) trait Formula: Copy {
    /// The numbers of one step that are the same for every parameter.
    type Step: Copy + Send;

    /// The names of the buffers that it keeps between steps, each laid out like the parameters; at most two.
    fn state(&self) -> &'static [&'static str];

    /// Its hyper-parameters by name, the step size first.
    fn hyperparameters(&mut self) -> Vec<(&'static str, &mut f32)>;

    /// Checks every hyper-parameter but the step size.
    fn validate(&self) -> Result<(), VaeError>;

    /// Step `t`, from 1, of this size.
    fn at(&self, learning_rate: f32, t: i32) -> Self::Step;

    /// Takes a step for some parameters `p`, with their gradient `g`; a buffer that the method does not keep is empty.
    fn apply(step: Self::Step, p: &mut [f32], state: [&mut [f32]; 2], g: &[f32]);
}

/// A share of what was there before, from 0 to less than 1.
pub(crate) fn require_decay(field: &'static str, found: f32) -> Result<(), VaeError> {
    require(field, found, (0.0..1.0).contains(&found), "at least 0 and below 1")
}

/// A small number that keeps a quotient finite.
pub(crate) fn require_epsilon(epsilon: f32) -> Result<(), VaeError> {
    require("epsilon", epsilon, epsilon > 0.0 && epsilon <= 1.0, "above 0 and at most 1")
}

/// The number itself, or zero where it is too small to be normal: a gradient that stays zero would leave moments that
/// decay into subnormal numbers, and arithmetic on those is many times slower.
#[inline(always)]
pub(crate) fn flush(value: f32) -> f32 {
    if value.abs() < f32::MIN_POSITIVE { 0.0 } else { value }
}
