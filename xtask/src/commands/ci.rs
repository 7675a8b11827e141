//! `cargo xtask ci`

use std::{
    env,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{Done, paths, term};

/// Runs every check, the cheapest first: formatting, lints, documentation, tests, then the README's own commands in a
/// short form.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args) -> anyhow::Result<Done> {
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let run = scratch.path().join("run").display().to_string();
    let picture = scratch.path().join("samples.png").display().to_string();
    let train = ["xtask", "train", "--data", "digits", "--digits", "3000", "--epochs", "2", "--run", &run];
    let steps: [(&str, &[&str]); 8] = [
        ("formatting", &["fmt", "--all", "--check"]),
        ("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        ("documentation", &["doc", "--workspace", "--no-deps"]),
        ("tests", &["test", "--workspace"]),
        ("train", &train),
        ("grid of the run", &["xtask", "grid", "--run", &run, "--out", &picture]),
        ("eval of the run", &["xtask", "eval", "--run", &run, "--json"]),
        (
            "grid of the shipped model",
            &["xtask", "grid", "--model", "data/model.safetensors", "--out", &picture],
        ),
    ];
    for (name, arguments) in steps {
        term::note(format_args!("== {name}: cargo {}", arguments.join(" ")));
        let start = Instant::now();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(arguments)
            .current_dir(paths::root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("cannot run cargo {}", arguments[0]))?;
        if !status.success() {
            bail!("{name}: cargo {} ended with {status}", arguments.join(" "));
        }
        term::note(format_args!("== {name}: {:.0} s", start.elapsed().as_secs_f64()));
    }
    Ok(Done::Finished)
}
