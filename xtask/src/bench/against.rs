//! Our training beside other programs': the same network, in turns, so that a slow spell of the machine falls on all
//! alike.

use std::{ops::ControlFlow, time::Instant};

use anyhow::bail;
use rayon::ThreadPool;
use serde::Serialize;
use vae_core::VaeConfig;
use vae_data::Dataset;
use vae_train::{EpochEnd, ModelConfig, Observer, StepReport, TrainConfig, Trainer};

use crate::{interrupt, outcome::Interrupted, term};

use super::{
    machine::Machine,
    peer::{Epoch, Peer},
    samples::Samples,
    table::{aligned, number},
    watch::Watch,
};

/// What everybody trains.
pub(crate) struct Contest<'d> {
    pub(crate) network: VaeConfig,
    pub(crate) batch: usize,
    pub(crate) epochs: u64,
    pub(crate) rounds: usize,
    /// What `data` is called.
    pub(crate) data_name: String,
    pub(crate) data: &'d Dataset,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    machine: Machine,
    network: String,
    batch: usize,
    epochs: u64,
    rounds: usize,
    threads: usize,
    data: String,
    images: usize,
    /// This project first.
    programs: Vec<Program>,
}

#[derive(Debug, Serialize)]
struct Program {
    /// None for this project.
    command: Option<String>,
    /// Of all rounds' epochs but each first.
    epoch_seconds_median: f64,
    epoch_seconds_fastest: f64,
    epoch_seconds_slowest: f64,
    /// Median over this project's.
    times_ours: f64,
    /// Training loss of the last epoch, nats an image; the median of the rounds.
    loss: f64,
    /// By how much that is above this project's.
    loss_difference_percent: f64,
    /// Seconds of every epoch of every round.
    epoch_seconds: Vec<Vec<f64>>,
}

/// Lets everybody train in turn, ourselves on the threads of `pool`.
///
/// # Errors
/// Those of [`Peer::train`] and of our own training; [`Interrupted`] after Ctrl-C.
pub(crate) fn compare(
    contest: &Contest<'_>,
    peers: &[Peer],
    pool: &ThreadPool,
) -> anyhow::Result<Comparison> {
    let config = contest.config();
    config.validate()?;
    let hidden: Vec<String> = contest.network.hidden.iter().map(ToString::to_string).collect();
    let placeholders = [
        ("hidden", hidden.join(",")),
        ("latent", contest.network.latent.to_string()),
        ("batch", contest.batch.to_string()),
        ("epochs", contest.epochs.to_string()),
    ];
    let _ending = interrupt::StopCleanly::begin();
    let watch = Watch::new(contest.rounds * (1 + peers.len()));
    let mut runs = vec![Vec::new(); 1 + peers.len()];
    for round in 1..=contest.rounds {
        for (program, runs) in runs.iter_mut().enumerate() {
            let peer = program.checked_sub(1).map(|peer| &peers[peer]);
            let name = peer.map_or("this project", |peer| &peer.text);
            watch.begin(&format!("round {round} of {}: {name}", contest.rounds));
            runs.push(match peer {
                None => pool.install(|| train(&config, contest.data))?,
                Some(peer) => peer.train(&placeholders, contest.epochs)?,
            });
            watch.done();
        }
    }
    let ours = Program::new(None, &runs[0], None);
    let others = peers.iter().zip(&runs[1..]).map(|(peer, runs)| Program::new(Some(peer), runs, Some(&ours)));
    let others: Vec<Program> = others.collect();
    Ok(Comparison {
        machine: Machine::this(),
        network: contest.network.to_string(),
        batch: contest.batch,
        epochs: contest.epochs,
        rounds: contest.rounds,
        threads: pool.current_num_threads(),
        data: contest.data_name.clone(),
        images: contest.data.len(),
        programs: [ours].into_iter().chain(others).collect(),
    })
}

impl Contest<'_> {
    /// Adam at a constant 10⁻³, on all images, from the same seed in every round.
    fn config(&self) -> TrainConfig {
        let mut config = TrainConfig::default();
        let VaeConfig { hidden, latent, .. } = self.network.clone();
        config.model = ModelConfig { hidden, latent, ..ModelConfig::default() };
        config.data.validation = 0;
        (config.training.batch, config.training.epochs) = (self.batch, self.epochs);
        config
    }
}

/// Breaks off where Ctrl-C asks for it.
struct Interruptible;

