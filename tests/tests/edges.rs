//! The edges of the house: which crate may know which, and what a crate does without. Nothing else keeps them, as
//! the compiler is content with any dependency that has no cycle.
//!
//! Read from manifests and sources as they lie there, so that a forbidden edge fails here before anybody uses it.

#[path = "edges/manifest.rs"]
mod manifest;
#[path = "edges/source.rs"]
mod source;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use manifest::Manifest;
use source::Source;

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member lies in the workspace").to_owned()
}

/// The members that `package` depends on in any way.
fn edges(package: &str) -> Vec<String> {
    let members: BTreeSet<String> = manifest::members(&root()).map(|member| member.name()).collect();
    assert!(members.contains(package), "{package} is no member: {members:?}");
    manifest::member(&root(), package)
        .dependencies()
        .into_iter()
        .filter(|name| members.contains(name))
        .collect()
}

/// Those of a crate's sources that say one of `words`, each with the first such word.
fn offenders(directory: &str, words: &[&str]) -> Vec<String> {
    let sources = source::below(&root().join(directory));
    assert!(!sources.is_empty(), "no sources in {directory}");
    let found = |source: &Source| words.iter().copied().find(|word| source.says(word)).map(str::to_owned);
    sources.iter().filter_map(|s| Some(format!("{}: {}", s.path.display(), found(s)?))).collect()
}

const LIBRARIES: [&str; 4] = ["vae-core", "vae-data", "vae-train", "vae-viz"];
const NONE: [String; 0] = [];

#[test]
fn vae_core_knows_no_other_crate_of_the_workspace() {
    assert_eq!(edges("vae-core"), NONE);
}

#[test]
fn vae_data_knows_no_other_crate_of_the_workspace() {
    assert_eq!(edges("vae-data"), NONE);
}

#[test]
fn vae_viz_knows_no_other_crate_of_the_workspace() {
    assert_eq!(edges("vae-viz"), NONE);
}

#[test]
fn vae_train_knows_the_model_and_the_data_and_no_pictures() {
    assert_eq!(edges("vae-train"), ["vae-core", "vae-data"]);
}

#[test]
fn the_runner_may_use_all_crates() {
    assert_eq!(edges("xtask"), LIBRARIES);
}

#[test]
fn nobody_uses_the_runner_or_the_tests() {
    for member in manifest::members(&root()) {
        let edges = edges(&member.name());
        assert!(!edges.iter().any(|name| name == "xtask" || name == "tests"), "{}: {edges:?}", member.name());
    }
}

#[test]
fn only_the_runner_parses_arguments_and_draws_progress() {
    for package in LIBRARIES {
        let dependencies = manifest::member(&root(), package).dependencies();
        for name in ["anyhow", "clap", "ctrlc", "indicatif"] {
            assert!(!dependencies.contains(name), "{package} uses {name}");
        }
    }
}

#[test]
fn no_library_prints_or_ends_the_process() {
    let words = ["print", "println", "eprint", "eprintln", "dbg", "process", "stdout", "stderr"];
    for package in LIBRARIES {
        assert_eq!(offenders(&format!("crates/{package}/src"), &words), NONE);
    }
}

#[test]
fn vae_core_has_no_file_clock_network_or_environment() {
    let forbidden = ["env", "fs", "io", "net", "os", "process", "thread", "time"];
    for source in source::below(&root().join("crates/vae-core/src")) {
        let used = source.std_modules();
        assert!(
            !used.iter().any(|module| forbidden.contains(&module.as_str())),
            "{:?}: {used:?}",
            source.path
        );
    }
}

#[test]
fn vae_core_draws_no_randomness_that_nobody_gave_it() {
    let words =
        ["thread_rng", "ThreadRng", "OsRng", "from_entropy", "from_os_rng", "getrandom", "RandomState"];
    assert_eq!(offenders("crates/vae-core/src", &words), NONE);
}

#[test]
fn vae_data_and_vae_viz_read_no_clock() {
    for package in ["vae-data", "vae-viz"] {
        let words = ["Instant", "SystemTime", "thread_rng", "OsRng"];
        assert_eq!(offenders(&format!("crates/{package}/src"), &words), NONE);
    }
}

#[test]
fn nothing_is_unsafe() {
    let sources = ["crates", "tests", "xtask"].into_iter().flat_map(|part| source::below(&root().join(part)));
    let paths: Vec<PathBuf> =
        sources.filter(|source| source.says("unsafe")).map(|source| source.path).collect();
    assert_eq!(paths, Vec::<PathBuf>::new());
}

#[test]
fn a_dependency_of_any_kind_is_an_edge() {
    let manifest = Manifest::parse(
        r#"
        [package]
        name = "a"
        [dependencies]
        normal = "1"
        hidden = { path = "../b", package = "renamed", optional = true }
        [dev-dependencies]
        dev.workspace = true
        [build-dependencies]
        build = "1"
        [target.'cfg(unix)'.dependencies]
        unix = "1"
        "#,
    );
    let names: Vec<String> = manifest.dependencies().into_iter().collect();
    assert_eq!(names, ["build", "dev", "normal", "renamed", "unix"]);
}

#[test]
fn a_word_counts_in_code_and_not_in_comments_texts_or_tests() {
    let text = r##"//! dbg
use std::{
    fs::{self, File},
    mem,
};
fn f<'a>(x: &'a str) {
    let quotes = ['"', '\'', '\\']; // env
    let (a, b) = ("a \" print", r#"a " print"#);
    unsafe_code();
}
#[cfg(test)]
mod tests {
    use std::time;
}
use std::path::Path;
"##;
    let source = Source::parse("a.rs", text);
    assert_eq!(source.std_modules().into_iter().collect::<Vec<_>>(), ["fs", "mem", "path"]);
    assert!(["File", "quotes", "b", "unsafe_code", "Path"].iter().all(|word| source.says(word)));
    assert!(!["dbg", "env", "print", "unsafe", "time"].iter().any(|word| source.says(word)));
}
