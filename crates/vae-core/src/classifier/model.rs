//! p(class | x), its gradient, and its weights as bytes.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::{
    config::ClassifierConfig,
    softmax::{cross_entropy_backward, softmax},
};
use crate::{
    Parameters, VaeError,
    kernel::batch::{Data, Samples},
    layers::{
        init::initialise,
        layer::Layer,
        layout::Layout,
        stack::{Deltas, Stack, Tape},
    },
    step::{
        gradient::{Gradient, Pass, not_finite},
        sink::Sink,
    },
    weights::{Facts, StateDict, fact, from_safetensors, mlp_widths, read_parameters},
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
///     optimizer.step(classifier.parameters_mut().values_mut(), &mut gradient);
/// }
/// assert_eq!(classifier.classify(x.view()), labels);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Classifier {
    config: ClassifierConfig,
    stack: Stack,
    parameters: Parameters,
}

/// A few samples on their way to the logits and back.
struct MicroBatch {
    /// x (B, D)
    x: Data,
    tape: Tape,
    deltas: Deltas,
}

impl Classifier {
    /// A classifier with fresh weights, drawn from `seed` as those of a [`Vae`](crate::Vae) are.
    ///
    /// # Errors
    /// Those of [`ClassifierConfig::validate`].
    pub fn new(config: ClassifierConfig, seed: u64) -> Result<Self, VaeError> {
        let mut classifier = Self::zeroed(config)?;
        let layers = classifier.stack.layers().iter().map(Layer::slot);
        initialise(layers, seed, classifier.parameters.values_mut());
        Ok(classifier)
    }

    fn zeroed(config: ClassifierConfig) -> Result<Self, VaeError> {
        config.validate()?;
        let mut layout = Layout::default();
        let stack = Stack::dense(&mut layout, PREFIX, &config.widths(), config.activation);
        Ok(Self { config, stack, parameters: Parameters::zeroed(layout) })
    }

    /// The architecture.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// All parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// All parameters, to change their numbers.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// p(class | x) for each row of `x`.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B, C), each row summing to 1
    ///
    /// # Panics
    /// If `x` does not have D columns.
    pub fn probabilities(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut p = self.logits(x);
        p.rows_mut().into_iter().for_each(softmax);
        p
    }

    /// The likeliest class of each row of `x`, and the first of them where several are.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B,)
    ///
    /// # Panics
    /// If `x` does not have D columns.
    pub fn classify(&self, x: ArrayView2<'_, f32>) -> Vec<u8> {
        let logits = self.logits(x);
        let likeliest =
            |best: (usize, f32), (class, &g): (usize, &f32)| if g > best.1 { (class, g) } else { best };
        let of_row = |g: ArrayView1<'_, f32>| g.iter().enumerate().fold((0, f32::NEG_INFINITY), likeliest).0;
        logits.rows().into_iter().map(|g| of_row(g) as u8).collect()
    }

    /// What the last layer takes for each row of `x`: the outputs of the last hidden layer, after its activation. A
    /// classifier without a hidden layer has no features but `x`.
    ///
    /// # Shapes
    /// `x` (B, D) in [0, 1] → (B, H)
    ///
    /// # Panics
    /// If `x` does not have D columns.
    pub fn features(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        assert_eq!(x.ncols(), self.config.input, "columns of the input");
        let Some(&width) = self.config.hidden.last() else {
            return x.to_owned();
        };
        let hidden = self.stack.without_last();
        hidden.infer(self.parameters.values(), x, width, |h, out| out.copy_from(h))
    }

    /// (B, D) → (B, C)
    fn logits(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let (stack, parameters) = (&self.stack, self.parameters.values());
        stack.infer(parameters, x, self.config.classes, |g, out| out.copy_from(g))
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
        let samples = x.nrows();
        assert!(samples > 0, "an empty batch has no average");
        assert_eq!((labels.len(), x.ncols()), (samples, self.config.input), "labels, and columns of x");
        let known = |&label: &u8| usize::from(label) < self.config.classes;
        assert!(labels.iter().all(known), "a label beyond the classes");

        let pass = |samples| MicroBatch::new(&self.stack, samples);
        let mut gradient = Gradient::new(self.stack.layers().iter(), samples, pass);
        let (micro_batch, passes) = gradient.micro_batches();
        let mut losses = vec![0.0; samples];
        let batches = x.axis_chunks_iter(Axis(0), micro_batch).into_par_iter();
        let batches = batches.zip(labels.par_chunks(micro_batch));
        let losses_of = losses.par_chunks_mut(micro_batch);
        passes.par_iter_mut().zip(batches).zip(losses_of).for_each(|((pass, (x, labels)), losses)| {
            pass.run(&self.stack, self.parameters.values(), x, labels, 1.0 / samples as f32, losses);
        });
        let loss = losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / samples as f64;
        if !loss.is_finite() {
            return Err(VaeError::NotFinite { term: "cross-entropy".to_owned() });
        }
        let mut values = vec![0.0; self.parameters.len()];
        gradient.sum_into(samples, Sink::Write(&mut values));
        match not_finite(self.parameters.layout(), &values) {
            Some(name) => Err(VaeError::NotFinite { term: format!("gradient of {name}") }),
            None => Ok((loss, values)),
        }
    }

