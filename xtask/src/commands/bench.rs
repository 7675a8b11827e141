//! `cargo xtask bench`

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use rayon::{ThreadPool, ThreadPoolBuilder};
use vae_core::VaeConfig;
use vae_data::{Dataset, Splits};
use vae_train::{TrainConfig, write_atomically};

use crate::{
    bench::{
        comparison::{Comparison, ComparisonReport},
        document,
        floor::Work,
        inference,
        limits::Limits,
        machine::{self, Machine},
        measurement::Measurement,
        program::Program,
        progress::Progress,
        report::{Inference, Report, Training},
        scale,
        step::Steps,
        workload,
    },
    data_source,
    outcome::{Done, misuse},
    paths, program, term,
};

/// Measures training and inference and compares them with the limits of the machine.
///
/// First the limits, on one thread and on all cores, or on the numbers of --threads: the rate of f32 multiply-adds, and
/// the memory bandwidth for the arrays of an optimizer. Then training steps on built-in digits with several batch
/// sizes, each beside its floor: the time of its multiply-adds at that rate plus the time of the optimizer's 28 bytes
/// per parameter at that bandwidth. The floor counts every multiply-add of the formulas. Those with a zero input can be
/// skipped, so a step can be closer to its floor than its arithmetic alone would allow. Then encoding, decoding and
/// sampling.
///
/// Every time is the median of repetitions after a warm-up, every limit the best of ten rounds. The stages of a step
/// are measured separately. The times of the backward pass and of the optimizer are differences, because the update is
/// fused with the gradient; the time of the optimizer can come out as zero.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Widths of the hidden layers of a single network to measure [default: four networks]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    hidden: Vec<u64>,
    /// Number of its latent dimensions [default with --hidden: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    latent: Option<u64>,
    /// Batch sizes [default: 64,128,512]
    #[arg(long, value_name = "N,...", value_delimiter = ',',
          value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_BATCH as u64))]
    batch: Vec<u64>,
    /// Approximate time of each measurement in seconds [default: 0.6]
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Compare with COMMAND: a program that trains the same network, in turns with this one, and prints a line 'epoch N
    /// SECONDS s loss LOSS' for each epoch. {hidden}, {latent}, {batch} and {epochs} in COMMAND are replaced; quotes
    /// keep words together, but no shell is used. Repeat the flag for several programs
    #[arg(long, value_name = "COMMAND", conflicts_with = "seconds")]
    against: Vec<Program>,
    /// Number of trainings of each program [default: 5]
    #[arg(long, value_name = "N", requires = "against", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: Option<u64>,
    /// Epochs of each training; the first is not timed [default: 4]
    #[arg(long, value_name = "N", requires = "against",
          value_parser = clap::value_parser!(u64).range(2..=TrainConfig::MAX_EPOCHS))]
    epochs: Option<u64>,
    #[arg(long, value_name = "D", requires = "against", value_parser = data_source::flag, help = data_source::HELP)]
    data: Option<String>,
    /// Instead, write a document about the growth of the cost with batch, width, depth, threads and training set; takes
    /// some minutes and 1 GB of memory
    #[arg(long, value_name = "FILE.md", conflicts_with_all = ["hidden", "latent", "batch", "json", "against"])]
    scale: Option<PathBuf>,
    /// A single measurement of --scale, which runs this program with this flag.
    #[arg(long = Measurement::FLAG, hide = true, exclusive = true)]
    measurement: Option<Measurement>,
}

/// The default networks: hidden widths and latent dimensions.
const NETWORKS: [(&[usize], usize); 4] = [(&[256], 64), (&[400], 20), (&[512, 256], 32), (&[1024, 1024], 64)];
/// The default batch sizes.
const BATCHES: [usize; 3] = [64, 128, 512];
/// The default time of a measurement.
const SECONDS: f64 = 0.6;
/// The default time of a measurement of `--scale`.
const SCALE_SECONDS: f64 = 2.0;
/// The default number of trainings of each program.
const ROUNDS: usize = 5;
/// The default number of epochs of such a training.
const EPOCHS: u64 = 4;

