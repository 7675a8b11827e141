//! Adam (Kingma & Ba 2015, algorithm 1), with PyTorch's defaults and its place of ε.

use rayon::prelude::*;

use super::PIECE;
use crate::VaeError;

/// Adam's hyper-parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// α, the step size. Default 10⁻³.
    pub learning_rate: f32,
    /// β₁, the decay of the first moment. Default 0.9.
    pub beta1: f32,
    /// β₂, the decay of the second moment. Default 0.999.
    pub beta2: f32,
    /// ε, added to the root of the second moment. Default 10⁻⁸.
    pub epsilon: f32,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl AdamConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`VaeError::Hyperparameter`] for the first field out of its range.
    pub fn validate(&self) -> Result<(), VaeError> {
        let check = |field, found: f32, ok: bool, expected| {
            if ok { Ok(()) } else { Err(VaeError::Hyperparameter { field, expected, found }) }
        };
        let lr = self.learning_rate;
        check("learning_rate", lr, lr > 0.0 && lr <= 1.0, "above 0 and at most 1")?;
        check("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "at least 0 and below 1")?;
        check("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), "at least 0 and below 1")?;
        check("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon <= 1.0, "above 0 and at most 1")
    }
}

/// The optimizer's state: two moments of the gradient, laid out like the parameters, and the number of steps.
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², p ← p − α · m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ) and
/// v̂ = v / (1 − β₂ᵗ).
///
/// No moment is a subnormal number: the gradient of a pixel that is always black is zero, its moments would decay into
/// such numbers, and arithmetic on those is many times slower. So a first moment that is too small to be normal is
/// taken as zero, and to the second moment no gradient is smaller than 10⁻⁹ ε, of which √v̂ + ε shows nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// May be changed between steps.
    pub config: AdamConfig,
    steps: u64,
    first_moment: Vec<f32>,
    second_moment: Vec<f32>,
}

impl Adam {
    /// A fresh optimizer for `parameters` parameters.
    pub fn new(config: AdamConfig, parameters: usize) -> Self {
        Self { config, steps: 0, first_moment: vec![0.0; parameters], second_moment: vec![0.0; parameters] }
    }

    /// An optimizer that goes on where another stopped.
    ///
    /// # Panics
    /// If the moments differ in length.
    pub fn resume(config: AdamConfig, steps: u64, first_moment: Vec<f32>, second_moment: Vec<f32>) -> Self {
        assert_eq!(first_moment.len(), second_moment.len(), "lengths of the moments");
        Self { config, steps, first_moment, second_moment }
    }

    /// Steps taken, t.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// m, laid out like the parameters.
    pub fn first_moment(&self) -> &[f32] {
        &self.first_moment
    }

    /// v, laid out like the parameters.
    pub fn second_moment(&self) -> &[f32] {
        &self.second_moment
    }

    /// One update of `parameters`.
    ///
    /// # Panics
    /// If a slice is not of the length that the optimizer was made for.
    pub fn step(&mut self, parameters: &mut [f32], gradients: &[f32]) {
        assert_eq!(gradients.len(), self.first_moment.len(), "number of gradients");
        let update = self.begin(parameters);
        update
            .par_chunks(PIECE)
            .zip(gradients.par_chunks(PIECE))
            .for_each(|(mut update, g)| update.apply(0, g));
    }

    /// Counts a step, and gives it to be applied, piece by piece, when the gradients are there.
    ///
    /// # Panics
    /// If `parameters` is not of the length that the optimizer was made for.
    pub(crate) fn begin<'a>(&'a mut self, parameters: &'a mut [f32]) -> Update<'a> {
        assert_eq!(parameters.len(), self.first_moment.len(), "number of parameters");
        self.steps += 1;
        let rates = Rates::at(self.config, self.steps);
        Update { p: parameters, m: &mut self.first_moment, v: &mut self.second_moment, rates }
    }
}

/// A step on some of the parameters that waits for their gradient.
pub(crate) struct Update<'a> {
    p: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    rates: Rates,
}

impl<'a> Update<'a> {
    /// The step on the first `length` of them, and on the rest.
    pub(crate) fn split_at(self, length: usize) -> (Self, Self) {
        let Self { p, m, v, rates } = self;
        let ((p, p_rest), (m, m_rest)) = (p.split_at_mut(length), m.split_at_mut(length));
        let (v, v_rest) = v.split_at_mut(length);
        (Self { p, m, v, rates }, Self { p: p_rest, m: m_rest, v: v_rest, rates })
    }

