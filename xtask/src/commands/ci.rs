//! `cargo xtask ci`

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{
    outcome::{Done, misuse},
    program, term,
};

/// Runs all checks of the workspace, the fastest first, and stops at the first that fails.
///
/// Checks formatting, packages, lints and documentation, runs the tests and benchmarks, trains and evaluates a small
/// model, draws from it, and kills and resumes trainings. Takes up to half an hour on two cores. If $VAE_DATA names a
/// directory of MNIST files, the tests also read those.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// A name and a call.
type Step<'a> = (&'a str, &'a str, &'a [&'a str]);

/// The steps that read the sources and run the tests.
const SOURCES: [Step; 9] = [
    ("formatting", "cargo", &["fmt", "--all", "--check"]),
    // Without a build: the steps below build the same files. Offline, because cargo has the index by then.
    (
        "packages",
        "cargo",
        &[
            "package",
            "--workspace",
            "--exclude",
            "xtask",
            "--exclude",
            "tests",
            "--allow-dirty",
            "--no-verify",
            "--offline",
        ],
    ),
    ("vae-data without features", "cargo", &["check", "--package", "vae-data", "--no-default-features"]),
    (
        "lints",
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            "vae-core/benchmarks",
            "--",
            "-D",
            "warnings",
        ],
    ),
    // With `portable` the vector code of vae-core is left out, which is why the step above goes without.
    (
        "lints with all features",
        "cargo",
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    ),
    ("documentation", "cargo", &["doc", "--workspace", "--no-deps"]),
    (
        "tests of vae-core without vectors",
        "cargo",
        &["test", "--package", "vae-core", "--features", "portable"],
    ),
    (
        "benchmarks, once each",
        "cargo",
        &["test", "--package", "vae-core", "--features", "benchmarks", "--benches"],
    ),
    ("tests", "cargo", &["test", "--workspace"]),
];

pub(crate) fn run(_: Args) -> anyhow::Result<Done> {
    let Some(workspace) = program::workspace() else {
        return Err(misuse("the checks are for the workspace: 'cargo xtask ci' runs them there"));
    };
    let check = |step| check(&workspace, step);
    SOURCES.into_iter().try_for_each(check)?;

    let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
    let run = scratch.path().join("run").display().to_string();
    let picture = scratch.path().join("picture.png").display().to_string();
    let model = "data/model.safetensors";
    let commands: [Step; 6] = [
        ("grid of the shipped model", "cargo", &["xtask", "grid", "--model", model, "--out", &picture]),
        (
            "digits of the shipped model",
            "cargo",
            &["xtask", "generate", "--model", model, "--digit", "all", "--out", &picture],
        ),
        (
            "train",
            "cargo",
            &["xtask", "train", "--data", "digits", "--digits", "3000", "--epochs", "2", "--run", &run],
        ),
        ("grid of the run", "cargo", &["xtask", "grid", "--run", &run, "--out", &picture]),
        ("eval of the run", "cargo", &["xtask", "eval", "--run", &run, "--json"]),
        ("kill and resume", "bash", &["tests/kill_and_resume.sh", "4"]),
    ];
    commands.into_iter().try_for_each(check)?;
    Ok(Done::Finished)
}

/// Runs one step in the workspace; a status other than success is an error.
fn check(workspace: &Path, (name, program, arguments): Step) -> anyhow::Result<()> {
    let command = format!("{program} {}", arguments.join(" "));
    term::note(format_args!("== {name}: {command}"));
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .current_dir(workspace)
        .env("RUSTDOCFLAGS", "-D warnings")
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {command}"))?;
    if !status.success() {
        bail!("{name}: {command} failed with {status}");
    }
    term::note(format_args!("== {name}: {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}
