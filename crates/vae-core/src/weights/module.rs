//! Modules from elsewhere: how PyTorch's own example names its tensors, and what no tensor tells.

use std::{fmt, str::FromStr};

use super::Tensors;
use crate::{Activation, Likelihood, VaeError};

/// What a state dict does not tell of the module that it was saved from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModuleFacts {
    /// The nonlinearity between the layers. Default relu.
    pub activation: Activation,
    /// What its decoder's last layer gives the numbers of. Default: what the file tells, else Bernoulli.
    pub likelihood: Option<Likelihood>,
    /// The range to which the module's images were scaled. Default 0 to 1, as everywhere here.
    pub input_range: InputRange,
}

/// What black and white are to a module. Where images are standardised by a mean and a deviation, black is
/// −mean / deviation and white (1 − mean) / deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputRange {
    /// A black pixel. Default 0.
    pub low: f64,
    /// A white pixel, above `low`. Default 1.
    pub high: f64,
}

impl Default for InputRange {
    fn default() -> Self {
        Self { low: 0.0, high: 1.0 }
    }
}

impl InputRange {
    /// # Errors
    /// [`VaeError::InputRange`] if `low` is not below `high` or a bound is not finite.
    pub fn validate(self) -> Result<(), VaeError> {
        let fits = self.low < self.high && (self.high - self.low).is_finite();
        if fits { Ok(()) } else { Err(VaeError::InputRange { found: self.to_string() }) }
    }

    /// Turns a layer that takes x′ = low + (high − low) x into one that takes x, in [0, 1], to the same sums:
    ///
    /// W x′ + b = (high − low) W · x + (b + low · Σ W), Σ along the inputs, in `f64`.
    ///
    /// # Shapes
    /// `weight` (O, I) row-major, `bias` (O,)
    pub(super) fn fold(self, weight: &mut [f32], bias: &mut [f32]) {
        if self == Self::default() {
            return;
        }
        let inputs = weight.len() / bias.len();
        for (w, b) in weight.chunks_exact_mut(inputs).zip(bias) {
            let sum: f64 = w.iter().map(|&w| f64::from(w)).sum();
            *b = (f64::from(*b) + self.low * sum) as f32;
            for w in w {
                *w = ((self.high - self.low) * f64::from(*w)) as f32;
            }
        }
    }
}

impl fmt::Display for InputRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.low, self.high)
    }
}

impl FromStr for InputRange {
    type Err = VaeError;

    fn from_str(text: &str) -> Result<Self, VaeError> {
        let bounds = text.split_once(',').and_then(|(low, high)| {
            Some(Self { low: low.trim().parse().ok()?, high: high.trim().parse().ok()? })
        });
        let range = bounds.ok_or_else(|| VaeError::InputRange { found: text.to_owned() })?;
        range.validate()?;
        Ok(range)
    }
}

/// The layers of PyTorch's VAE example, which has mean and log-variance from a layer each: below each other, they are
/// our encoder's last.
const EXAMPLE: [(&str, &[&str]); 4] = [
    ("encoder.fc1", &["fc1"]),
    ("encoder.fc2", &["fc21", "fc22"]),
    ("decoder.fc1", &["fc3"]),
    ("decoder.fc2", &["fc4"]),
];

/// The tensors of a file under our names, whichever of the two names the file has.
pub(crate) struct StateDict<'a> {
    tensors: Tensors<'a>,
    example: bool,
}

impl<'a> StateDict<'a> {
    pub(crate) fn new(tensors: Tensors<'a>) -> Self {
        let has = |name| tensors.shape(name).is_some();
        let example = has("fc1.weight") && !has("encoder.fc1.weight");
        Self { tensors, example }
    }

    /// The file's tensors that lie below each other in ours; none in the example's file for a layer that it lacks.
    fn parts(&self, name: &str) -> Vec<String> {
        if !self.example {
            return vec![name.to_owned()];
        }
        let of_layer = |(layer, parts): &(&str, &[&str])| {
            let kind = name.strip_prefix(layer).filter(|kind| kind.starts_with('.'))?;
            Some(parts.iter().map(|part| format!("{part}{kind}")).collect())
        };
        EXAMPLE.iter().find_map(of_layer).unwrap_or_default()
    }

    /// The shape of one of our tensors, if the first part of it is there.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let parts = self.parts(name);
        let mut shape = self.tensors.shape(parts.first()?)?.to_vec();
        if let Some(rows) = shape.first_mut() {
            *rows = rows.saturating_mul(parts.len());
        }
        Some(shape)
    }

    /// Whether a layer whose weight is not there cannot be done without: the file has its bias, or another architecture
    /// than the example's would come of it.
    pub(super) fn needs(&self, layer: &str) -> bool {
        if self.example {
            EXAMPLE.iter().any(|(name, _)| *name == layer)
        } else {
            self.tensors.shape(&format!("{layer}.bias")).is_some()
        }
    }

    /// The name that the file has for one of our tensors, or for its first part.
    pub(super) fn name_of(&self, name: &str) -> String {
        self.parts(name).into_iter().next().unwrap_or_else(|| name.to_owned())
    }

    /// The values of one of our tensors, row-major.
    ///
    /// # Errors
    /// Those of [`Tensors::get_f32`], for the file's own names.
    pub(super) fn get_f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, VaeError> {
        let parts = self.parts(name);
        let mut of_part = shape.to_vec();
        of_part[0] /= parts.len();
        let mut values = Vec::with_capacity(shape.iter().product());
        for part in &parts {
            values.extend(self.tensors.get_f32(part, &of_part)?);
        }
        Ok(values)
    }

    /// A tensor of the file that none of `ours` is made of.
    pub(super) fn unexpected<'n>(&self, ours: impl Iterator<Item = &'n str>) -> Option<String> {
        let known: Vec<String> = ours.flat_map(|name| self.parts(name)).collect();
        self.tensors.keys().find(|name| !known.contains(name)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_layer_gives_the_same_sums_on_images_between_0_and_1() {
        let (mut weight, mut bias) = ([0.5, -2.0, 3.0, 0.25, 1.0, -1.5], [0.125, -4.0]);
        let range = InputRange { low: -1.0, high: 2.0 };
        let layer = |weight: &[f32], bias: &[f32], x: [f32; 3]| {
            [0, 1].map(|o| bias[o] + (0..3).map(|i| weight[3 * o + i] * x[i]).sum::<f32>())
        };
        let x = [0.0, 0.25, 1.0];
        let expected = layer(&weight, &bias, x.map(|x| -1.0 + 3.0 * x));
        range.fold(&mut weight, &mut bias);
        assert_eq!(layer(&weight, &bias, x), expected);
    }

    #[test]
    fn a_range_is_read_from_its_text() {
        assert_eq!("-1,1".parse::<InputRange>().unwrap(), InputRange { low: -1.0, high: 1.0 });
        assert_eq!(
            "-0.4242, 2.8215".parse::<InputRange>().unwrap(),
            InputRange { low: -0.4242, high: 2.8215 }
        );
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for text in ["", "1", "1,", "0,1,2", "a,b", "1,0", "1,1", "nan,1", "0,inf", "-1e308,1e308"] {
            let error = text.parse::<InputRange>().unwrap_err();
            assert!(matches!(error, VaeError::InputRange { .. }), "{text}: {error}");
        }
    }
}
