//! Tables of text.

/// Rows under a head, in columns as wide as their widest cell. Columns whose head ends in `>` are aligned at the right.
pub(super) fn aligned(head: &[&str], rows: &[Vec<String>]) -> String {
    let right: Vec<bool> = head.iter().map(|title| title.ends_with('>')).collect();
    let head: Vec<String> = head.iter().map(|title| title.trim_end_matches('>').to_owned()).collect();
    let length = |text: &String| text.chars().count();
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
        cells.map(length).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cell = |(column, text): (usize, &String)| {
            let space = " ".repeat(widths[column] - length(text));
            if right[column] { format!("{space}{text}") } else { format!("{text}{space}") }
        };
        row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    [&head].into_iter().chain(rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_below_their_heads() {
        let rows = [vec!["é".to_owned(), "1".to_owned()], vec!["long".to_owned(), "1000".to_owned()]];
        assert_eq!(aligned(&["name", "n>"], &rows), "name     n\né        1\nlong  1000\n");
    }
}
