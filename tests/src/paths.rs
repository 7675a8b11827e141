//! The imports of a piece of code, and the paths that it names without importing them.

use crate::{
    code::group_length,
    lexer::{Kind, Token},
};

/// One name of a `use`, with the groups around it resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The path, such as `crate`, `a`, `B`; of a glob, the part before the asterisk.
    pub path: Vec<String>,
    /// The name under which it is known here, the last of the path if not renamed; none for a glob.
    pub name: Option<String>,
    /// Whether it is handed on, with any `pub`.
    pub public: bool,
}

/// The imports in `tokens`, at any depth, and the tokens without them.
pub fn imports(tokens: &[Token]) -> (Vec<Import>, Vec<Token>) {
    let (mut imports, mut rest) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < tokens.len() {
        // `impl Trait + use<'a>` is no import.
        let is_import = tokens[i].is_word("use") && tokens.get(i + 1).is_some_and(|next| !next.is_mark("<"));
        if is_import {
            let public = ends_with_pub(&rest);
            i += 1 + tree(&tokens[i + 1..], Vec::new(), public, &mut imports);
        } else {
            rest.push(tokens[i].clone());
            i += 1;
        }
    }
    (imports, rest)
}

/// Whether the tokens end with `pub` or `pub(…)`.
fn ends_with_pub(tokens: &[Token]) -> bool {
    let Some(last) = tokens.last() else { return false };
    let start = if last.is_mark(")") {
        tokens.iter().rposition(|token| token.is_mark("(")).and_then(|open| open.checked_sub(1))
    } else {
        Some(tokens.len() - 1)
    };
    start.is_some_and(|start| tokens[start].is_word("pub"))
}

/// Adds the names of one tree of a `use` and returns its number of tokens, up to the `,`, `}` or `;` after it.
fn tree(tokens: &[Token], mut path: Vec<String>, public: bool, imports: &mut Vec<Import>) -> usize {
    let mut name = None;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        if token.is_mark("{") {
            let length = group_length(&tokens[i..]);
            let mut j = i + 1;
            while j < i + length - 1 {
                j += tree(&tokens[j..i + length - 1], path.clone(), public, imports);
                j += usize::from(tokens[j].is_mark(","));
            }
            return i + length;
        } else if token.is_mark("*") {
            imports.push(Import { path, name: None, public });
            return i + 1;
        } else if token.is_word("as") {
            name = tokens.get(i + 1).map(|token| token.text.clone());
            i += 2;
        } else if token.kind == Kind::Word {
            path.push(token.text.clone());
            i += 1;
        } else if token.is_mark("::") {
            if path.is_empty() {
                // `::a` is a crate in any case: an empty first part is no name of a module.
                path.push(String::new());
            }
            i += 1;
        } else {
            break;
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(name) = name.or_else(|| path.last().cloned()) {
        imports.push(Import { path, name: Some(name), public });
    }
    i
}

/// The paths of two names and more in code without imports: `crate::a::b` and `a::B::new`, each up to its first generic
/// argument. What `pub(in …)` names is a visibility and does not count.
pub fn paths(tokens: &[Token]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if tokens[i].kind != Kind::Word || continues(&tokens[..i]) {
            i += 1;
            continue;
        }
        let is_visibility = matches!(&tokens[..i], [.., first, open, word]
            if first.is_word("pub") && open.is_mark("(") && word.is_word("in"));
        let mut path = vec![tokens[i].text.clone()];
        i += 1;
        while let [separator, word, ..] = &tokens[i..]
            && separator.is_mark("::")
            && word.kind == Kind::Word
        {
            path.push(word.text.clone());
            i += 2;
        }
        if path.len() > 1 && !is_visibility {
            paths.push(path);
        }
    }
    paths
}

/// Whether a word after these tokens goes on with a path or is a field or method; after `..` it begins anew.
fn continues(before: &[Token]) -> bool {
    match before {
        [.., first, last] if last.is_mark(".") => !first.is_mark("."),
        [.., last] => last.is_mark("::") || last.is_mark("."),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{imports, paths};
    use crate::code::code;

    fn listed(text: &str) -> Vec<String> {
        let (imports, _) = imports(&code(text));
        let name = |import: &super::Import| import.name.clone().unwrap_or("*".into());
        imports
            .iter()
            .map(|i| format!("{}{} {}", if i.public { "pub " } else { "" }, i.path.join("::"), name(i)))
            .collect()
    }

    #[test]
    fn groups_renames_and_globs_are_resolved() {
        let text = "use crate::{a::{self, B as C, d::*}, e}; pub(in crate::f) use g::H; pub use ::i::J as _;";
        let expected =
            ["crate::a a", "crate::a::B C", "crate::a::d *", "crate::e e", "pub g::H H", "pub ::i::J _"];
        assert_eq!(listed(text), expected);
    }

    #[test]
    fn what_a_return_type_captures_is_no_import() {
        assert_eq!(listed("fn f<'a>() -> impl Sized + use<'a> { use a::b; }"), ["a::b b"]);
    }

    #[test]
    fn paths_are_found_in_expressions_and_types() {
        let text = "
            pub(in crate::hidden) fn f(x: crate::a::B<super::C>) -> D {
                for i in self::e::RANGE { x.field.g::<h::I>(..r::s()); }
                <J as k::L>::m(n::o::<u8>::p, q)
            }";
        let found: Vec<String> = paths(&code(text)).iter().map(|path| path.join("::")).collect();
        assert_eq!(found, ["crate::a::B", "super::C", "self::e::RANGE", "h::I", "r::s", "k::L", "n::o"]);
    }
}
