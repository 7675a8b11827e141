//! All colours in one place: those of image values, and those of pages, text and charts.

/// Whether the values of images are shown as light on dark or as dark on light.
///
/// Greys are exact, so that values can be read back from a picture: all three channels of a value `v` are
/// `round(255 v)` in [`Night`](Self::Night) and `255 − round(255 v)` in [`Paper`](Self::Paper).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// 0 is black and 1 is white, as in MNIST: light digits on a dark page.
    #[default]
    Night,
    /// 0 is white and 1 is black: ink on paper, for print.
    Paper,
}

/// Colour of NaN: magenta, which cannot be mistaken for a grey.
pub(crate) const NOT_A_NUMBER: [u8; 3] = [255, 0, 255];

impl Palette {
    /// Colour of one image value: the grey of the value clamped to [0, 1], or magenta for NaN.
    pub(crate) fn pixel(self, value: f32) -> [u8; 3] {
        if value.is_nan() {
            return NOT_A_NUMBER;
        }
        let grey = (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        match self {
            Self::Night => [grey; 3],
            Self::Paper => [255 - grey; 3],
        }
    }

    /// Colour of the page: of gaps, empty tiles and the background of the caption.
    pub(crate) fn page(self) -> [u8; 3] {
        match self {
            Self::Night => [30, 33, 40],
            Self::Paper => [228, 228, 224],
        }
    }

    /// Colour of captions and labels on the page.
    pub(crate) fn ink(self) -> [u8; 3] {
        match self {
            Self::Night => [226, 228, 232],
            Self::Paper => [38, 38, 42],
        }
    }
}

/// Colours of the curves of a panel, in this order. A panel with more curves uses them again from the start.
///
/// They are the palette of Okabe and Ito (2008), whose colours are distinct to people with any of the common
/// colour-vision deficiencies, without its black, which looks like text, and its yellow, which is faint on white.
pub(crate) const CURVES: [[u8; 3]; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

/// The page of a chart.
pub(crate) const CHART_PAGE: [u8; 3] = [255, 255, 255];
/// Titles and captions of a chart.
pub(crate) const CHART_INK: [u8; 3] = [34, 36, 40];
/// Labels of a chart's axes: quieter than its titles.
pub(crate) const CHART_LABEL: [u8; 3] = [92, 96, 104];
/// The axis at the foot of a chart.
pub(crate) const CHART_AXIS: [u8; 3] = [140, 144, 152];
/// The lines at the ticks of a chart.
pub(crate) const CHART_GRID: [u8; 3] = [230, 232, 236];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_are_exact_in_both_palettes() {
        for byte in 0..=255u8 {
            let value = f32::from(byte) / 255.0;
            assert_eq!(Palette::Night.pixel(value), [byte; 3]);
            assert_eq!(Palette::Paper.pixel(value), [255 - byte; 3]);
        }
    }

    #[test]
    fn values_outside_the_unit_interval_are_clamped() {
        assert_eq!(Palette::Night.pixel(-0.1), [0; 3]);
        assert_eq!(Palette::Night.pixel(f32::NEG_INFINITY), [0; 3]);
        assert_eq!(Palette::Night.pixel(1.5), [255; 3]);
        assert_eq!(Palette::Night.pixel(f32::INFINITY), [255; 3]);
    }

    #[test]
    fn not_a_number_is_magenta_in_both_palettes() {
        assert_eq!(Palette::Night.pixel(f32::NAN), NOT_A_NUMBER);
        assert_eq!(Palette::Paper.pixel(f32::NAN), NOT_A_NUMBER);
    }
}