impl Observer for Interruptible {
    fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Our own training, in memory.
fn train(config: &TrainConfig, data: &Dataset) -> anyhow::Result<Vec<Epoch>> {
    let mut trainer = Trainer::new(config.clone(), data)?;
    let mut epochs = Vec::new();
    for number in 1..=config.training.epochs {
        let start = Instant::now();
        let EpochEnd::Complete { train, .. } = trainer.train_epoch(&mut Interruptible)? else {
            bail!(Interrupted);
        };
        epochs.push(Epoch { number, seconds: start.elapsed().as_secs_f64(), loss: train.neg_elbo() });
    }
    Ok(epochs)
}

impl Program {
    /// `runs` are the epochs of each round, at least two; `ours` is what it is compared with.
    fn new(peer: Option<&Peer>, runs: &[Vec<Epoch>], ours: Option<&Self>) -> Self {
        let after_first = runs.iter().flat_map(|epochs| epochs.iter().skip(1)).map(|epoch| epoch.seconds);
        let seconds = Samples::new(after_first.collect());
        let last = runs.iter().filter_map(|epochs| epochs.last()).map(|epoch| epoch.loss);
        let loss = Samples::new(last.collect()).median();
        let (our_seconds, our_loss) =
            ours.map_or((seconds.median(), loss), |ours| (ours.epoch_seconds_median, ours.loss));
        Self {
            command: peer.map(|peer| peer.text.clone()),
            epoch_seconds_median: seconds.median(),
            epoch_seconds_fastest: seconds.fastest(),
            epoch_seconds_slowest: seconds.slowest(),
            times_ours: seconds.median() / our_seconds,
            loss,
            loss_difference_percent: 100.0 * (loss - our_loss) / our_loss,
            epoch_seconds: runs.iter().map(|run| run.iter().map(|epoch| epoch.seconds).collect()).collect(),
        }
    }
}

impl Comparison {
    pub(crate) fn text(&self) -> String {
        let Self { machine, network, batch, epochs, rounds, threads, data, images, programs } = self;
        let images = term::thousands(*images);
        let head = ["program", "s/epoch", "fastest", "slowest", "times ours", "loss", "difference"];
        // Commands are too long for a column: letters stand for them.
        let letters = || ('A'..='Z').map(String::from).chain((27..).map(|number| number.to_string()));
        let names = || std::iter::once("this project".to_owned()).chain(letters());
        let rows = names().zip(programs).map(|(name, program)| {
            vec![
                name,
                number(program.epoch_seconds_median),
                number(program.epoch_seconds_fastest),
                number(program.epoch_seconds_slowest),
                format!("{:.2}", program.times_ours),
                format!("{:.3}", program.loss),
                format!("{:+.2} %", program.loss_difference_percent),
            ]
        });
        let commands = names().zip(programs).filter_map(|(name, program)| {
            program.command.as_ref().map(|command| format!("{name}: {command}"))
        });
        let commands: Vec<String> = commands.collect();
        let s = if *threads == 1 { "" } else { "s" };
        format!(
            "{machine}; this project on {threads} thread{s}\n\
             {network}, batch {batch}: {epochs} epochs of {images} images ({data}), {rounds} rounds in turn\n\n\
             Seconds: median, fastest and slowest of the epochs after the first; loss: nats an image, last epoch\n\
             {}\n{}",
            aligned(&head, rows),
            commands.join("\n")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(epochs: &[(f64, f64)]) -> Vec<Epoch> {
        let epoch = |(i, &(seconds, loss))| Epoch { number: i as u64 + 1, seconds, loss };
        epochs.iter().enumerate().map(epoch).collect()
    }

    #[test]
    fn the_first_epoch_of_every_round_is_left_out() {
        let runs = [run(&[(9.0, 200.0), (2.0, 110.0)]), run(&[(8.0, 200.0), (4.0, 112.0)])];
        let program = Program::new(None, &runs, None);
        assert_eq!(program.epoch_seconds_median, 3.0);
        assert_eq!((program.epoch_seconds_fastest, program.epoch_seconds_slowest), (2.0, 4.0));
        assert_eq!(program.epoch_seconds, [[9.0, 2.0], [8.0, 4.0]]);
    }

    #[test]
    fn another_program_is_compared_by_its_median_and_its_last_loss() {
        let ours = Program::new(None, &[run(&[(9.0, 200.0), (2.0, 100.0)])], None);
        assert_eq!((ours.times_ours, ours.loss_difference_percent), (1.0, 0.0));
        let peer: Peer = "a b".parse().unwrap();
        let theirs = Program::new(Some(&peer), &[run(&[(1.0, 200.0), (5.0, 101.0)])], Some(&ours));
        assert_eq!((theirs.times_ours, theirs.loss, theirs.loss_difference_percent), (2.5, 101.0, 1.0));
    }

    #[test]
    fn our_training_reports_every_epoch_and_repeats_its_losses() {
        let data = vae_data::digits::generate(60, 1, vae_data::Split::Train);
        let network = VaeConfig { hidden: vec![8], latent: 2, ..VaeConfig::default() };
        let data_name = "digits".to_owned();
        let contest = Contest { network, batch: 20, epochs: 3, rounds: 1, data_name, data: &data };
        let losses = || -> Vec<f64> {
            train(&contest.config(), &data).unwrap().iter().map(|epoch| epoch.loss).collect()
        };
        assert_eq!(losses().len(), 3);
        assert_eq!(losses(), losses());
    }
}
