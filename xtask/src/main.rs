//! The commands: `cargo xtask train`, `grid`, `generate`, `eval`, `encode`, `import`, `sweep`, `fit-prior`, `annotate`,
//! `classifier`, `bench`, `data`, `ci`.
//!
//! This is the only crate of the workspace that parses arguments, chooses paths and prints. Each command has a file in
//! `commands`; the other modules hold what several commands share, or the parts of a large command.

mod bench;
mod commands;
mod data_source;
mod few_steps;
mod generate;
mod interrupt;
mod model_data;
mod model_source;
mod nll;
mod npy;
mod outcome;
mod paths;
mod pictures;
mod prior_fit;
mod progress;
mod settings;
mod sweep;
mod term;
mod training;

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use rayon::ThreadPoolBuilder;

use crate::outcome::{Done, Interrupted, Misuse};

/// A variational autoencoder on the CPU: train it, look at it, measure it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Number of threads; the results are the same to the bit with any number [default: all cores]. 'bench' takes
    /// several, such as 1,2,4
    #[arg(long, global = true, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<commands::train::Args>),
    Grid(commands::grid::Args),
    Generate(commands::generate::Args),
    Eval(commands::eval::Args),
    Encode(commands::encode::Args),
    Import(commands::import::Args),
    Sweep(Box<commands::sweep::Args>),
    FitPrior(commands::fit_prior::Args),
    Annotate(commands::annotate::Args),
    Classifier(commands::classifier::Args),
    Bench(commands::bench::Args),
    Data(commands::data::Args),
    Ci(commands::ci::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Done::Finished) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(interrupt::EXIT_STATUS),
        Err(error) if error.is::<Interrupted>() => ExitCode::from(interrupt::EXIT_STATUS),
        Err(error) if error.is::<Misuse>() => Cli::command().error(ErrorKind::ArgumentConflict, error).exit(),
        Err(error) => {
            term::note(format_args!("error: {}", term::one_line(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Done> {
    interrupt::install_handler()?;
    let threads = match (&cli.threads[..], &cli.command) {
        // 'bench' makes thread pools of its own.
        ([], _) | (_, Command::Bench(_)) => 0,
        (&[threads], _) => usize::from(threads),
        _ => return Err(outcome::misuse("only 'bench' takes more than one number of --threads")),
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start the threads")?;
    // On a thread of the pool, a parallel step starts without a hand-over.
    pool.install(|| match cli.command {
        Command::Train(args) => commands::train::run(*args),
        Command::Grid(args) => commands::grid::run(args),
        Command::Generate(args) => commands::generate::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Encode(args) => commands::encode::run(args),
        Command::Import(args) => commands::import::run(&args),
        Command::Sweep(args) => commands::sweep::run(*args),
        Command::FitPrior(args) => commands::fit_prior::run(args),
        Command::Annotate(args) => commands::annotate::run(args),
        Command::Classifier(args) => commands::classifier::run(args),
        Command::Bench(args) => commands::bench::run(&args, &cli.threads),
        Command::Data(args) => commands::data::run(args),
        Command::Ci(args) => commands::ci::run(args),
    })
}
