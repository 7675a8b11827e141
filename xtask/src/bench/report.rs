//! The numbers of a run: the output of `--json` and the source of the tables.

use serde::Serialize;
use vae_core::VaeConfig;

use super::{
    floor::Work,
    inference::{self, InferenceTimes},
    limits::Limits,
    machine::Machine,
    samples::Samples,
    step::StepTimes,
};

/// The number of images in the epoch that the time of a step is scaled to: that of MNIST.
const EPOCH_IMAGES: f64 = 60_000.0;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) limits: Vec<Limits>,
    pub(crate) training: Vec<Training>,
    pub(crate) inference: Vec<Inference>,
}

/// The training step of a network with a batch size and a number of threads. Times are medians.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Training {
    pub(crate) network: String,
    pub(crate) parameters: u64,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    pub(crate) step_ms: f64,
    pub(crate) images_per_second: f64,
    /// 10⁶ operations of a step, two per multiply-add.
    pub(crate) mflop: f64,
    /// 10⁹ operations per second.
    pub(crate) gflops: f64,
    pub(crate) floor_ms: f64,
    /// The floor divided by the time of the step: 1 is the limit of the machine.
    pub(crate) floor_share: f64,
    /// The time for 60 000 images at this rate.
    pub(crate) epoch_seconds: f64,
    pub(crate) parts_ms: StageTimes,
}

/// The times of the stages of a step in milliseconds. Each stage is measured separately, so the sum differs a little
/// from the time of the step.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct StageTimes {
    pub(crate) batch: f64,
    pub(crate) noise: f64,
    pub(crate) forward: f64,
    /// The time of the gradient minus that of the forward pass.
    pub(crate) backward: f64,
    /// The time of the step minus that of the gradient; it may be negative.
    pub(crate) optimizer: f64,
}

impl Training {
    pub(crate) fn new(
        network: &VaeConfig,
        work: Work,
        batch: usize,
        times: &StepTimes,
        limits: &Limits,
    ) -> Self {
        let (step, floor) = (times.step, work.floor_seconds(limits));
        let images_per_second = batch as f64 / step;
        let StepTimes { batch: gather, noise, forward, backward, optimizer, .. } = *times;
        let [gather, noise, forward, backward, optimizer] =
            [gather, noise, forward, backward, optimizer].map(|seconds| 1e3 * seconds);
        Self {
            network: network.to_string(),
            parameters: work.parameters,
            batch,
            threads: limits.threads,
            step_ms: 1e3 * step,
            images_per_second,
            mflop: work.flop() as f64 / 1e6,
            gflops: work.flop() as f64 / step / 1e9,
            floor_ms: 1e3 * floor,
            floor_share: floor / step,
            epoch_seconds: EPOCH_IMAGES / images_per_second,
            parts_ms: StageTimes { batch: gather, noise, forward, backward, optimizer },
        }
    }
}

impl StageTimes {
    /// The times in the order of a step.
    pub(crate) fn in_order(self) -> [f64; 5] {
        [self.batch, self.noise, self.forward, self.backward, self.optimizer]
    }
}

/// Inference with a network on a number of threads.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Inference {
    pub(crate) network: String,
    pub(crate) threads: usize,
    /// The number of images at once, for the three rates below, which are medians.
    pub(crate) batch: usize,
    pub(crate) encode_images_per_second: f64,
    pub(crate) decode_images_per_second: f64,
    /// Including the drawing of the noise.
    pub(crate) sample_images_per_second: f64,
    pub(crate) encode_one: Latency,
    pub(crate) decode_one: Latency,
}

/// The time for a single image, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) median_us: f64,
    pub(crate) percentile_99_us: f64,
}

impl Inference {
    pub(crate) fn new(network: &VaeConfig, threads: usize, times: &InferenceTimes) -> Self {
        let rate = |samples: &Samples| inference::BATCH as f64 / samples.median();
        let latency = |samples: &Samples| Latency {
            median_us: 1e6 * samples.median(),
            percentile_99_us: 1e6 * samples.percentile_99(),
        };
        Self {
            network: network.to_string(),
            threads,
            batch: inference::BATCH,
            encode_images_per_second: rate(&times.encode),
            decode_images_per_second: rate(&times.decode),
            sample_images_per_second: rate(&times.sample),
            encode_one: latency(&times.encode_one),
            decode_one: latency(&times.decode_one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::limits::tests::limits, *};

    #[test]
    fn the_numbers_of_a_step_follow_from_its_time() {
        let work = Work { multiply_adds: 500_000_000, parameters: 1_000 };
        let times = StepTimes {
            step: 0.02,
            batch: 0.001,
            noise: 0.002,
            forward: 0.005,
            backward: 0.01,
            optimizer: -1e-4,
        };
        let training = Training::new(&VaeConfig::default(), work, 100, &times, &limits(2));
        assert_eq!(training.network, "784-256-64");
        assert_eq!((training.step_ms, training.images_per_second), (20.0, 5_000.0));
        assert_eq!((training.mflop, training.gflops, training.epoch_seconds), (1_000.0, 50.0, 12.0));
        // 10 ms at the peak; 28 000 bytes at 200 GB/s are 0.14 µs.
        assert!((training.floor_ms - 10.000_14).abs() < 1e-9, "{}", training.floor_ms);
        assert!((training.floor_share - 0.500_007).abs() < 1e-9, "{}", training.floor_share);
        assert_eq!(training.parts_ms.in_order(), [1.0, 2.0, 5.0, 10.0, -0.1]);
    }
}
