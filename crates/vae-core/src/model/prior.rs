//! The prior p(z): the one place that lists what it can be.
//!
//! A new one with a divergence from a Gaussian in closed form is a file with its [formulas](PerLatent), as
//! [`standard`](super::standard) is one, a variant here, and a line in the list.

use ndarray::{Array2, Zip};

use crate::{
    formulas::PerLatent,
    kernel::{batch::BySample, densities},
};

pub(crate) use super::standard::Standard;

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

impl Prior {
    /// log p(z) of each sample in nats, summed over the latents. The parameters of a learned prior are among
    /// `_parameters`, those of the model.
    ///
    /// # Shapes
    /// `z` (B, L), `log_p` (B)
    pub(crate) fn log_density(self, _parameters: &[f32], z: &BySample, log_p: &mut [f32]) {
        with_prior!(self, p => densities::log_density(p, z, log_p));
    }

    /// KL(q(z|x) ‖ p(z)) of each latent in nats; none for a prior under which they do not add up.
    ///
    /// # Shapes
    /// `mean` and `log_var` (B, L) → (B, L)
    pub(crate) fn kl_per_latent(self, mean: &Array2<f32>, log_var: &Array2<f32>) -> Option<Array2<f32>> {
        match self {
            Self::Standard => Some(Zip::from(mean).and(log_var).map_collect(|&m, &v| Standard.kl(m, v))),
        }
    }
}
