//! The edges of the house: which crate may depend on which, and what a crate does without. The compiler accepts any
//! dependency that closes no circle, so they are kept here.
//!
//! Manifests and sources are read as text, so that a forbidden dependency fails before any code uses it.

use std::{collections::BTreeSet, env, path::PathBuf, process::Command};

use tests::{
    files::root,
    manifest::{self, Manifest},
    source::{self, Source},
};

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

/// The sources of a crate that contain one of `words`, each with the first such word.
fn offenders(directory: &str, words: &[&str]) -> Vec<String> {
    let sources = source::below(&root().join(directory));
    assert!(!sources.is_empty(), "no sources in {directory}");
    let found = |source: &Source| words.iter().copied().find(|word| source.has_word(word)).map(str::to_owned);
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
fn no_crate_uses_the_runner_or_the_tests() {
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
fn vae_core_draws_randomness_only_from_a_given_seed() {
    let words =
        ["thread_rng", "ThreadRng", "OsRng", "from_entropy", "from_os_rng", "getrandom", "RandomState"];
    assert_eq!(offenders("crates/vae-core/src", &words), NONE);
}

/// Packages that reach for files, the network, the clock or the system's randomness.
const SYSTEM_PACKAGES: [&str; 7] =
    ["fastrand", "getrandom", "libc", "rustix", "tempfile", "ureq", "web-time"];

#[test]
fn vae_core_is_built_without_packages_that_reach_into_the_system() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["tree", "--package", "vae-core", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("names of packages are UTF-8");
    let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(packages.contains("vae-core") && packages.contains("rayon"), "{packages:?}");
    // safetensors has libc among its dependencies on macOS, whatever its features, and calls it with `std` only.
    let allowed = |name: &str| name == "libc" && cfg!(target_os = "macos");
    let found: Vec<&str> =
        SYSTEM_PACKAGES.into_iter().filter(|name| packages.contains(name) && !allowed(name)).collect();
    assert_eq!(
        found, [""; 0],
        "`cargo tree -p vae-core -e normal -i PACKAGE` shows what brings a package in"
    );
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
        sources.filter(|source| source.has_word("unsafe")).map(|source| source.path).collect();
    assert_eq!(paths, Vec::<PathBuf>::new());
}

#[test]
fn a_dependency_of_any_kind_is_an_edge() {
    let manifest = Manifest::parse(
        "a",
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
fn a_word_counts_in_code_and_not_in_comments_literals_or_tests() {
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
    assert!(["File", "quotes", "b", "unsafe_code", "Path"].iter().all(|word| source.has_word(word)));
    assert!(!["dbg", "env", "print", "unsafe", "time"].iter().any(|word| source.has_word(word)));
}
