//! One measurement of many, in a process of its own: only then is the most memory that a process ever held the most that
//! this measurement needs.

use std::{env, fs, process::Command, str::FromStr, time::Instant};

use anyhow::{Context, bail, ensure};
use rayon::ThreadPool;
use serde::{Deserialize, Serialize};
use vae_core::VaeConfig;

use super::{child, floor::Work, step::Steps, workload};

/// What to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) hidden: Vec<usize>,
    pub(crate) latent: usize,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    /// Images of the training set.
    pub(crate) images: usize,
    /// Whole epochs instead of single steps.
    pub(crate) epochs: bool,
    /// About how long to measure.
    pub(crate) seconds: f64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Median seconds of a step, or of an epoch.
    pub(crate) seconds: f64,
    /// Images of a step, or of an epoch.
    pub(crate) images: usize,
    pub(crate) parameters: u64,
    /// Floating-point operations of a step, or of an epoch.
    pub(crate) flop: u64,
    /// How long drawing the training set took.
    pub(crate) drawing_seconds: f64,
    /// The most memory that the process ever held, where the system tells it.
    pub(crate) peak_resident_bytes: Option<u64>,
}

impl FromStr for Point {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl Point {
    /// The flag by which a process is asked for one measurement.
    pub(crate) const FLAG: &str = "point";

    /// Measures in a process of its own.
    ///
    /// # Errors
    /// If that fails; [`Interrupted`](crate::outcome::Interrupted) after Ctrl-C, if the caller holds an
    /// [`StopCleanly`](crate::interrupt::StopCleanly).
    pub(crate) fn measure_apart(&self) -> anyhow::Result<Outcome> {
        let program = env::current_exe().context("cannot find this program to measure with")?;
        let text = serde_json::to_string(self)?;
        let mut command = Command::new(program);
        command.args(["bench", &format!("--{}", Self::FLAG), &text]);
        let mut outcome = None;
        let ended = child::run(&mut command, |line| outcome = serde_json::from_str(line).ok())?;
        ensure!(
            ended.status.success(),
            "the measurement {text} ended with {}: {}",
            ended.status,
            ended.complaint
        );
        outcome.with_context(|| format!("the measurement {text} gave no result"))
    }

    /// Measures here.
    ///
    /// # Errors
    /// For a network that is not valid, or a batch of more images than there are.
    pub(crate) fn measure(&self, pool: &ThreadPool) -> anyhow::Result<Outcome> {
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
            let work = Work::of_step(steps.vae().layout(), self.batch);
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

    fn point() -> Point {
        Point { hidden: vec![8], latent: 2, batch: 20, threads: 1, images: 50, epochs: false, seconds: 0.0 }
    }

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(peak_resident("Name:\txtask\nVmPeak:\t  900 kB\nVmHWM:\t   12 kB\n"), Some(12 << 10));
        assert_eq!(peak_resident("VmPeak:\t  900 kB\n"), None);
        assert_eq!(peak_resident("VmHWM:\t  many kB\n"), None);
    }

    #[test]
    fn what_one_process_asks_the_other_understands() {
        let text = serde_json::to_string(&point()).unwrap();
        assert_eq!(text.parse::<Point>().unwrap(), point());
        assert!("{}".parse::<Point>().is_err());
    }

    #[test]
    fn an_epoch_counts_all_its_steps() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let step = point().measure(&pool).unwrap();
        let epoch = Point { epochs: true, ..point() }.measure(&pool).unwrap();
        assert_eq!((step.images, epoch.images), (20, 40));
        assert_eq!(epoch.flop, 2 * step.flop);
        assert!(step.seconds > 0.0 && epoch.seconds > 0.0);
    }

    #[test]
    fn a_batch_larger_than_the_set_is_refused() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let error = Point { batch: 51, ..point() }.measure(&pool).unwrap_err().to_string();
        assert_eq!(error, "expected a batch of 1 to 50 images, found 51");
    }
}
