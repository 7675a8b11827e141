//! Variants: their changes, their names, and the check that all of them can be trained.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde::Deserialize;
use toml::{Table, Value};
use vae_train::TrainConfig;

/// The most variants of a sweep.
pub(crate) const MAX_VARIANTS: usize = 10_000;

/// The longest name, in characters: each names a directory.
const MAX_NAME: usize = 80;

/// A name, and the settings that override those that all variants share.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Variant {
    pub(crate) name: String,
    /// Sections, as in a `config.toml`.
    #[serde(flatten)]
    pub(crate) changes: Table,
}

/// A variant with all its settings.
pub(crate) struct Resolved {
    pub(crate) variant: Variant,
    /// Complete except for the seed, in which the runs of a variant differ.
    pub(crate) config: TrainConfig,
}

impl Variant {
    /// The name with only those characters that a directory can have on any system.
    pub(crate) fn directory(&self) -> String {
        let plain = |(i, c): (usize, char)| {
            let fits = c.is_alphanumeric() || "-+,=[]".contains(c) || (i > 0 && c == '.');
            if fits { c } else { '_' }
        };
        self.name.chars().enumerate().map(plain).collect()
    }

    /// The changes as text: `model.latent = 8, training.beta = 2`.
    pub(crate) fn changes_text(&self) -> String {
        let entries = |(section, values): (&String, &Value)| -> Vec<String> {
            match values {
                Value::Table(values) => {
                    values.iter().map(|(key, value)| format!("{section}.{key} = {value}")).collect()
                }
                value => vec![format!("{section} = {value}")],
            }
        };
        self.changes.iter().flat_map(entries).collect::<Vec<_>>().join(", ")
    }
}

/// The settings of all variants, checked as far as possible without the data.
pub(crate) fn resolve(base: &TrainConfig, variants: Vec<Variant>) -> anyhow::Result<Vec<Resolved>> {
    let mut directories = BTreeSet::new();
    let mut resolve = |variant: Variant| {
        let name = &variant.name;
        ensure!(
            !name.trim().is_empty() && name.chars().count() <= MAX_NAME,
            "the name of a variant must have 1 to {MAX_NAME} characters, found {name:?}"
        );
        // Some file systems do not distinguish capital letters.
        ensure!(
            directories.insert(variant.directory().to_lowercase()),
            "two variants have the directory of {name:?}: names must differ in more than case and punctuation"
        );
        let named = || format!("variant {name:?}");
        let seeded = variant.changes.get("training").and_then(|training| training.get("seed")).is_some();
        ensure!(!seeded, "variant {name:?} sets training.seed, but each variant is trained with all seeds");
        let config = base.overlay_table(variant.changes.clone()).with_context(named)?;
        config.validate().with_context(named)?;
        Ok(Resolved { config, variant })
    };
    variants.into_iter().map(&mut resolve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, changes: &str) -> Variant {
        Variant { name: name.to_owned(), changes: changes.parse().unwrap() }
    }

    fn error(variants: &[Variant]) -> String {
        match resolve(&TrainConfig::default(), variants.to_vec()) {
            Ok(_) => panic!("expected an error"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_variant_changes_only_what_it_names() {
        let resolved = resolve(&TrainConfig::default(), vec![variant("a", "model.latent = 3")]).unwrap();
        let mut expected = TrainConfig::default();
        expected.model.latent = 3;
        assert_eq!(resolved[0].config, expected);
    }

    #[test]
    fn the_text_of_changes_has_sections() {
        let variant = variant("a", "model.latent = 3\nmodel.activation = \"tanh\"\ntraining.beta = 2.5\n");
        assert_eq!(
            variant.changes_text(),
            r#"model.activation = "tanh", model.latent = 3, training.beta = 2.5"#
        );
    }

    #[test]
    fn a_name_that_is_a_path_stays_below_the_sweep() {
        assert_eq!(variant("../a/b c|d", "").directory(), "_._a_b_c_d");
        assert_eq!(variant("..", "").directory(), "_.");
        assert_eq!(variant("β=4", "").directory(), "β=4");
    }

    #[test]
    fn names_with_the_same_directory_are_refused() {
        for (a, b) in [("a", "a"), ("a", "A"), ("a b", "a_b")] {
            assert!(error(&[variant(a, ""), variant(b, "")]).contains(&format!("{b:?}")));
        }
    }

    #[test]
    fn an_empty_or_too_long_name_is_refused() {
        for name in ["", " ", &"x".repeat(81)] {
            assert!(error(&[variant(name, "")]).contains("1 to 80 characters"));
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_variant() {
        for (changes, part) in [
            ("model.latnt = 3", "unknown field `latnt`"),
            ("model.latent = \"many\"", "invalid type"),
            ("model.latent = 0", "latent"),
            ("training = 3", "training"),
            ("training.seed = 3", "training.seed"),
        ] {
            let error = error(&[variant("first", ""), variant("second", changes)]);
            assert!(error.contains("variant \"second\"") && error.contains(part), "{error}");
        }
    }
}
