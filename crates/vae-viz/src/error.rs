//! Everything that can go wrong between numbers and a picture, in one type: each message says what was
//! expected and what was found, so that a command can print it as it is.

/// Why there is no picture.
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
    #[error("scale of a grid: expected at least 1 screen pixel an image pixel, found 0")]
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
    /// Originals and reconstructions that do not pair up.
    #[error("reconstructions: expected {expected}, one for each original, found {found}")]
    UnequalPairs {
        /// Number of originals.
        expected: usize,
        /// Number of reconstructions.
        found: usize,
    },
    /// No panel at all, or a panel without a single point that can be drawn.
    #[error("points to draw in {panel}: expected at least 1 that is finite, found none")]
    NoPoints {
        /// The panel, by its title; or the picture, where it has no panels.
        panel: String,
    },
    /// A caption, title or label that is longer than anybody reads.
    #[error("text in a picture: expected at most {expected} characters, found {found}")]
    TextTooLong {
        /// The limit, in characters.
        expected: usize,
        /// Characters found.
        found: usize,
    },
    /// A metadata keyword that PNG does not allow.
    #[error(
        "png keyword: expected 1 to 79 printable ASCII characters, without spaces at the ends or two in a \
         row, found {found:?}"
    )]
    Keyword {
        /// The refused keyword.
        found: String,
    },
    /// A metadata text that PNG does not allow.
    #[error("png text of {keyword:?}: expected no NUL character, found one at byte {position}")]
    NulInText {
        /// The keyword of the refused text.
        keyword: String,
        /// Where the NUL stands, in bytes.
        position: usize,
    },
    /// The PNG encoder refused the picture.
    #[error("png encoder: {0}")]
    Png(#[from] png::EncodingError),
    /// plotters failed while drawing a shape.
    #[error("plotters could not draw: {0}")]
    Drawing(String),
    /// plotters failed to load the font or to set a text.
    #[error("plotters could not set text: {0}")]
    Font(String),
}
