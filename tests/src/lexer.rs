//! A source file as tokens: enough of Rust's grammar to tell code from comments and literals.

/// One token and the line on which it begins, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// The token as written; a string literal without its quotation marks.
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier, a keyword or a number.
    Word,
    /// One character of punctuation, or `::`.
    Mark,
    /// A string literal.
    Text,
    /// A comment of either form, with its slashes.
    Comment,
}

impl Token {
    /// Whether this is the identifier or keyword `word`.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// Whether this is the punctuation `mark`.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }
}

/// The tokens of `text` without characters and lifetimes. Anything that it cannot read becomes punctuation.
pub fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        let (length, token) = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            (length, Some((Kind::Comment, &rest[..length])))
        } else if rest.starts_with("/*") {
            let length = block_comment_length(rest);
            (length, Some((Kind::Comment, &rest[..length])))
        } else if let Some((length, literal)) = string_literal(rest) {
            (length, Some((Kind::Text, literal)))
        } else if c == '\'' || rest.starts_with("b'") {
            (usize::from(c == 'b') + character_length(rest.trim_start_matches('b')), None)
        } else if is_word_character(c) {
            let raw = if rest.starts_with("r#") { 2 } else { 0 };
            let length =
                rest[raw..].find(|c| !is_word_character(c)).map_or(rest.len(), |length| raw + length);
            (length, Some((Kind::Word, &rest[raw..length])))
        } else if rest.starts_with("::") {
            (2, Some((Kind::Mark, "::")))
        } else {
            let length = c.len_utf8();
            (length, (!c.is_whitespace()).then_some((Kind::Mark, &rest[..length])))
        };
        tokens.extend(token.map(|(kind, text)| Token { kind, text: text.to_owned(), line }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the comment that `rest` begins with; comments of this form nest.
fn block_comment_length(rest: &str) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        if rest[i..].starts_with("/*") {
            (depth, i) = (depth + 1, i + 2);
        } else if rest[i..].starts_with("*/") {
            (depth, i) = (depth - 1, i + 2);
            if depth == 0 {
                return i;
            }
        } else {
            i += rest[i..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length and content of the string literal that `rest` begins with, such as `"a"`, `b"a"`, `r"a"` or `br#"a"#`.
fn string_literal(rest: &str) -> Option<(usize, &str)> {
    let prefix = ["\"", "b\"", "c\"", "r\"", "br\"", "cr\"", "r#", "br#", "cr#"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?;
    let raw = prefix.contains('r');
    let letters = prefix.trim_end_matches(['"', '#']).len();
    let hashes = rest[letters..].chars().take_while(|&c| c == '#').count();
    let start = letters + hashes + 1;
    // `r#type` is an identifier.
    if !rest[letters + hashes..].starts_with('"') {
        return None;
    }
    let content = &rest[start..];
    let length = if raw {
        content.find(&format!("\"{}", "#".repeat(hashes)))
    } else {
        let mut escaped = false;
        content.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })
    };
    let length = length.unwrap_or(content.len());
    Some(((start + length + 1 + hashes).min(rest.len()), &content[..length]))
}

/// Length of the character that `rest` begins with, such as `'x'` or `'\n'`; one for the mark of a lifetime.
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

#[cfg(test)]
mod tests {
    use super::{Kind, lex};

    fn texts(kind: Kind, text: &str) -> Vec<String> {
        lex(text).into_iter().filter(|token| token.kind == kind).map(|token| token.text).collect()
    }

    #[test]
    fn literals_and_comments_hold_no_words() {
        let text =
            r###"let a = (br#"x " y"#, "\"z\\", b'q', '"', '\'', r"w\"); /* u /* v */ */ r#type // t"###;
        assert_eq!(texts(Kind::Word, text), ["let", "a", "type"]);
        assert_eq!(texts(Kind::Text, text), ["x \" y", "\\\"z\\\\", "w\\"]);
        assert_eq!(texts(Kind::Comment, text), ["/* u /* v */ */", "// t"]);
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(texts(Kind::Word, "fn f<'a>(x: &'a str, c: char) {}").join(" "), "fn f a x a str c char");
    }

    #[test]
    fn a_token_has_the_line_on_which_it_begins() {
        let lines: Vec<usize> = lex("a /*\n*/ b\n\"\n\" c").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_literal_without_an_end_reaches_to_the_end_of_the_text() {
        for text in ["\"a", "r#\"a", "/* a", "'\\", "b\"é"] {
            lex(text);
        }
    }
}
