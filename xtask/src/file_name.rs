//! Names of files and directories that say what is in them, safe on every file system.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The text as a part of a name: other characters than letters, digits and `-+_.,` become `_`. Where characters are
/// lost, or where the text is longer than `longest`, a short hash of the text keeps the name apart from others.
pub(crate) fn part(text: &str, longest: usize) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-+_.,".contains(c) { c } else { '_' };
    let name: String = text.chars().map(plain).collect();
    if name == text && name.chars().count() <= longest {
        return name;
    }
    let kept: String = name.chars().take(longest.saturating_sub(HASH + 1)).collect();
    format!("{}-{}", kept.trim_end_matches(['-', '_', '.', ',']), hash(text))
}

/// The name of a file without its ending, as a part of a name; with a hash of its directory, if it has one.
pub(crate) fn of_path(path: &Path, longest: usize) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = part(&stem, longest);
    match path.parent() {
        Some(parent) if parent != Path::new("") => format!("{name}-{}", hash(&path.to_string_lossy())),
        _ => name,
    }
}

/// Digits of a hash in a name.
const HASH: usize = 6;

/// A short hash of a text.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(HASH / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// The path of a picture to write. Pictures are PNG files, so that another ending would name a format that it is not.
pub(crate) fn png(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("png") => Ok(path),
        _ => Err("expected a file that ends in .png: pictures are written as PNG only".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_and_short_text_is_its_own_name() {
        assert_eq!(part("fashion-mnist", 20), "fashion-mnist");
        assert_eq!(part("größe_0.5,2", 20), "größe_0.5,2");
    }

    #[test]
    fn other_texts_are_told_apart_by_a_hash() {
        let names = ["a b", "a_b", "a/b", "a:b", "a\u{0}b"].map(|text| part(text, 20));
        assert_eq!(names[1], "a_b");
        for (i, name) in names.iter().enumerate() {
            assert!(name.chars().all(|c| c.is_alphanumeric() || "-+_.,".contains(c)), "{name}");
            assert!(!names[..i].contains(name), "{names:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_and_told_apart() {
        let [a, b] = ["x", "y"].map(|end| part(&("1,".repeat(100) + end), 30));
        assert!(a != b && a.len() <= 30 && b.len() <= 30, "{a} {b}");
    }

    #[test]
    fn files_of_one_name_in_two_directories_are_told_apart() {
        let [a, b, c] =
            ["m.safetensors", "x/m.safetensors", "y/m.safetensors"].map(|p| of_path(Path::new(p), 20));
        assert_eq!(a, "m");
        assert!(b.starts_with("m-") && c.starts_with("m-") && b != c, "{b} {c}");
    }

    #[test]
    fn a_picture_ends_in_png() {
        assert_eq!(png("a/b.PNG"), Ok(PathBuf::from("a/b.PNG")));
        for path in ["x.jpg", "x.jpeg", "png", "x", ".png", "x.png/y"] {
            assert!(png(path).is_err(), "{path}");
        }
    }
}
