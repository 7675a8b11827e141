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
        against::{self, Comparison, Contest},
        document,
        floor::Work,
        inference,
        limits::Limits,
        machine::{self, Machine},
        peer::Peer,
        point::Point,
        report::{Inference, Report, Training},
        scale,
        step::Steps,
        watch::Watch,
        workload,
    },
    data_source,
    outcome::{Done, misuse},
    paths, term,
};

/// Measures training and inference beside the machine's own limits.
///
/// First the limits, on one thread and on all, or on as many as --threads says: how fast the machine multiplies and adds
/// in f32, and how fast it moves the arrays of an optimizer. Then training steps on built-in digits, at several batches,
/// and beside each its floor: the time of its multiply-adds at that peak and of the optimizer's 28 bytes a parameter at
/// that bandwidth. The floor counts every multiply-add of the formulas; inputs that are zero need none, so a share can
/// exceed what the arithmetic alone would allow. Then encoding, decoding and sampling.
///
/// Every number is a median of repetitions after a warm-up, every limit the best of ten rounds. The parts of a step are
/// measured apart; the time of the backward pass and of the optimizer, whose update is fused with the gradient, are
/// differences, and the optimizer's may come out at nothing.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Widths of the hidden layers of one network to measure, instead of four
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    hidden: Vec<u64>,
    /// Its latent dimensions [default with --hidden: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    latent: Option<u64>,
    /// Images of a step [default: 64,128,512]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..=TrainConfig::MAX_BATCH as u64))]
    batch: Vec<u64>,
    /// About how long each measurement takes [default: 0.6]
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Trains in turn with COMMAND, a program that trains the same network and prints a line 'epoch N SECONDS s loss
    /// LOSS' an epoch; {hidden}, {latent}, {batch} and {epochs} in it are replaced. Once for each program. No shell
    /// reads COMMAND, but quotes keep words together
    #[arg(long, value_name = "COMMAND", conflicts_with = "seconds")]
    against: Vec<Peer>,
    /// How often each program trains [default: 5]
    #[arg(long, value_name = "N", requires = "against", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: Option<u64>,
    /// Epochs of a training; the first is not timed [default: 4]
    #[arg(long, value_name = "N", requires = "against", value_parser = clap::value_parser!(u64).range(2..=TrainConfig::MAX_EPOCHS))]
    epochs: Option<u64>,
    #[arg(long, value_name = "D", requires = "against", help = data_source::HELP)]
    data: Option<String>,
    /// Writes a document of how the cost grows with batch, width, depth, threads and training set, instead; takes some
    /// minutes and 1 GB
    #[arg(long, value_name = "FILE.md", conflicts_with_all = ["hidden", "latent", "batch", "json", "against"])]
    scale: Option<PathBuf>,
    /// One measurement of --scale, which calls itself with this.
    #[arg(long = Point::FLAG, hide = true, exclusive = true)]
    point: Option<Point>,
}

/// Networks to measure where nobody says which: hidden widths and latents.
const NETWORKS: [(&[usize], usize); 4] = [(&[256], 64), (&[400], 20), (&[512, 256], 32), (&[1024, 1024], 64)];
const BATCHES: [usize; 3] = [64, 128, 512];
const SECONDS: f64 = 0.6;

const SCALE_SECONDS: f64 = 2.0;

const ROUNDS: usize = 5;
const EPOCHS: u64 = 4;

/// `threads`: as many as asked for, one run each; none for one thread and all.
pub(crate) fn run(args: &Args, threads: &[u16]) -> anyhow::Result<Done> {
    term::result(format_args!("{}", args.result(threads)?))?;
    Ok(Done::Finished)
}