/// `threads` are the values of `--threads`. Without any, the measurements run on one thread and on all cores.
pub(crate) fn run(args: &Args, threads: &[u16]) -> anyhow::Result<Done> {
    term::result(format_args!("{}", args.output(threads)?))?;
    Ok(Done::Finished)
}

impl Args {
    /// Measures, and returns the text to print.
    fn output(&self, threads: &[u16]) -> anyhow::Result<String> {
        if let Some(measurement) = &self.measurement {
            return Ok(serde_json::to_string(&measurement.run(&pool(measurement.threads)?)?)?);
        }
        if let Some(path) = &self.scale {
            self.write_scale(path, threads)?;
            return Ok(format!("written: {}", paths::display(path)));
        }
        if self.against.is_empty() {
            let report = self.measure(threads)?;
            return if self.json { Ok(serde_json::to_string(&report)?) } else { Ok(report.text()) };
        }
        let comparison = self.compare(threads)?;
        if self.json { Ok(serde_json::to_string(&comparison)?) } else { Ok(comparison.text()) }
    }

    /// Measures training, inference and the limits of the machine.
    fn measure(&self, threads: &[u16]) -> anyhow::Result<Report> {
        let seconds = self.seconds.unwrap_or(SECONDS);
        let (networks, batches) = (self.networks(), self.batches());
        for network in &networks {
            batches.iter().try_for_each(|&batch| check(network, batch))?;
        }
        let pools: Vec<ThreadPool> =
            thread_counts(threads).into_iter().map(pool).collect::<Result<_, _>>()?;
        let progress = Progress::new(pools.len() * (1 + networks.len() * (1 + batches.len())));
        let images = workload::IMAGES.max(batches.iter().copied().max().unwrap_or(0));
        let data = workload::draw(images);
        let limits: Vec<Limits> = pools
            .iter()
            .map(|pool| {
                progress.begin(&format!("the limits of {}", threads_text(pool)));
                let limits = Limits::measure(pool, seconds);
                progress.done();
                limits
            })
            .collect();
        let (mut training, mut inference) = (Vec::new(), Vec::new());
        for network in &networks {
            for &batch in &batches {
                for (pool, limits) in pools.iter().zip(&limits) {
                    progress.begin(&format!("training of {network}, batch {batch}, {}", threads_text(pool)));
                    training.push(pool.install(|| train(network, &data, batch, limits, seconds))?);
                    progress.done();
                }
            }
            for pool in &pools {
                progress.begin(&format!("inference of {network}, {}", threads_text(pool)));
                let times = pool.install(|| inference::time(network, &data, seconds))?;
                inference.push(Inference::new(network, pool.current_num_threads(), &times));
                progress.done();
            }
        }
        Ok(Report { machine: Machine::this(), limits, training, inference })
    }

    /// Compares our training with that of other programs.
    fn compare(&self, threads: &[u16]) -> anyhow::Result<ComparisonReport> {
        let network = self.network();
        let batch = match self.batch[..] {
            [] => BATCHES[0],
            [batch] => size(batch),
            _ => return Err(misuse("--against takes one --batch")),
        };
        let pool = pool(single_thread_count("--against", threads)?)?;
        check(&network, batch)?;
        let defaults = TrainConfig::default().data;
        let loaded =
            data_source::load::<Splits>(self.data.as_deref().unwrap_or(&defaults.source), defaults.digits)?;
        let data = &loaded.images.train;
        let comparison = Comparison {
            network: VaeConfig { input: data.pixels(), ..network },
            batch,
            epochs: self.epochs.unwrap_or(EPOCHS),
            rounds: self.rounds.map_or(ROUNDS, size),
            data_name: loaded.name,
            data,
        };
        comparison.run(&self.against, &pool)
    }

