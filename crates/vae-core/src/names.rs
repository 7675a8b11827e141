//! Choices that configurations, weight files and command lines make by name.

/// Reads and writes an enum with `ALL` and `name()` by these names, in text and, with the feature `serde`, in any
/// format.
macro_rules! by_name {
    ($choice:ty, $what:literal) => {
        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $choice {
            type Err = $crate::VaeError;

            fn from_str(name: &str) -> Result<Self, $crate::VaeError> {
                let choices = Self::ALL;
                choices.into_iter().find(|choice| choice.name() == name).ok_or_else(|| {
                    $crate::VaeError::UnknownName {
                        what: $what,
                        expected: Self::ALL.map(Self::name).join(", "),
                        found: name.to_owned(),
                    }
                })
            }
        }

        $crate::names::as_text!($choice);
    };
}

/// With the feature `serde`, reads and writes what has `Display` and `FromStr` as text.
macro_rules! as_text {
    ($choice:ty) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $choice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $choice {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {as_text, by_name};
