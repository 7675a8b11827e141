//! Lines and dots with smooth edges. plotters draws lines wider than a pixel with jagged edges, so it draws on a sheet
//! of four times the width and height, which is then shrunk.

use std::error::Error;

use plotters::prelude::{BitMapBackend, Color, DrawingBackend, RGBColor, ShapeStyle};

use crate::{Picture, VizError};

/// Pixels of the sheet per pixel of the picture, in both directions.
const OVERSAMPLING: usize = 4;

/// A drawing before it is shrunk. Coordinates and widths are in pixels of the finished picture, `(x, y)` from the upper
/// left corner; whole numbers are the corners of pixels.
pub(crate) struct Sketch {
    width: usize,
    height: usize,
    sheet: Picture,
}

impl Sketch {
    pub(crate) fn new(width: usize, height: usize, page: [u8; 3]) -> Result<Self, VizError> {
        let sheet = Picture::new(OVERSAMPLING * width, OVERSAMPLING * height, page)?;
        Ok(Self { width, height, sheet })
    }

    /// A straight line with square ends.
    pub(crate) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        width: f64,
        colour: [u8; 3],
    ) -> Result<(), VizError> {
        let style =
            ShapeStyle { stroke_width: (width * OVERSAMPLING as f64).round() as u32, ..filled(colour) };
        self.backend(|backend| backend.draw_line(sheet_point(from), sheet_point(to), &style))
    }

    /// A filled circle.
    pub(crate) fn dot(&mut self, centre: (f64, f64), radius: f64, colour: [u8; 3]) -> Result<(), VizError> {
        let radius = (radius * OVERSAMPLING as f64).round() as u32;
        self.backend(|backend| backend.draw_circle(sheet_point(centre), radius, &filled(colour), true))
    }

    /// Shrinks the sheet: each pixel of the picture is the mean of its pixels on the sheet.
    pub(crate) fn into_picture(self) -> Result<Picture, VizError> {
        let mut picture = Picture::new(self.width, self.height, [0; 3])?;
        let samples = (OVERSAMPLING * OVERSAMPLING) as u32;
        let mut sums = vec![0u32; 3 * self.width];
        for (y, lines) in self.sheet.rgb().chunks_exact(3 * OVERSAMPLING * self.sheet.width()).enumerate() {
            sums.fill(0);
            for line in lines.chunks_exact(3 * self.sheet.width()) {
                for (sum, pixels) in sums.chunks_exact_mut(3).zip(line.chunks_exact(3 * OVERSAMPLING)) {
                    for pixel in pixels.chunks_exact(3) {
                        for (channel, &value) in sum.iter_mut().zip(pixel) {
                            *channel += u32::from(value);
                        }
                    }
                }
            }
            for (target, sum) in picture.line_from(0, y).iter_mut().zip(&sums) {
                *target = ((sum + samples / 2) / samples) as u8;
            }
        }
        Ok(picture)
    }

    /// Calls `draw` with a plotters backend that draws on the sheet.
    fn backend<E: Error + Send + Sync + 'static>(
        &mut self,
        draw: impl FnOnce(&mut BitMapBackend) -> Result<(), E>,
    ) -> Result<(), VizError> {
        let size = (self.sheet.width() as u32, self.sheet.height() as u32);
        let mut backend = BitMapBackend::with_buffer_and_format(self.sheet.rgb_mut(), size)
            .map_err(|error| VizError::Drawing { source: error.into() })?;
        draw(&mut backend).map_err(|error| VizError::Drawing { source: error.into() })
    }
}

fn sheet_point((x, y): (f64, f64)) -> (i32, i32) {
    let sheet = |coordinate: f64| (coordinate * OVERSAMPLING as f64).round() as i32;
    (sheet(x), sheet(y))
}

fn filled([red, green, blue]: [u8; 3]) -> ShapeStyle {
    RGBColor(red, green, blue).filled()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: [u8; 3] = [255; 3];
    const BLACK: [u8; 3] = [0; 3];

    #[test]
    fn an_untouched_sheet_keeps_its_colour() {
        let picture = Sketch::new(3, 2, [10, 20, 30]).unwrap().into_picture().unwrap();
        assert_eq!(picture, Picture::new(3, 2, [10, 20, 30]).unwrap());
    }

    #[test]
    fn a_dot_is_dark_inside_grey_at_its_edge_and_absent_outside() {
        let mut sketch = Sketch::new(20, 20, WHITE).unwrap();
        sketch.dot((10.0, 10.0), 4.0, BLACK).unwrap();
        let picture = sketch.into_picture().unwrap();
        assert_eq!(picture.pixel(10, 10), BLACK);
        assert_eq!(picture.pixel(3, 10), WHITE);
        let greys = picture.rgb().iter().filter(|&&value| value > 0 && value < 255).count();
        assert!(greys > 0, "no smooth edge");
    }

    #[test]
    fn a_line_goes_from_its_start_to_its_end() {
        let mut sketch = Sketch::new(20, 20, WHITE).unwrap();
        sketch.line((2.0, 3.0), (18.0, 15.0), 3.0, BLACK).unwrap();
        let picture = sketch.into_picture().unwrap();
        assert_eq!(picture.pixel(10, 9), BLACK);
        assert_eq!(picture.pixel(3, 15), WHITE);
        assert_eq!(picture.pixel(17, 3), WHITE);
    }

    #[test]
    fn parts_outside_the_sheet_are_left_out() {
        let mut sketch = Sketch::new(5, 5, WHITE).unwrap();
        sketch.line((-50.0, -50.0), (50.0, 50.0), 2.0, BLACK).unwrap();
        sketch.dot((-3.0, 8.0), 2.0, BLACK).unwrap();
        assert_eq!(sketch.into_picture().unwrap().pixel(2, 2), BLACK);
    }

    #[test]
    fn a_line_without_length_draws_nothing() {
        let mut sketch = Sketch::new(5, 5, WHITE).unwrap();
        sketch.line((2.0, 2.0), (2.0, 2.0), 2.0, BLACK).unwrap();
        assert_eq!(sketch.into_picture().unwrap(), Picture::new(5, 5, WHITE).unwrap());
    }
}
