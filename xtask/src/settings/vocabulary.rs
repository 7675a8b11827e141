//! One name for each setting: the flag and the key of a `config.toml` that mean the same, for the flags, for the
//! settings of a sweep and for errors.

use toml::{Table, Value};
use vae_core::VaeError;
use vae_train::{TrainConfig, TrainError};

use crate::{suggest, term};

/// Each flag without its dashes, and its key. A flag with two keys has a second line.
pub(crate) const NAMES: [(&str, &str); 38] = [
    ("data", "data.source"),
    ("digits", "data.digits"),
    ("validation", "data.validation"),
    ("binarize", "data.binarization"),
    ("rotate", "augmentation.rotation_degrees"),
    ("zoom", "augmentation.scale"),
    ("shift", "augmentation.shift_pixels"),
    ("shear", "augmentation.shear_degrees"),
    ("elastic", "augmentation.elastic_alpha"),
    ("elastic", "augmentation.elastic_sigma"),
    ("flip-horizontal", "augmentation.flip_horizontal"),
    ("flip-vertical", "augmentation.flip_vertical"),
    ("hidden", "model.hidden"),
    ("latent", "model.latent"),
    ("activation", "model.activation"),
    ("likelihood", "model.likelihood"),
    ("prior", "model.prior"),
    ("start-at-mean", "model.start_at_mean"),
    ("optimizer", "optimizer.name"),
    ("lr", "optimizer.learning_rate"),
    ("schedule", "optimizer.schedule"),
    ("warmup", "optimizer.warmup_epochs"),
    ("gamma", "optimizer.gamma"),
    ("gamma-epochs", "optimizer.gamma_epochs"),
    ("clip-norm", "optimizer.clip_norm"),
    ("normalise", "optimizer.normalise"),
    ("weight-decay", "optimizer.weight_decay"),
    ("momentum", "optimizer.momentum"),
    ("epochs", "training.epochs"),
    ("batch", "training.batch"),
    ("beta", "training.beta"),
    ("beta-warmup", "training.beta_warmup_epochs"),
    ("free-bits", "training.free_bits"),
    ("average", "training.average"),
    ("fit-prior", "training.fit_prior"),
    ("patience", "training.patience"),
    ("seed", "training.seed"),
    ("keep", "training.keep"),
];

/// The key of a flag.
pub(crate) fn key(flag: &str) -> Option<&'static str> {
    NAMES.into_iter().find_map(|(name, key)| (name == flag).then_some(key))
}

/// The flag of a key.
pub(crate) fn flag(key: &str) -> Option<&'static str> {
    NAMES.into_iter().find_map(|(flag, name)| (name == key).then_some(flag))
}

/// `--lr (optimizer.learning_rate)`, or the key alone if it has no flag.
pub(crate) fn both(key: &str) -> String {
    flag(key).map_or_else(|| key.to_owned(), |flag| format!("--{flag} ({key})"))
}

/// The section and the key that a name stands for: a flag, or SECTION.KEY.
///
/// # Errors
/// A sentence with the names that exist.
pub(crate) fn resolve(name: &str) -> Result<(&'static str, String, String), String> {
    let keys = keys();
    let key = key(&name.replace('_', "-")).map_or_else(|| name.to_owned(), str::to_owned);
    if let Some((section, key)) = keys.iter().find(|(section, own)| format!("{section}.{own}") == key) {
        return Ok((section, key.clone(), name.to_owned()));
    }
    let flags: Vec<&str> = NAMES.into_iter().map(|(flag, _)| flag).collect();
    let full: Vec<String> = keys.iter().map(|(section, key)| format!("{section}.{key}")).collect();
    let exact = keys.iter().position(|(_, key)| key == name).map(|i| full[i].as_str());
    let near = exact
        .or_else(|| suggest::nearest(name, flags.iter().copied().chain(full.iter().map(String::as_str))));
    let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
    let mut names = if name.contains('.') { full } else { flags.into_iter().map(str::to_owned).collect() };
    names.dedup();
    let others = if name.contains('.') { "" } else { ", or SECTION.KEY as in a config.toml" };
    Err(format!("unknown setting {name:?}{hint} (the settings are {}{others})", names.join(", ")))
}

/// The keys of a `config.toml`, each with its section.
fn keys() -> Vec<(&'static str, String)> {
    const SECTIONS: [&str; 5] = ["data", "augmentation", "model", "optimizer", "training"];
    let mut config = TrainConfig::default();
    // A key without a default is written only with a value.
    config.data.validation = Some(0);
    let config = table(&config);
    let of = |section: &'static str| {
        let keys = config.get(section).and_then(Value::as_table).into_iter().flat_map(Table::keys);
        keys.map(|key| (section, key.clone())).collect::<Vec<_>>()
    };
    SECTIONS.into_iter().flat_map(of).collect()
}

/// A configuration as the table of a `config.toml`.
pub(crate) fn table(config: &TrainConfig) -> Table {
    config.to_toml().parse().expect("the text of a configuration is TOML")
}

/// The value of a key.
pub(crate) fn value<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, key) = key.split_once('.')?;
    table.get(section)?.get(key)
}

/// An error in one line that names settings by their keys, and by their flags too where `has_flag` holds of a key.
pub(crate) fn in_words(error: &anyhow::Error, has_flag: impl Fn(&str) -> bool) -> String {
    let mut text = term::one_line(error);
    if let Some((short, key)) = error.chain().find_map(|cause| short_name(cause.downcast_ref()?)) {
        text = text.replacen(&format!("{short} must be"), &format!("{key} must be"), 1);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut words = String::new();
    for piece in text.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c)).trim_end_matches('.');
        let named = flag(word).is_some() && has_flag(word);
        words += &if named { both(word) } else { word.to_owned() };
        words += &piece[word.len()..];
    }
    words
}

