//! How the step size changes over a run: a function of the step alone, so that a resumed run needs no memory of it.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// The step size over a run of T steps, as a share of the configured one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// ½ (1 + cos(π t / T)): from 1 down to 0, along half a cosine (Loshchilov & Hutter 2017, equation 5, without
    /// restarts).
    Cosine,
}

impl Schedule {
    /// Every schedule, in the order in which help texts list them.
    pub const ALL: [Self; 2] = [Self::Constant, Self::Cosine];

    /// The name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
        }
    }

    /// The schedule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.name() == name)
    }

    /// The share at step `t`, from 0, of `steps`.
    pub fn share(self, t: u64, steps: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + (PI * t as f64 / steps as f64).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays() {
        assert_eq!([0, 7, 99].map(|t| Schedule::Constant.share(t, 100)), [1.0; 3]);
    }

    #[test]
    fn a_cosine_falls_from_one_by_half_to_almost_zero() {
        let shares = [0, 50, 99].map(|t| Schedule::Cosine.share(t, 100));
        assert_eq!(shares[0], 1.0);
        assert!((shares[1] - 0.5).abs() < 1e-12);
        assert!(shares[2] > 0.0 && shares[2] < 1e-3);
    }

    #[test]
    fn every_name_is_the_one_that_files_use() {
        for schedule in Schedule::ALL {
            assert_eq!(Schedule::from_name(schedule.name()), Some(schedule));
            assert_eq!(serde_json::to_value(schedule).unwrap(), schedule.name());
        }
    }
}
