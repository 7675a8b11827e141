//! `cargo xtask runs`

use std::path::PathBuf;

use vae_train::RunDir;

use crate::{
    file_name::{self, part},
    outcome::Done,
    paths, program,
    runs::{
        compare::{self, Comparison},
        list::Runs,
    },
    term,
};

/// Lists the runs, newest first, or sets some of them side by side.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// List the runs of sweeps one by one too
    #[arg(long)]
    all: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Sets runs side by side: the settings in which they differ, their losses, and their curves as a picture
    Compare(CompareArgs),
}

#[derive(clap::Args)]
struct CompareArgs {
    /// Two runs or more, each a name that 'runs' lists or a run directory
    #[arg(value_name = "RUN", required = true, num_args = 2..=12)]
    runs: Vec<String>,
    /// Picture of the curves [default: runs/pictures/compare-RUN-RUN.png]
    #[arg(long, value_name = "FILE.png", value_parser = file_name::png)]
    out: Option<PathBuf>,
    /// Print one JSON object instead of a table, and draw curves only if --out is given
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    match args.command {
        Some(Command::Compare(args)) => compare(&args),
        None => list(&args),
    }
}

fn list(args: &Args) -> anyhow::Result<Done> {
    let directory = paths::runs();
    let found = Runs::find(&directory, args.all);
    if args.json {
        term::result(format_args!("{}", serde_json::to_string(&found)?))?;
        return Ok(Done::Finished);
    }
    if found.runs.is_empty() && found.sweeps.is_empty() {
        let directory = paths::display(&directory);
        term::note(format_args!("no runs in {directory} yet; '{} train' starts one", program::name()));
        return Ok(Done::Finished);
    }
    if !found.runs.is_empty() {
        term::result(format_args!("{}", found.text().trim_end()))?;
    }
    for sweep in found.sweeps.iter().filter(|_| !args.all) {
        let (name, runs, variants) = (&sweep.name, sweep.runs, sweep.variants);
        term::result(format_args!("sweep {name}: {runs} runs of {variants} variants; --all lists them"))?;
    }
    if let Some(newest) = paths::newest_run(RunDir::model) {
        let newest = paths::display(newest.path());
        term::note(format_args!("commands without --run take {newest}, whose model is the newest"));
    }
    Ok(Done::Finished)
}

fn compare(args: &CompareArgs) -> anyhow::Result<Done> {
    let comparison = Comparison::read(&args.runs)?;
    if args.json {
        if let Some(out) = &args.out {
            compare::write_picture(&comparison, out)?;
        }
        term::result(format_args!("{}", serde_json::to_string(&comparison)?))?;
        return Ok(Done::Finished);
    }
    term::result(format_args!("{}", comparison.text()))?;
    let names: Vec<&str> = comparison.names().collect();
    let name = format!("compare-{}.png", part(&names.join("-"), 80));
    let out = args.out.clone().unwrap_or_else(|| paths::pictures().join(name));
    match compare::write_picture(&comparison, &out) {
        Ok(()) => term::result(format_args!("curves: {}", paths::display(&out)))?,
        Err(error) if args.out.is_some() => return Err(error),
        Err(error) => term::note(format_args!("warning: no picture: {}", term::one_line(&error))),
    }
    Ok(Done::Finished)
}
