//! How the step size changes over a run. It is a function of the number of the step alone, so that a checkpoint need
//! not hold it.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// The factor by which the configured step size is multiplied at step t of T; γ and its number of steps G are
/// configured. A warm-up may come before the schedule; its steps are not counted in t and T.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// ½ (1 + cos(π t / T)): from 1 down to 0, along half a cosine (Loshchilov & Hutter 2017, equation 5, without
    /// restarts).
    Cosine,
    /// γ^⌊t / G⌋: down by the factor γ every G steps.
    Step,
    /// γ^(t / G): down by the factor γ over G steps, a little with each.
    Exponential,
}

impl Schedule {
    /// Every schedule, in the order in which help texts list them.
    pub const ALL: [Self; 4] = [Self::Constant, Self::Cosine, Self::Step, Self::Exponential];

    /// The name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::Step => "step",
            Self::Exponential => "exponential",
        }
    }

    /// The schedule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schedule| schedule.name() == name)
    }
}

/// The step sizes of a run, as factors of the configured one; durations in steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepSizes {
    pub(crate) schedule: Schedule,
    /// Steps before the schedule begins: the factor is 1 / warmup in the first of them and 1 in the last.
    pub(crate) warmup: u64,
    /// γ
    pub(crate) gamma: f64,
    /// G
    pub(crate) gamma_steps: u64,
    /// All steps of the run, including those of the warm-up.
    pub(crate) steps: u64,
}

impl StepSizes {
    /// Half a cosine over `steps` steps.
    pub(crate) fn cosine(steps: u64) -> Self {
        Self { schedule: Schedule::Cosine, warmup: 0, gamma: 1.0, gamma_steps: 1, steps }
    }

    /// The factor at step `t`, from 0.
    pub(crate) fn factor(&self, t: u64) -> f64 {
        let Some(t) = t.checked_sub(self.warmup) else {
            return (t + 1) as f64 / self.warmup as f64;
        };
        match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                let steps = self.steps - self.warmup;
                0.5 * (1.0 + (PI * t as f64 / steps as f64).cos())
            }
            Schedule::Step => self.gamma.powf((t / self.gamma_steps) as f64),
            Schedule::Exponential => self.gamma.powf(t as f64 / self.gamma_steps as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step_sizes(schedule: Schedule, warmup: u64) -> StepSizes {
        StepSizes { schedule, warmup, gamma: 0.5, gamma_steps: 20, steps: 100 + warmup }
    }

    fn factors<const N: usize>(schedule: Schedule, at: [u64; N]) -> [f64; N] {
        at.map(|t| step_sizes(schedule, 0).factor(t))
    }

    #[test]
    fn a_constant_stays() {
        assert_eq!(factors(Schedule::Constant, [0, 7, 99]), [1.0; 3]);
    }

    #[test]
    fn a_cosine_falls_from_one_by_half_to_almost_zero() {
        let factors = factors(Schedule::Cosine, [0, 50, 99]);
        assert_eq!(factors[0], 1.0);
        assert!((factors[1] - 0.5).abs() < 1e-12);
        assert!(factors[2] > 0.0 && factors[2] < 1e-3);
    }

    #[test]
    fn steps_fall_by_the_factor_at_once() {
        assert_eq!(factors(Schedule::Step, [0, 19, 20, 39, 40]), [1.0, 1.0, 0.5, 0.5, 0.25]);
    }

    #[test]
    fn an_exponential_falls_by_the_factor_smoothly() {
        let factors = factors(Schedule::Exponential, [0, 10, 20, 40]);
        for (found, expected) in factors.into_iter().zip([1.0, 0.5f64.sqrt(), 0.5, 0.25]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_warm_up_grows_in_a_straight_line_and_the_schedule_begins_after_it() {
        for schedule in Schedule::ALL {
            let step_sizes = step_sizes(schedule, 4);
            assert_eq!([0, 1, 2, 3, 4].map(|t| step_sizes.factor(t)), [0.25, 0.5, 0.75, 1.0, 1.0]);
            let later = StepSizes { warmup: 0, steps: 100, ..step_sizes };
            assert_eq!(step_sizes.factor(57), later.factor(53));
        }
    }

    #[test]
    fn every_name_is_the_one_that_files_use() {
        for schedule in Schedule::ALL {
            assert_eq!(Schedule::from_name(schedule.name()), Some(schedule));
            assert_eq!(serde_json::to_value(schedule).unwrap(), schedule.name());
        }
    }
}
