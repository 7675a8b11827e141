//! The value of `--data`: which sources it names, before anything is read.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use vae_data::Known;
use vae_train::{DataConfig, TrainConfig};

/// The suffix of a directory whose images have rows and columns exchanged.
pub(super) const TRANSPOSED: &str = ":transposed";

/// The prefix of the number of drawn digits, if it is not the default.
const DIGITS: &str = "digits:";

/// The name under which [`Source::parse`] finds that many drawn digits again.
pub(super) fn digits(count: Option<usize>) -> String {
    match count.filter(|&count| count != DataConfig::default().digits) {
        Some(count) => format!("{DIGITS}{count}"),
        None => "digits".to_owned(),
    }
}

/// A limit on the pieces between commas, because each may have to be looked up on the disk.
const MAX_PIECES: usize = 32;

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// MNIST if it is present or can be downloaded, else digits.
    Auto,
    /// Drawn by the program: this number, or the number in the settings.
    Digits(Option<usize>),
    /// A data set with a name.
    Known(Known),
    /// IDX files or pictures.
    Directory { path: PathBuf, transposed: bool },
}

impl Source {
    /// The comma-separated sources of a text, in its order.
    ///
    /// A comma may also be part of a directory's name: at each position, the longest text that exists on the disk is
    /// one source. A known name takes precedence over a directory of the same name; `./mnist` is the directory.
    pub(super) fn parse(text: &str) -> anyhow::Result<Vec<Self>> {
        if exists(text) {
            return Ok(vec![Self::one(text)?]);
        }
        let pieces: Vec<&str> = text.split(',').collect();
        ensure!(
            pieces.len() <= MAX_PIECES,
            "expected at most {MAX_PIECES} comma-separated sources, found {}",
            pieces.len()
        );
        let mut sources = Vec::new();
        let mut rest = &pieces[..];
        while !rest.is_empty() {
            let longest = (2..=rest.len()).rev().find(|&count| exists(&rest[..count].join(",")));
            let (source, remaining) = rest.split_at(longest.unwrap_or(1));
            let source = source.join(",");
            if source.is_empty() {
                bail!("expected a name or a directory before and after each comma, found nothing");
            }
            sources.push(Self::one(&source)?);
            rest = remaining;
        }
        Ok(sources)
    }

    fn one(text: &str) -> anyhow::Result<Self> {
        if let Some(source) = Self::named(text) {
            return Ok(source);
        }
        let (path, transposed) = directory(text);
        if transposed && path.to_str().and_then(Self::named).is_some() {
            let name = path.display();
            bail!(
                "expected a directory before {TRANSPOSED:?}, found the name {name}; ./{name} is a directory"
            );
        }
        Ok(Self::Directory { path: path.to_owned(), transposed })
    }

    /// The text of a directory that does not exist.
    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::Directory { path, .. } if !path.exists() => path.to_str(),
            _ => None,
        }
    }

    /// The source with this name, if there is one.
    fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "digits" => Some(Self::Digits(None)),
            name if name.starts_with(DIGITS) => {
                let count = name[DIGITS.len()..].parse().ok();
                count
                    .filter(|count| (2..=TrainConfig::MAX_DIGITS).contains(count))
                    .map(|count| Self::Digits(Some(count)))
            }
            name => Known::from_name(name).map(Self::Known),
        }
    }
}

/// The names of sources, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let known = Known::ALL.into_iter().flat_map(|set| [Some(set.name()), set.alias()]).flatten();
    ["auto", "digits"].into_iter().chain(known)
}

/// True for a text that can only be meant as a path.
pub(super) fn looks_like_a_path(text: &str) -> bool {
    text.starts_with(['.', '~']) || text.contains(['/', '\\'])
}

/// True if a text names something on the disk.
fn exists(text: &str) -> bool {
    directory(text).0.exists()
}

/// The directory that a text names, and whether to transpose its images.
fn directory(text: &str) -> (&Path, bool) {
    match text.strip_suffix(TRANSPOSED) {
        Some(directory) if !Path::new(text).exists() => (Path::new(directory), true),
        _ => (Path::new(text), false),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// The sources of a text, each as the text that names it alone. `@` stands for a temporary directory that holds
    /// directories with these names.
    fn parse(text: &str, names: &[&str]) -> Vec<String> {
        let root = TempDir::new().unwrap();
        for name in names {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let prefix = format!("{}/", root.path().display());
        let sources = Source::parse(&text.replace('@', &prefix)).unwrap();
        let show = |source| match source {
            Source::Auto => "auto".to_owned(),
            Source::Digits(count) => digits(count),
            Source::Known(set) => set.name().to_owned(),
            Source::Directory { path, transposed } => {
                let path = path.display().to_string().replace(&prefix, "@");
                if transposed { format!("transposed {path}") } else { path }
            }
        };
        sources.into_iter().map(show).collect()
    }

    #[test]
    fn names_are_told_from_directories() {
        assert_eq!(parse("auto", &[]), ["auto"]);
        assert_eq!(parse("digits", &[]), ["digits"]);
        assert_eq!(parse("emnist-letters", &[]), ["emnist-letters"]);
        assert_eq!(parse("@images", &[]), ["@images"]);
    }

    #[test]
    fn a_number_of_digits_follows_a_colon() {
        assert_eq!(parse("digits:300", &[]), ["digits:300"]);
        assert_eq!(parse("digits:60000", &[]), ["digits"]);
        assert_eq!(parse("@digits:many", &[]), ["@digits:many"]);
    }

    #[test]
    fn an_alias_is_replaced_by_the_name() {
        assert_eq!(parse("fashion", &[]), ["fashion-mnist"]);
    }

    #[test]
    fn sources_between_commas_keep_their_order() {
        assert_eq!(parse("mnist,@images,digits", &["images"]), ["mnist", "@images", "digits"]);
    }

    #[test]
    fn a_directory_whose_name_has_commas_wins() {
        assert_eq!(parse("@a,b", &["a,b"]), ["@a,b"]);
        assert_eq!(parse("mnist,@a,b,c,digits", &["a", "a,b", "a,b,c"]), ["mnist", "@a,b,c", "digits"]);
        assert_eq!(parse("@a,digits", &["a"]), ["@a", "digits"]);
    }

    #[test]
    fn a_suffix_asks_for_transposition() {
        assert_eq!(parse("@a:transposed", &["a"]), ["transposed @a"]);
        assert_eq!(parse("mnist,@a,b:transposed", &["a,b"]), ["mnist", "transposed @a,b"]);
    }

    #[test]
    fn a_directory_whose_name_ends_in_the_suffix_is_not_transposed() {
        assert_eq!(parse("@a:transposed", &["a", "a:transposed"]), ["@a:transposed"]);
    }

    #[test]
    fn a_named_source_cannot_be_transposed() {
        for name in ["mnist", "digits", "fashion", "emnist-letters"] {
            let error = Source::parse(&format!("{name}:transposed")).unwrap_err().to_string();
            assert!(error.contains(&format!("found the name {name}")), "{error}");
        }
    }

    #[test]
    fn an_empty_source_is_refused() {
        for text in ["", ",", "mnist,", ",mnist", "mnist,,digits"] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(error.contains("found nothing"), "{text:?}: {error}");
        }
    }

    #[test]
    fn too_many_sources_are_refused() {
        let error = Source::parse(&"mnist,".repeat(100)).unwrap_err().to_string();
        assert!(error.contains("at most 32") && error.contains("found 101"), "{error}");
    }
}
