//! The prior p(z): the one place that lists what it can be.
//!
//! A new one with a divergence from a Gaussian in closed form is a file with its [formulas](PerLatent), as
//! [`standard`](super::standard) is one, a variant here, and a line in the list.

pub(crate) use super::standard::Standard;
#[cfg(doc)]
use crate::formulas::PerLatent;

/// p(z)
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Prior {
    /// N(0, I)
    #[default]
    Standard,
}

/// The list: `$do` with the formulas of the prior.
macro_rules! with_prior {
    ($prior:expr, $formulas:ident => $do:expr) => {
        match $prior {
            $crate::model::prior::Prior::Standard => {
                let $formulas = $crate::model::prior::Standard;
                $do
            }
        }
    };
}

pub(crate) use with_prior;
