//! A single measurement of a series, in a process of its own, because the peak memory of a process is that of its
//! largest measurement.

use std::{env, fs, process::Command, str::FromStr, time::Instant};

use anyhow::{Context, bail, ensure};
use rayon::ThreadPool;
use serde::{Deserialize, Serialize};
use vae_core::VaeConfig;

use super::{child_process, floor::Work, step::Steps, workload};

/// What to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) hidden: Vec<usize>,
    pub(crate) latent: usize,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    /// The number of images in the training set.
    pub(crate) images: usize,
    /// Measures whole epochs instead of single steps.
    pub(crate) epochs: bool,
    /// The approximate time to measure for.
    pub(crate) seconds: f64,
}

/// The result of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The median time of a step or an epoch.
    pub(crate) seconds: f64,
    /// The number of images in a step or an epoch.
    pub(crate) images: usize,
    pub(crate) parameters: u64,
    /// Floating-point operations of a step or an epoch.
    pub(crate) flop: u64,
    /// The time that it took to draw the training set.
    pub(crate) drawing_seconds: f64,
    /// The most memory that the process ever held, if the system reports it.
    pub(crate) peak_resident_bytes: Option<u64>,
}

impl FromStr for Measurement {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl Measurement {
    /// The flag of `bench` that asks for a single measurement.
    pub(crate) const FLAG: &str = "point";

    /// Measures in a process of its own.
    ///
    /// # Errors
    /// If that fails; [`Interrupted`](crate::outcome::Interrupted) after Ctrl-C, if the caller holds a
    /// [`StopCleanly`](crate::interrupt::StopCleanly).
    pub(crate) fn run_in_process(&self) -> anyhow::Result<Outcome> {
        let program = env::current_exe().context("cannot find the executable of this program")?;
        let text = serde_json::to_string(self)?;
        let mut command = Command::new(program);
        command.args(["bench", &format!("--{}", Self::FLAG), &text]);
        let mut outcome = None;
        let exit = child_process::run(&mut command, |line| outcome = serde_json::from_str(line).ok())?;
        ensure!(exit.status.success(), "the measurement {text} ended with {}: {}", exit.status, exit.stderr);
        outcome.with_context(|| format!("the measurement {text} printed no result"))
    }

    /// Measures in this process.
    ///
    /// # Errors
    /// If the network is not valid, or the batch larger than the training set.
    pub(crate) fn run(&self, pool: &ThreadPool) -> anyhow::Result<Outcome> {
        pool.install(|| {
            if !(1..=self.images).contains(&self.batch) {
                bail!("expected a batch of 1 to {} images, found {}", self.images, self.batch);
            }
            let start = Instant::now();
            let data = workload::draw(self.images);
            let drawing_seconds = start.elapsed().as_secs_f64();
            let network =
                VaeConfig { hidden: self.hidden.clone(), latent: self.latent, ..VaeConfig::default() };
            let mut steps = Steps::new(&network, &data, self.batch)?;
            let work = Work::of_step(steps.vae().parameters().layout(), self.batch);
            let (samples, count) = if self.epochs {
                (steps.time_epochs(self.seconds)?, self.images / self.batch)
            } else {
                (steps.time_step(self.seconds)?, 1)
            };
            Ok(Outcome {
                seconds: samples.median(),
                images: count * self.batch,
                parameters: work.parameters,
                flop: count as u64 * work.flop(),
                drawing_seconds,
                peak_resident_bytes: peak_resident(
                    &fs::read_to_string("/proc/self/status").unwrap_or_default(),
                ),
            })
        })
    }
}

/// The high-water mark of resident memory, in bytes, in the text of `/proc/self/status`.
fn peak_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement() -> Measurement {
        Measurement {
            hidden: vec![8],
            latent: 2,
            batch: 20,
            threads: 1,
            images: 50,
            epochs: false,
            seconds: 0.0,
        }
    }

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(peak_resident("Name:\txtask\nVmPeak:\t  900 kB\nVmHWM:\t   12 kB\n"), Some(12 << 10));
        assert_eq!(peak_resident("VmPeak:\t  900 kB\n"), None);
        assert_eq!(peak_resident("VmHWM:\t  many kB\n"), None);
    }

    #[test]
    fn a_measurement_passed_as_text_is_read_back() {
        let text = serde_json::to_string(&measurement()).unwrap();
        assert_eq!(text.parse::<Measurement>().unwrap(), measurement());
        assert!("{}".parse::<Measurement>().is_err());
    }

    #[test]
    fn an_epoch_counts_all_its_steps() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let step = measurement().run(&pool).unwrap();
        let epoch = Measurement { epochs: true, ..measurement() }.run(&pool).unwrap();
        assert_eq!((step.images, epoch.images), (20, 40));
        assert_eq!(epoch.flop, 2 * step.flop);
        assert!(step.seconds > 0.0 && epoch.seconds > 0.0);
    }

    #[test]
    fn a_batch_larger_than_the_set_is_refused() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let error = Measurement { batch: 51, ..measurement() }.run(&pool).unwrap_err().to_string();
        assert_eq!(error, "expected a batch of 1 to 50 images, found 51");
    }
}
