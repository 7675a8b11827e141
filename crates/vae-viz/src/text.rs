//! Text: the font, the width of a line, line breaks, and drawing a line into a picture.
//!
//! plotters rasterises the glyphs, and this module places them: `draw_text` of plotters aligns the top of a line with
//! the middle of its letters, and rounds the position of each glyph to a whole pixel. Here, plotters draws the glyphs
//! at [`OVERSAMPLING`] times their size, they are shrunk into place, which also gives fractions of a pixel between
//! letters, and positions are measured from the baseline.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontError, FontFamily, FontStyle, register_font};

use crate::{Picture, VizError};

/// The largest number of characters in one caption, title or label.
pub(crate) const MAX_CHARACTERS: usize = 4096;

/// Glyphs are drawn this many times larger than they appear. At four, the size that plotters gets is always even; at
/// odd sizes it rounds half pixels towards the baseline from both sides, so that letters differ in height.
const OVERSAMPLING: usize = 4;

/// The font's name in plotters. A name of our own, because fonts are registered for the whole process: a program that
/// also uses plotters itself keeps its own `sans-serif`.
const FAMILY: FontFamily<'static> = FontFamily::Name("vae-viz DejaVu Sans");

/// Height of capitals and digits of DejaVu Sans above the baseline, as a fraction of the font's size. In plotters, the
/// size is the height from the lowest descender to the highest ascender.
const CAPITAL: f64 = 0.626;
/// Height of the highest ascender above the baseline, as a fraction of the font's size.
const ASCENT: f64 = 0.798;

/// One font in one size.
pub(crate) struct Font {
    /// Height from the lowest descender to the highest ascender in pixels; a size of 16 is an em of 13.7 pixels.
    size: usize,
    glyphs: FontDesc<'static>,
}

impl Font {
    pub(crate) fn new(size: usize) -> Result<Self, VizError> {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        let registered = REGISTERED.get_or_init(|| {
            register_font(FAMILY.as_str(), FontStyle::Normal, dejavu::sans::regular()).is_ok()
        });
        if !registered {
            return Err(VizError::UnreadableFont);
        }
        Ok(Self { size, glyphs: FontDesc::new(FAMILY, (OVERSAMPLING * size) as f64, FontStyle::Normal) })
    }

    /// Distance from one line to the next in pixels.
    pub(crate) fn line_height(&self) -> usize {
        self.size * 5 / 4
    }

    /// Distance from the top of a line of [`line_height`](Self::line_height) to its baseline in pixels.
    pub(crate) fn baseline(&self) -> usize {
        let leading = self.line_height() - self.size;
        leading / 2 + (ASCENT * self.size as f64).round() as usize
    }

    /// Height of a capital letter or digit in pixels.
    pub(crate) fn capital(&self) -> usize {
        (CAPITAL * self.size as f64).round() as usize
    }

    /// Width of one line in pixels, rounded up.
    pub(crate) fn width(&self, line: &str) -> Result<usize, VizError> {
        let ((left, _), (right, _)) = self.glyphs.layout_box(line).map_err(text_error)?;
        Ok((right.saturating_sub(left).max(0) as usize).div_ceil(OVERSAMPLING))
    }

    /// Breaks a text into lines of at most `width` pixels: at its own line ends, else between words, else inside a
    /// word. No character other than white space is lost, whatever the width.
    pub(crate) fn wrap(&self, text: &str, width: usize) -> Result<Vec<String>, VizError> {
        let found = text.chars().count();
        if found > MAX_CHARACTERS {
            return Err(VizError::TextTooLong { expected: MAX_CHARACTERS, found });
        }
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in
                paragraph.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty())
            {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer)? <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for character in word.chars() {
                    line.push(character);
                    if self.width(&line)? > width && line.chars().nth(1).is_some() {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, character.to_string()));
                    }
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Draws one line with its left end at `x` and its baseline at `y`, in pixels; the part that lies outside the
    /// picture is left out.
    pub(crate) fn draw(
        &self,
        picture: &mut Picture,
        line: &str,
        (x, y): (usize, usize),
        colour: [u8; 3],
    ) -> Result<(), VizError> {
        let mask = self.mask(line)?;
        for (row, coverages) in mask.coverage.chunks_exact(mask.width).enumerate() {
            for (column, &coverage) in coverages.iter().enumerate().filter(|&(_, &coverage)| coverage > 0.0) {
                let target = ((x + column).checked_sub(mask.origin.0), (y + row).checked_sub(mask.origin.1));
                if let (Some(x), Some(y)) = target {
                    picture.blend(x, y, colour, coverage);
                }
            }
        }
        Ok(())
    }

    /// The fraction of each pixel that the letters of a line cover.
    fn mask(&self, line: &str) -> Result<Mask, VizError> {
        // Space on all sides for accents and overhangs, which are not part of the font's measures.
        let margin = self.size / 2;
        let origin = (margin, margin + (ASCENT * self.size as f64).ceil() as usize);
        let (width, height) = (self.width(line)? + 2 * margin, self.size + 2 * margin);
        let mut coverage = vec![0.0; width * height];

        // plotters draws the baseline half the font's size below the given point.
        let below = (OVERSAMPLING * self.size / 2) as i32;
        let shift = ((OVERSAMPLING * origin.0) as i32, (OVERSAMPLING * origin.1) as i32 - below);
        let weight = 1.0 / (OVERSAMPLING * OVERSAMPLING) as f32;
        let mut ink = |x: i32, y: i32, covered: f32| {
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                let (x, y) = (x / OVERSAMPLING, y / OVERSAMPLING);
                if x < width && y < height {
                    let pixel: &mut f32 = &mut coverage[y * width + x];
                    *pixel = (*pixel + weight * covered).min(1.0);
                }
            }
            Ok::<(), std::convert::Infallible>(())
        };
        // The inner result is that of `ink`, which cannot fail.
        let Ok(()) = self.glyphs.draw(line, shift, &mut ink).map_err(text_error)?;
        Ok(Mask { width, origin, coverage })
    }
}

