//! The size that images are brought to: `--resize` and the suffix `:resize=` of `--data`.

use std::{fmt, str::FromStr};

/// Rows and columns of an image; as text `28x28`, or `28` for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageSize {
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl ImageSize {
    /// The most rows and columns.
    const MAX: usize = 4096;

    /// Rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self { height: self.width, width: self.height }
    }

    pub(crate) fn pair(self) -> (usize, usize) {
        (self.height, self.width)
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

impl FromStr for ImageSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        let most = Self::MAX;
        let side = |side: &str| match side.parse() {
            Ok(side) if (1..=most).contains(&side) => Ok(side),
            Ok(_) => Err(format!("expected sides between 1 and {most} pixels, found {text:?}")),
            Err(_) => Err(format!("expected HEIGHTxWIDTH such as 28x28, or one number, found {text:?}")),
        };
        Ok(Self { height: side(height)?, width: side(width)? })
    }
}
