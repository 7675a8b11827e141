//! What can go wrong with values that come from outside: configurations, weight files, numbers that blew up.
//!
//! Shapes that do not fit are a programmer's mistake, not a caller's data: functions that take arrays assert them
//! and say so in their documentation.

use std::ops::RangeInclusive;

use ndarray::ArrayView2;
use thiserror::Error;

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VaeError {
    /// A size of the architecture is zero or beyond the limit.
    #[error("{field} must be between 1 and {max}, found {found}")]
    Size {
        /// The field of [`VaeConfig`](crate::VaeConfig).
        field: &'static str,
        /// The largest size allowed.
        max: usize,
        /// The size given.
        found: usize,
    },
    /// More layers than the limit.
    #[error("at most {max} hidden layers are supported, found {found}")]
    Depth {
        /// The largest number of hidden layers allowed.
        max: usize,
        /// The number given.
        found: usize,
    },
    /// The parameters would not fit into a reasonable amount of memory.
    #[error("the model would have {found} parameters, more than the limit of {max}")]
    TooManyParameters {
        /// The largest number of parameters allowed.
        max: usize,
        /// The number that the sizes lead to.
        found: u128,
    },
    /// A field of an optimizer's configuration is out of its range.
    #[error("{field} must be {expected}, found {found}")]
    Hyperparameter {
        /// The field's name.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
        /// The value given.
        found: f32,
    },
    /// A prior with numbers out of their range, or for too few latents.
    #[error("the prior {prior} takes {expected}")]
    Prior {
        /// The prior given.
        prior: String,
        /// What would be right.
        expected: String,
    },
    /// A choice by a name that does not exist.
    #[error("unknown {what} {found:?}, expected one of {expected}")]
    UnknownName {
        /// What is chosen, such as `activation`.
        what: &'static str,
        /// The names that exist.
        expected: String,
        /// The name given.
        found: String,
    },
    /// A number of a sample that its likelihood excludes, or of noise or a code that is not finite.
    #[error("row {row}, column {column} of {array} is {found}, {by} takes {}", range(*least, *largest))]
    OutOfRange {
        /// The array: `x`, `eps` or `z`.
        array: &'static str,
        /// The sample, counted from 0 in the array that was given: a batch, or all of the data.
        row: usize,
        /// The pixel or latent.
        column: usize,
        /// The number found.
        found: f32,
        /// The least number allowed.
        least: f32,
        /// The largest number allowed.
        largest: f32,
        /// What allows no other: the likelihood's name, or `the posterior` or `the prior`.
        by: &'static str,
    },
    /// A loss or a gradient is infinite or not a number, or a gradient is too large to be squared; the parameters are
    /// as they were.
    #[error("{term} is not finite")]
    NotFinite {
        /// What was found not to be finite: `reconstruction`, `KL` or `gradient of <tensor>`.
        term: String,
    },
    /// The bytes are not a safetensors file.
    #[error("not a safetensors file")]
    NotSafetensors {
        /// What the reader found.
        source: safetensors::SafeTensorError,
    },
    /// The bytes are what `torch.save` writes, from which nothing is read: to unpickle is to run what the file says.
    #[error(
        "expected a safetensors file, found a zip archive or pickle, as torch.save writes it; in Python, \
         safetensors.torch.save_file(module.state_dict(), \"model.safetensors\") writes one"
    )]
    Pickle,
    /// A tensor that the model needs is not in the file.
    #[error("tensor {name} is missing")]
    MissingTensor {
        /// The tensor's name.
        name: String,
    },
    /// A tensor in the file that the model has no place for.
    #[error("unexpected tensor {name}")]
    UnexpectedTensor {
        /// The tensor's name.
        name: String,
    },
    /// A tensor of another element type than `F32` or `F64`.
    #[error("tensor {name} holds {found}, expected F32 or F64")]
    TensorType {
        /// The tensor's name.
        name: String,
        /// The element type found.
        found: String,
    },
    /// A tensor of another shape than its neighbours in the model ask for.
    #[error("tensor {name} has shape {found:?}, expected {expected}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// The shape that would fit.
        expected: String,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A weight that is infinite or not a number.
    #[error("tensor {name} holds a value that is not finite")]
    TensorNotFinite {
        /// The tensor's name.
        name: String,
    },
    /// A fact about the model that neither the file nor the caller gives.
    #[error("the file does not say its {key}")]
    MissingFact {
        /// The metadata key.
        key: &'static str,
    },
    /// A fact in the file's metadata that this version does not know.
    #[error("the file's {key} is {found:?}, expected {expected}")]
    UnknownFact {
        /// The metadata key.
        key: &'static str,
        /// What would be right.
        expected: String,
        /// The value found.
        found: String,
    },
    /// A range whose bounds are not two finite numbers in ascending order.
    #[error("an input range is two finite numbers, the lower first, as in -1,1; found {found:?}")]
    InputRange {
        /// The range given.
        found: String,
    },
    /// A file that was written here and is to be read as a module that takes images of another range.
    #[error(
        "the file is a model that takes images in [0, 1] already, which an input range of {found} contradicts"
    )]
    InputRangeKnown {
        /// The range given.
        found: String,
    },
    /// A mixture of Gaussians that breaks one of its rules.
    #[error("a mixture of Gaussians must have {expected}, found {found}")]
    Mixture {
        /// What would be right.
        expected: &'static str,
        /// What is there.
        found: String,
    },
}

/// A hyper-parameter out of its range is an error that names it.
pub(crate) fn require(
    field: &'static str,
    found: f32,
    ok: bool,
    expected: &'static str,
) -> Result<(), VaeError> {
    if ok { Ok(()) } else { Err(VaeError::Hyperparameter { field, expected, found }) }
}

/// The first number of an array that is not in the range is an error that names its place; NaN is in no range.
pub(crate) fn require_within(
    array: &'static str,
    values: ArrayView2<'_, f32>,
    range: RangeInclusive<f32>,
    by: &'static str,
) -> Result<(), VaeError> {
    match values.indexed_iter().find(|&(_, value)| !range.contains(value)) {
        Some(((row, column), &found)) => {
            let (least, largest) = (*range.start(), *range.end());
            Err(VaeError::OutOfRange { array, row, column, found, least, largest, by })
        }
        None => Ok(()),
    }
}

/// A number of an array that is not finite is an error that names its place.
pub(crate) fn require_finite(
    array: &'static str,
    values: ArrayView2<'_, f32>,
    by: &'static str,
) -> Result<(), VaeError> {
    require_within(array, values, f32::MIN..=f32::MAX, by)
}

/// Two bounds as a sentence needs them.
fn range(least: f32, largest: f32) -> String {
    if least == f32::MIN && largest == f32::MAX {
        "finite numbers".to_owned()
    } else {
        format!("numbers between {least} and {largest}")
    }
}
