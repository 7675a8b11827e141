//! The chart of one panel: a plot with its axes, and the title, unit and legend above it.

use crate::{
    Panel, Picture, VizError,
    axis::Axis,
    colour::{CHART_AXIS, CHART_GRID, CHART_INK, CHART_LABEL, CHART_PAGE, CURVES},
    frame::{Frame, clip, is_drawable, range},
    legend::Legend,
    sketch::Sketch,
    text::Font,
};

/// Width and height of the area of the curves in pixels.
pub(crate) const PLOT: (usize, usize) = (350, 230);
/// Space between the plot and the text around it in pixels.
const SPACE: usize = 6;
/// Width of a curve in pixels.
const STROKE: f64 = 2.0;
/// Radius in pixels of the dot at each point of a curve with few points.
const MARKER: f64 = 3.0;
/// The largest number of points of a curve with such dots.
const MAX_MARKED: usize = 40;
/// Outer and inner radius in pixels of the ring around a marked point.
const RING: (f64, f64) = (5.5, 3.0);
/// Width and height in pixels of the arrow where a curve leaves the plot.
const ARROW: (f64, f64) = (4.0, 6.0);
/// Margin of the sketch around the plot in pixels, because dots and rings at the ends of a curve lie half outside.
const SKETCH_MARGIN: usize = 6;
/// Approximate number of labels on an axis.
const TICKS: usize = 5;

/// The fonts of a chart.
pub(crate) struct Fonts {
    title: Font,
    label: Font,
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, VizError> {
        Ok(Self { title: Font::new(20)?, label: Font::new(16)? })
    }

    /// Height of the labels and the title of the axis of epochs, below the plot, in pixels.
    pub(crate) fn footer(&self) -> usize {
        SPACE + 2 * self.label.line_height()
    }
}

