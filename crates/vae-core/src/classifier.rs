//! A classifier from the same layers: the judge that reads what a model wrote, and says how often it is what was
//! asked for. A model is never trained by it.

mod config;

use std::fmt;

pub use config::ClassifierConfig;

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{
    Layout, VaeError,
    backprop::layer_gradients,
    factors::Factors,
    init::initialise,
    mlp::Mlp,
    optimizer::all_finite,
    panels::{Lanes, Panels, panels},
    softmax::{cross_entropy_backward, softmax},
    support::Support,
    turn::rows_to_samples,
    weights::{self, Facts, StateDict, from_safetensors, mlp_widths, read_parameters},
};

/// What the tensors' names begin with.
const PREFIX: &str = "classifier";

/// p(class | x) = softmax of a multilayer perceptron.
///
/// ```
/// use ndarray::array;
/// use vae_core::{Adam, Classifier, ClassifierConfig, Optimizer};
///
/// # fn main() -> Result<(), vae_core::VaeError> {
/// let config = ClassifierConfig { input: 2, hidden: vec![8], classes: 2, ..ClassifierConfig::default() };
/// let mut classifier = Classifier::new(config, 1)?;
/// let adam = Adam { learning_rate: 0.05, ..Adam::default() };
/// let mut optimizer = Optimizer::new(adam, classifier.parameters().len());
///
/// // Whether exactly one of two bits is set.
/// let (x, labels) = (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]);
/// for _ in 0..200 {
///     let (_, mut gradient) = classifier.gradient(x.view(), &labels)?;
///     optimizer.step(classifier.parameters_mut(), &mut gradient);
/// }
/// assert_eq!(classifier.classify(x.view()), labels);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Classifier {
    config: ClassifierConfig,
    layout: Layout,
    parameters: Vec<f32>,
    mlp: Mlp,
}

impl Classifier {
    /// A classifier with fresh weights, drawn from `seed` as those of a [`Vae`](crate::Vae) are.
    ///
    /// # Errors
    /// Those of [`ClassifierConfig::validate`].
    pub fn new(config: ClassifierConfig, seed: u64) -> Result<Self, VaeError> {
        let mut classifier = Self::zeroed(config)?;
        initialise(classifier.mlp.layers().iter(), seed, &mut classifier.parameters);
        Ok(classifier)
    }

    fn zeroed(config: ClassifierConfig) -> Result<Self, VaeError> {
        config.validate()?;
        let mut layout = Layout::default();
        let mlp = Mlp::new(&mut layout, PREFIX, &config.widths(), config.activation);
        let parameters = vec![0.0; layout.len()];
        Ok(Self { config, layout, parameters, mlp })
    }

    /// The architecture.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// All parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// p(class | x) for each row of `x`.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B, C), each row summing to 1
    ///
    /// # Panics
    /// If `x` has not D columns.
    pub fn probabilities(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut p = self.mlp.run(&self.parameters, x);
        p.rows_mut().into_iter().for_each(softmax);
        p
    }

    /// The likeliest class of each row of `x`; of equals the first.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B,)
    ///
    /// # Panics
    /// If `x` has not D columns.
    pub fn classify(&self, x: ArrayView2<'_, f32>) -> Vec<u8> {
        let logits = self.mlp.run(&self.parameters, x);
        let likeliest =
            |best: (usize, f32), (class, &g): (usize, &f32)| if g > best.1 { (class, g) } else { best };
        let of_row = |g: ArrayView1<'_, f32>| g.iter().enumerate().fold((0, f32::NEG_INFINITY), likeliest).0;
        logits.rows().into_iter().map(|g| of_row(g) as u8).collect()
    }

    /// −log p(y|x) in nats, averaged over the batch, and its gradient, laid out like the parameters.
    ///
    /// Makes its buffers anew: a judge is trained once, in seconds.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1], `labels` (B,) below C
    ///
    /// # Errors
    /// [`VaeError::NotFinite`] for a loss or gradient that is infinite or not a number.
    ///
    /// # Panics
    /// If the batch is empty, the shapes do not fit, or a label is not below C.
    pub fn gradient(&self, x: ArrayView2<'_, f32>, labels: &[u8]) -> Result<(f64, Vec<f32>), VaeError> {
        let (rows, layers) = (x.nrows(), self.mlp.layers());
        assert!(rows > 0, "an empty batch has no average");
        assert_eq!((labels.len(), x.ncols()), (rows, self.config.input), "labels, and columns of x");
        assert!(
            labels.iter().all(|&label| usize::from(label) < self.config.classes),
            "a label beyond the classes"
        );
        let p = panels(rows);
        let lanes = |rows, columns| Array2::from_elem((rows, columns), Lanes::default());

        let (mut by_sample, mut support) = (lanes(p, x.ncols()), Support::new(p, x.ncols()));
        rows_to_samples(x, by_sample.view_mut());
        support.find(by_sample.view());
        let (mut tape, mut deltas) = (self.mlp.tape(rows), self.mlp.deltas(rows));
        let input = Panels { lanes: by_sample.view(), support: Some(&support) };
        self.mlp.forward(&self.parameters, input, &mut tape);

        let (mut losses, last) = (vec![0.0; rows], deltas.output_mut(p));
        cross_entropy_backward(tape.output(p), labels, 1.0 / rows as f32, last, &mut losses);
        self.mlp.backward_inputs(&self.parameters, p, &tape, &mut deltas, None);

        let factors = layers.iter().enumerate().map(|(i, layer)| {
            let (mut factors, x) = match i {
                0 => (Factors::of_data(layer, rows), by_sample.view()),
                _ => (Factors::new(layer, rows), tape.layer(i - 1, p)),
            };
            factors.turn([deltas.layer(i, p)].into_iter(), [x].into_iter(), [&support].into_iter());
            factors
        });
        let factors: Vec<Factors> = factors.collect();
        let mut gradient = vec![0.0; self.layout.len()];
        layer_gradients(&factors, &mut gradient, None);

        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / rows as f64;
        if !loss.is_finite() {
            return Err(VaeError::NotFinite { term: "cross-entropy".to_owned() });
        }
        let overflown = self.layout.iter(&gradient).find(|(_, _, gradient)| !all_finite(gradient));
        if let Some((name, ..)) = overflown {
            return Err(VaeError::NotFinite { term: format!("gradient of {name}") });
        }
        Ok((loss, gradient))
    }

