//! From a drawing to the pixels of an image, by the recipe that made MNIST of NIST's scans: the digit scaled, its
//! proportions kept, to fit a box of 20 x 20 pixels, and the box moved by whole pixels so that the centre of mass comes
//! to lie in the middle of 28 x 28 (Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits").

use multiversion::multiversion;

use super::handwriting::{Dab, Drawing};

/// Height and width of an image, in pixels.
pub const SIDE: usize = 28;

/// Pixels of an image.
pub(super) const PIXELS: usize = SIDE * SIDE;

/// Height and width of the box that the digit fills, in pixels.
const BOX: usize = 20;

/// Width of the grey edge of a line, in pixels. Exact coverage of square pixels would give one; the scans were scaled
/// down by a filter that is a little softer.
const EDGE: f32 = 1.2;

/// The least extent by which a drawing is scaled to the box: lengths below it are noise.
const LEAST_EXTENT: f32 = 0.1;

/// Where the centre of mass belongs, as index of a column or row. MNIST rounds up: 14 and not 13.5.
const MIDDLE: f32 = (SIDE / 2) as f32;

/// Cells of a row that are inked together: the widest vector of AVX2, and seldom fewer than a line is wide.
const LANES: usize = 8;

/// Ink in the box, row by row: 0 none, 1 full.
type Sheet = [f32; BOX * BOX];

/// Draws onto `image`, which is (28 * 28) bytes and empty.
///
/// # Panics
/// If `image` has another length.
pub(super) fn render(drawing: &Drawing, image: &mut [u8]) {
    assert_eq!(image.len(), PIXELS, "an image has {PIXELS} pixels");
    let mut sheet = [0.0; BOX * BOX];
    let placement = Placement::of(drawing);
    for stroke in &drawing.strokes {
        for pair in stroke.windows(2) {
            draw_segment(&mut sheet, placement.apply(pair[0]), placement.apply(pair[1]));
        }
    }
    let [left, top] = centring_shift(&sheet);
    for (row, inks) in sheet.chunks_exact(BOX).enumerate() {
        let start = (top + row) * SIDE + left;
        for (pixel, ink) in image[start..start + BOX].iter_mut().zip(inks) {
            *pixel = (ink * 255.0 + 0.5) as u8;
        }
    }
}

/// How a drawing is placed into the box: the same scale for both axes.
struct Placement {
    centre: [f32; 2],
    scale: f32,
}

impl Placement {
    /// The longer side of the drawing, pen included, becomes the side of the box.
    fn of(drawing: &Drawing) -> Self {
        let (mut low, mut high, mut widest) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2], 0.0_f32);
        for dab in drawing.strokes.iter().flatten() {
            for axis in 0..2 {
                low[axis] = low[axis].min(dab.at[axis]);
                high[axis] = high[axis].max(dab.at[axis]);
            }
            widest = widest.max(dab.radius);
        }
        let extent = (high[0] - low[0]).max(high[1] - low[1]).max(LEAST_EXTENT);
        let centre = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
        Self { centre, scale: (BOX as f32 - 2.0 * widest) / extent }
    }

    fn apply(&self, dab: Dab) -> Dab {
        let place = |axis: usize| (dab.at[axis] - self.centre[axis]) * self.scale + BOX as f32 / 2.0;
        Dab { at: [place(0), place(1)], radius: dab.radius }
    }
}

/// Inks the line from one dab to the next: full well inside it, nothing well outside, a linear ramp across its edge.
///
/// Where lines cross, the darker counts, as ink on ink is no darker than ink. So a cell may be visited though no ink
/// reaches it, and whole rows of cells are inked at once.
#[multiversion(targets("x86_64+avx2"))]
fn draw_segment(sheet: &mut Sheet, from: Dab, to: Dab) {
    // Ink ends half an edge outside the line; a hundredth of a pixel is more than rounding can add to that.
    let reach = from.radius.max(to.radius) + EDGE / 2.0 + 0.01;
    // Pixels whose centre may be within reach; casts from f32 saturate, so this holds whatever the numbers are.
    let near = |axis: usize| {
        let (low, high) = (from.at[axis].min(to.at[axis]), from.at[axis].max(to.at[axis]));
        ((low - reach + 0.5) as usize).min(BOX)..((high + reach + 0.5) as usize).min(BOX)
    };
    let [dx, dy] = [to.at[0] - from.at[0], to.at[1] - from.at[1]];
    let length_squared = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
    for row in near(1) {
        let cells = &mut sheet[row * BOX..][..BOX];
        for left in near(0).step_by(LANES) {
            let left = left.min(BOX - LANES);
            for (column, cell) in (left..).zip(&mut cells[left..][..LANES]) {
                let [x, y] = [column as f32 + 0.5 - from.at[0], row as f32 + 0.5 - from.at[1]];
                // The foot of the perpendicular: 0 at `from`, 1 at `to`.
                let along = ((x * dx + y * dy) / length_squared).clamp(0.0, 1.0);
                let [off_x, off_y] = [x - along * dx, y - along * dy];
                let radius = from.radius + along * (to.radius - from.radius);
                let depth = radius - (off_x * off_x + off_y * off_y).sqrt();
                let ink = (depth / EDGE + 0.5).clamp(0.0, 1.0);
                *cell = cell.max(ink);
            }
        }
    }
}

