//! The width of comments, which rustfmt leaves alone, and a few turns of phrase that readers stumbled over.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use tests::{
    files::{files_below, read, root},
    lexer::{Kind, lex},
    prose::{Prose, paragraphs, prose},
};

/// Columns of a comment at most.
const COLUMNS: usize = 120;

/// Phrases to avoid, and what to write instead. They are cut in two, so that this file holds none of them.
const PHRASES: [(&str, &str); 4] = [
    (concat!("O", "f "), "as the first word of a sentence reads as translated: begin with the subject"),
    (concat!("nobody", " says"), "name what is missing"),
    (concat!("that is", " none"), "name what is there instead"),
    (concat!("has", " not "), "before a noun: write \"does not have\""),
];

/// The path from the root of the workspace, for messages.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The sources of all members.
fn sources() -> BTreeMap<PathBuf, String> {
    ["crates", "tests", "xtask"].into_iter().flat_map(|part| files_below(&root().join(part), "rs")).collect()
}

/// The documents and configurations, those at the top and those of the members and the data.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut documents = BTreeMap::new();
    for part in ["crates", "data", "tests", "xtask"] {
        for extension in ["md", "py", "sh", "toml"] {
            documents.extend(files_below(&root().join(part), extension));
        }
    }
    for entry in root().read_dir().expect("the directory of the workspace") {
        let path = entry.expect("an entry of the directory").path();
        if path.extension().is_some_and(|extension| extension == "md" || extension == "toml") {
            let text = read(&path);
            documents.insert(path, text);
        }
    }
    documents
}

/// Lines of comments wider than [`COLUMNS`], by number.
fn wide_lines(text: &str) -> Vec<usize> {
    let comments = lex(text).into_iter().filter(|token| token.kind == Kind::Comment);
    let mut numbers: Vec<usize> = comments
        .flat_map(|comment| comment.line..=comment.line + comment.text.matches('\n').count())
        .collect();
    numbers.dedup();
    let lines: Vec<&str> = text.lines().collect();
    numbers.into_iter().filter(|number| lines[number - 1].chars().count() > COLUMNS).collect()
}

/// The phrases to avoid in a paragraph, with the reasons.
fn avoidable(prose: &Prose) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    PHRASES.iter().filter(|(phrase, _)| {
        prose.text.match_indices(phrase).any(|(start, _)| {
            let before = prose.text[..start].chars().next_back();
            let after = prose.text[start + phrase.len()..].chars().next();
            // The last phrase is one only before a name in capitals, such as the number of columns D.
            let counts = !phrase.starts_with("has") || after.is_some_and(char::is_uppercase);
            counts && !before.is_some_and(char::is_alphanumeric)
        })
    })
}

#[test]
fn no_comment_is_wider_than_120_columns() {
    let sources = sources();
    assert!(sources.len() > 100, "{} sources", sources.len());
    let found: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| {
            wide_lines(text).into_iter().map(move |line| format!("{}:{line}", shown(path)))
        })
        .collect();
    assert!(found.is_empty(), "{} lines\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_sentence_holds_a_phrase_to_avoid() {
    let sources = sources().into_iter().map(|(path, text)| (path, prose(&text)));
    let documents = documents().into_iter().map(|(path, text)| (path, paragraphs(&text)));
    let mut found = Vec::new();
    for (path, paragraphs) in sources.chain(documents) {
        for prose in paragraphs {
            for (phrase, reason) in avoidable(&prose) {
                found.push(format!("{}:{}: `{phrase}` {reason}", shown(&path), prose.line));
            }
        }
    }
    assert!(found.is_empty(), "{} sentences\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_width_counts_characters_of_comments_and_no_code() {
    let text = format!(
        "//{}\n//{}é\n// x\nf(\"{0}\");\n/* {}\n{0}y */\n",
        "x".repeat(118),
        "x".repeat(118),
        "y".repeat(118)
    );
    assert_eq!(wide_lines(&text), [2, 5, 6]);
}

#[test]
fn a_phrase_counts_where_it_reads_as_one() {
    let found = |text: &str| {
        let prose = Prose { line: 1, text: text.to_owned() };
        avoidable(&prose).map(|(phrase, _)| *phrase).collect::<Vec<_>>()
    };
    let [of, says, none, has] = PHRASES.map(|(phrase, _)| phrase);
    assert_eq!(found(&format!("A tile. {of}a tile")), [of]);
    assert_eq!(found(&format!("{says} whether")), [says]);
    assert_eq!(found(&format!("one {none}")), [none]);
    assert_eq!(found(&format!("if `x` {has}D columns")), [has]);
    assert!(found(&format!("a sum of terms, Out{of}which it {has}been")).is_empty());
}