    /// The classifier as a safetensors file, with PyTorch's names below `classifier.`, and `facts` beside its own. The
    /// same classifier and facts give the same bytes.
    pub fn to_safetensors(&self, facts: &Facts) -> Vec<u8> {
        let mut facts = facts.clone();
        facts.insert("activation".to_owned(), self.config.activation.to_string());
        facts.insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let tensors = self.layout.iter(&self.parameters);
        weights::to_safetensors(tensors.map(|(name, shape, values)| (name.to_owned(), shape, values)), facts)
    }

    /// The classifier in the bytes of a safetensors file, and the file's facts.
    ///
    /// # Errors
    /// As [`Vae::from_safetensors`](crate::Vae::from_safetensors).
    pub fn from_safetensors(bytes: &[u8]) -> Result<(Self, Facts), VaeError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let activation =
            facts.get("activation").ok_or(VaeError::MissingFact { key: "activation" })?.parse()?;
        let tensors = StateDict::new(tensors);
        let widths = mlp_widths(&tensors, PREFIX)?;
        let (&[input, ref hidden @ ..], Some(&classes)) = (&widths[..widths.len() - 1], widths.last()) else {
            return Err(VaeError::MissingTensor { name: format!("{PREFIX}.fc1.weight") });
        };
        let config = ClassifierConfig { input, hidden: hidden.to_vec(), classes, activation };
        let mut classifier = Self::zeroed(config)?;
        read_parameters(&tensors, &classifier.layout, &mut classifier.parameters)?;
        Ok((classifier, facts))
    }
}

impl fmt::Debug for Classifier {
    /// The architecture; the parameters by their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("config", &self.config)
            .field("parameters", &self.parameters.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Vae, VaeConfig};

    fn classifier() -> (Classifier, Array2<f32>, Vec<u8>) {
        let config =
            ClassifierConfig { input: 9, hidden: vec![7, 5], classes: 4, activation: Activation::Tanh };
        let x = Array2::from_shape_fn((21, 9), |(i, j)| ((i * 5 + j * 7) % 13) as f32 / 12.0);
        (Classifier::new(config, 3).unwrap(), x, (0..21).map(|i| i % 4).collect())
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_plain_loss() {
        let (classifier, x, labels) = classifier();
        let plain_loss = |classifier: &Classifier| -> f64 {
            let p = classifier.probabilities(x.view());
            let of_one = |(row, &label): (usize, &u8)| -f64::from(p[[row, usize::from(label)]]).ln();
            labels.iter().enumerate().map(of_one).sum::<f64>() / 21.0
        };
        let (loss, gradient) = classifier.gradient(x.view(), &labels).unwrap();
        assert!((loss - plain_loss(&classifier)).abs() < 1e-6);
        for (i, gradient) in gradient.iter().enumerate() {
            let at = |shift: f32| {
                let mut moved = classifier.clone();
                moved.parameters_mut()[i] += shift;
                plain_loss(&moved)
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((f64::from(*gradient) - slope).abs() < 2e-5, "at {i}: {gradient} instead of {slope}");
        }
    }

    #[test]
    fn the_likeliest_class_has_the_largest_probability() {
        let (classifier, x, _) = classifier();
        let p = classifier.probabilities(x.view());
        for (p, class) in p.rows().into_iter().zip(classifier.classify(x.view())) {
            assert!(p.iter().all(|&other| other <= p[usize::from(class)]));
            assert!((p.sum() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_classifier_reads_back_with_its_facts() {
        let (classifier, ..) = classifier();
        let facts = Facts::from([("data".to_owned(), "mnist".to_owned())]);
        let (read, found) = Classifier::from_safetensors(&classifier.to_safetensors(&facts)).unwrap();
        assert_eq!((read.parameters(), read.config()), (classifier.parameters(), classifier.config()));
        assert_eq!(found["data"], "mnist");
    }

    #[test]
    fn the_weights_of_a_model_are_no_classifier() {
        let vae = Vae::new(VaeConfig { input: 4, ..VaeConfig::default() }, 0).unwrap();
        let error = Classifier::from_safetensors(&vae.to_safetensors(&Facts::new())).unwrap_err();
        assert_eq!(error.to_string(), "tensor classifier.fc1.weight is missing");
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_an_error() {
        let (mut classifier, x, labels) = classifier();
        classifier.parameters_mut()[0] = f32::NAN;
        let error = classifier.gradient(x.view(), &labels).unwrap_err();
        assert_eq!(error, VaeError::NotFinite { term: "cross-entropy".to_owned() });
    }
}
