//! What a source file contains as code: no comments, no content of literals, no unit tests, which may do what the crate
//! may not.

use crate::lexer::{Kind, Token, lex};

/// Words that begin an item, after its visibility.
const ITEMS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];

/// The tokens of a file without comments and without everything under `#[cfg(test)]` and `#[test]`. String literals
/// stay as tokens, but they are not words.
pub fn code(text: &str) -> Vec<Token> {
    let tokens: Vec<Token> = lex(text).into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let attribute = attribute_length(&tokens[i..]);
        if attribute > 0 && is_for_tests(&tokens[i..i + attribute]) {
            i += attribute;
            i += item_length(&tokens[i..]);
        } else {
            kept.push(tokens[i].clone());
            i += 1;
        }
    }
    kept
}

/// Tokens of the attribute `#[…]` that `tokens` begin with, zero if they do not.
fn attribute_length(tokens: &[Token]) -> usize {
    match tokens {
        [hash, bracket, ..] if hash.is_mark("#") && bracket.is_mark("[") => 1 + group_length(&tokens[1..]),
        _ => 0,
    }
}

/// Tokens from an opening bracket up to and including the one that closes it.
pub(crate) fn group_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate() {
        depth = match depth_change(token) {
            1 => depth + 1,
            -1 => depth.saturating_sub(1),
            _ => depth,
        };
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

/// 1 for an opening bracket, −1 for a closing one.
pub(crate) fn depth_change(token: &Token) -> isize {
    match token.text.as_str() {
        "(" | "[" | "{" if token.kind == Kind::Mark => 1,
        ")" | "]" | "}" if token.kind == Kind::Mark => -1,
        _ => 0,
    }
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`; not `#[cfg(not(test))]` or `#[cfg_attr(test, …)]`.
fn is_for_tests(attribute: &[Token]) -> bool {
    let words: Vec<&str> =
        attribute.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text.as_str()).collect();
    words == ["test"] || words.first() == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not")
}

/// Tokens of the item, field or statement that `tokens` begin with, further attributes included.
fn item_length(tokens: &[Token]) -> usize {
    let mut i = 0;
    while attribute_length(&tokens[i..]) > 0 {
        i += attribute_length(&tokens[i..]);
    }
    if tokens.get(i).is_some_and(|token| token.is_word("pub")) {
        i += 1;
        if tokens.get(i).is_some_and(|token| token.is_mark("(")) {
            i += group_length(&tokens[i..]);
        }
    }
    let first = tokens.get(i);
    let is_import = first.is_some_and(|token| token.is_word("use"));
    let is_item = first.is_some_and(|token| ITEMS.iter().any(|word| token.is_word(word)));
    while i < tokens.len() {
        let token = &tokens[i];
        match depth_change(token) {
            // The group that holds a field ends here.
            -1 => return i,
            1 => {
                i += group_length(&tokens[i..]);
                if token.is_mark("{") && !is_import {
                    return i;
                }
            }
            _ => {
                i += 1;
                if token.is_mark(";") || token.is_mark(",") && !is_item {
                    return i;
                }
            }
        }
    }
    i
}

#[cfg(test)]
mod tests {
    use super::{Kind, code};

    fn words(text: &str) -> String {
        let words = code(text).into_iter().filter(|token| token.kind == Kind::Word).map(|token| token.text);
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_for_tests_are_left_out() {
        let text = "
            #[cfg(test)] use a::{b, c};
            #[cfg(test)] mod d;
            #[cfg(all(test, unix))] #[allow(e)] pub(super) mod f { fn g() { h(); } }
            #[test] fn i<J, K>(l: [u8; 3]) -> M { n }
            fn kept() {}";
        assert_eq!(words(text), "fn kept");
    }

    #[test]
    fn fields_for_tests_are_left_out() {
        assert_eq!(words("struct S { #[cfg(test)] a: A, b: B, #[cfg(test)] pub c: C }"), "struct S b B");
    }

    #[test]
    fn code_without_tests_stays() {
        assert_eq!(
            words("#[cfg(not(test))] fn a() {} #[cfg(unix)] fn b() {}"),
            "cfg not test fn a cfg unix fn b"
        );
    }
}
