//! Labels cut to the width that they have.

use crate::{VizError, text::Font};

/// The text, or its beginning and an ellipsis if it is wider than `width` pixels.
pub(crate) fn shorten(font: &Font, text: &str, width: usize) -> Result<String, VizError> {
    // Longer texts are not measured as a whole: a letter has at least a pixel.
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(width + 1).collect();
    if short.len() == text.len() && font.width(&short)? <= width {
        return Ok(short);
    }
    while !short.is_empty() && font.width(&format!("{short}…"))? > width {
        short.pop();
    }
    Ok(short + "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_and_a_longer_one_ends_in_an_ellipsis() {
        let font = Font::new(16).unwrap();
        assert_eq!(shorten(&font, "circle", 100).unwrap(), "circle");
        let short = shorten(&font, &"circle ".repeat(1000), 100).unwrap();
        assert!(short.starts_with("circle") && short.ends_with('…'), "{short}");
        assert!(font.width(&short).unwrap() <= 100);
        assert_eq!(shorten(&font, "circle", 0).unwrap(), "…");
    }
}
