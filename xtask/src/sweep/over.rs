//! `--over latent=8,16`: a setting and its values, and the grid that several of them make.

use anyhow::ensure;
use toml::{Table, Value};
use vae_train::TrainConfig;

use super::variant::{MAX_VARIANTS, Variant};
use crate::{data_source, settings::vocabulary};

/// A setting and its values, each with its text on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Over {
    /// As the user named the setting: a flag, or the last part of SECTION.KEY.
    name: String,
    section: String,
    key: String,
    values: Vec<(String, Value)>,
}

impl Over {
    /// Parses `name=value,...`, where the name is a flag without its dashes, or SECTION.KEY. Values are in TOML; quotes
    /// around strings may be omitted.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, values) = text
            .split_once('=')
            .ok_or("expected SETTING=VALUE,..., such as latent=8,16 or model.latent=8,16")?;
        let (section, key, name) = vocabulary::resolve(name.trim())?;
        let name = name.rsplit('.').next().unwrap_or_default().to_owned();
        let value = |text: &str| match (value(text), key.as_str()) {
            // A single layer may go without the brackets of a list.
            (width @ Value::Integer(_), "hidden") => Value::Array(vec![width]),
            (value, _) => value,
        };
        let values = split(values).into_iter().map(|text| (text.to_owned(), value(text))).collect();
        let section = section.to_owned();
        let over = Self { name, section, key, values };
        for (text, value) in &over.values {
            if text.is_empty() {
                return Err("expected a value before and after each comma".to_owned());
            }
            let settings = TrainConfig::default().overlay_table(over.table(value));
            let settings = settings.map_err(|error| format!("{text}: {:#}", anyhow::Error::from(error)))?;
            if over.key() == "data.source" {
                data_source::flag(&settings.data.source).map_err(|error| format!("{text}: {error}"))?;
            }
        }
        Ok(over)
    }

    /// The key with its section.
    pub(crate) fn key(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// This setting with one value, as a table of settings.
    fn table(&self, value: &Value) -> Table {
        let inner = Table::from_iter([(self.key.clone(), value.clone())]);
        Table::from_iter([(self.section.clone(), Value::Table(inner))])
    }
}

/// Splits at commas outside of brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted) = (0_i32, false);
    let pieces = text.split(move |c| {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    });
    pieces.map(str::trim).collect()
}

/// Parses a TOML value; a text that is not one is a string.
fn value(text: &str) -> Value {
    let table: Option<Table> = format!("value = {text}").parse().ok();
    let value = table.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A variant for every combination of values; the last setting changes fastest. The name of a variant lists its
/// settings, with their sections only if two settings have the same key.
pub(crate) fn grid(overs: &[Over]) -> anyhow::Result<Vec<Variant>> {
    let count = overs.iter().try_fold(1_usize, |count, over| count.checked_mul(over.values.len()));
    ensure!(
        count.is_some_and(|count| count <= MAX_VARIANTS),
        "expected at most {MAX_VARIANTS} combinations of the values of --over"
    );
    let mut variants = vec![Variant { name: String::new(), changes: Table::new() }];
    for over in overs {
        let same_name = |other: &&Over| other.name == over.name;
        let label = if overs.iter().filter(same_name).count() == 1 { over.name.clone() } else { over.key() };
        let twice = overs.iter().filter(|other| other.key() == over.key()).count() > 1;
        ensure!(!twice, "{} is in two --over; list all its values in one", over.key());
        let extend = |variant: &Variant, (text, value): &(String, Value)| {
            let comma = if variant.name.is_empty() { "" } else { "," };
            let mut changes = variant.changes.clone();
            let section = changes.entry(over.section.as_str()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(over.key.clone(), value.clone());
            }
            Variant { name: format!("{}{comma}{label}={text}", variant.name), changes }
        };
        variants =
            variants.iter().flat_map(|v| over.values.iter().map(move |value| extend(v, value))).collect();
    }
    Ok(variants)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(overs: &[&str]) -> Vec<String> {
        let overs: Vec<Over> = overs.iter().map(|text| Over::parse(text).unwrap()).collect();
        grid(&overs).unwrap().into_iter().map(|variant| variant.name).collect()
    }

    #[test]
    fn a_grid_has_every_combination_the_last_changing_fastest() {
        let names = names(&["model.latent=8,16", "optimizer.learning_rate=0.001,3e-3"]);
        let expected = [
            "latent=8,learning_rate=0.001",
            "latent=8,learning_rate=3e-3",
            "latent=16,learning_rate=0.001",
            "latent=16,learning_rate=3e-3",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_key_of_two_sections_is_named_with_its_section() {
        // No two sections share a key, so this test bypasses the parser and makes the settings up.
        let over = |section: &str| Over {
            name: "name".to_owned(),
            section: section.to_owned(),
            key: "name".to_owned(),
            values: vec![("x".to_owned(), Value::from("x"))],
        };
        assert_eq!(
            grid(&[over("model"), over("optimizer")]).unwrap()[0].name,
            "model.name=x,optimizer.name=x"
        );
    }

    #[test]
    fn lists_and_strings_are_values_too() {
        let over = Over::parse("model.hidden=[512, 256],[128]").unwrap();
        assert_eq!(over.values.len(), 2);
        assert_eq!(over.values[0].1, Value::from(vec![512, 256]));
        let over = Over::parse("model.activation=relu,\"tanh\"").unwrap();
        assert_eq!([&over.values[0].1, &over.values[1].1], [&Value::from("relu"), &Value::from("tanh")]);
    }

    #[test]
    fn an_unknown_setting_or_a_value_of_another_type_is_refused() {
        for (text, part) in [
            ("model.latnt=8", "did you mean 'model.latent'?"),
            ("modl.latent=8", "did you mean 'model.latent'?"),
            ("latnt=8", "did you mean 'latent'?"),
            ("data=mnst", "did you mean 'mnist'?"),
            ("lr=fast", "fast"),
            ("model.latent=many", "many"),
            ("model.latent=8,-1", "-1"),
            ("model.latent=", "comma"),
            ("model.latent=8,,16", "comma"),
            ("model.latent", "SETTING=VALUE"),
        ] {
            let error = Over::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_setting_twice_is_refused() {
        for again in ["model.latent=9", "latent=9"] {
            let overs = ["model.latent=8", again].map(|text| Over::parse(text).unwrap());
            assert!(grid(&overs).is_err(), "{again}");
        }
    }

    #[test]
    fn a_setting_may_have_the_name_of_its_flag() {
        let names = names(&["latent=8,16", "lr=0.001", "hidden=64,[32,16]"]);
        let expected = [
            "latent=8,lr=0.001,hidden=64",
            "latent=8,lr=0.001,hidden=[32,16]",
            "latent=16,lr=0.001,hidden=64",
            "latent=16,lr=0.001,hidden=[32,16]",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            Over::parse("lr=0.5").unwrap().table(&Value::from(0.5)).to_string(),
            "[optimizer]\nlearning_rate = 0.5\n"
        );
    }

    #[test]
    fn a_grid_with_too_many_variants_is_refused() {
        let values = ["1"; 100].join(",");
        let overs = ["model.latent", "training.batch", "training.epochs"]
            .map(|key| Over::parse(&format!("{key}={values}")).unwrap());
        assert!(grid(&overs).is_err());
    }
}
