//! The libraries as packages: which members a registry may get, and the metadata that it shows of them. `cargo package`
//! reports missing metadata as warnings only. That each package builds alone is a step of `cargo xtask ci`.

use tests::{
    files::root,
    manifest::{self, Manifest},
};
use toml::Value;

/// The members that may be published.
fn published() -> Vec<Manifest> {
    let publish = |member: &Manifest| member.package(&root(), "publish") != Some(Value::Boolean(false));
    manifest::members(&root()).filter(publish).collect()
}

/// The strings of a list.
fn strings(value: Option<Value>) -> Vec<String> {
    let values = value.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn only_the_four_libraries_may_be_published() {
    let names: Vec<String> = published().iter().map(Manifest::name).collect();
    assert_eq!(names, ["vae-core", "vae-data", "vae-train", "vae-viz"]);
}

#[test]
fn every_published_package_has_the_metadata_that_a_registry_shows() {
    let keys = ["description", "documentation", "edition", "license", "readme", "rust-version", "version"];
    let mut missing = Vec::new();
    for member in published() {
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                missing.push(format!("{}: {what}", member.name()));
            }
        };
        let text = |key: &str| {
            member.package(&root(), key).as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        for key in keys {
            expect(!text(key).is_empty(), key);
        }
        expect(member.directory.join(text("readme")).is_file(), "the file of `readme`");
        let keywords = strings(member.package(&root(), "keywords"));
        expect(matches!(keywords.len(), 1..=5), "keywords, five at most");
        expect(keywords.iter().all(|keyword| keyword.len() <= 20), "keywords of at most 20 characters");
        expect(
            matches!(strings(member.package(&root(), "categories")).len(), 1..=5),
            "categories, five at most",
        );
        let docs_rs = member.package(&root(), "metadata");
        expect(docs_rs.is_some_and(|metadata| metadata.get("docs").is_some()), "[package.metadata.docs.rs]");
    }
    assert!(missing.is_empty(), "missing metadata:\n{}", missing.join("\n"));
}
