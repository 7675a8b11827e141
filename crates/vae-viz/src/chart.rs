//! One panel of [`curves`](crate::curves()): a plot with its axes, and its title, unit and legend above.

use crate::{
    Panel, Picture, VizError,
    axis::{Axis, LARGEST},
    colour::{CHART_AXIS, CHART_GRID, CHART_INK, CHART_LABEL, CHART_PAGE, CURVES},
    legend::Legend,
    sketch::Sketch,
    text::Font,
};

/// Width and height of the area that the curves have, in pixels.
pub(crate) const PLOT: (usize, usize) = (350, 230);
/// Space between the plot and what stands around it, in pixels.
const SPACE: usize = 6;
/// Width of a curve in pixels.
const STROKE: f64 = 2.0;
/// Radius in pixels of the dot at each point, where the points are few enough to be told apart.
const MARKER: f64 = 3.0;
/// The most points that get such a dot.
const MOST_MARKED: usize = 40;
/// What the sketch has more than the plot, on all sides, in pixels: dots at the ends lie half outside the
/// plot.
const OVERLAP: usize = 4;
/// Labels on an axis, about.
const TICKS: usize = 5;

/// The letters of a chart.
pub(crate) struct Fonts {
    title: Font,
    label: Font,
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, VizError> {
        Ok(Self { title: Font::new(20)?, label: Font::new(16)? })
    }

    /// Height in pixels of what stands below a plot: the epochs, and the word for them.
    pub(crate) fn footer(&self) -> usize {
        SPACE + 2 * self.label.line_height()
    }
}

/// A panel with its axes, and with all of its text broken into lines.
pub(crate) struct Chart<'a> {
    panel: &'a Panel<'a>,
    epochs: Axis,
    values: Axis,
    title: Vec<String>,
    y_label: Vec<String>,
    legend: Legend,
    /// Height of everything above the plot in pixels.
    pub(crate) header: usize,
    /// Width of the labels at the left of the plot in pixels.
    pub(crate) gutter: usize,
}

impl<'a> Chart<'a> {
    pub(crate) fn lay_out(panel: &'a Panel<'a>, fonts: &Fonts) -> Result<Self, VizError> {
        let no_points = || VizError::NoPoints { panel: format!("panel {:?}", panel.title) };
        let points = || panel.curves.iter().flat_map(|curve| curve.points).copied().filter(is_drawable);
        let (first, last) = range(points().map(|point| point.0)).ok_or_else(no_points)?;
        let (low, high) = range(points().map(|point| point.1)).ok_or_else(no_points)?;
        let epochs = Axis::epochs(first, last, TICKS);
        let values = Axis::values(low, high, TICKS);

        let mut gutter = 0;
        for (_, label) in &values.ticks {
            gutter = gutter.max(fonts.label.width(label)? + SPACE);
        }
        let title = fonts.title.wrap(panel.title, PLOT.0)?;
        let y_label = fonts.label.wrap(panel.y_label, PLOT.0)?;
        let legend = Legend::lay_out(&panel.curves, &fonts.label, PLOT.0)?;
        let title_height = title.len() * fonts.title.line_height();
        let header = title_height + y_label.len() * fonts.label.line_height() + legend.height + SPACE;
        Ok(Self { panel, epochs, values, title, y_label, legend, header, gutter })
    }

    /// Draws with the upper left corner of the plot at `(left, top)`, which must leave
    /// [`header`](Self::header) and [`gutter`](Self::gutter) free, and a few pixels at the right.
    pub(crate) fn draw(
        &self,
        picture: &mut Picture,
        (left, top): (usize, usize),
        fonts: &Fonts,
    ) -> Result<(), VizError> {
        self.draw_header(picture, (left, top - self.header), fonts)?;
        picture.paste(&self.sketch()?, left - OVERLAP, top - OVERLAP);

        let font = &fonts.label;
        for (value, label) in &self.values.ticks {
            let x = (left - SPACE).saturating_sub(font.width(label)?);
            let y = top + self.depth(*value).round() as usize + font.capital() / 2;
            font.draw(picture, label, (x, y), CHART_LABEL)?;
        }
        let foot = top + PLOT.1 + SPACE;
        for (epoch, label) in &self.epochs.ticks {
            let (middle, width) = (left + self.across(*epoch).round() as usize, font.width(label)?);
            // The last label may hang over the end of the axis, but not over the edge of the picture.
            let x = middle.saturating_sub(width / 2).min(picture.width().saturating_sub(width));
            font.draw(picture, label, (x, foot + font.baseline()), CHART_LABEL)?;
        }
        let x = left + (PLOT.0 - font.width("epoch")?) / 2;
        font.draw(picture, "epoch", (x, foot + font.line_height() + font.baseline()), CHART_LABEL)
    }