    /// Pieces of `length`, the last one smaller.
    fn par_chunks(self, length: usize) -> impl IndexedParallelIterator<Item = Self> + 'a {
        let Self { p, m, v, rates } = self;
        let pieces = p.par_chunks_mut(length).zip(m.par_chunks_mut(length)).zip(v.par_chunks_mut(length));
        pieces.map(move |((p, m), v)| Self { p, m, v, rates })
    }

    /// Takes the step for the parameters from `first` on, as many as there are gradients, on the calling thread.
    pub(crate) fn apply(&mut self, first: usize, g: &[f32]) {
        let range = first..first + g.len();
        update(&mut self.p[range.clone()], &mut self.m[range.clone()], &mut self.v[range], g, self.rates);
    }
}

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
struct Rates {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// What the second moment takes a smaller gradient for, lest it decays into subnormal numbers.
    least_gradient: f32,
    /// α / (1 − β₁ᵗ)
    step_size: f32,
    /// 1 / √(1 − β₂ᵗ)
    root_correction: f32,
}

impl Rates {
    fn at(config: AdamConfig, t: u64) -> Self {
        // After i32::MAX steps both powers are long zero.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let AdamConfig { learning_rate, beta1, beta2, epsilon } = config;
        let step_size = f64::from(learning_rate) / (1.0 - f64::from(beta1).powi(t));
        let root_correction = 1.0 / (1.0 - f64::from(beta2).powi(t)).sqrt();
        let (step_size, root_correction) = (step_size as f32, root_correction as f32);
        Self { beta1, beta2, epsilon, least_gradient: 1e-9 * epsilon, step_size, root_correction }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn update(p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], rates: Rates) {
    let Rates { beta1, beta2, epsilon, least_gradient, step_size, root_correction } = rates;
    for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
        let magnitude = if g.abs() < least_gradient { least_gradient } else { g.abs() };
        *m = flush(beta1 * *m + (1.0 - beta1) * g);
        *v = beta2 * *v + (1.0 - beta2) * magnitude * magnitude;
        *p -= step_size * *m / (v.sqrt() * root_correction + epsilon);
    }
}

/// The number itself, or zero where it is too small to be normal.
#[inline(always)]
fn flush(value: f32) -> f32 {
    if value.abs() < f32::MIN_POSITIVE { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_against_the_gradients_sign() {
        let mut adam = Adam::new(AdamConfig::default(), 2);
        let mut parameters = [1.0, 1.0];
        adam.step(&mut parameters, &[0.3, -20.0]);
        assert!((parameters[0] - 0.999).abs() < 1e-6 && (parameters[1] - 1.001).abs() < 1e-6);
    }

    #[test]
    fn a_gradient_that_stays_zero_leaves_no_subnormal_behind() {
        let mut adam = Adam::new(AdamConfig::default(), 1);
        let mut parameters = [0.5];
        adam.step(&mut parameters, &[1e-3]);
        for _ in 0..100_000 {
            adam.step(&mut parameters, &[0.0]);
            for moment in [adam.first_moment()[0], adam.second_moment()[0]] {
                assert!(moment == 0.0 || moment.is_normal(), "{moment:e} after {} steps", adam.steps());
            }
        }
        assert_eq!(adam.first_moment(), [0.0]);
    }

    #[test]
    fn the_quadratic_is_minimised() {
        let mut adam = Adam::new(AdamConfig { learning_rate: 0.05, ..AdamConfig::default() }, 1);
        let mut parameters = [3.0];
        for _ in 0..1000 {
            let gradient = [2.0 * (parameters[0] - 1.0)];
            adam.step(&mut parameters, &gradient);
        }
        assert!((parameters[0] - 1.0).abs() < 1e-3, "{}", parameters[0]);
    }

    #[test]
    fn hyper_parameters_out_of_range_are_refused_by_name() {
        let config = AdamConfig { beta2: 1.0, ..AdamConfig::default() };
        assert_eq!(
            config.validate().unwrap_err().to_string(),
            "beta2 must be at least 0 and below 1, found 1"
        );
        for learning_rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(AdamConfig { learning_rate, ..AdamConfig::default() }.validate().is_err());
        }
    }
}
