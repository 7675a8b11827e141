//! All errors of the crate in one type. Each message states what was expected and what was found, so that a command
//! can print it as it is.

use std::error::Error;

/// Why a picture was not drawn or not encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VizError {
    /// [`GridStyle::rows`](crate::GridStyle::rows) is zero.
    #[error("rows of a grid: expected at least 1, found 0")]
    NoRows,
    /// [`GridStyle::cols`](crate::GridStyle::cols) is zero.
    #[error("columns of a grid: expected at least 1, found 0")]
    NoColumns,
    /// [`GridStyle::scale`](crate::GridStyle::scale) is zero.
    #[error("scale of a grid: expected at least 1 screen pixel per image pixel, found 0")]
    NoScale,
    /// The picture would need more pixels than [`MAX_PIXELS`](crate::MAX_PIXELS).
    #[error("picture too large: expected at most {expected} pixels, found {width} x {height}")]
    TooLarge {
        /// The limit, in pixels.
        expected: usize,
        /// Width of the refused picture in pixels (`usize::MAX` where it does not even fit the type).
        width: usize,
        /// Height of the refused picture in pixels (`usize::MAX` where it does not even fit the type).
        height: usize,
    },
    /// There is no image to show.
    #[error("images to show: expected at least 1, found 0")]
    NoImages,
    /// An image shape without pixels.
    #[error("shape of an image: expected at least 1 x 1 pixels, found {height} x {width}")]
    EmptyImage {
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
    },
    /// The images' rows are not `height · width` long.
    #[error("pixels of an image: expected {height} x {width}, found {found}")]
    ImagePixels {
        /// Rows of pixels, as stated by the caller.
        height: usize,
        /// Columns of pixels, as stated by the caller.
        width: usize,
        /// Length of a row of the array.
        found: usize,
    },
    /// More images than the grid has tiles.
    #[error("images in the grid: expected at most {expected}, found {found}")]
    TooManyImages {
        /// Tiles of the grid, or pairs of tiles.
        expected: usize,
        /// Images given, or pairs.
        found: usize,
    },
    /// The two sets of images to be paired differ in number.
    #[error("images below others: expected {expected}, one for each image above, found {found}")]
    UnequalPairs {
        /// Number of upper images.
        expected: usize,
        /// Number of lower images.
        found: usize,
    },
    /// As many titles as pairs are needed.
    #[error("titles of pairs: expected {expected}, found {found}")]
    UnequalTitles {
        /// Number of pairs.
        expected: usize,
        /// Number of titles.
        found: usize,
    },
    /// There is no panel to draw.
    #[error("panels to draw: expected at least 1, found 0")]
    NoPanels,
    /// A panel without a point that can be drawn.
    #[error("points to draw in panel {panel:?}: expected at least 1 that is finite, found 0")]
    NoPoints {
        /// Title of the panel.
        panel: String,
    },
    /// A caption, title or label with too many characters.
    #[error("text in a picture: expected at most {expected} characters, found {found}")]
    TextTooLong {
        /// The limit, in characters.
        expected: usize,
        /// Characters found.
        found: usize,
    },
    /// A metadata keyword that PNG does not allow.
    #[error(
        "PNG keyword: expected 1 to 79 printable ASCII characters, without spaces at the ends or two in a \
         row, found {found:?}"
    )]
    Keyword {
        /// The refused keyword.
        found: String,
    },
    /// A metadata text that PNG does not allow.
    #[error("PNG text of {keyword:?}: expected no NUL character, found one at byte {position}")]
    NulInText {
        /// The keyword of the refused text.
        keyword: String,
        /// Position of the NUL in bytes.
        position: usize,
    },
    /// The PNG encoder refused the picture.
    #[error("PNG encoding failed")]
    Png {
        /// The encoder's error.
        #[from]
        source: png::EncodingError,
    },
    /// plotters failed to draw a line or a dot.
    #[error("plotters cannot draw the curves")]
    Drawing {
        /// The error of plotters.
        source: Box<dyn Error + Send + Sync>,
    },
    /// plotters failed to measure or to draw a text.
    #[error("plotters cannot draw the text")]
    Text {
        /// The error of plotters.
        source: Box<dyn Error + Send + Sync>,
    },
    /// plotters failed to read the built-in font.
    #[error("built-in font: expected an OpenType font, found bytes that plotters cannot read")]
    UnreadableFont,
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_wrapped_error_is_the_source_and_not_in_the_message() {
        let wrapped = || io::Error::other("disk full");
        let errors = [
            VizError::from(png::EncodingError::from(wrapped())),
            VizError::Drawing { source: wrapped().into() },
            VizError::Text { source: wrapped().into() },
        ];
        for error in errors {
            assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk full"), "{error:?}");
            assert!(!error.to_string().contains("disk full"), "{error}");
        }
    }
}