/// A panel with its axes and with its text broken into lines.
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
        let no_points = || VizError::NoPoints { panel: panel.title.to_owned() };
        let points = || panel.curves.iter().flat_map(|curve| curve.points).copied().filter(is_drawable);
        let (first, last) = range(points().map(|point| point.0)).ok_or_else(no_points)?;
        let frame = Frame::of(&panel.curves).ok_or_else(no_points)?;
        let epochs = Axis::epochs(first, last, TICKS);
        let values = Axis::values(frame.low, frame.high, TICKS);
        let outside = points().filter(|point| !(0.0..=1.0).contains(&values.position(point.1)));
        let unit = [panel.y_label.to_owned(), outside_text(outside, &values).unwrap_or_default()];
        let unit: Vec<String> = unit.into_iter().filter(|text| !text.is_empty()).collect();

        let mut gutter = 0;
        for (_, label) in &values.ticks {
            gutter = gutter.max(fonts.label.width(label)? + SPACE);
        }
        let title = fonts.title.wrap(panel.title, PLOT.0)?;
        let y_label = fonts.label.wrap(&unit.join("; "), PLOT.0)?;
        let legend = Legend::lay_out(&panel.curves, &fonts.label, PLOT.0)?;
        let title_height = title.len() * fonts.title.line_height();
        let header = title_height + y_label.len() * fonts.label.line_height() + legend.height + SPACE;
        Ok(Self { panel, epochs, values, title, y_label, legend, header, gutter })
    }

    /// Draws the chart with the upper left corner of the plot at `(left, top)`. There must be space for
    /// [`header`](Self::header) above it, for [`gutter`](Self::gutter) at its left, and a few pixels at its right.
    pub(crate) fn draw(
        &self,
        picture: &mut Picture,
        (left, top): (usize, usize),
        fonts: &Fonts,
    ) -> Result<(), VizError> {
        self.draw_header(picture, (left, top - self.header), fonts)?;
        picture.paste(&self.sketch()?, left - SKETCH_MARGIN, top - SKETCH_MARGIN);

        let font = &fonts.label;
        for (value, label) in &self.values.ticks {
            let x = (left - SPACE).saturating_sub(font.width(label)?);
            let y = top + self.y_of(*value).round() as usize + font.capital() / 2;
            font.draw(picture, label, (x, y), CHART_LABEL)?;
        }
        let foot = top + PLOT.1 + SPACE;
        for (epoch, label) in &self.epochs.ticks {
            let (middle, width) = (left + self.x_of(*epoch).round() as usize, font.width(label)?);
            // The last label may extend beyond the end of the axis, but not beyond the edge of the picture.
            let x = middle.saturating_sub(width / 2).min(picture.width().saturating_sub(width));
            font.draw(picture, label, (x, foot + font.baseline()), CHART_LABEL)?;
        }
        let x = left + (PLOT.0 - font.width("epoch")?) / 2;
        font.draw(picture, "epoch", (x, foot + font.line_height() + font.baseline()), CHART_LABEL)
    }

    /// Draws title, unit and legend, from the top down.
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

    /// Draws the plot, with [`SKETCH_MARGIN`] on all sides: lines at the ticks, the axis of epochs, the curves.
    fn sketch(&self) -> Result<Picture, VizError> {
        let mut sketch = Sketch::new(PLOT.0 + 2 * SKETCH_MARGIN, PLOT.1 + 2 * SKETCH_MARGIN, CHART_PAGE)?;
        let at = |x, y| in_sketch((x, y));
        let (width, height) = (PLOT.0 as f64, PLOT.1 as f64);
        // A line of one pixel is sharp if it runs through the middle of pixels.
        let sharp = |coordinate: f64| coordinate.floor() + 0.5;
        for (value, _) in &self.values.ticks {
            let y = sharp(self.y_of(*value));
            sketch.line(at(0.0, y), at(width, y), 1.0, CHART_GRID)?;
        }
        for (epoch, _) in &self.epochs.ticks {
            let x = sharp(self.x_of(*epoch));
            sketch.line(at(x, 0.0), at(x, height), 1.0, CHART_GRID)?;
        }
        sketch.line(at(0.0, sharp(height)), at(width, sharp(height)), 1.0, CHART_AXIS)?;

        for (curve, colour) in self.panel.curves.iter().zip(CURVES.into_iter().cycle()) {
            let drawable = curve.points.iter().filter(|point| is_drawable(point)).count();
            // On curves with many points, dots as wide as the line only round its joints.
            let radius = if drawable <= MAX_MARKED { MARKER } else { STROKE / 2.0 };
            let mut previous = None;
            for point in curve.points {
                let place = is_drawable(point).then(|| (self.x_of(point.0), self.y_of(point.1)));
                if let Some(to) = place {
                    if let Some(from) = previous {
                        self.join(&mut sketch, from, to, colour)?;
                    }
                    if is_inside(to) {
                        sketch.dot(in_sketch(to), radius, colour)?;
                    }
                }
                previous = place;
            }
        }
        for (curve, colour) in self.panel.curves.iter().zip(CURVES.into_iter().cycle()) {
            let marked =
                curve.points.iter().filter(|point| is_drawable(point) && Some(point.0) == curve.mark);
            for place in
                marked.map(|point| (self.x_of(point.0), self.y_of(point.1))).filter(|&to| is_inside(to))
            {
                sketch.dot(in_sketch(place), RING.0, colour)?;
                sketch.dot(in_sketch(place), RING.1, CHART_PAGE)?;
            }
        }
        sketch.into_picture()
    }

    /// Draws the part of a line that is inside the plot, with an arrow where it leaves the plot.
    fn join(
        &self,
        sketch: &mut Sketch,
        from: (f64, f64),
        to: (f64, f64),
        colour: [u8; 3],
    ) -> Result<(), VizError> {
        let Some((start, end)) = clip((from, to), PLOT.1 as f64) else { return Ok(()) };
        sketch.line(in_sketch(start), in_sketch(end), STROKE, colour)?;
        for ((x, y), _) in [(start, from), (end, to)].into_iter().filter(|(cut, point)| cut != point) {
            let back = if y > 0.0 { y - ARROW.1 } else { y + ARROW.1 };
            for side in [-ARROW.0, ARROW.0] {
                sketch.line(in_sketch((x + side, back)), in_sketch((x, y)), STROKE, colour)?;
            }
        }
        Ok(())
    }

    /// Distance of an epoch from the left edge of the plot in pixels.
    fn x_of(&self, epoch: f64) -> f64 {
        self.epochs.position(epoch) * PLOT.0 as f64
    }

    /// Distance of a value from the upper edge of the plot in pixels.
    fn y_of(&self, value: f64) -> f64 {
        (1.0 - self.values.position(value)) * PLOT.1 as f64
    }
}

/// A place in the plot as a place in the sketch, which has a margin around it.
fn in_sketch((x, y): (f64, f64)) -> (f64, f64) {
    (SKETCH_MARGIN as f64 + x, SKETCH_MARGIN as f64 + y)
}

/// True for a place in the plot that is between its lower and its upper edge.
fn is_inside((_, y): (f64, f64)) -> bool {
    (0.0..=PLOT.1 as f64).contains(&y)
}

/// What the axis of values leaves out, in words: `epoch 1 outside, up to 152.7`.
fn outside_text(points: impl Iterator<Item = (f64, f64)> + Clone, values: &Axis) -> Option<String> {
    let (first, last) = range(points.clone().map(|point| point.0))?;
    let (low, high) = range(points.map(|point| point.1))?;
    let number =
        |x: f64| if x.abs() < 1e6 { format!("{x:.1}") } else { format!("{x:.1e}") }.replace('-', "−");
    let epochs = if first == last { format!("epoch {first}") } else { format!("epochs {first}–{last}") };
    let reach = match (values.position(low) < 0.0, values.position(high) > 1.0) {
        (true, true) => format!("from {} to {}", number(low), number(high)),
        (true, false) => format!("down to {}", number(low)),
        _ => format!("up to {}", number(high)),
    };
    Some(format!("{epochs} outside, {reach}"))
}
