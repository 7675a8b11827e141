//! What the README shows as code agrees with the workspace. Its Rust is compiled and run as doctests of this package;
//! its Python is run by `pytorch_both_ways.py`, as far as PyTorch is there.

use std::collections::BTreeSet;

use tests::{
    fences::blocks,
    files::{read, root},
    manifest::{self, Manifest},
};
use toml::{Table, Value};
use vae_core::{Activation, Vae};
use vae_train::Preset;

fn readme() -> String {
    read(&root().join("README.md"))
}

/// The dependencies of the manifest that the README shows.
fn dependencies() -> Table {
    let blocks = blocks(&readme(), "toml");
    let tables: Vec<Table> = blocks.iter().map(|block| block.parse().expect("TOML in the README")).collect();
    let found = tables.iter().find_map(|table| table.get("dependencies").and_then(Value::as_table));
    found.expect("a block with [dependencies] in the README").clone()
}

#[test]
fn the_manifest_in_the_readme_names_crates_and_versions_of_the_workspace() {
    let members: Vec<Manifest> = manifest::members(&root()).collect();
    let workspace: Table = read(&root().join("Cargo.toml")).parse().expect("TOML");
    let shared = workspace["workspace"]["dependencies"].as_table().expect("dependencies");
    let dependencies = dependencies();
    assert!(!dependencies.is_empty());
    for (name, value) in dependencies {
        let version = value.get("version").unwrap_or(&value).as_str();
        let expected = shared.get(&name).unwrap_or_else(|| panic!("the workspace does not know {name}"));
        assert_eq!(version, expected.get("version").unwrap_or(expected).as_str(), "the version of {name}");
        if let Some(member) = members.iter().find(|member| member.name() == name) {
            assert_eq!(member.package(&root(), "version").as_ref().and_then(Value::as_str), version);
            let path =
                value.get("path").and_then(Value::as_str).expect("the path of a crate without a registry");
            let within = member.directory.strip_prefix(root()).expect("a member");
            assert!(
                path.replace('\\', "/").ends_with(&within.to_string_lossy().replace('\\', "/")),
                "{path}"
            );
        }
    }
}

#[test]
fn the_manifest_in_the_readme_has_every_crate_that_its_rust_uses() {
    let rust = blocks(&readme(), "rust");
    assert!(rust.iter().any(|block| block.contains("fn main()")), "a whole program in the README");
    assert!(
        rust.iter().all(|block| !block.lines().any(|line| line.starts_with("# "))),
        "hidden lines are shown"
    );
    let used: BTreeSet<String> = rust
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("use "))
        .map(|path| path.split(':').next().unwrap_or_default().replace('_', "-"))
        .filter(|name| name != "std")
        .collect();
    let given: BTreeSet<String> = dependencies().keys().cloned().collect();
    assert_eq!(used, given);
}

#[test]
fn the_module_in_the_readme_has_the_layers_of_the_preset() {
    let config = Preset::Example.config();
    assert_eq!(config.model.activation, Activation::Relu);
    let ([hidden], latent) =
        (config.model.hidden[..].try_into().expect("a hidden layer"), config.model.latent);
    let vae = Vae::new(config.vae(784), 0).expect("a model");
    let names: BTreeSet<&str> =
        vae.parameters().iter().filter_map(|(name, ..)| name.strip_suffix(".weight")).collect();
    assert_eq!(names, ["encoder.fc1", "encoder.fc2", "decoder.fc1", "decoder.fc2"].into());
    let blocks = blocks(&readme(), "python");
    let block =
        blocks.iter().find(|block| block.contains("load_state_dict")).expect("a module in the README");
    let hidden: usize = hidden;
    for part in [
        format!("\"encoder\": stack(784, {hidden}, 2 * {latent})"),
        format!("\"decoder\": stack({latent}, {hidden}, 784)"),
        format!("runs/{}-1/model.safetensors", Preset::Example.name()),
        "{\"fc1\": nn.Linear(inputs, hidden), \"relu\": nn.ReLU(), \"fc2\": nn.Linear(hidden, outputs)}"
            .to_owned(),
    ] {
        assert!(block.contains(&part), "expected {part} in:\n{block}");
    }
}
