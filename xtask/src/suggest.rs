//! 'Did you mean': the name that a mistyped word is nearest to.

/// The nearest of `names`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).clamp(1, 3);
    let distance = |name: &str| strsim::osa_distance(&word.to_lowercase(), name);
    names.into_iter().filter(|name| distance(name) <= most).min_by_key(|name| distance(name))
}

/// `; did you mean 'NAME'?`, or nothing if no name is near.
pub(crate) fn hint<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map_or(String::new(), |name| format!("; did you mean '{name}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["mnist", "kmnist", "fashion-mnist", "digits", "lr"];

    #[test]
    fn a_letter_left_out_exchanged_or_too_many_is_found() {
        for (word, expected) in [
            ("mnst", "mnist"),
            ("minst", "mnist"),
            ("MNIST", "mnist"),
            ("kmnits", "kmnist"),
            ("digit", "digits"),
            ("fashon-mnst", "fashion-mnist"),
        ] {
            assert_eq!(nearest(word, NAMES), Some(expected), "{word}");
        }
    }

    #[test]
    fn a_word_like_no_name_has_no_suggestion() {
        for word in ["", "cifar", "photos", "x"] {
            assert_eq!(nearest(word, NAMES), None, "{word}");
        }
    }
}