    /// Title, unit and legend, from the top down.
    fn draw_header(
        &self,
        picture: &mut Picture,
        (left, top): (usize, usize),
        fonts: &Fonts,
    ) -> Result<(), VizError> {
        let mut y = top;
        let texts = [(&self.title, &fonts.title, CHART_INK), (&self.y_label, &fonts.label, CHART_LABEL)];
        for (lines, font, colour) in texts {
            for line in lines {
                font.draw(picture, line, (left, y + font.baseline()), colour)?;
                y += font.line_height();
            }
        }
        self.legend.draw(picture, (left, y), &fonts.label, CHART_INK)
    }

    /// The plot itself, [`OVERLAP`] larger on all sides: lines at the ticks, the axis of epochs, the curves.
    fn sketch(&self) -> Result<Picture, VizError> {
        let mut sketch = Sketch::new(PLOT.0 + 2 * OVERLAP, PLOT.1 + 2 * OVERLAP, CHART_PAGE)?;
        let at = |x: f64, y: f64| (OVERLAP as f64 + x, OVERLAP as f64 + y);
        let (width, height) = (PLOT.0 as f64, PLOT.1 as f64);
        // Through the middle of a pixel: there, a line of one pixel is sharp.
        let sharp = |coordinate: f64| coordinate.floor() + 0.5;
        for (value, _) in &self.values.ticks {
            let y = sharp(self.depth(*value));
            sketch.line(at(0.0, y), at(width, y), 1.0, CHART_GRID)?;
        }
        for (epoch, _) in &self.epochs.ticks {
            let x = sharp(self.across(*epoch));
            sketch.line(at(x, 0.0), at(x, height), 1.0, CHART_GRID)?;
        }
        sketch.line(at(0.0, sharp(height)), at(width, sharp(height)), 1.0, CHART_AXIS)?;

        for (curve, colour) in self.panel.curves.iter().zip(CURVES.into_iter().cycle()) {
            let drawable = curve.points.iter().filter(|point| is_drawable(point)).count();
            // Where points are many, dots of the line's own width only round the joints.
            let radius = if drawable <= MOST_MARKED { MARKER } else { STROKE / 2.0 };
            let mut previous = None;
            for point in curve.points {
                let place = is_drawable(point).then(|| at(self.across(point.0), self.depth(point.1)));
                if let Some(to) = place {
                    if let Some(from) = previous {
                        sketch.line(from, to, STROKE, colour)?;
                    }
                    sketch.dot(to, radius, colour)?;
                }
                previous = place;
            }
        }
        sketch.into_picture()
    }

    /// Distance of an epoch from the left edge of the plot in pixels.
    fn across(&self, epoch: f64) -> f64 {
        self.epochs.position(epoch) * PLOT.0 as f64
    }

    /// Distance of a value from the upper edge of the plot in pixels.
    fn depth(&self, value: f64) -> f64 {
        (1.0 - self.values.position(value)) * PLOT.1 as f64
    }
}

/// Whether a point has a place in a chart.
fn is_drawable(&(x, y): &(f64, f64)) -> bool {
    // False for NaN as well.
    x.abs() <= LARGEST && y.abs() <= LARGEST
}

/// Least and greatest of the numbers; none of no numbers.
fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.fold(None, |range, x| {
        Some(range.map_or((x, x), |(low, high): (f64, f64)| (low.min(x), high.max(x))))
    })
}
