//! Training curves: the terms of the loss over the epochs, in panels side by side.

use crate::{
    Panel, Picture, VizError,
    caption::Caption,
    chart::{Chart, Fonts, PLOT},
    colour::{CHART_INK, CHART_PAGE},
};

/// Largest number of panels in a row of the picture.
const MAX_COLUMNS: usize = 3;
/// Free space around each panel in pixels.
const MARGIN: usize = 18;

/// Draws the panels from left to right, three in a row.
///
/// Each point of a curve with at most 40 points is marked by a dot, so that a run of one epoch is visible too. The dots
/// of longer curves would merge, so they are drawn as lines only. A curve's [`mark`](crate::Curve::mark) is a ring.
///
/// If the first twentieth of the epochs, or the first epoch, would squeeze all others into less than half of the plot,
/// these early points leave the plot at an arrow, and a text above the plot gives their values.
///
/// # Errors
/// [`VizError::NoPanels`] without panels; [`VizError::NoPoints`] for a panel without a point that can be drawn;
/// [`VizError::TextTooLong`] for texts beyond 4096 characters; [`VizError::TooLarge`] for more panels than fit into
/// [`MAX_PIXELS`](crate::MAX_PIXELS).
pub fn curves(panels: &[Panel], caption: Option<&str>) -> Result<Picture, VizError> {
    if panels.is_empty() {
        return Err(VizError::NoPanels);
    }
    let fonts = Fonts::new()?;
    let charts = panels.iter().map(|panel| Chart::lay_out(panel, &fonts)).collect::<Result<Vec<_>, _>>()?;

    // All charts get the widest gutter, and all charts of a row the tallest header, so that neighbouring axes align.
    let gutter = charts.iter().map(|chart| chart.gutter).max().unwrap_or(0);
    let columns = charts.len().min(MAX_COLUMNS);
    let pitch = gutter + PLOT.0 + 2 * MARGIN;
    let mut body_height = 0;
    let mut rows = Vec::new();
    for row in charts.chunks(columns) {
        let header = row.iter().map(|chart| chart.header).max().unwrap_or(0);
        rows.push((body_height + MARGIN + header, row));
        body_height += header + PLOT.1 + fonts.footer() + 2 * MARGIN;
    }

    let caption = Caption::lay_out(caption, columns * pitch)?;
    let mut picture = Picture::new(caption.width, body_height + caption.height, CHART_PAGE)?;
    caption.draw(&mut picture, body_height, CHART_INK)?;
    let left = (caption.width - columns * pitch) / 2;
    for (top, row) in rows {
        for (column, chart) in row.iter().enumerate() {
            chart.draw(&mut picture, (left + column * pitch + MARGIN + gutter, top), &fonts)?;
        }
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, colour::CURVES};

    fn panel<'a>(curves: Vec<Curve<'a>>) -> Panel<'a> {
        Panel { title: "−ELBO", y_label: "nats per image", curves }
    }

    fn draw(points: &[(f64, f64)]) -> Result<Picture, VizError> {
        curves(&[panel(vec![Curve { points, ..Curve::default() }])], None)
    }

    /// Positions of the pixels that have exactly the colour of the panel's first curve.
    fn ink(picture: &Picture) -> Vec<(usize, usize)> {
        let places = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
        places.filter(|&(x, y)| picture.pixel(x, y) == CURVES[0]).collect()
    }

    #[test]
    fn a_single_epoch_is_a_dot() {
        let inked = ink(&draw(&[(1.0, 104.0)]).unwrap());
        assert!((9..=36).contains(&inked.len()), "{} pixels", inked.len());
    }

    #[test]
    fn a_falling_loss_falls_from_left_to_right() {
        let inked = ink(&draw(&[(1.0, 180.0), (10.0, 120.0), (20.0, 104.0)]).unwrap());
        let leftmost = inked.iter().min_by_key(|place| place.0).unwrap();
        let rightmost = inked.iter().max_by_key(|place| place.0).unwrap();
        assert!(leftmost.1 + PLOT.1 / 2 < rightmost.1, "{leftmost:?} to {rightmost:?}");
        assert!(rightmost.0 - leftmost.0 >= PLOT.0, "{leftmost:?} to {rightmost:?}");
    }

    #[test]
    fn a_point_that_is_not_finite_leaves_a_gap() {
        let whole = ink(&draw(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0)]).unwrap()).len();
        for skipped in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e301] {
            let parts = ink(&draw(&[(1.0, 1.0), (2.0, skipped), (3.0, 1.0), (4.0, 1.0)]).unwrap()).len();
            assert!(parts < whole / 2, "{skipped}: {parts} of {whole} pixels");
        }
    }

    #[test]
    fn a_marked_epoch_is_a_ring() {
        let points: Vec<_> =
            (1..=60).map(|epoch| (f64::from(epoch), 100.0 + 10.0 / f64::from(epoch))).collect();
        let inked = |mark| {
            let line = Curve { points: &points, mark, ..Curve::default() };
            ink(&curves(&[panel(vec![line])], None).unwrap())
        };
        let (plain, marked) = (inked(None), inked(Some(30.0)));
        let ring: Vec<_> = marked.iter().filter(|place| !plain.contains(place)).collect();
        let columns = ring.iter().map(|place| place.0);
        let width = columns.clone().max().unwrap() - columns.min().unwrap();
        assert!((6..=12).contains(&width), "{width}");
        assert_eq!(inked(Some(30.5)), plain, "there is no epoch 30.5");
    }

    #[test]
    fn an_early_epoch_that_squeezes_the_others_leaves_the_plot() {
        let points: Vec<_> = (1..=10).map(|epoch| (f64::from(epoch), 100.0 - f64::from(epoch))).collect();
        let mut early = points.clone();
        early[0].1 = 1e6;
        // The lower half of the plot has the later epochs, whatever the first one is.
        let lowest = |points: &[(f64, f64)]| {
            let picture = draw(points).unwrap();
            ink(&picture).iter().map(|place| picture.height() - place.1).min().unwrap()
        };
        let height = |points: &[(f64, f64)]| {
            let inked = ink(&draw(points).unwrap());
            let rows = inked.iter().map(|place| place.1);
            rows.clone().max().unwrap() - rows.min().unwrap()
        };
        assert!(height(&early) <= PLOT.1 + 8 && height(&early) > PLOT.1 / 2, "{}", height(&early));
        assert!(lowest(&early).abs_diff(lowest(&points)) < 10, "{} and {}", lowest(&early), lowest(&points));
    }

    #[test]
    fn no_panels_are_refused() {
        assert!(matches!(curves(&[], None), Err(VizError::NoPanels)));
    }

    #[test]
    fn a_panel_without_points_is_an_error_with_its_title() {
        for points in [&[][..], &[(f64::NAN, 1.0), (1.0, f64::INFINITY)]] {
            let message = draw(points).unwrap_err().to_string();
            assert!(message.contains("−ELBO"), "{message}");
        }
        assert!(matches!(curves(&[panel(vec![])], None), Err(VizError::NoPoints { .. })));
    }

    #[test]
    fn extreme_values_are_drawn() {
        let extremes =
            [0.0, 1.0, -1.0, 1e30, -1e30, 1e-30, 5e-324, f64::MAX, f64::MIN, 1e300, f64::NAN, 104.0];
        for x in extremes {
            for y in extremes {
                // The first point is drawable whatever the second is.
                draw(&[(1.0, 104.0), (x, y), (x, y)]).unwrap();
            }
        }
    }

    #[test]
    fn each_of_six_curves_has_its_own_colour() {
        let points: Vec<_> = (0..6).map(|i| [(0.0, f64::from(i)), (1.0, f64::from(i))]).collect();
        let lines = points.iter().map(|points| Curve { points, ..Curve::default() }).collect();
        let picture = curves(&[panel(lines)], None).unwrap();
        for colour in CURVES {
            assert!(picture.rgb().chunks(3).any(|pixel| pixel == colour), "{colour:?}");
        }
    }

    #[test]
    fn panels_are_placed_three_in_a_row() {
        let one = [panel(vec![Curve { label: "train", points: &[(1.0, 104.0)], mark: None }])];
        let single = curves(&one, None).unwrap();
        let size_of = |count| {
            let picture = curves(&vec![one[0].clone(); count], None).unwrap();
            (picture.width() / single.width(), picture.height() / single.height())
        };
        assert_eq!([1, 2, 3, 4, 7].map(size_of), [(1, 1), (2, 1), (3, 1), (3, 2), (3, 3)]);
    }

    #[test]
    fn long_titles_and_labels_are_kept_within_the_panel() {
        let long = "a very long name for a quantity that hardly anybody would ever want to plot ".repeat(3);
        let points = [(1.0, 1.0), (2.0, 2.0)];
        let lines = [&long, "short"].map(|label| Curve { label, points: &points, mark: None }).to_vec();
        let picture = curves(&[Panel { title: &long, y_label: &long, curves: lines }], None).unwrap();
        let edge = picture.width() - MARGIN / 2;
        for y in 0..picture.height() {
            for x in edge..picture.width() {
                assert_eq!(picture.pixel(x, y), CHART_PAGE, "ink at ({x}, {y})");
            }
        }
    }

    #[test]
    fn more_panels_than_a_picture_holds_are_refused() {
        let many = vec![panel(vec![Curve { points: &[(1.0, 1.0)], ..Curve::default() }]); 2000];
        assert!(matches!(curves(&many, None), Err(VizError::TooLarge { .. })));
    }
}
