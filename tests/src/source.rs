//! One source file, and which names its code uses.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use crate::{
    code::code,
    files::files_below,
    lexer::Token,
    paths::{imports, paths},
};

/// One `.rs` file without its comments, literals and unit tests.
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    tokens: Vec<Token>,
}

/// Every source file below a directory, sorted by path; not those that hold a crate's unit tests.
pub fn below(directory: &Path) -> Vec<Source> {
    files_below(directory, "rs")
        .into_iter()
        .filter(|(path, _)| !holds_unit_tests(path))
        .map(|(path, text)| Source::parse(path, &text))
        .collect()
}

/// `src/**/tests.rs` and `src/**/tests/*.rs` belong to a module that is compiled for tests alone.
fn holds_unit_tests(path: &Path) -> bool {
    let parts = path.components().map(Component::as_os_str);
    path.ends_with("tests.rs") || parts.skip_while(|part| *part != "src").any(|part| part == "tests")
}

impl Source {
    /// A source file with this content.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Self {
        Self { path: path.into(), tokens: code(text) }
    }

    /// Whether the code has this identifier or keyword.
    pub fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.is_word(word))
    }

    /// The modules of `std` that the code uses, in `std::a::b` as well as in `use std::{a::b, c}`.
    pub fn std_modules(&self) -> BTreeSet<String> {
        let (imports, rest) = imports(&self.tokens);
        let paths = imports.into_iter().map(|import| import.path).chain(paths(&rest));
        let modules = paths.filter(|path| path[0] == "std").filter_map(|path| path.get(1).cloned());
        modules.collect()
    }
}
