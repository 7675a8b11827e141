//! A plan: a file of named variants.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use serde::Deserialize;
use toml::Table;
use vae_train::{Preset, toml_error_in_a_line};

use super::variant::{MAX_VARIANTS, Variant};
use crate::settings::read_text;

/// An example for the help text.
pub(crate) const EXAMPLE: &str = r#"seeds = [0, 1, 2]
preset = "reference"

[base]
training.epochs = 10

[[variant]]
name = "reference"

[[variant]]
name = "tanh"
model.activation = "tanh"
"#;

/// The contents of a plan file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// The seeds to train each variant with. Default: the seed of the settings.
    pub(crate) seeds: Option<Vec<u64>>,
    /// The preset that the settings start from. Default: the default of `--preset`.
    preset: Option<String>,
    /// Settings that all variants share.
    #[serde(default)]
    pub(crate) base: Table,
    /// The variants, in the order of the table of results.
    #[serde(default, rename = "variant")]
    pub(crate) variants: Vec<Variant>,
}

impl Plan {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Self::parse(&read_text(path)?).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let plan: Self =
            toml::from_str(text).map_err(|error| anyhow!("{}", toml_error_in_a_line(&error, text)))?;
        ensure!(!plan.variants.is_empty(), "expected at least one [[variant]], found none");
        ensure!(
            plan.variants.len() <= MAX_VARIANTS,
            "expected at most {MAX_VARIANTS} variants, found {}",
            plan.variants.len()
        );
        plan.preset()?;
        Ok(plan)
    }

    pub(crate) fn preset(&self) -> anyhow::Result<Option<Preset>> {
        let find = |name: &String| {
            let known = Preset::ALL.map(Preset::name).join(", ");
            Preset::from_name(name).with_context(|| format!("preset must be one of {known}, found {name:?}"))
        };
        self.preset.as_ref().map(find).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_its_variants_in_order_with_their_changes() {
        let plan = Plan::parse(EXAMPLE).unwrap();
        assert_eq!(plan.seeds, Some(vec![0, 1, 2]));
        assert_eq!(plan.preset().unwrap(), Some(Preset::Reference));
        assert_eq!(plan.base.to_string(), "[training]\nepochs = 10\n");
        assert_eq!(plan.variants.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["reference", "tanh"]);
        assert!(plan.variants[0].changes.is_empty());
        assert_eq!(plan.variants[1].changes["model"]["activation"].as_str(), Some("tanh"));
    }

    #[test]
    fn an_invalid_plan_is_refused() {
        for (text, part) in [
            ("", "[[variant]]"),
            ("seeds = [0]\n", "[[variant]]"),
            ("[[variant]]\nmodel.latent = 3\n", "name"),
            ("[[variants]]\nname = \"a\"\n", "unknown field `variants`"),
            ("seeds = [-1]\n[[variant]]\nname = \"a\"\n", "line 1, column 10"),
            ("preset = \"slow\"\n[[variant]]\nname = \"a\"\n", "quick, example, reference"),
            ("<html>", "line 1"),
        ] {
            let error = format!("{:#}", Plan::parse(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
