//! The sentences of a source file: its comments and string literals.

use crate::lexer::{Kind, lex};

/// A paragraph of comments, or a string literal, in one line; and the line of the file on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose {
    /// Counted from one.
    pub line: usize,
    /// Without slashes and line breaks.
    pub text: String,
}

/// All sentences of a file. Lines of comments that follow one another are one paragraph, up to an empty one.
pub fn prose(text: &str) -> Vec<Prose> {
    let mut found: Vec<Prose> = Vec::new();
    // The kind of comment and the line on which the paragraph may go on.
    let mut goes_on: Option<(&str, usize)> = None;
    for token in lex(text) {
        match token.kind {
            Kind::Comment => {
                let slashes = ["///", "//!", "//", "/**", "/*!", "/*"]
                    .into_iter()
                    .find(|slashes| token.text.starts_with(slashes))
                    .unwrap_or_default();
                let text = token.text[slashes.len()..].trim_end_matches("*/").trim();
                match found.last_mut() {
                    Some(last) if goes_on == Some((slashes, token.line)) && !text.is_empty() => {
                        last.text.push(' ');
                        last.text.push_str(text);
                    }
                    _ => found.push(Prose { line: token.line, text: text.to_owned() }),
                }
                goes_on = (!text.is_empty()).then_some((slashes, token.line + 1));
            }
            Kind::Text => {
                let text = token.text.replace("\\\n", " ");
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                found.push(Prose { line: token.line, text });
                goes_on = None;
            }
            Kind::Word | Kind::Mark => {}
        }
    }
    found.retain(|prose| !prose.text.is_empty());
    found
}

/// The paragraphs of a text that is no Rust, without the marks that comments and headings begin with.
pub fn paragraphs(text: &str) -> Vec<Prose> {
    let mut found: Vec<Prose> = Vec::new();
    let mut goes_on = false;
    for (i, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('#').trim_start();
        match found.last_mut() {
            Some(last) if goes_on && !line.is_empty() => {
                last.text.push(' ');
                last.text.push_str(line);
            }
            _ if line.is_empty() => {}
            _ => found.push(Prose { line: i + 1, text: line.to_owned() }),
        }
        goes_on = !line.is_empty();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Prose, paragraphs, prose};

    fn shown(found: &[Prose]) -> Vec<String> {
        found.iter().map(|prose| format!("{}: {}", prose.line, prose.text)).collect()
    }

    #[test]
    fn comments_are_joined_to_paragraphs_and_literals_stand_alone() {
        let text = "//! a\n//! b\n//!\n//! c\n/// d\nfn f() {\n    // e\n    g(\"h \\\n      i\"); // j\n}\n";
        assert_eq!(shown(&prose(text)), ["1: a b", "4: c", "5: d", "7: e", "8: h i", "9: j"]);
    }

    #[test]
    fn a_text_that_is_no_rust_is_cut_at_empty_lines() {
        assert_eq!(shown(&paragraphs("\n# a\n#  b\n\n#\nc = 1\n")), ["2: a b", "6: c = 1"]);
    }
}
