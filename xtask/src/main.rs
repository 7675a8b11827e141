//! The commands: `cargo xtask train`, `grid`, `generate`, `eval`, `encode`, `import`, `annotate`, `sweep`, `classifier`,
//! `bench`, `data`, `ci`.
//!
//! The only crate of the workspace that parses arguments, chooses paths and prints. One file a command; the others
//! hold what several commands need.

mod bench;
mod commands;
mod data_source;
mod generate;
mod interrupt;
mod model_source;
mod paths;
mod pictures;
mod progress;
mod settings;
mod sweep;
mod term;
mod training;

use std::{fmt::Display, process::ExitCode};

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};

/// A variational autoencoder on the CPU: train it, look at it, measure it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Threads to compute with; the results are the same to the bit for any number [default: all cores]. 'bench' takes
    /// several, as in 1,2,4
    #[arg(long, global = true, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
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
    Annotate(commands::annotate::Args),
    Classifier(commands::classifier::Args),
    Bench(commands::bench::Args),
    Data(commands::data::Args),
    Ci(commands::ci::Args),
}

/// How a command that did not fail ended.
enum Done {
    Finished,
    /// Stopped by Ctrl-C or a termination signal, everything saved.
    Interrupted,
}

/// The shell's convention for a process ended by an interrupt.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(Done::Finished) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            // In a line, whatever the reasons brought with them.
            let reasons = format!("{error:#}");
            let lines: Vec<&str> = reasons.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            term::note(format_args!("error: {}", lines.join("; ").replace(":; ", ": ")));
            ExitCode::FAILURE
        }
    }
}

/// Ends the process as for any other wrong usage: arguments that are each right and do not go together.
fn misuse(message: impl Display) -> ! {
    Cli::command().error(ErrorKind::ArgumentConflict, message).exit()
}

fn run(cli: Cli) -> anyhow::Result<Done> {
    interrupt::watch()?;
    let threads = match (&cli.threads[..], &cli.command) {
        // Which makes pools of its own.
        ([], _) | (_, Command::Bench(_)) => 0,
        (&[threads], _) => usize::from(threads),
        _ => misuse("only 'bench' takes more than one number of --threads"),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    // On a thread of the pool, so that every parallel step starts without a hand-over.
    pool.context("cannot start the threads")?.install(|| match cli.command {
        Command::Train(args) => commands::train::run(*args),
        Command::Grid(args) => commands::grid::run(args),
        Command::Generate(args) => commands::generate::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Encode(args) => commands::encode::run(args),
        Command::Import(args) => commands::import::run(&args),
        Command::Sweep(args) => commands::sweep::run(*args),
        Command::Annotate(args) => commands::annotate::run(args),
        Command::Classifier(args) => commands::classifier::run(args),
        Command::Bench(args) => commands::bench::run(&args, &cli.threads),
        Command::Data(args) => commands::data::run(args),
        Command::Ci(args) => commands::ci::run(args),
    })
}