    /// Measures the growth of the cost and writes a document about it.
    fn write_scale(&self, path: &Path, threads: &[u16]) -> anyhow::Result<()> {
        // Checked first, because the measurements take minutes.
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        ensure!(
            !path.is_dir() && directory.is_none_or(Path::is_dir),
            "cannot write {}: expected a file in a directory that exists",
            path.display()
        );
        let threads = single_thread_count("--scale", threads)?;
        let base = scale::base(threads, self.seconds.unwrap_or(SCALE_SECONDS));
        let results = scale::measure(&base)?;
        let text = document::text(&Machine::this(), &command_line(), &base, &results);
        Ok(write_atomically(path, text.as_bytes())?)
    }

    /// The networks to measure: the requested one, else the default ones.
    fn networks(&self) -> Vec<VaeConfig> {
        if self.hidden.is_empty() && self.latent.is_none() {
            return NETWORKS.iter().map(|&(hidden, latent)| network(hidden.to_vec(), latent)).collect();
        }
        vec![self.network()]
    }

    /// The requested network, with defaults for what the flags leave open.
    fn network(&self) -> VaeConfig {
        let VaeConfig { hidden, latent, .. } = VaeConfig::default();
        let requested = || self.hidden.iter().map(|&width| size(width)).collect();
        network(if self.hidden.is_empty() { hidden } else { requested() }, self.latent.map_or(latent, size))
    }

    fn batches(&self) -> Vec<usize> {
        if self.batch.is_empty() { BATCHES.to_vec() } else { self.batch.iter().map(|&n| size(n)).collect() }
    }
}

/// Measures the training step of a network.
fn train(
    network: &VaeConfig,
    data: &Dataset,
    batch: usize,
    limits: &Limits,
    seconds: f64,
) -> anyhow::Result<Training> {
    let mut steps = Steps::new(network, data, batch)?;
    let work = Work::of_step(steps.vae().parameters().layout(), batch);
    let times = steps.time(seconds)?;
    Ok(Training::new(network, work, batch, &times, limits))
}

/// A network for images of the default size.
fn network(hidden: Vec<usize>, latent: usize) -> VaeConfig {
    VaeConfig { hidden, latent, ..VaeConfig::default() }
}

/// Checks that the network can be built and that the batch fits into memory, before anything is measured.
fn check(network: &VaeConfig, batch: usize) -> anyhow::Result<()> {
    network.validate().map_err(|error| misuse(format_args!("this network cannot be measured: {error}")))?;
    let widths: usize = network.hidden.iter().chain([&network.input, &network.latent]).sum();
    let most = TrainConfig::MAX_ACTIVATIONS / (2 * widths);
    if batch > most {
        let text = format_args!("--batch must be at most {most} for layers of these widths, found {batch}");
        return Err(misuse(text));
    }
    Ok(())
}

/// The numbers of threads to measure with.
fn thread_counts(requested: &[u16]) -> Vec<usize> {
    let mut counts: Vec<usize> = if requested.is_empty() {
        vec![1, machine::cores()]
    } else {
        requested.iter().copied().map(usize::from).collect()
    };
    counts.dedup();
    counts
}

/// The number of threads for a flag that measures with only one.
fn single_thread_count(flag: &str, requested: &[u16]) -> anyhow::Result<usize> {
    match *requested {
        [] => Ok(machine::cores()),
        [threads] => Ok(threads.into()),
        _ => Err(misuse(format_args!("{flag} takes one number of --threads"))),
    }
}

/// The command line of this call.
fn command_line() -> String {
    let arguments = env::args_os().skip(1).map(|argument| paths::argument(Path::new(&argument)));
    [program::name().to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

fn pool(threads: usize) -> anyhow::Result<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start the threads")
}

/// The number of threads, for messages.
fn threads_text(pool: &ThreadPool) -> String {
    match pool.current_num_threads() {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Parses the time of a measurement.
fn seconds(text: &str) -> Result<f64, String> {
    const MAX_SECONDS: f64 = 600.0;
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let valid = seconds > 0.0 && seconds <= MAX_SECONDS;
    if valid { Ok(seconds) } else { Err(format!("expected more than 0 and at most {MAX_SECONDS} seconds")) }
}
