//! The value of `--data`: which sources it names, before anything is read.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure};
use vae_data::Known;
use vae_train::{DataConfig, TrainConfig};

use super::image_size::ImageSize;

/// The suffix of a directory whose images have rows and columns exchanged.
pub(super) const TRANSPOSED: &str = ":transposed";

/// What comes between a source and the size that its images are brought to.
pub(super) const RESIZED: &str = ":resize=";

/// The prefix of the number of drawn digits, if it is not the default.
const DIGITS: &str = "digits:";

/// The name under which [`Source::parse`] finds that many drawn digits again.
pub(super) fn digits(count: Option<usize>) -> String {
    match count.filter(|&count| count != DataConfig::default().digits) {
        Some(count) => format!("{DIGITS}{count}"),
        None => "digits".to_owned(),
    }
}

/// The sources of a text with their images brought to a size, as text.
pub(crate) fn in_size(text: &str, size: ImageSize) -> anyhow::Result<String> {
    let sources = Source::parse(text)?.into_iter();
    let sources: Vec<String> =
        sources.map(|source| Source { size: Some(size), ..source }.to_string()).collect();
    Ok(sources.join(","))
}

/// A limit on the pieces between commas, because each may have to be looked up on the disk.
const MAX_PIECES: usize = 32;

/// Images of one origin, in a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) origin: Origin,
    /// The size that they are brought to, if they are.
    pub(super) size: Option<ImageSize>,
}

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// MNIST if it is present or can be downloaded, else digits.
    Auto,
    /// Drawn by the program: this number, or the number in the settings.
    Digits(Option<usize>),
    /// A data set with a name.
    Known(Known),
    /// A directory of IDX files or pictures, or an array.
    Path { path: PathBuf, transposed: bool },
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
        let Suffixed { text: name, transposed, size } = suffixed(text);
        if let Some(origin) = Origin::named(name) {
            ensure!(
                !transposed,
                "expected a directory before {TRANSPOSED:?}, found the name {name}; ./{name} is a directory"
            );
            return Ok(Self { origin, size });
        }
        if let Some((_, size)) = name.rsplit_once(RESIZED)
            && !Path::new(name).exists()
        {
            let reason = size.parse::<ImageSize>().err().unwrap_or_else(|| "found two sizes".to_owned());
            bail!("after {RESIZED:?}: {reason}");
        }
        // Without a slash at the end, which shells append: the last component names runs and captions.
        let path = Path::new(name).components().collect();
        Ok(Self { origin: Origin::Path { path, transposed }, size })
    }

    /// The text of a path that does not exist.
    pub(super) fn missing(&self) -> Option<&str> {
        match &self.origin {
            Origin::Path { path, .. } if !path.exists() => path.to_str(),
            _ => None,
        }
    }
}

/// The text that names the source.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Auto => f.write_str("auto")?,
            Origin::Digits(None) => f.write_str("digits")?,
            // Also the default number, as settings may give another.
            Origin::Digits(Some(count)) => write!(f, "{DIGITS}{count}")?,
            Origin::Known(set) => f.write_str(set.name())?,
            Origin::Path { path, transposed } => {
                write!(f, "{}{}", path.display(), if *transposed { TRANSPOSED } else { "" })?;
            }
        }
        self.size.iter().try_for_each(|size| write!(f, "{RESIZED}{size}"))
    }
}

impl Origin {
    /// The origin with this name, if there is one.
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
    Path::new(suffixed(text).text).exists()
}

/// A text without its suffixes, and what these ask for.
struct Suffixed<'t> {
    text: &'t str,
    transposed: bool,
    size: Option<ImageSize>,
}

/// Takes the suffixes off a text, as far as it is not the name of something on the disk. Whatever their order, images
/// are first transposed and then resized.
fn suffixed(text: &str) -> Suffixed<'_> {
    let mut result = Suffixed { text, transposed: false, size: None };
    while !Path::new(result.text).exists() {
        if let Some(before) = result.text.strip_suffix(TRANSPOSED).filter(|_| !result.transposed) {
            (result.text, result.transposed) = (before, true);
        } else if let Some((before, size)) = result.text.rsplit_once(RESIZED)
            && result.size.is_none()
            && let Ok(size) = size.parse()
        {
            (result.text, result.size) = (before, Some(size));
        } else {
            break;
        }
    }
    result
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
        let text = |source: &Source| source.to_string().replace(&prefix, "@");
        for source in &sources {
            let again = Source::parse(&source.to_string()).unwrap();
            assert!(again.len() == 1 && again[0].to_string() == source.to_string(), "{source}: {again:?}");
        }
        sources.iter().map(text).collect()
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
        assert_eq!(parse("digits:60000", &[]), ["digits:60000"]);
        assert_eq!([Some(300), Some(60_000), None].map(digits), ["digits:300", "digits", "digits"]);
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
        assert_eq!(parse("@a:transposed", &["a"]), ["@a:transposed"]);
        assert!(matches!(
            Source::parse("none:transposed").unwrap()[..],
            [Source { origin: Origin::Path { transposed: true, .. }, size: None }]
        ));
        assert_eq!(parse("mnist,@a,b:transposed", &["a,b"]), ["mnist", "@a,b:transposed"]);
    }

    #[test]
    fn a_suffix_asks_for_a_size() {
        assert_eq!(parse("@a:resize=20x30", &["a"]), ["@a:resize=20x30"]);
        assert_eq!(parse("@a:resize=28", &["a"]), ["@a:resize=28x28"]);
        assert_eq!(
            parse("fashion:resize=14,digits:300:resize=9", &[]),
            ["fashion-mnist:resize=14x14", "digits:300:resize=9x9"]
        );
        for text in ["@a:resize=20x30:transposed", "@a:transposed:resize=20x30"] {
            assert_eq!(parse(text, &["a"]), ["@a:transposed:resize=20x30"]);
        }
        assert_eq!(parse("@a,b:resize=8,@c", &["a,b", "c"]), ["@a,b:resize=8x8", "@c"]);
    }

    #[test]
    fn a_slash_at_the_end_of_a_directory_is_left_out() {
        assert_eq!(parse("@a/", &["a"]), ["@a"]);
        assert_eq!(parse("@a/:resize=28,@b/:transposed", &["a", "b"]), ["@a:resize=28x28", "@b:transposed"]);
        assert_eq!(in_size("./mnist/", "14".parse().unwrap()).unwrap(), "./mnist:resize=14x14");
    }

    #[test]
    fn a_size_that_is_none_is_refused() {
        for (size, expected) in [
            ("", "expected HEIGHTxWIDTH"),
            ("0", "between 1 and"),
            ("3x", "expected"),
            ("1x2x3", "expected"),
            ("4097", "4096"),
            ("9:resize=8", "two sizes"),
        ] {
            let error = Source::parse(&format!("none:resize={size}")).unwrap_err().to_string();
            assert!(error.contains(":resize=") && error.contains(expected), "{size}: {error}");
        }
    }

    #[test]
    fn a_size_is_given_to_each_source_that_has_none_or_another() {
        let size = "14".parse().unwrap();
        assert_eq!(in_size("auto", size).unwrap(), "auto:resize=14x14");
        assert_eq!(
            in_size("fashion:resize=20,none:transposed", size).unwrap(),
            "fashion-mnist:resize=14x14,none:transposed:resize=14x14"
        );
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