/// The name that the text of an error begins with, where that is not a whole key, and its key.
fn short_name(error: &TrainError) -> Option<(&'static str, String)> {
    match error {
        TrainError::Model(VaeError::Hyperparameter { field: "sigma", .. }) => {
            Some(("sigma", "the sigma of model.likelihood".to_owned()))
        }
        TrainError::Model(VaeError::Hyperparameter { field, .. }) => {
            Some((field, format!("optimizer.{field}")))
        }
        TrainError::Model(VaeError::Size { field, .. }) => Some((field, format!("model.{field}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Args, Command, FromArgMatches};

    use super::*;
    use crate::settings::Settings;

    /// Keys without a flag.
    const FILE_ONLY: [&str; 4] =
        ["optimizer.beta1", "optimizer.beta2", "optimizer.epsilon", "optimizer.smoothing"];

    /// Another value than the default for each flag that takes one.
    const VALUES: [(&str, &str); 35] = [
        ("data", "digits"),
        ("digits", "300"),
        ("validation", "20"),
        ("binarize", "dynamic"),
        ("rotate", "10"),
        ("zoom", "0.1"),
        ("shift", "2"),
        ("shear", "5"),
        ("elastic", "20"),
        ("flip-horizontal", "0.5"),
        ("flip-vertical", "0.5"),
        ("hidden", "8,4"),
        ("latent", "3"),
        ("activation", "tanh"),
        ("likelihood", "gaussian"),
        ("prior", "mixture"),
        ("optimizer", "sgd"),
        ("lr", "0.5"),
        ("schedule", "cosine"),
        ("warmup", "1"),
        ("gamma", "0.5"),
        ("gamma-epochs", "3"),
        ("clip-norm", "7"),
        ("weight-decay", "0.5"),
        ("momentum", "0.5"),
        ("epochs", "3"),
        ("batch", "7"),
        ("beta", "2"),
        ("beta-warmup", "1"),
        ("free-bits", "0.5"),
        ("average", "0.5"),
        ("fit-prior", "standard"),
        ("patience", "3"),
        ("seed", "7"),
        ("keep", "last"),
    ];

    fn command() -> Command {
        Settings::augment_args(Command::new("train"))
    }

    #[test]
    fn every_flag_and_every_key_has_a_line() {
        let listed: BTreeSet<&str> = NAMES.into_iter().map(|(flag, _)| flag).collect();
        for argument in command().get_arguments() {
            let flag = argument.get_long().expect("a flag");
            assert!(
                listed.contains(flag) || ["preset", "config", "resize"].contains(&flag),
                "--{flag} has no line in NAMES"
            );
        }
        for (section, name) in keys() {
            let key = format!("{section}.{name}");
            assert!(flag(&key).is_some() != FILE_ONLY.contains(&key.as_str()), "{key}");
        }
    }

    #[test]
    fn a_flag_sets_its_key_and_no_other() {
        let defaults = TrainConfig::default();
        for (flag, own) in NAMES.into_iter().filter(|(_, key)| *key != "augmentation.elastic_sigma") {
            let mut call = vec!["train".to_owned(), format!("--{flag}")];
            call.extend(
                VALUES.into_iter().find(|(name, _)| *name == flag).map(|(_, value)| value.to_owned()),
            );
            let matches =
                command().try_get_matches_from(call).unwrap_or_else(|error| panic!("{flag}: {error}"));
            let config = Settings::from_arg_matches(&matches).unwrap().apply_to(defaults.clone()).unwrap();
            let (before, after) = (table(&defaults), table(&config));
            let changed: Vec<String> = keys()
                .into_iter()
                .map(|(section, key)| format!("{section}.{key}"))
                .filter(|key| value(&before, key) != value(&after, key))
                .collect();
            assert_eq!(changed, [own], "--{flag}");
        }
    }

    #[test]
    fn a_name_is_a_flag_or_a_key() {
        for name in ["lr", "optimizer.learning_rate"] {
            let (section, key, _) = resolve(name).unwrap();
            assert_eq!((section, key.as_str()), ("optimizer", "learning_rate"));
        }
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion_and_a_list() {
        for (name, suggestion, listed) in [
            ("latnt", "'latent'", "hidden, latent, activation"),
            ("model.latnt", "'model.latent'", "model.hidden"),
            ("learning_rate", "'optimizer.learning_rate'", "lr, schedule"),
        ] {
            let error = resolve(name).unwrap_err();
            assert!(
                error.contains(&format!("did you mean {suggestion}?")) && error.contains(listed),
                "{error}"
            );
        }
    }

    #[test]
    fn an_error_names_the_flag_where_the_value_came_from_one() {
        let mut config = TrainConfig::default();
        config.optimizer.learning_rate = -1.0;
        let error = anyhow::Error::from(config.validate().unwrap_err());
        let (flags, keys) = (in_words(&error, |_| true), in_words(&error, |_| false));
        assert!(flags.starts_with("--lr (optimizer.learning_rate) must be above 0"), "{flags}");
        assert!(keys.starts_with("optimizer.learning_rate must be above 0"), "{keys}");
        config = TrainConfig::default();
        config.optimizer.warmup_epochs = 99.0;
        let text = in_words(&config.validate().unwrap_err().into(), |_| true);
        assert!(text.contains("below --epochs (training.epochs), found 99"), "{text}");
    }
}