/// A line of text as coverage in [0, 1], row-major.
struct Mask {
    width: usize,
    /// `(x, y)` of the line's left end and baseline within the mask.
    origin: (usize, usize),
    coverage: Vec<f32>,
}

fn text_error(error: FontError) -> VizError {
    VizError::Text { source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows (from the top) and columns of a picture that have any ink, for text drawn at the given place.
    fn inked(line: &str, place: (usize, usize)) -> (Vec<usize>, Vec<usize>) {
        let mut picture = Picture::new(200, 60, [0; 3]).unwrap();
        Font::new(16).unwrap().draw(&mut picture, line, place, [255; 3]).unwrap();
        let ink = |x: usize, y: usize| picture.pixel(x, y)[0] > 100;
        let rows = (0..60).filter(|&y| (0..200).any(|x| ink(x, y))).collect();
        let columns = (0..200).filter(|&x| (0..60).any(|y| ink(x, y))).collect();
        (rows, columns)
    }

    #[test]
    fn capitals_and_digits_stand_on_the_baseline() {
        let capital = Font::new(16).unwrap().capital();
        for line in ["H", "E", "1", "7"] {
            let (rows, _) = inked(line, (50, 40));
            assert_eq!((rows.first(), rows.last()), (Some(&(40 - capital)), Some(&39)), "{line}");
        }
    }

    #[test]
    fn a_descender_goes_below_the_baseline_and_stays_within_the_line() {
        let font = Font::new(16).unwrap();
        let lowest = *inked("g", (50, 40)).0.last().unwrap();
        assert!((40..40 + font.line_height() - font.baseline()).contains(&lowest), "{lowest}");
    }

    #[test]
    fn ink_stays_within_the_width_of_the_line() {
        let font = Font::new(16).unwrap();
        for line in ["train", "validation", "VAVA", "jfjf", "1e30", "iiii"] {
            let columns = inked(line, (50, 40)).1;
            let end = 50 + font.width(line).unwrap();
            assert!(columns.iter().all(|column| (50..end).contains(column)), "{line}: {columns:?}");
        }
    }

    #[test]
    fn text_beyond_the_edges_is_left_out() {
        assert!(inked("seven", (500, 40)).0.is_empty());
        assert!(inked("seven", (50, 500)).0.is_empty());
        let (rows, _) = inked("H", (0, 2));
        assert_eq!(rows, [0, 1]);
    }

    #[test]
    fn lines_break_between_words() {
        let font = Font::new(16).unwrap();
        let width = font.width("seven eight").unwrap();
        assert_eq!(font.wrap("seven eight nine", width).unwrap(), ["seven eight", "nine"]);
    }

    #[test]
    fn a_word_wider_than_the_line_breaks_inside() {
        let font = Font::new(16).unwrap();
        let width = font.width("aaaa").unwrap();
        assert_eq!(font.wrap("aaaaaaaaaa", width).unwrap(), ["aaaa", "aaaa", "aa"]);
    }

    #[test]
    fn a_line_takes_at_least_one_character_whatever_the_width() {
        assert_eq!(Font::new(16).unwrap().wrap("ab c", 0).unwrap(), ["a", "b", "c"]);
    }

    #[test]
    fn line_ends_of_the_text_are_kept() {
        assert_eq!(Font::new(16).unwrap().wrap("one\ntwo\r\nthree", 500).unwrap(), ["one", "two", "three"]);
    }

    #[test]
    fn the_longest_text_without_any_width_is_still_laid_out() {
        // A combining accent has no width, so that no line is ever full.
        let accents = "\u{301}".repeat(MAX_CHARACTERS);
        assert_eq!(Font::new(16).unwrap().wrap(&accents, 100).unwrap().concat(), accents);
    }
}
