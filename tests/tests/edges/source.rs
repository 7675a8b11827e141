//! What a source file says as code: without its comments, its texts and its tests, which may do what the crate may
//! not. Relies on rustfmt's layout, where an unindented `}` ends what began unindented.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// One `.rs` file.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    code: String,
}

/// Every source file below a directory, in a fixed order; not those that hold a crate's own tests.
pub(crate) fn below(directory: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("an entry of the directory").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            // `tests/` below `src/` belongs to a module that is compiled for tests alone.
            let unit_tests =
                path.ends_with("tests") && path.components().any(|part| part.as_os_str() == "src");
            if !unit_tests && !path.ends_with("target") {
                sources.extend(below(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            sources.push(Source::parse(path, &text));
        }
    }
    sources
}

impl Source {
    pub(crate) fn parse(path: impl Into<PathBuf>, text: &str) -> Self {
        Self { path: path.into(), code: without_tests(&without_comments_and_texts(text)) }
    }

    /// Whether the code has this identifier or keyword.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
    }

    /// The modules of `std` that the code names, in `std::a::b` as well as in `use std::{a::b, c}`.
    pub(crate) fn std_modules(&self) -> BTreeSet<String> {
        let mut modules = BTreeSet::new();
        for (start, name) in self.code.match_indices("std::") {
            let rest = &self.code[start + name.len()..];
            let Some(group) = rest.strip_prefix('{') else {
                modules.insert(identifier(rest));
                continue;
            };
            let mut depth = 0;
            let mut begins = true;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    c if begins && !c.is_whitespace() => {
                        modules.insert(identifier(&group[i..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        }
        modules
    }
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The code without what `cfg(test)` guards: `mod tests;` is one line, `mod tests {` goes on to its closing brace.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
        } else if lines.next().is_some_and(|line| !line.ends_with(';')) {
            lines.by_ref().find(|line| *line == "}");
        }
    }
    kept
}

/// The code with its comments removed and its texts and characters emptied.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => {
                code.push_str("\"\"");
                text_length(&code[..code.len() - 2], rest)
            }
            '\'' => character_length(rest),
            _ => {
                code.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    code
}

/// Bytes of the text that `rest` begins with, its quotation marks included; `before` is the code before it, where the
/// `r##` of a raw text stands.
fn text_length(before: &str, rest: &str) -> usize {
    let hashes = before.len() - before.trim_end_matches('#').len();
    if before.trim_end_matches('#').ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return rest[1..].find(&end).map_or(rest.len(), |i| 1 + i + end.len());
    }
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(i, _)| i + 1)
}

/// Bytes of the character that `rest` begins with, such as `'x'` or `'\\n'`; one for the mark of a lifetime.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((i, escaped))) => {
            let after = i + escaped.len_utf8();
            rest[after..].find('\'').map_or(rest.len(), |end| after + end + 1)
        }
        (Some(_), Some((i, '\''))) => i + 1,
        _ => 1,
    }
}
