//! The prior p(z): the one place that lists what it can be.
//!
//! A new one is a file with its density, as [`flow`](super::flow) and [`gaussians`](super::gaussians) are, a variant
//! here with its text, and an arm in each function of [`density`](super::density).

use std::{fmt, ops::RangeInclusive, str::FromStr};

use crate::{VaeError, names::as_text};

/// p(z), the distribution that codes are taken to come from.
///
/// As text, in configurations, weight files and on command lines: `standard`, `mixture:500` (of 500 Gaussians with
/// diagonal covariances), `mixture:100:full` (with full ones), `flow:8:256` (8 couplings, with hidden layers of 256) or
/// `flow:8:256:50` (behind them 50 Gaussians); `mixture` and `flow` stand for the first two sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prior {
    /// N(0, I)
    #[default]
    Standard,
    /// A mixture of Gaussians, learned.
    Mixture {
        /// The number of Gaussians, K.
        components: usize,
        /// Whether their covariances are full, instead of diagonal.
        full: bool,
    },
    /// What a chain of couplings makes of N(0, I), or of a mixture of Gaussians, learned (RealNVP: Dinh, Sohl-Dickstein
    /// & Bengio 2017).
    Flow {
        /// The number of couplings; each changes half of the latents.
        couplings: usize,
        /// The width of the two hidden layers that each of them has.
        hidden: usize,
        /// The number of Gaussians of the mixture, K; 0 for N(0, I).
        components: usize,
    },
}

impl Prior {
    /// What each can be written as, in the order in which help texts list them. Capitals stand for a number.
    pub const FORMS: &[&str] = &[
        "standard",
        "mixture",
        "mixture:K",
        "mixture:K:full",
        "flow",
        "flow:COUPLINGS:WIDTH",
        "flow:COUPLINGS:WIDTH:K",
    ];
    /// `mixture`
    pub const MIXTURE: Self = Self::Mixture { components: 500, full: false };
    /// `flow`
    pub const FLOW: Self = Self::Flow { couplings: 8, hidden: 256, components: 0 };

