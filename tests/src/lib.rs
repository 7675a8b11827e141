//! What the tests of this package share: the manifests and sources of the workspace, read as text.
//!
//! In reading order: [`files`] finds and reads files, [`manifest`] reads a member's `Cargo.toml`, [`lexer`] splits a
//! source file into tokens. [`code`] keeps the tokens that are neither comments nor unit tests; [`paths`] finds imports
//! and paths among them, and [`source`] answers questions about one file. [`modules`] builds a crate's tree of modules,
//! [`arrows`] lists which module uses which, and [`circles`] finds those that use each other. [`prose`] holds the
//! opposite of code: comments and string literals. [`fences`] finds the blocks of code in a document.

pub mod files;
pub mod manifest;

pub mod lexer;

pub mod code;
pub mod paths;
pub mod source;

pub mod modules;

pub mod arrows;
pub mod circles;

pub mod fences;
pub mod prose;

/// Compiles and runs the Rust of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
