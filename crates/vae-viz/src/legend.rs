//! The legend of a chart: colours and names of the curves. It is above the plot, where no curve crosses it.

use crate::{Curve, Picture, VizError, colour::CURVES, text::Font};

/// Width and height of a colour sample in pixels.
const SWATCH: (usize, usize) = (18, 3);
/// Space between a colour sample and its label in pixels.
const LABEL_SPACE: usize = 6;
/// Space between entries in pixels.
const ENTRY_SPACE: usize = 18;

/// The entries of a legend with their positions.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    /// Height of all entries in pixels; 0 for none.
    pub(crate) height: usize,
}

struct Entry {
    lines: Vec<String>,
    colour: [u8; 3],
    /// Upper left corner in pixels, from the upper left corner of the legend.
    place: (usize, usize),
}

impl Legend {
    /// Places one entry after the other, in as many rows of at most `width` pixels as they need. A curve without a
    /// label gets no entry.
    pub(crate) fn lay_out(curves: &[Curve], font: &Font, width: usize) -> Result<Self, VizError> {
        let mut legend = Self { entries: Vec::new(), height: 0 };
        let (mut x, mut y) = (0, 0);
        for (curve, colour) in curves.iter().zip(CURVES.into_iter().cycle()) {
            let lines = font.wrap(curve.label, width.saturating_sub(SWATCH.0 + LABEL_SPACE))?;
            if lines.is_empty() {
                continue;
            }
            let mut entry_width = 0;
            for line in &lines {
                entry_width = entry_width.max(SWATCH.0 + LABEL_SPACE + font.width(line)?);
            }
            if x + entry_width > width {
                (x, y) = (0, legend.height);
            }
            legend.height = legend.height.max(y + lines.len() * font.line_height());
            legend.entries.push(Entry { lines, colour, place: (x, y) });
            x += entry_width + ENTRY_SPACE;
        }
        Ok(legend)
    }

    /// Draws the entries, with the upper left corner of the legend at `(left, top)`.
    pub(crate) fn draw(
        &self,
        picture: &mut Picture,
        (left, top): (usize, usize),
        font: &Font,
        ink: [u8; 3],
    ) -> Result<(), VizError> {
        for entry in &self.entries {
            let (x, y) = (left + entry.place.0, top + entry.place.1);
            let swatch_top = y + font.baseline() - (font.capital() + SWATCH.1) / 2;
            picture.paste(&Picture::new(SWATCH.0, SWATCH.1, entry.colour)?, x, swatch_top);
            for (i, line) in entry.lines.iter().enumerate() {
                let baseline = y + i * font.line_height() + font.baseline();
                font.draw(picture, line, (x + SWATCH.0 + LABEL_SPACE, baseline), ink)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay_out(labels: &[&str], width: usize) -> (Legend, Font) {
        let font = Font::new(16).unwrap();
        let curves: Vec<_> = labels.iter().map(|&label| Curve { label, ..Curve::default() }).collect();
        (Legend::lay_out(&curves, &font, width).unwrap(), font)
    }

    fn places(legend: &Legend) -> Vec<(usize, usize)> {
        legend.entries.iter().map(|entry| entry.place).collect()
    }

    #[test]
    fn entries_are_side_by_side_where_they_fit() {
        let (legend, font) = lay_out(&["train", "validation"], 350);
        let second = SWATCH.0 + LABEL_SPACE + font.width("train").unwrap() + ENTRY_SPACE;
        assert_eq!(places(&legend), [(0, 0), (second, 0)]);
        assert_eq!(legend.height, font.line_height());
    }

    #[test]
    fn an_entry_too_wide_for_the_row_starts_the_next() {
        let (legend, font) = lay_out(&["train", "validation"], 120);
        assert_eq!(places(&legend), [(0, 0), (0, font.line_height())]);
    }

    #[test]
    fn a_label_too_wide_for_any_row_breaks_into_lines() {
        let (legend, font) = lay_out(&["a curve with a very long name", "short"], 120);
        assert!(legend.entries[0].lines.len() > 1);
        assert_eq!(places(&legend)[1], (0, legend.entries[0].lines.len() * font.line_height()));
    }

    #[test]
    fn a_curve_without_a_label_has_no_entry_and_keeps_its_colour() {
        let (legend, _) = lay_out(&["", "validation"], 350);
        assert_eq!(legend.entries.len(), 1);
        assert_eq!(legend.entries[0].colour, CURVES[1]);
    }
}
