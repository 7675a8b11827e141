//! The program as `cargo install` leaves it: its name, its places and the model inside, and no network.

use crate::project::{Ended, Project, SMALL, offline};

fn run(project: &Project, arguments: &str) -> Ended {
    project.start(project.installed(arguments)).wait()
}

/// The place of the user's data on this platform, below the home directory.
fn place() -> &'static str {
    if cfg!(target_os = "macos") { "home/Library/Application Support/vae" } else { "home/.local/share/vae" }
}

#[test]
fn it_draws_with_the_model_inside_and_classifies_with_the_classifier_inside() {
    let project = Project::new();
    let ended = run(&project, "generate --digit 7 --count 2 --out seven.png").succeeds();
    assert!(ended.stderr.contains("model: shipped model (784-"), "{}", ended.stderr);
    assert!(ended.stdout.contains("recognises"), "{}", ended.stdout);
    assert_eq!(project.files(".").len(), 1, "{:?}", project.files(".").keys());
}

#[cfg(unix)]
#[test]
fn it_keeps_runs_with_the_user_and_goes_on_with_them() {
    let project = Project::new();
    let ended = run(&project, &format!("train {SMALL} --schedule constant --name quick-1")).succeeds();
    assert!(ended.stdout.contains("next: vae eval --run "), "{}", ended.stdout);
    assert!(project.path(place()).join("runs/quick-1/model.safetensors").exists());
    run(&project, "train --resume --epochs 3").succeeds();
    assert_eq!(project.text(format!("{}/runs/quick-1/metrics.jsonl", place())).lines().count(), 3);
    let ended = run(&project, "eval --json").succeeds();
    assert!(ended.stderr.contains("runs/quick-1/model.safetensors"), "{}", ended.stderr);
}

#[test]
fn a_directory_of_ones_own_holds_runs_and_data() {
    let project = Project::new();
    project.write_images("mine/data/kmnist", 28, 28);
    run(
        &project,
        "train --data kmnist --hidden 8 --latent 2 --epochs 1 --validation 5 --dir mine --name quick-1",
    )
    .succeeds();
    assert!(project.path("mine/runs/quick-1/model.safetensors").exists());
    let mut command = project.installed("grid --rows 1 --cols 2");
    command.env("VAE_DIR", "mine");
    let ended = project.start(command).wait().succeeds();
    assert_eq!(ended.stdout.trim_end(), "mine/runs/quick-1/pictures/samples-rows-1-cols-2.png");
}

#[test]
fn its_help_and_errors_have_its_name() {
    let project = Project::new();
    for call in ["--help", "train --help", "data fetch --help", "fit-prior -h"] {
        let text = run(&project, call).succeeds().stdout;
        assert!(text.contains("Usage: vae") && !text.contains("cargo xtask"), "{call}: {text}");
    }
    let ended = run(&project, "train --resume").exits_with(1);
    assert!(ended.stderr.contains("'vae train' starts one"), "{}", ended.stderr);
}

#[test]
fn the_checks_of_the_workspace_are_hidden_and_refused() {
    let project = Project::new();
    let help = run(&project, "--help").succeeds().stdout;
    assert!(!help.lines().any(|line| line.trim_start().starts_with("ci ")), "{help}");
    run(&project, "ci").refuses_usage_saying(&["for the workspace", "cargo xtask ci"]);
}

#[test]
fn the_model_inside_is_not_changed() {
    let project = Project::new();
    let ended = run(&project, "fit-prior --data digits");
    ended.fails_saying(&["there is no run", "cannot be changed", "'vae train'"]);
}

#[test]
fn completions_and_manual_pages_are_those_of_vae() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&project, &format!("completions {shell}")).succeeds().stdout;
        assert!(script.contains("vae") && script.contains("fit-prior"), "{shell}");
    }
    run(&project, "man pages").succeeds();
    assert!(project.text("pages/vae-train.1").contains("latent"));
}

#[test]
fn its_model_of_mnist_is_not_measured_on_other_images() {
    let project = Project::new();
    let mut command = project.installed("eval");
    offline(&mut command);
    project.start(command).wait().fails_saying(&[
        "mnist is not on this machine",
        "'vae data fetch mnist'",
        "--data digits",
    ]);
}
