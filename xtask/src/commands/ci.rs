//! `cargo xtask ci`

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{outcome::Done, paths, term};

/// Runs every check, the cheapest first: formatting, lints, documentation, tests, the README's own commands in a short
/// form, and trainings that are killed and go on.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args) -> anyhow::Result<Done> {
    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let run = scratch.path().join("run").display().to_string();
    let picture = scratch.path().join("samples.png").display().to_string();
    let train = ["xtask", "train", "--data", "digits", "--digits", "3000", "--epochs", "2", "--run", &run];
    let shipped = ["xtask", "grid", "--model", "data/model.safetensors", "--out", &picture];
    let digits =
        ["xtask", "generate", "--model", "data/model.safetensors", "--digit", "all", "--out", &picture];
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        "vae-core/benchmarks",
        "--",
        "-D",
        "warnings",
    ];
    let benchmarks = ["test", "--package", "vae-core", "--features", "benchmarks", "--benches"];
    let steps: [(&str, &str, &[&str]); 13] = [
        ("formatting", "cargo", &["fmt", "--all", "--check"]),
        ("lints", "cargo", &lints),
        (
            "vae-data without its features",
            "cargo",
            &["check", "--package", "vae-data", "--no-default-features"],
        ),
        ("documentation", "cargo", &["doc", "--workspace", "--no-deps"]),
        ("tests", "cargo", &["test", "--workspace"]),
        ("tests without vectors", "cargo", &["test", "--package", "vae-core", "--features", "portable"]),
        ("benchmarks, once each", "cargo", &benchmarks),
        ("train", "cargo", &train),
        ("grid of the run", "cargo", &["xtask", "grid", "--run", &run, "--out", &picture]),
        ("eval of the run", "cargo", &["xtask", "eval", "--run", &run, "--json"]),
        ("grid of the shipped model", "cargo", &shipped),
        ("digits of the shipped model", "cargo", &digits),
        ("kill and resume", "bash", &["tests/kill_and_resume.sh", "4"]),
    ];
    for (name, program, arguments) in steps {
        let command = format!("{program} {}", arguments.join(" "));
        term::note(format_args!("== {name}: {command}"));
        let start = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .current_dir(paths::root())
            .env("RUSTDOCFLAGS", "-D warnings")
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("cannot run {command}"))?;
        if !status.success() {
            bail!("{name}: {command} ended with {status}");
        }
        term::note(format_args!("== {name}: {:.0} s", start.elapsed().as_secs_f64()));
    }
    Ok(Done::Finished)
}