    /// The name without its numbers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Mixture { .. } => "mixture",
            Self::Flow { .. } => "flow",
        }
    }

    /// Checks the numbers that belong to it, for so many latents.
    ///
    /// # Errors
    /// [`VaeError::Prior`] for a number out of its range, and for a flow over a single latent, which has no halves.
    pub fn validate(self, latent: usize) -> Result<(), VaeError> {
        let check = |what, range: RangeInclusive<usize>, found| match range.contains(&found) {
            true => Ok(()),
            false => {
                let expected = format!("{} to {} {what}", range.start(), range.end());
                Err(VaeError::Prior { prior: self.to_string(), expected })
            }
        };
        match self {
            Self::Standard => Ok(()),
            Self::Mixture { components, .. } => check("Gaussians", 1..=1 << 16, components),
            Self::Flow { couplings, hidden, components } => {
                check("Gaussians", 0..=1 << 16, components)?;
                check("couplings", 2..=64, couplings)?;
                check("units in a hidden layer", 1..=1 << 16, hidden)?;
                match latent {
                    0 | 1 => {
                        let expected =
                            "at least two latents, as each coupling changes half of them".to_owned();
                        Err(VaeError::Prior { prior: self.to_string(), expected })
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Numbers of its Gaussians over so many latents, 0 without any.
    pub fn mixture_numbers(self, latent: usize) -> usize {
        match self {
            Self::Standard => 0,
            Self::Mixture { components, full } => {
                let triangle = if full { latent.saturating_mul(latent.saturating_sub(1)) / 2 } else { 0 };
                components.saturating_mul(latent.saturating_mul(2).saturating_add(1).saturating_add(triangle))
            }
            Self::Flow { components, .. } => {
                components.saturating_mul(latent.saturating_mul(2).saturating_add(1))
            }
        }
    }

    /// How many parameters it has over so many latents.
    pub(crate) fn count_parameters(self, latent: usize) -> u128 {
        let of_networks = match self {
            Self::Standard | Self::Mixture { .. } => 0,
            Self::Flow { couplings, hidden, .. } => {
                let (hidden, half) = (hidden as u128, latent.div_ceil(2) as u128);
                couplings as u128 * ((half + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * 2 * half)
            }
        };
        self.mixture_numbers(latent) as u128 + of_networks
    }
}

impl fmt::Display for Prior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str(self.name()),
            Self::Mixture { components, full: false } => write!(f, "{}:{components}", self.name()),
            Self::Mixture { components, full: true } => write!(f, "{}:{components}:full", self.name()),
            Self::Flow { couplings, hidden, components: 0 } => {
                write!(f, "{}:{couplings}:{hidden}", self.name())
            }
            Self::Flow { couplings, hidden, components } => {
                write!(f, "{}:{couplings}:{hidden}:{components}", self.name())
            }
        }
    }
}

impl FromStr for Prior {
    type Err = VaeError;

    fn from_str(text: &str) -> Result<Self, VaeError> {
        let unknown = || VaeError::UnknownName {
            what: "prior",
            expected: Self::FORMS.join(", "),
            found: text.to_owned(),
        };
        let number = |text: &str| text.parse().map_err(|_| unknown());
        match text.split(':').collect::<Vec<_>>()[..] {
            ["standard"] => Ok(Self::Standard),
            ["mixture"] => Ok(Self::MIXTURE),
            ["mixture", k] => Ok(Self::Mixture { components: number(k)?, full: false }),
            ["mixture", k, "full"] => Ok(Self::Mixture { components: number(k)?, full: true }),
            ["flow"] => Ok(Self::FLOW),
            ["flow", couplings, hidden] => {
                Ok(Self::Flow { couplings: number(couplings)?, hidden: number(hidden)?, components: 0 })
            }
            ["flow", couplings, hidden, k] => {
                let (couplings, hidden) = (number(couplings)?, number(hidden)?);
                Ok(Self::Flow { couplings, hidden, components: number(k)? })
            }
            _ => Err(unknown()),
        }
    }
}

as_text!(Prior);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_what_is_written_reads_back() {
        for (text, written) in [
            ("standard", "standard"),
            ("mixture", "mixture:500"),
            ("mixture:7", "mixture:7"),
            ("mixture:7:full", "mixture:7:full"),
            ("flow", "flow:8:256"),
            ("flow:4:32", "flow:4:32"),
            ("flow:4:32:9", "flow:4:32:9"),
        ] {
            let prior: Prior = text.parse().unwrap();
            assert_eq!(prior.to_string(), written);
            assert_eq!(written.parse::<Prior>().unwrap(), prior);
            assert!(prior.validate(2).is_ok());
        }
    }

    #[test]
    fn what_is_not_a_form_is_refused_with_those_there_are() {
        for text in [
            "",
            "vamp",
            "mixture:",
            "mixture:x",
            "mixture:7:ful",
            "flow:8",
            "flow:8:256:1:2",
            "standard:1",
            "flow:-1:2",
        ] {
            let error = text.parse::<Prior>().unwrap_err().to_string();
            assert!(error.ends_with("standard, mixture, mixture:K, mixture:K:full, flow, flow:COUPLINGS:WIDTH, flow:COUPLINGS:WIDTH:K"), "{error}");
        }
    }

    #[test]
    fn numbers_out_of_range_and_a_flow_over_one_latent_are_refused() {
        let error =
            |text: &str, latent| text.parse::<Prior>().unwrap().validate(latent).unwrap_err().to_string();
        assert_eq!(error("mixture:0", 2), "the prior mixture:0 takes 1 to 65536 Gaussians");
        assert_eq!(error("flow:1:8", 2), "the prior flow:1:8 takes 2 to 64 couplings");
        assert_eq!(error("flow:4:0", 2), "the prior flow:4:0 takes 1 to 65536 units in a hidden layer");
        let expected = "the prior flow:4:8 takes at least two latents, as each coupling changes half of them";
        assert_eq!(error("flow:4:8", 1), expected);
    }
}
