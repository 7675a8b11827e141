//! The headings under which a help text lists the flags.

use clap::Arg;

use crate::settings::vocabulary;

/// The heading of the flags that all commands have.
pub(super) const GENERAL: &str = "General";

/// Puts a flag below its heading. Flags of the settings follow the sections of a `config.toml`.
pub(super) fn sort(arg: Arg, command: &str) -> Arg {
    if arg.is_positional() || arg.get_help_heading().is_some() {
        return arg;
    }
    match heading(arg.get_long().unwrap_or_default(), command) {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    }
}

fn heading(flag: &str, command: &str) -> Option<&'static str> {
    let is_training = command == "train" || command == "sweep";
    if ["threads", "quiet", "verbose", "color", "help", "version"].contains(&flag) {
        return Some(GENERAL);
    }
    if let Some((section, _)) =
        vocabulary::key(flag).filter(|_| is_training).and_then(|key| key.split_once('.'))
    {
        return Some(match section {
            "data" => "Data",
            "augmentation" => "Augmentation",
            "model" => "Model",
            "optimizer" => "Optimizer",
            _ => "Training",
        });
    }
    match (command, flag) {
        ("train" | "sweep", "resize") => Some("Data"),
        ("train", _) => Some("Run"),
        ("sweep", "out" | "json") => Some("Output"),
        ("sweep", _) => Some("Sweep"),
        ("generate", "like" | "digit" | "class" | "image" | "latent") => Some("What to draw, one of these"),
        ("bench", "hidden" | "latent" | "batch") => Some("Model"),
        ("bench", "against" | "rounds" | "epochs" | "data") => Some("Comparison"),
        ("import", "activation" | "likelihood" | "input-range" | "image" | "data" | "binarize") => {
            Some("What the file does not tell")
        }
        (_, "run" | "model" | "activation" | "likelihood" | "input-range") => Some("Model"),
        (_, "prior" | "temperature") if command != "fit-prior" => Some("Prior"),
        (_, "data" | "split") => Some("Data"),
        (_, "out" | "json" | "receipt" | "reconstructions") => Some("Output"),
        _ => None,
    }
}