/// Where the box's left and top edge must lie for the centre of mass to be in the middle, as near as whole pixels get.
///
/// The outermost pixels always stay empty: a digit whose mass is all at one end is moved a pixel less. One in a
/// hundred of MNIST's digits does touch the edge, but pixels that are always zero, of which MNIST has many, are worth
/// having in tests and experiments.
fn centring_shift(sheet: &Sheet) -> [usize; 2] {
    let (mut mass, mut moment) = (0.0, [0.0; 2]);
    for (row, inks) in sheet.chunks_exact(BOX).enumerate() {
        for (column, &ink) in inks.iter().enumerate() {
            mass += ink;
            moment[0] += ink * column as f32;
            moment[1] += ink * row as f32;
        }
    }
    // A sheet without ink has no centre: NaN becomes 0 in the cast, and then 1 in the clamp.
    moment.map(|moment| ((MIDDLE - moment / mass + 0.5) as usize).clamp(1, SIDE - BOX - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dab(x: f32, y: f32, radius: f32) -> Dab {
        Dab { at: [x, y], radius }
    }

    fn rendered(strokes: Vec<Vec<Dab>>) -> Vec<u8> {
        let mut image = vec![0; PIXELS];
        render(&Drawing { strokes }, &mut image);
        image
    }

    #[test]
    fn a_bare_stroke_stands_upright_and_fills_the_height_of_the_box() {
        let image = rendered(vec![vec![dab(0.0, 0.0, 1.2), dab(0.0, 1.0, 1.2)]]);
        let inked_rows = image.chunks_exact(SIDE).filter(|row| row.iter().any(|&ink| ink > 0));
        assert_eq!(inked_rows.count(), BOX);
        let full_columns = (0..SIDE).filter(|column| image[14 * SIDE + column] == 255);
        assert_eq!(full_columns.count(), 2);
    }

    #[test]
    fn a_drawing_is_scaled_to_the_box_whatever_its_unit() {
        let drawn = |unit: f32| {
            rendered(vec![vec![dab(0.0, 0.0, 1.0), dab(unit, 0.5 * unit, 1.0), dab(0.0, unit, 1.0)]])
        };
        assert_eq!(drawn(1.0), drawn(64.0));
    }

    #[test]
    fn the_edge_of_a_line_is_grey() {
        let mut sheet = [0.0; BOX * BOX];
        draw_segment(&mut sheet, dab(10.0, 4.0, 1.5), dab(10.0, 16.0, 1.5));
        let row = &sheet[10 * BOX..11 * BOX];
        // Pixel centres lie 0.5, 1.5 and 2.5 off the middle of the line: inside, on the edge, outside.
        assert_eq!([row[10], row[11], row[12]], [1.0, 0.5, 0.0]);
    }

    #[test]
    fn a_line_changes_its_width_from_end_to_end() {
        let mut sheet = [0.0; BOX * BOX];
        draw_segment(&mut sheet, dab(4.0, 10.0, 1.0), dab(16.0, 10.0, 3.0));
        let ink_in = |column: usize| sheet.iter().skip(column).step_by(BOX).sum::<f32>();
        assert!(ink_in(15) > 2.0 * ink_in(5), "{} {}", ink_in(5), ink_in(15));
    }

    #[test]
    fn ink_on_ink_is_no_darker() {
        let line = vec![dab(0.0, 0.0, 1.0), dab(0.3, 1.0, 1.0)];
        assert_eq!(rendered(vec![line.clone()]), rendered(vec![line.clone(), line]));
    }

    #[test]
    fn lines_beyond_the_box_are_cut_off() {
        let mut sheet = [0.0; BOX * BOX];
        draw_segment(&mut sheet, dab(-30.0, -30.0, 2.0), dab(50.0, 50.0, 2.0));
        assert!(sheet[0] > 0.99 && sheet[BOX * BOX - 1] > 0.99);
    }

    #[test]
    fn a_single_spot_is_centred() {
        let image = rendered(vec![vec![dab(0.3, 0.3, 2.0); 3]]);
        assert_eq!(image[14 * SIDE + 14], 255);
    }

    #[test]
    #[should_panic(expected = "an image has 784 pixels")]
    fn an_image_of_another_size_panics() {
        render(&Drawing { strokes: Vec::new() }, &mut [0; 10]);
    }
}