impl Args {
    /// What to print.
    fn result(&self, threads: &[u16]) -> anyhow::Result<String> {
        if let Some(point) = &self.point {
            return Ok(serde_json::to_string(&point.measure(&pool(point.threads)?)?)?);
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

    /// Training and inference beside the machine's limits.
    fn measure(&self, threads: &[u16]) -> anyhow::Result<Report> {
        let seconds = self.seconds.unwrap_or(SECONDS);
        let (networks, batches, crews) = (self.networks(), self.batches(), crews(threads));
        for network in &networks {
            batches.iter().try_for_each(|&batch| check(network, batch))?;
        }
        let pools: Vec<ThreadPool> = crews.iter().map(|&threads| pool(threads)).collect::<Result<_, _>>()?;
        let watch = Watch::new(pools.len() * (1 + networks.len() * (1 + batches.len())));
        let images = workload::IMAGES.max(batches.iter().copied().max().unwrap_or(0));
        let data = workload::draw(images);
        let limits: Vec<Limits> = pools
            .iter()
            .map(|pool| {
                watch.begin(&format!("the limits of {}", of_threads(pool)));
                let limits = Limits::measure(pool, seconds);
                watch.done();
                limits
            })
            .collect();
        let (mut training, mut inference) = (Vec::new(), Vec::new());
        for network in &networks {
            for &batch in &batches {
                for (pool, limits) in pools.iter().zip(&limits) {
                    watch.begin(&format!("training of {network}, batch {batch}, {}", of_threads(pool)));
                    training.push(pool.install(|| train(network, &data, batch, limits, seconds))?);
                    watch.done();
                }
            }
            for pool in &pools {
                watch.begin(&format!("inference of {network}, {}", of_threads(pool)));
                let times = pool.install(|| inference::time(network, &data, seconds))?;
                inference.push(Inference::new(network, pool.current_num_threads(), &times));
                watch.done();
            }
        }
        Ok(Report { machine: Machine::this(), limits, training, inference })
    }

    /// Our training and that of others, in turn.
    fn compare(&self, threads: &[u16]) -> anyhow::Result<Comparison> {
        let network = self.network();
        let batch = match self.batch[..] {
            [] => BATCHES[0],
            [batch] => size(batch),
            _ => return Err(misuse("--against takes one --batch")),
        };
        let pool = pool(one_crew("--against", threads)?)?;
        check(&network, batch)?;
        let defaults = TrainConfig::default().data;
        let loaded =
            data_source::load::<Splits>(self.data.as_deref().unwrap_or(&defaults.source), defaults.digits)?;
        let data = &loaded.images.train;
        let contest = Contest {
            network: VaeConfig { input: data.pixels(), ..network },
            batch,
            epochs: self.epochs.unwrap_or(EPOCHS),
            rounds: self.rounds.map_or(ROUNDS, size),
            data_name: loaded.name,
            data,
        };
        against::compare(&contest, &self.against, &pool)
    }

    /// How the cost grows, as a file.
    fn write_scale(&self, path: &Path, threads: &[u16]) -> anyhow::Result<()> {
        // Nobody should wait for minutes to hear of it.
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        ensure!(
            !path.is_dir() && directory.is_none_or(Path::is_dir),
            "cannot write {}: expected a file in a directory that exists",
            path.display()
        );
        let threads = one_crew("--scale", threads)?;
        let base = scale::base(threads, self.seconds.unwrap_or(SCALE_SECONDS));
        let measured = scale::measure(&base)?;
        let text = document::text(&Machine::this(), &command_line(), &base, &measured);
        Ok(write_atomically(path, text.as_bytes())?)
    }

    /// The networks to measure: the one asked for, else those of the table.
    fn networks(&self) -> Vec<VaeConfig> {
        if self.hidden.is_empty() && self.latent.is_none() {
            return NETWORKS.iter().map(|&(hidden, latent)| network(hidden.to_vec(), latent)).collect();
        }
        vec![self.network()]
    }

    /// The one network asked for.
    fn network(&self) -> VaeConfig {
        let VaeConfig { hidden, latent, .. } = VaeConfig::default();
        let asked = || self.hidden.iter().map(|&width| size(width)).collect();
        network(if self.hidden.is_empty() { hidden } else { asked() }, self.latent.map_or(latent, size))
    }

    fn batches(&self) -> Vec<usize> {
        if self.batch.is_empty() { BATCHES.to_vec() } else { self.batch.iter().map(|&n| size(n)).collect() }
    }
}

fn train(
    network: &VaeConfig,
    data: &Dataset,
    batch: usize,
    limits: &Limits,
    seconds: f64,
) -> anyhow::Result<Training> {
    let mut steps = Steps::new(network, data, batch)?;
    let work = Work::of_step(steps.vae().layout(), batch);
    let times = steps.time(seconds)?;
    Ok(Training::new(network, work, batch, &times, limits))
}

fn network(hidden: Vec<usize>, latent: usize) -> VaeConfig {
    VaeConfig { hidden, latent, ..VaeConfig::default() }
}

/// Refuses what cannot be built, or whose batch would fill the memory, before anything is measured.
fn check(network: &VaeConfig, batch: usize) -> anyhow::Result<()> {
    network.validate().context("this network cannot be measured")?;
    let widths: usize = network.hidden.iter().chain([&network.input, &network.latent]).sum();
    let most = TrainConfig::MAX_ACTIVATIONS / (2 * widths);
    ensure!(batch <= most, "a batch must be at most {most} for layers of these widths, found {batch}");
    Ok(())
}

/// The numbers of threads to measure with.
fn crews(asked: &[u16]) -> Vec<usize> {
    let mut crews: Vec<usize> = if asked.is_empty() {
        vec![1, machine::cores()]
    } else {
        asked.iter().copied().map(usize::from).collect()
    };
    crews.dedup();
    crews
}

/// The one number of threads that `flag` measures with.
fn one_crew(flag: &str, asked: &[u16]) -> anyhow::Result<usize> {
    match *asked {
        [] => Ok(machine::cores()),
        [threads] => Ok(threads.into()),
        _ => Err(misuse(format_args!("{flag} takes one number of --threads"))),
    }
}

/// The command as it was called.
fn command_line() -> String {
    let arguments = env::args_os().skip(1).map(|argument| paths::argument(Path::new(&argument)));
    ["cargo xtask".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

fn pool(threads: usize) -> anyhow::Result<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start the threads")
}

fn of_threads(pool: &ThreadPool) -> String {
    match pool.current_num_threads() {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A time that is neither nothing nor for ever.
fn seconds(text: &str) -> Result<f64, String> {
    const LONGEST: f64 = 600.0;
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let ok = seconds > 0.0 && seconds <= LONGEST;
    if ok { Ok(seconds) } else { Err(format!("expected more than 0 and at most {LONGEST} seconds")) }
}
