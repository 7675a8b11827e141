//! The likelihood p(x|z): the one place that lists what it can be.
//!
//! A new one is a file with its [formulas](PerPixel), as [`bernoulli`](super::bernoulli) is one, a variant here with
//! its name, and a line in the list; configurations, weight files and command lines know it by that name.
//! CONTRIBUTING.md goes through it step by step.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use ndarray::ArrayView2;

use super::{
    bernoulli::Bernoulli,
    continuous_bernoulli::ContinuousBernoulli,
    gaussian::{FixedSigma, LearnedSigma},
};
use crate::{
    VaeError,
    error::{require, require_within},
    formulas::PerPixel,
    kernel::{batch::BySample, elementwise, repeated::Repeated},
    names::as_text,
};

/// p(x|z), of the numbers θ that the decoder gives for each pixel. Their losses are measured on different scales: a
/// −ELBO under one is not comparable with a −ELBO under another.
///
/// As text, in configurations, weight files and on command lines: `bernoulli`, `continuous_bernoulli`, `gaussian` (of a
/// learned σ), or `gaussian:0.3` (of σ = 0.3).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Likelihood {
    /// Pixels 0 or 1; the cross-entropy of grey ones in [0, 1]. For vectors that are nearly black or white: where most
    /// numbers lie in between, it hardly tells one vector from another, and the latents come to say nothing.
    #[default]
    Bernoulli,
    /// Pixels anywhere in [0, 1], with a density (Loaiza-Ganem & Cunningham 2019).
    ContinuousBernoulli,
    /// Any real numbers, with a Gaussian density. For measurements and coordinates, best standardised.
    Gaussian {
        /// The standard deviation of all pixels, which says how near a reconstruction is to come; none for one that the
        /// decoder gives for each pixel.
        sigma: Option<f32>,
    },
}

/// The list: `$do` with the formulas of the likelihood.
macro_rules! with_formulas {
    ($likelihood:expr, $formulas:ident => $do:expr) => {
        match $likelihood {
            Likelihood::Bernoulli => {
                let $formulas = Bernoulli;
                $do
            }
            Likelihood::ContinuousBernoulli => {
                let $formulas = ContinuousBernoulli;
                $do
            }
            Likelihood::Gaussian { sigma: Some(sigma) } => {
                let $formulas = FixedSigma::new(sigma);
                $do
            }
            Likelihood::Gaussian { sigma: None } => {
                let $formulas = LearnedSigma;
                $do
            }
        }
    };
}

impl Likelihood {
    /// What each can be written as, in the order in which help texts list them. Capitals stand for a number.
    pub const FORMS: &[&str] = &["bernoulli", "continuous_bernoulli", "gaussian", "gaussian:SIGMA"];

    /// Those that are written as a name alone.
    const PLAIN: [Self; 3] = [Self::Bernoulli, Self::ContinuousBernoulli, Self::Gaussian { sigma: None }];

