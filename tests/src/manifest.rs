//! A member's `Cargo.toml`, read as text: `cargo metadata` would leave out what the current platform and features do
//! not need.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use crate::files::read;

/// One `Cargo.toml`.
pub struct Manifest {
    /// The directory in which it lies.
    pub directory: PathBuf,
    table: Table,
}

/// Every member of the workspace at `root`.
pub fn members(root: &Path) -> impl Iterator<Item = Manifest> {
    let crates = fs::read_dir(root.join("crates")).expect("the directory of the crates");
    let mut directories: Vec<PathBuf> =
        crates.map(|entry| entry.expect("an entry of the directory").path()).collect();
    directories.extend([root.join("tests"), root.join("xtask")]);
    directories.sort();
    directories.into_iter().filter(|directory| directory.join("Cargo.toml").exists()).map(|directory| {
        let text = read(&directory.join("Cargo.toml"));
        Manifest::parse(directory, &text)
    })
}

/// The member of that name.
pub fn member(root: &Path, package: &str) -> Manifest {
    members(root).find(|member| member.name() == package).unwrap_or_else(|| panic!("no member {package}"))
}

impl Manifest {
    /// The manifest with this content.
    pub fn parse(directory: impl Into<PathBuf>, text: &str) -> Self {
        Self { directory: directory.into(), table: text.parse().expect("a manifest is TOML") }
    }

    /// The name of the package.
    pub fn name(&self) -> String {
        self.table["package"]["name"].as_str().expect("a package has a name").to_owned()
    }

    /// A value of the section `[package]`; where it is that of the workspace, from `[workspace.package]` in `root`.
    pub fn package(&self, root: &Path, key: &str) -> Option<Value> {
        let value = self.table["package"].get(key)?;
        if value.get("workspace").is_none() {
            return Some(value.clone());
        }
        let workspace = Self::parse(root, &read(&root.join("Cargo.toml")));
        workspace.table["workspace"]["package"].get(key).cloned()
    }

    /// The packages it depends on: to build, to test, in a build script, on any platform, with any feature.
    pub fn dependencies(&self) -> BTreeSet<String> {
        let platforms = self.table.get("target").and_then(Value::as_table);
        let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        [&self.table].into_iter().chain(platforms).flat_map(of_one_platform).collect()
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
