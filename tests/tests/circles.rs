//! No two modules of a crate use each other, directly or through others: each file can then be read after those it
//! uses, and moved with them. The compiler accepts any circle, so the sources are read here.
//!
//! A parent that only declares its children and re-exports their items is in no circle. A parent that defines an item
//! which a child uses, while the parent uses that child, is.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use tests::{
    circles::circles,
    files::{files_below, root},
    manifest::{self, Manifest},
};

/// The circles in the library and the program of a member, with paths from the root of the workspace.
fn circles_of(member: &Manifest) -> Vec<String> {
    let sources = member.directory.join("src");
    let files: BTreeMap<PathBuf, String> = files_below(&sources, "rs")
        .into_iter()
        .map(|(path, text)| (path.strip_prefix(root()).expect("a file of the workspace").to_owned(), text))
        .collect();
    let sources = sources.strip_prefix(root()).expect("a member of the workspace");
    let roots = ["lib.rs", "main.rs"].map(|name| sources.join(name));
    let roots: Vec<&PathBuf> = roots.iter().filter(|root| files.contains_key(*root)).collect();
    assert!(!roots.is_empty(), "{} has neither lib.rs nor main.rs", sources.display());
    roots.into_iter().flat_map(|root| circles(&files, root)).map(|circle| circle.to_string()).collect()
}

#[test]
fn no_crate_has_a_circle_of_modules() {
    let members: Vec<Manifest> = manifest::members(&root()).collect();
    assert!(members.len() >= 6, "members of the workspace: {}", members.len());
    let circles: Vec<String> = members.iter().flat_map(circles_of).collect();
    assert!(circles.is_empty(), "{} circles\n{}", circles.len(), circles.join("\n"));
}

/// The circles of a made-up crate, each as its arrows: `a -> b: X`.
fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let files: BTreeMap<PathBuf, String> =
        files.iter().map(|&(path, text)| (Path::new("src").join(path), text.to_owned())).collect();
    let name = |path: &Path| {
        path.strip_prefix("src").expect("below src").with_extension("").to_string_lossy().replace('\\', "/")
    };
    let circles = circles(&files, Path::new("src/lib.rs")).into_iter();
    let arrows = circles.map(|circle| {
        let arrow = |(from, to, names): (PathBuf, PathBuf, BTreeSet<String>)| {
            let names: Vec<String> = names.into_iter().collect();
            format!("{} -> {}: {}", name(&from), name(&to), names.join(", "))
        };
        circle.arrows.into_iter().map(arrow).collect()
    });
    arrows.collect()
}

#[test]
fn modules_that_use_one_another_in_one_direction_are_in_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use c::C;"),
        ("a.rs", "pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
        ("c.rs", "use crate::{a::A, b::B}; pub struct C(A, B);"),
    ];
    assert!(found(&files).is_empty());
}

#[test]
fn two_modules_that_use_each_other_are_a_circle() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; fn f() { let _ = super::a::A::new(); }"),
    ];
    assert_eq!(found(&files), [["a -> b: B", "b -> a: A"]]);
}

#[test]
fn a_circle_through_a_third_module_is_found_whole() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::b; pub fn a() {}"),
        ("b.rs", "use crate::c; pub fn b() { c::c(); }"),
        ("c.rs", "use crate::{a as x, d::d}; pub fn c() { x::a(); }"),
        ("d.rs", "pub fn d() {}"),
    ];
    assert_eq!(found(&files), [["a -> b: b", "b -> c: c", "c -> a: a"]]);
}

#[test]
fn a_re_export_does_not_hide_a_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use b::{B as Renamed, *};"),
        ("a.rs", "use crate::Renamed; pub struct A(Renamed);"),
        ("b.rs", "mod c; pub(crate) use c::C; use crate::a::A; pub struct B(A);"),
        ("b/c.rs", "use crate::a::A; pub struct C(A);"),
    ];
    assert_eq!(found(&files), [["a -> b: B", "b -> a: A"]]);
}

#[test]
fn a_glob_counts_for_the_names_that_are_used_and_for_traits() {
    let named = [
        ("lib.rs", "mod a; mod b; mod c; use c::*; pub use b::B;"),
        ("a.rs", "use super::*; pub struct A(B, C);"),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
        ("c.rs", "pub struct C;"),
    ];
    assert_eq!(found(&named), [["a -> b: B", "b -> a: A"]]);
    let by_trait = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::*; pub fn a() { 1.method(); }"),
        ("b.rs", "pub trait Method { fn method(&self) { crate::a::a(); } }"),
    ];
    assert_eq!(found(&by_trait), [["a -> b: Method", "b -> a: a"]]);
}

#[test]
fn a_parent_that_defines_what_its_child_uses_is_in_a_circle_with_it() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; pub use b::B; pub const N: usize = 1; pub struct A(B);"),
        ("a/b.rs", "pub struct B([u8; super::N]);"),
    ];
    assert_eq!(found(&files), [["a -> a/b: B", "a/b -> a: N"]]);
}

#[test]
fn a_parent_that_declares_and_re_exports_is_in_no_circle() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; mod c; pub use b::*; pub(crate) use c::C;"),
        ("a/b.rs", "use super::C; pub struct B(C);"),
        ("a/c.rs", "pub struct C;"),
    ];
    assert!(found(&files).is_empty());
}

#[test]
fn an_inline_module_is_a_part_of_its_file() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "pub struct A; mod inline { use super::A; use crate::b::B; pub struct I(A, B); } use inline::I;",
        ),
        ("b.rs", "use crate::a::inline; pub struct B; pub fn f(_: inline::I) {}"),
    ];
    assert_eq!(found(&files), [["a -> b: B", "b -> a: I"]]);
}

#[test]
fn tests_and_comments_and_names_of_other_crates_are_no_arrows() {
    let files = [
        ("lib.rs", "mod a; mod b; mod rayon;"),
        ("a.rs", "use crate::b::B; pub use ::rayon::b::A; pub struct X(B);"),
        (
            "b.rs",
            "//! [`crate::a::X`]\nuse super::a::A; pub struct B(A); #[cfg(test)] mod tests { use crate::a::X; }",
        ),
        ("rayon.rs", "use crate::a::X;"),
    ];
    assert!(found(&files).is_empty());
}

#[test]
fn a_name_that_a_macro_makes_belongs_to_the_module_of_its_path() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::made; make!(); pub struct A;"),
        ("b.rs", "make! { made } pub fn f(_: crate::a::A) {}"),
    ];
    assert_eq!(found(&files), [["a -> b: made", "b -> a: A"]]);
}
