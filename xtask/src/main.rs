//! The commands: `cargo xtask train`, `grid`, `eval`, `data`, `ci`.
//!
//! The only crate of the workspace that parses arguments, chooses paths and prints. One file a command; the others
//! hold what several commands need.

mod commands;
mod data_source;
mod interrupt;
mod model_source;
mod paths;
mod pictures;
mod progress;
mod term;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// A variational autoencoder on the CPU: train it, look at it, measure it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Threads to compute with; the results are the same to the bit for any number [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<commands::train::Args>),
    Grid(commands::grid::Args),
    Eval(commands::eval::Args),
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
            term::note(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Done> {
    interrupt::watch()?;
    let threads = cli.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    // On a thread of the pool, so that every parallel step starts without a hand-over.
    pool.context("cannot start the threads")?.install(|| match cli.command {
        Command::Train(args) => commands::train::run(*args),
        Command::Grid(args) => commands::grid::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Data(args) => commands::data::run(args),
        Command::Ci(args) => commands::ci::run(args),
    })
}