    /// The name without the numbers that belong to it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bernoulli => "bernoulli",
            Self::ContinuousBernoulli => "continuous_bernoulli",
            Self::Gaussian { .. } => "gaussian",
        }
    }

    /// The values that a pixel can have.
    pub fn range(self) -> RangeInclusive<f32> {
        let [least, largest] = with_formulas!(self, p => support(p));
        least..=largest
    }

    /// Numbers θ that the decoder gives for each pixel, P.
    pub fn parameters_per_pixel(self) -> usize {
        with_formulas!(self, p => parameters(p))
    }

    /// The first of a pixel's numbers θ whose mean is `mean`; for those within [0, 1] a logit, of a mean that is not
    /// too near to either end.
    pub(crate) fn parameter_of_mean(self, mean: f32) -> f32 {
        match self {
            Self::Bernoulli | Self::ContinuousBernoulli => {
                let p = mean.clamp(1e-3, 1.0 - 1e-3);
                (p / (1.0 - p)).ln()
            }
            Self::Gaussian { .. } => mean,
        }
    }

    /// Checks the numbers that belong to it.
    ///
    /// # Errors
    /// [`VaeError::Hyperparameter`] for a σ that is not between 10⁻³ and 10³.
    pub fn validate(self) -> Result<(), VaeError> {
        match self {
            Self::Bernoulli | Self::ContinuousBernoulli | Self::Gaussian { sigma: None } => Ok(()),
            Self::Gaussian { sigma: Some(found) } => {
                let expected = "between 0.001 and 1000";
                require("sigma", found, (1e-3..=1e3).contains(&found), expected)
            }
        }
    }

    /// Checks that every number of `x` (B, D) is one that a pixel can have.
    ///
    /// # Errors
    /// [`VaeError::OutOfRange`] for the first that is not.
    pub fn check(self, x: ArrayView2<'_, f32>) -> Result<(), VaeError> {
        require_within("x", x, self.range(), self.name())
    }

    /// −log p(x|z) of each sample in nats, summed over its pixels; infinite where a pixel is out of range.
    ///
    /// # Shapes
    /// `theta` (B, P·D), `x` (B, D), `loss` (B)
    pub(crate) fn loss(self, theta: &BySample, x: &BySample, loss: &mut [f32]) {
        with_formulas!(self, p => elementwise::pixel_loss(p, theta, x, loss));
    }

    /// −log p(x|z) of one x for each sample of z in nats, summed over its pixels.
    ///
    /// # Shapes
    /// `theta` (B, P·D), `x` (D), `loss` (B)
    pub(crate) fn loss_of_one(self, theta: &BySample, x: &Repeated, loss: &mut [f32]) {
        with_formulas!(self, p => elementwise::pixel_loss_of_one(p, theta, x, loss));
    }

    /// −log p(x|z) of each sample, and scale times its gradient with respect to θ.
    ///
    /// # Shapes
    /// `theta` and `dtheta` (B, P·D), `x` (B, D), `loss` (B)
    pub(crate) fn loss_backward(
        self,
        theta: &BySample,
        x: &BySample,
        scale: f32,
        dtheta: &mut BySample,
        loss: &mut [f32],
    ) {
        with_formulas!(self, p => elementwise::pixel_loss_and_slopes(p, theta, x, scale, dtheta, loss));
    }

    /// The mean of p(x|z).
    ///
    /// # Shapes
    /// `theta` (B, P·D) → `mean` (B, D)
    pub(crate) fn mean(self, theta: &BySample, mean: &mut BySample) {
        with_formulas!(self, p => elementwise::pixel_mean(p, theta, mean));
    }
}

fn support<const P: usize, D: PerPixel<P>>(_: D) -> [f32; 2] {
    D::SUPPORT
}

fn parameters<const P: usize>(_: impl PerPixel<P>) -> usize {
    P
}

impl fmt::Display for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gaussian { sigma: Some(sigma) } => write!(f, "{}:{sigma}", self.name()),
            Self::Bernoulli | Self::ContinuousBernoulli | Self::Gaussian { sigma: None } => {
                f.write_str(self.name())
            }
        }
    }
}

impl FromStr for Likelihood {
    type Err = VaeError;

    fn from_str(text: &str) -> Result<Self, VaeError> {
        let unknown = || VaeError::UnknownName {
            what: "likelihood",
            expected: Self::FORMS.join(", "),
            found: text.to_owned(),
        };
        if let Some(plain) = Self::PLAIN.into_iter().find(|plain| plain.name() == text) {
            return Ok(plain);
        }
        let (name, number) = text.split_once(':').ok_or_else(unknown)?;
        let number = Some(number.parse().map_err(|_| unknown())?);
        let likelihood = match name {
            "gaussian" => Self::Gaussian { sigma: number },
            _ => return Err(unknown()),
        };
        likelihood.validate()?;
        Ok(likelihood)
    }
}

as_text!(Likelihood);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_as_it_is_listed() {
        for form in Likelihood::FORMS {
            let text = form.split_once(':').map_or((*form).to_owned(), |(name, _)| format!("{name}:0.25"));
            let likelihood: Likelihood = text.parse().unwrap();
            assert_eq!(likelihood.to_string(), text);
            assert!(text.starts_with(likelihood.name()) && likelihood.validate().is_ok());
        }
        assert!(Likelihood::PLAIN.iter().all(|plain| Likelihood::FORMS.contains(&plain.name())));
    }

    #[test]
    fn what_is_not_a_form_is_refused_with_those_there_are() {
        for text in ["", "poisson", "gaussian:", "gaussian:x", "bernoulli:1", "poisson:1"] {
            let error = text.parse::<Likelihood>().unwrap_err().to_string();
            assert!(error.ends_with("bernoulli, continuous_bernoulli, gaussian, gaussian:SIGMA"), "{error}");
        }
        for text in ["gaussian:0", "gaussian:-1", "gaussian:inf", "gaussian:NaN"] {
            let error = text.parse::<Likelihood>().unwrap_err().to_string();
            assert!(error.starts_with("sigma must be between"), "{error}");
        }
    }
}
