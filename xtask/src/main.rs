//! The commands: `cargo xtask train`, `grid`, `generate`, `eval`, `encode`, `import`, `sweep`, `runs`, `fit-prior`,
//! `annotate`, `classifier`, `bench`, `data`, `ci`; installed, `vae train` and so on, and `vae completions` and `man`.
//!
//! This is the only crate of the workspace that parses arguments, chooses paths and prints. Each command has a file in
//! `commands`; the other modules hold what several commands share, or the parts of a large command.

mod bench;
mod best_epoch;
mod collapse;
mod commands;
mod data_source;
mod doubtful;
mod epoch_pictures;
mod facts;
mod few_steps;
mod file_name;
mod finished;
mod generate;
mod help;
mod image_progress;
mod interrupt;
mod model_data;
mod model_source;
mod nll;
mod not_a_number;
mod npy;
mod outcome;
mod paths;
mod pictures;
mod prior_fit;
mod program;
mod progress;
mod runs;
mod settings;
mod shipped;
mod suggest;
mod sweep;
mod term;
#[cfg(test)]
mod tests;
mod training;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{ArgMatches, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use rayon::ThreadPoolBuilder;

use crate::{
    outcome::{Done, Interrupted, Misuse},
    term::Verbosity,
};

/// A variational autoencoder on the CPU: train it, look at it, measure it.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    max_term_width = 110,
    disable_help_flag = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Number of threads; the results are the same to the bit with any number [default: all cores]. 'bench' takes
    /// several, such as 1,2,4
    #[arg(long, global = true, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Print nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print technical reasons: why something was not used, and each cause of an error in a line of its own
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Colours in help, errors and progress; 'auto' has them on a terminal, unless $NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
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
    Runs(commands::runs::Args),
    FitPrior(commands::fit_prior::Args),
    Annotate(commands::annotate::Args),
    Classifier(commands::classifier::Args),
    Bench(commands::bench::Args),
    Data(commands::data::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
    Ci(commands::ci::Args),
}

/// The command line with all that its help shows.
fn command() -> clap::Command {
    help::complete(Cli::command(), program::name())
}

fn main() -> ExitCode {
    let mut command = command().color(help::colours(env::args_os()));
    let matches = match command.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => matches,
        Err(error) => not_a_number::explained(error, &mut command).exit(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.format(&mut command).exit(),
    };
    match run(cli, &matches) {
        Ok(Done::Finished) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(interrupt::EXIT_STATUS),
        Err(error) if error.is::<Interrupted>() => ExitCode::from(interrupt::EXIT_STATUS),
        Err(error) if error.is::<Misuse>() => {
            let text = term::one_line(&error);
            help::called(&mut command, &matches).error(ErrorKind::ArgumentConflict, text).exit()
        }
        Err(error) => {
            term::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, matches: &ArgMatches) -> anyhow::Result<Done> {
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    term::set(verbosity, cli.color);
    let variable = env::var_os(help::DIRECTORY_VARIABLE).filter(|value| !value.is_empty());
    paths::choose_root(help::directory(matches).or(variable.map(PathBuf::from)))?;
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
        Command::Runs(args) => commands::runs::run(args),
        Command::FitPrior(args) => commands::fit_prior::run(args),
        Command::Annotate(args) => commands::annotate::run(args),
        Command::Classifier(args) => commands::classifier::run(args),
        Command::Bench(args) => commands::bench::run(&args, &cli.threads),
        Command::Data(args) => commands::data::run(args),
        Command::Completions(args) => commands::completions::run(&args, installed()),
        Command::Man(args) => commands::man::run(&args, installed()),
        Command::Ci(args) => commands::ci::run(args),
    })
}

/// The command line of the installed program.
fn installed() -> clap::Command {
    help::complete(Cli::command(), program::INSTALLED)
}
