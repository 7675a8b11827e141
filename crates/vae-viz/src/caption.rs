//! The caption below a picture. It is laid out before anything is drawn, because it may need more width than the tiles
//! above it: long lines are broken, a narrow picture is widened, and no text is cut off.

use crate::{Picture, VizError, text::Font};

/// Size of the font in pixels, from the lowest descender to the highest ascender.
const FONT_SIZE: usize = 18;
/// Free space around the text in pixels.
const MARGIN: usize = 8;
/// A picture narrower than this is widened for its caption, as far as the caption needs it, in pixels.
const NARROWEST: usize = 240;
/// Longest line in pixels, even in a wider picture: longer lines are hard to read.
const WIDEST: usize = 1600;

/// A caption, broken into lines.
pub(crate) struct Caption {
    font: Font,
    lines: Vec<String>,
    /// Width of the whole picture in pixels: the width of the body, or more if the caption needs it.
    pub(crate) width: usize,
    /// Height of the caption in pixels, with its margins; 0 without a caption.
    pub(crate) height: usize,
}

impl Caption {
    /// Lays out `text` below a body of `body_width` pixels. No text, or only white space, gives a height of 0.
    pub(crate) fn lay_out(text: Option<&str>, body_width: usize) -> Result<Self, VizError> {
        let font = Font::new(FONT_SIZE)?;
        let measure = body_width.clamp(NARROWEST, WIDEST) - 2 * MARGIN;
        let lines = font.wrap(text.unwrap_or_default(), measure)?;
        let mut width = body_width;
        for line in &lines {
            width = width.max(font.width(line)? + 2 * MARGIN);
        }
        let height = if lines.is_empty() { 0 } else { lines.len() * font.line_height() + 2 * MARGIN };
        Ok(Self { font, lines, width, height })
    }

    /// Draws the lines, centred, from `top` pixels below the picture's upper edge on.
    pub(crate) fn draw(&self, picture: &mut Picture, top: usize, colour: [u8; 3]) -> Result<(), VizError> {
        for (i, line) in self.lines.iter().enumerate() {
            let x = self.width.saturating_sub(self.font.width(line)?) / 2;
            let y = top + MARGIN + i * self.font.line_height() + self.font.baseline();
            self.font.draw(picture, line, (x, y), colour)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "64 samples from the prior of a VAE 784–512–256–20, 20 epochs of MNIST, seed 42, \
                        commit 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn no_text_takes_no_space() {
        for text in [None, Some(""), Some(" \n\t ")] {
            let caption = Caption::lay_out(text, 100).unwrap();
            assert_eq!((caption.width, caption.height), (100, 0), "{text:?}");
        }
    }

    #[test]
    fn every_line_fits_with_its_margins_into_any_width() {
        for body_width in [1, 28, 100, 300, 1000, 5000] {
            let caption = Caption::lay_out(Some(LONG), body_width).unwrap();
            for line in &caption.lines {
                let needed = caption.font.width(line).unwrap() + 2 * MARGIN;
                assert!(
                    needed <= caption.width,
                    "{body_width}: {line:?} needs {needed} of {}",
                    caption.width
                );
            }
        }
    }

    #[test]
    fn no_character_of_a_long_caption_is_lost() {
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        for body_width in [1, 100, 300, 1000] {
            let caption = Caption::lay_out(Some(LONG), body_width).unwrap();
            assert_eq!(squeeze(&caption.lines.concat()), squeeze(LONG), "{body_width}");
        }
    }

    #[test]
    fn a_short_caption_widens_a_narrow_picture_only_as_far_as_it_must() {
        let caption = Caption::lay_out(Some("seven"), 28).unwrap();
        assert_eq!(caption.width, caption.font.width("seven").unwrap() + 2 * MARGIN);
        assert!(caption.width < NARROWEST);
    }

    #[test]
    fn the_ink_of_a_caption_stays_clear_of_the_pictures_edges() {
        for body_width in [28, 200, 700] {
            let caption = Caption::lay_out(Some(LONG), body_width).unwrap();
            let mut picture = Picture::new(caption.width, caption.height, [0; 3]).unwrap();
            caption.draw(&mut picture, 0, [255; 3]).unwrap();
            let (right, bottom) = (picture.width() - 1, picture.height() - 1);
            let blank = |x, y| picture.pixel(x, y) == [0; 3];
            assert!((0..=right).all(|x| blank(x, 0) && blank(x, bottom)), "{body_width}");
            assert!((0..=bottom).all(|y| blank(0, y) && blank(right, y)), "{body_width}");
        }
    }

    #[test]
    fn a_caption_leaves_ink() {
        let caption = Caption::lay_out(Some("seven"), 28).unwrap();
        let mut picture = Picture::new(caption.width, caption.height, [0; 3]).unwrap();
        caption.draw(&mut picture, 0, [255; 3]).unwrap();
        let inked = picture.rgb().chunks(3).filter(|pixel| pixel[0] > 128).count();
        assert!(inked > 50, "{inked} pixels");
    }

    #[test]
    fn a_caption_beyond_the_limit_is_refused() {
        let refused = Caption::lay_out(Some(&"a".repeat(5000)), 100);
        assert!(matches!(refused, Err(VizError::TextTooLong { expected: 4096, found: 5000 })));
    }
}
