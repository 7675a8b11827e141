//! The blocks of code in a document in Markdown.

/// The texts of the blocks in this language, in their order: what stands between lines of ```` ```language ```` and of
/// ```` ``` ````.
pub fn blocks(document: &str, language: &str) -> Vec<String> {
    let (mut blocks, mut open) = (Vec::new(), None::<(bool, String)>);
    for line in document.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(found), None) => open = Some((found.trim() == language, String::new())),
            (Some(_), Some((wanted, text))) => blocks.extend(wanted.then_some(text)),
            (None, Some((wanted, text))) => open = Some((wanted, text + line + "\n")),
            (None, None) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_of_a_language_are_found_and_no_others() {
        let document = "a\n```rust\nlet x;\n```\nb\n```toml\n[a]\n```\n```\nplain\n```\n```rust\n\n1\n```\n";
        assert_eq!(blocks(document, "rust"), ["let x;\n", "\n1\n"]);
        assert_eq!(blocks(document, "toml"), ["[a]\n"]);
        assert_eq!(blocks(document, "sh"), [""; 0]);
    }
}
