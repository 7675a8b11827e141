//! What the weights of an image add up to, with the sums in `f64` and in the order of the samples.

use vae_core::LogWeight;

/// The numbers of samples whose bounds are reported on the way.
const STAGES: [usize; 5] = [1, 10, 100, 1000, 5000];

/// The numbers of samples whose bounds are reported when there are `samples` in all, which is the last of them.
pub(crate) fn stages(samples: usize) -> Vec<usize> {
    STAGES.into_iter().filter(|&stage| stage < samples).chain([samples]).collect()
}

/// What the samples of one image tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// −log 1/K Σ w of the first samples, at each stage.
    pub(crate) nll: Vec<f64>,
    /// (Σ w)² / Σ w²
    pub(crate) effective_samples: f64,
    /// −log p(x|z), averaged over samples.
    pub(crate) reconstruction: f64,
    /// log q(z|x) − log p(z), averaged over samples.
    pub(crate) kl: f64,
}

impl Estimate {
    /// The estimate from the weights of an image, as many as the last of the `stages`, which ascend.
    pub(crate) fn of(weights: &[LogWeight], stages: &[usize]) -> Self {
        let (mut sums, mut nll) = (LogSums::default(), Vec::with_capacity(stages.len()));
        let (mut reconstruction, mut kl) = (0.0, 0.0);
        for (count, weight) in (1..).zip(weights) {
            sums.add(weight.value());
            reconstruction -= f64::from(weight.log_p_x);
            kl += weight.kl();
            if stages.get(nll.len()) == Some(&count) {
                nll.push((count as f64).ln() - sums.log_sum());
            }
        }
        let count = weights.len() as f64;
        let effective_samples = sums.effective_samples();
        Self { nll, effective_samples, reconstruction: reconstruction / count, kl: kl / count }
    }
}

/// Σ w and Σ w² of weights given by their logarithms, both relative to the largest weight so far, so that nothing
/// overflows and the sum never vanishes.
#[derive(Clone, Copy, Debug)]
struct LogSums {
    /// The logarithm of the largest weight.
    largest: f64,
    /// Σ w / largest
    sum: f64,
    /// Σ (w / largest)²
    squares: f64,
}

impl Default for LogSums {
    fn default() -> Self {
        Self { largest: f64::NEG_INFINITY, sum: 0.0, squares: 0.0 }
    }
}

impl LogSums {
    fn add(&mut self, log_weight: f64) {
        // Weights of zero leave the sums as they are: relative to a largest weight of zero they would be NaN.
        if log_weight == f64::NEG_INFINITY {
            return;
        }
        if log_weight > self.largest {
            let shrink = (self.largest - log_weight).exp();
            (self.sum, self.squares) = (self.sum * shrink, self.squares * shrink * shrink);
            self.largest = log_weight;
        }
        let weight = (log_weight - self.largest).exp();
        self.sum += weight;
        self.squares += weight * weight;
    }

    /// log Σ w
    fn log_sum(&self) -> f64 {
        self.largest + self.sum.ln()
    }

    /// (Σ w)² / Σ w²
    fn effective_samples(&self) -> f64 {
        self.sum * self.sum / self.squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(logs: &[f32]) -> Vec<LogWeight> {
        logs.iter().map(|&log| LogWeight { log_p_x: log, ..LogWeight::default() }).collect()
    }

    fn nll(logs: &[f32]) -> f64 {
        Estimate::of(&weights(logs), &[logs.len()]).nll[0]
    }

    #[test]
    fn the_stages_below_all_samples_are_reported_and_all_samples() {
        assert_eq!(stages(1), [1]);
        assert_eq!(stages(50), [1, 10, 50]);
        assert_eq!(stages(5000), [1, 10, 100, 1000, 5000]);
        assert_eq!(stages(20_000), [1, 10, 100, 1000, 5000, 20_000]);
    }

    #[test]
    fn the_estimate_is_the_logarithm_of_the_mean_weight() {
        let logs = [0.5, -1.25, 2.0, 0.0, 1.75];
        let mean = logs.iter().map(|&log| f64::from(log).exp()).sum::<f64>() / 5.0;
        assert!((nll(&logs) + mean.ln()).abs() < 1e-14);
    }

    #[test]
    fn weights_beyond_the_range_of_numbers_add_up() {
        for shift in [-4096.0, 4096.0] {
            let logs = [0.5, -1.25, 2.0, 0.0, 1.75];
            let shifted = logs.map(|log| log + shift);
            assert!((nll(&shifted) + f64::from(shift) - nll(&logs)).abs() < 1e-12, "{shift}");
        }
    }

    #[test]
    fn a_weight_of_zero_counts_and_adds_nothing() {
        let zero = f32::NEG_INFINITY;
        assert!((nll(&[zero, 1.0, zero, 1.0]) - (2f64.ln() - 1.0)).abs() < 1e-15);
        assert_eq!(nll(&[zero, zero]), f64::INFINITY);
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(nll(&[1.0, f32::NAN, 2.0]).is_nan());
        assert!(nll(&[f32::NAN]).is_nan());
    }

    #[test]
    fn a_stage_is_the_estimate_of_its_first_samples() {
        let logs: Vec<f32> = (0..30).map(|i| (i * 7 % 11) as f32).collect();
        let all = Estimate::of(&weights(&logs), &stages(30));
        assert_eq!(all.nll, [nll(&logs[..1]), nll(&logs[..10]), nll(&logs)]);
    }

    #[test]
    fn equal_weights_are_as_many_as_there_are_and_a_single_large_one_is_one() {
        let effective = |logs: &[f32]| Estimate::of(&weights(logs), &[logs.len()]).effective_samples;
        assert_eq!(effective(&[-300.0; 7]), 7.0);
        assert!((effective(&[0.0, 0.0, 50.0, 0.0]) - 1.0).abs() < 1e-12);
        // (1 + 2)² / (1 + 4)
        assert!((effective(&[0.0, 2f32.ln()]) - 1.8).abs() < 1e-6);
    }

    #[test]
    fn the_two_terms_are_averages_over_the_samples() {
        let weights = [
            LogWeight { log_p_x: -10.0, log_p_z: -3.0, log_q: 1.0 },
            LogWeight { log_p_x: -20.0, log_p_z: -5.0, log_q: 3.0 },
        ];
        let estimate = Estimate::of(&weights, &[2]);
        assert_eq!((estimate.reconstruction, estimate.kl), (15.0, 6.0));
        assert_eq!(weights[0].value(), -14.0);
    }
}
