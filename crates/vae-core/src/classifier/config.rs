//! The architecture of a classifier.

use std::fmt;

use crate::{Activation, VaeConfig, VaeError};

/// The sizes of a classifier: `input → hidden[0] → … → classes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifierConfig {
    /// Numbers in one sample, `D`. Default 784, the pixels of an MNIST digit.
    pub input: usize,
    /// Widths of the hidden layers. Default `[128]`. Empty means logistic regression.
    pub hidden: Vec<usize>,
    /// Classes, `C`, from 1 to 256. Default 10.
    pub classes: usize,
    /// The nonlinearity after every layer but the last. Default relu.
    pub activation: Activation,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self { input: 784, hidden: vec![128], classes: 10, activation: Activation::Relu }
    }
}

impl ClassifierConfig {
    /// The most classes: a label is a byte.
    pub const MAX_CLASSES: usize = 256;

    /// Checks every field.
    ///
    /// # Errors
    /// As [`VaeConfig::validate`], whose limits are these too, and [`VaeError::Size`] for the number of classes.
    pub fn validate(&self) -> Result<(), VaeError> {
        let (max, found) = (Self::MAX_CLASSES, self.classes);
        if !(1..=max).contains(&found) {
            return Err(VaeError::Size { field: "classes", max, found });
        }
        let (input, hidden) = (self.input, self.hidden.clone());
        VaeConfig { input, hidden, decoder_hidden: Some(Vec::new()), latent: 1, ..VaeConfig::default() }
            .validate()
    }

    /// `[input, hidden…, classes]`
    pub(super) fn widths(&self) -> Vec<usize> {
        [&[self.input], &self.hidden[..], &[self.classes]].concat()
    }
}

impl fmt::Display for ClassifierConfig {
    /// The widths from input to classes: `784-128-10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<String> = self.widths().iter().map(ToString::to_string).collect();
        f.write_str(&widths.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_is_the_widths() {
        assert_eq!(ClassifierConfig::default().to_string(), "784-128-10");
    }

    #[test]
    fn a_hidden_width_of_zero_is_refused() {
        let config = ClassifierConfig { hidden: vec![8, 0], ..ClassifierConfig::default() };
        assert!(matches!(config.validate(), Err(VaeError::Size { field: "hidden", found: 0, .. })));
    }

    #[test]
    fn more_classes_than_labels_can_say_are_refused() {
        let config = ClassifierConfig { classes: 257, ..ClassifierConfig::default() };
        let error = config.validate().unwrap_err().to_string();
        assert_eq!(error, "classes must be between 1 and 256, found 257");
    }
}
