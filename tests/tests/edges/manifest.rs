//! What a member's `Cargo.toml` says, read as text: `cargo metadata` would leave out what the current platform and
//! features do not need.

use std::{collections::BTreeSet, fs, path::Path};

use toml::{Table, Value};

/// One `Cargo.toml`.
pub(crate) struct Manifest(Table);

/// Every member of the workspace.
pub(crate) fn members(root: &Path) -> impl Iterator<Item = Manifest> {
    let crates = fs::read_dir(root.join("crates")).expect("the directory of the crates");
    let crates = crates.map(|entry| entry.expect("an entry of the directory").path());
    let directories = crates.chain([root.join("xtask"), root.join("tests")]);
    directories.map(|directory| directory.join("Cargo.toml")).filter(|path| path.exists()).map(|path| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Manifest::parse(&text)
    })
}

/// The member of that name.
pub(crate) fn member(root: &Path, package: &str) -> Manifest {
    members(root).find(|member| member.name() == package).unwrap_or_else(|| panic!("no member {package}"))
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Self {
        Self(text.parse().expect("a manifest is TOML"))
    }

    pub(crate) fn name(&self) -> String {
        self.0["package"]["name"].as_str().expect("a package has a name").to_owned()
    }

    /// The packages it depends on: to build, to test, in a build script, on any platform, with any feature.
    pub(crate) fn dependencies(&self) -> BTreeSet<String> {
        let platforms = self.0.get("target").and_then(Value::as_table);
        let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        [&self.0].into_iter().chain(platforms).flat_map(of_one_platform).collect()
    }
}

fn of_one_platform(table: &Table) -> Vec<String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|kind| table.get(kind)?.as_table())
        .flatten()
        .map(|(key, value)| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned())
        .collect()
}
