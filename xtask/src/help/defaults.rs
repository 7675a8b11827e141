//! The default of each flag in its help text.

use clap::Arg;
use toml::{Table, Value};
use vae_train::Preset;

use crate::settings::vocabulary;

/// What the help says of a flag that may be left out and has no default.
pub(super) const OPTIONAL: &str = "[optional]";

/// Appends the default to the help of a flag with a value: that of the presets for a setting of a training.
pub(super) fn show(arg: Arg, command: &str) -> Arg {
    let help = arg.get_help().map(|help| help.ansi().to_string()).unwrap_or_default();
    let is_shown = arg.is_required_set() || !arg.get_default_values().is_empty() || help.contains("[default");
    if is_shown || !arg.get_action().takes_values() || arg.is_hide_set() {
        return arg;
    }
    let is_training = command == "train" || command == "sweep";
    let key = arg.get_long().and_then(vocabulary::key).filter(|_| is_training);
    let default = key.map_or_else(|| OPTIONAL.to_owned(), of_presets);
    arg.help(format!("{help} {default}"))
}

/// `[default: 16 with quick]`, or without the name of the preset if all presets agree.
fn of_presets(key: &str) -> String {
    let texts = Preset::ALL.map(|preset| text(&vocabulary::table(&preset.config()), key));
    let quick = text(&vocabulary::table(&Preset::default().config()), key);
    let differ = texts.iter().any(|text| *text != quick);
    let whose = if differ { format!(" with {}", Preset::default().name()) } else { String::new() };
    format!("[default: {quick}{whose}]")
}

/// A setting as a user would type it.
fn text(settings: &Table, key: &str) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match vocabulary::value(settings, key) {
        Some(Value::Array(values)) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        Some(Value::Float(number)) => number.to_string(),
        Some(value) => plain(value),
        None => "none".to_owned(),
    }
}