    /// The classifier as a safetensors file, with PyTorch's names below `classifier.`, and `facts` beside its own. The
    /// same classifier and facts give the same bytes.
    pub fn to_safetensors(&self, facts: &Facts) -> Vec<u8> {
        self.parameters.to_safetensors(facts, [("activation", self.config.activation.to_string())])
    }

    /// The classifier in the bytes of a safetensors file, and the file's facts.
    ///
    /// # Errors
    /// As [`Vae::from_safetensors`](crate::Vae::from_safetensors).
    pub fn from_safetensors(bytes: &[u8]) -> Result<(Self, Facts), VaeError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let activation = fact(&facts, "activation", None, None)?;
        let tensors = StateDict::new(tensors);
        let widths = mlp_widths(&tensors, PREFIX, activation)?;
        let (&[input, ref hidden @ ..], Some(&classes)) = (&widths[..widths.len() - 1], widths.last()) else {
            return Err(VaeError::MissingTensor { name: format!("{PREFIX}.fc1.weight") });
        };
        let config = ClassifierConfig { input, hidden: hidden.to_vec(), classes, activation };
        let mut classifier = Self::zeroed(config)?;
        read_parameters(&tensors, &mut classifier.parameters)?;
        Ok((classifier, facts))
    }
}

impl MicroBatch {
    fn new(stack: &Stack, samples: usize) -> Self {
        Self {
            x: Data::zeroed(samples, stack.inputs()),
            tape: stack.tape(samples),
            deltas: stack.deltas(samples),
        }
    }

    /// There and back: the loss is scale · −log p(y|x), summed over the samples; `losses` (B) are left unscaled.
    fn run(
        &mut self,
        stack: &Stack,
        parameters: &[f32],
        x: ArrayView2<'_, f32>,
        labels: &[u8],
        scale: f32,
        losses: &mut [f32],
    ) {
        self.x.pack(x);
        stack.forward(parameters, self.x.view(), &mut self.tape);
        cross_entropy_backward(self.tape.output(), labels, scale, self.deltas.output_mut(), losses);
        stack.backward(parameters, &self.tape, &mut self.deltas, None);
    }
}

impl Pass for MicroBatch {
    fn operands(&self, layer: usize) -> [Samples<'_>; 2] {
        let input = layer.checked_sub(1).map_or(self.x.view(), |before| self.tape.layer(before).view());
        [self.deltas.layer(layer).view(), input]
    }

    fn square_sums(&self) -> [f32; 2] {
        let inputs = self.x.batch().square_sum() + self.tape.hidden_square_sum();
        [self.deltas.square_sum(), inputs]
    }

    fn gradient(&self) -> &[f32] {
        &[]
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
                moved.parameters_mut().values_mut()[i] += shift;
                plain_loss(&moved)
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((f64::from(*gradient) - slope).abs() < 2e-5, "at {i}: {gradient} instead of {slope}");
        }
    }

    #[test]
    fn the_last_layer_makes_the_logits_from_the_features() {
        let (classifier, x, _) = classifier();
        let features = classifier.features(x.view());
        assert_eq!(features.dim(), (21, 5));
        let tensor = |name: &str| {
            let layout = classifier.parameters().layout();
            let tensor = layout.tensors().iter().find(|tensor| tensor.name == name).unwrap();
            &classifier.parameters().values()[tensor.range.clone()]
        };
        let weight = ArrayView2::from_shape((4, 5), tensor("classifier.fc3.weight")).unwrap();
        let logits = features.dot(&weight.t()) + ArrayView1::from(tensor("classifier.fc3.bias"));
        assert!(logits.iter().zip(&classifier.logits(x.view())).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn without_a_hidden_layer_the_features_are_the_input() {
        let (_, x, _) = classifier();
        let config = ClassifierConfig { input: 9, hidden: vec![], ..ClassifierConfig::default() };
        assert_eq!(Classifier::new(config, 3).unwrap().features(x.view()), x);
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
    fn the_weights_of_a_model_are_not_taken_for_a_classifier() {
        let vae = Vae::new(VaeConfig { input: 4, ..VaeConfig::default() }, 0).unwrap();
        let error = Classifier::from_safetensors(&vae.to_safetensors(&Facts::new())).unwrap_err();
        assert_eq!(error.to_string(), "tensor classifier.fc1.weight is missing");
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_an_error() {
        let (mut classifier, x, labels) = classifier();
        classifier.parameters_mut().values_mut()[0] = f32::NAN;
        let error = classifier.gradient(x.view(), &labels).unwrap_err();
        assert_eq!(error.to_string(), "cross-entropy is not finite");
    }
}
