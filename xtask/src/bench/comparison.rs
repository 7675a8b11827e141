//! Compares our training with that of other programs. They train the same network in turns, so that a slow spell of the
//! machine affects all of them.

use std::{ops::ControlFlow, time::Instant};

use anyhow::bail;
use rayon::ThreadPool;
use serde::Serialize;
use vae_core::VaeConfig;
use vae_data::Dataset;
use vae_train::{EpochEnd, ModelConfig, Observer, StepReport, TrainConfig, Trainer};

use super::{
    machine::Machine,
    program::{Epoch, Program},
    progress::Progress,
    samples::Samples,
    table::{aligned, number},
};
use crate::{
    interrupt::{self, StopCleanly},
    outcome::Interrupted,
    term,
};

/// The training that all programs do.
pub(crate) struct Comparison<'d> {
    pub(crate) network: VaeConfig,
    pub(crate) batch: usize,
    pub(crate) epochs: u64,
    pub(crate) rounds: usize,
    /// The name of `data`.
    pub(crate) data_name: String,
    pub(crate) data: &'d Dataset,
}

/// The results of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct ComparisonReport {
    machine: Machine,
    network: String,
    batch: usize,
    epochs: u64,
    rounds: usize,
    threads: usize,
    data: String,
    images: usize,
    /// The first is this project.
    programs: Vec<ProgramReport>,
}

/// The results of one program.
#[derive(Debug, Serialize)]
struct ProgramReport {
    /// None for this project.
    command: Option<String>,
    /// Over the epochs of all rounds except the first of each.
    epoch_seconds_median: f64,
    epoch_seconds_fastest: f64,
    epoch_seconds_slowest: f64,
    /// The median divided by that of this project.
    times_ours: f64,
    /// The training loss of the last epoch, in nats per image: the median of the rounds.
    loss: f64,
    /// The loss relative to that of this project.
    loss_difference_percent: f64,
    /// The seconds of all epochs of each round.
    epoch_seconds: Vec<Vec<f64>>,
}

impl Comparison<'_> {
    /// Trains this project, on the threads of `pool`, and the other programs in turn.
    ///
    /// # Errors
    /// Those of [`Program::train`] and of our own training; [`Interrupted`] after Ctrl-C.
    pub(crate) fn run(&self, others: &[Program], pool: &ThreadPool) -> anyhow::Result<ComparisonReport> {
        let config = self.config();
        config.validate()?;
        let hidden: Vec<String> = self.network.hidden.iter().map(ToString::to_string).collect();
        let placeholders = [
            ("hidden", hidden.join(",")),
            ("latent", self.network.latent.to_string()),
            ("batch", self.batch.to_string()),
            ("epochs", self.epochs.to_string()),
        ];
        let _guard = StopCleanly::begin();
        let progress = Progress::new(self.rounds * (1 + others.len()));
        let mut runs = vec![Vec::new(); 1 + others.len()];
        for round in 1..=self.rounds {
            for (i, runs) in runs.iter_mut().enumerate() {
                let program = i.checked_sub(1).map(|i| &others[i]);
                let name = program.map_or("this project", |program| &program.text);
                progress.begin(&format!("round {round} of {}: {name}", self.rounds));
                runs.push(match program {
                    None => pool.install(|| train(&config, self.data))?,
                    Some(program) => program.train(&placeholders, self.epochs)?,
                });
                progress.done();
            }
        }
        let ours = ProgramReport::new(None, &runs[0], None);
        let theirs: Vec<ProgramReport> = others
            .iter()
            .zip(&runs[1..])
            .map(|(program, runs)| ProgramReport::new(Some(program), runs, Some(&ours)))
            .collect();
        Ok(ComparisonReport {
            machine: Machine::this(),
            network: self.network.to_string(),
            batch: self.batch,
            epochs: self.epochs,
            rounds: self.rounds,
            threads: pool.current_num_threads(),
            data: self.data_name.clone(),
            images: self.data.len(),
            programs: [ours].into_iter().chain(theirs).collect(),
        })
    }

    /// Adam with the constant learning rate 10⁻³, on all images, with the same seed in every round.
    fn config(&self) -> TrainConfig {
        let mut config = TrainConfig::default();
        let VaeConfig { hidden, latent, .. } = self.network.clone();
        config.model = ModelConfig { hidden, latent, ..ModelConfig::default() };
        config.data.validation = Some(0);
        (config.training.batch, config.training.epochs) = (self.batch, self.epochs);
        config
    }
}

/// Stops the training on Ctrl-C.
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

impl ProgramReport {
    /// `program` is `None` for this project. `runs` are the epochs of each round, at least two; `ours` is what they are
    /// compared with.
    fn new(program: Option<&Program>, runs: &[Vec<Epoch>], ours: Option<&Self>) -> Self {
        let after_first = runs.iter().flat_map(|epochs| epochs.iter().skip(1)).map(|epoch| epoch.seconds);
        let seconds = Samples::new(after_first.collect());
        let last = runs.iter().filter_map(|epochs| epochs.last()).map(|epoch| epoch.loss);
        let loss = Samples::new(last.collect()).median();
        let (our_seconds, our_loss) =
            ours.map_or((seconds.median(), loss), |ours| (ours.epoch_seconds_median, ours.loss));
        Self {
            command: program.map(|program| program.text.clone()),
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

impl ComparisonReport {
    pub(crate) fn text(&self) -> String {
        let Self { machine, network, batch, epochs, rounds, threads, data, images, programs } = self;
        let images = term::thousands(*images);
        let head = ["program", "s/epoch", "fastest", "slowest", "times ours", "loss", "difference"];
        // Commands are too long for a column, so the table has letters instead.
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
             {network}, batch {batch}: {epochs} epochs of {images} images ({data}), {rounds} rounds in turns\n\n\
             Seconds: median, fastest and slowest of the epochs after the first; loss: last epoch, in nats per image\n\
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
        let program = ProgramReport::new(None, &runs, None);
        assert_eq!(program.epoch_seconds_median, 3.0);
        assert_eq!((program.epoch_seconds_fastest, program.epoch_seconds_slowest), (2.0, 4.0));
        assert_eq!(program.epoch_seconds, [[9.0, 2.0], [8.0, 4.0]]);
    }

    #[test]
    fn another_program_is_compared_by_its_median_and_its_last_loss() {
        let ours = ProgramReport::new(None, &[run(&[(9.0, 200.0), (2.0, 100.0)])], None);
        assert_eq!((ours.times_ours, ours.loss_difference_percent), (1.0, 0.0));
        let program: Program = "a b".parse().unwrap();
        let theirs = ProgramReport::new(Some(&program), &[run(&[(1.0, 200.0), (5.0, 101.0)])], Some(&ours));
        assert_eq!((theirs.times_ours, theirs.loss, theirs.loss_difference_percent), (2.5, 101.0, 1.0));
    }

    #[test]
    fn our_training_reports_every_epoch_and_repeats_its_losses() {
        let data = vae_data::digits::generate(60, 1, vae_data::Split::Train);
        let network = VaeConfig { hidden: vec![8], latent: 2, ..VaeConfig::default() };
        let data_name = "digits".to_owned();
        let comparison = Comparison { network, batch: 20, epochs: 3, rounds: 1, data_name, data: &data };
        let losses = || -> Vec<f64> {
            train(&comparison.config(), &data).unwrap().iter().map(|epoch| epoch.loss).collect()
        };
        assert_eq!(losses().len(), 3);
        assert_eq!(losses(), losses());
    }
}
