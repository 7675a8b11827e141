//! The default name of a picture, which tells one request from another, so that neither overwrites the other.

use std::path::{Path, PathBuf};

use super::prior::PriorArgs;
use crate::file_name::{of_path, part};

/// The longest part of a name that lists indices or numbers.
const LONGEST: usize = 40;

/// The name of a request's picture.
pub(crate) struct Wish(String);

impl Wish {
    /// Images of a split of some data, above their reconstructions.
    pub(crate) fn like(indices: &[u32], is_training: bool) -> Self {
        let list = indices.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
        Self(format!("like-{}{}", if is_training { "train-" } else { "" }, part(&list, LONGEST)))
    }

    /// New images of a class, or of all (`None`).
    pub(crate) fn class(class: Option<&str>, seed: u64) -> Self {
        let class = class.map_or("digits".to_owned(), |class| {
            let kind = if class.bytes().all(|byte| byte.is_ascii_digit()) { "digit" } else { "class" };
            format!("{kind}-{}", part(class, LONGEST))
        });
        Self(format!("{class}-seed-{seed}"))
    }

    /// Pictures of one's own.
    pub(crate) fn images(files: &[PathBuf]) -> Self {
        let names: Vec<String> = files.iter().map(|file| of_path(Path::new(file), LONGEST)).collect();
        Self(format!("image-{}", part(&names.join("-"), LONGEST)))
    }

    /// Points of the latent space.
    pub(crate) fn points(points: &str) -> Self {
        Self(format!("latent-{}", part(&points.replace(';', "_"), LONGEST)))
    }

    /// Samples of the prior.
    pub(crate) fn prior(prior: PriorArgs, seed: u64) -> Self {
        Self(format!("prior{}-seed-{seed}", prior.in_file_name()))
    }

    /// With a flag that was given.
    pub(crate) fn with(mut self, flag: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0 += &format!("-{flag}-{}", part(value, LONGEST));
        }
        self
    }

    /// The name of the file.
    pub(crate) fn file_name(self) -> String {
        self.0 + ".png"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_request_is_readable() {
        assert_eq!(Wish::like(&[9, 12], false).file_name(), "like-9-12.png");
        assert_eq!(
            Wish::like(&[9], true).with("data", Some("kmnist")).file_name(),
            "like-train-9-data-kmnist.png"
        );
        assert_eq!(Wish::class(Some("7"), 3).file_name(), "digit-7-seed-3.png");
        assert_eq!(Wish::class(Some("circle"), 0).file_name(), "class-circle-seed-0.png");
        assert_eq!(Wish::class(None, 0).with("count", Some("5")).file_name(), "digits-seed-0-count-5.png");
        assert_eq!(Wish::images(&["photo.jpg".into()]).file_name(), "image-photo.png");
        assert_eq!(Wish::points("0.1,-1;2,3").file_name(), "latent-0.1,-1_2,3.png");
    }

    #[test]
    fn long_requests_that_begin_alike_have_different_names() {
        let indices: Vec<u32> = (0..500).collect();
        let [a, b] = [500, 499].map(|count| Wish::like(&indices[..count], false).file_name());
        assert!(a != b && a.len() < 60, "{a} {b}");
        let [a, b] = ["x/a.png", "y/a.png"].map(|file| Wish::images(&[file.into()]).file_name());
        assert_ne!(a, b);
    }
}
