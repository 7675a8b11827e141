//! How a hand varies the forms of the copybook. Besides the choice of the form, all variation is in a few quantities,
//! the same ones for every digit, each drawn about its usual value in MNIST.

use super::{
    curve::{self, Point},
    dice::Dice,
    strokes::{FORMS, Form, Knot},
};

/// A digit as written: its strokes, not yet placed on the pixels.
pub(super) struct Drawing {
    /// Each stroke as dabs of the pen, close to each other.
    pub(super) strokes: Vec<Vec<Dab>>,
}

/// The pen at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dab {
    /// The place, in any unit: only the shape counts, as the digit's size on the image is fixed.
    pub(super) at: Point,
    /// Half the width of the line here, in pixels of the image: pens do not grow with the digit.
    pub(super) radius: f32,
}

/// The least radius of a line, in pixels: a finer line would be grey all along, while MNIST's finest reach white.
const FINEST: f32 = 0.75;

/// By which factor the ends of a stroke vary more than the knots between them.
const FREEDOM_OF_ENDS: f32 = 1.4;

/// Writes a digit.
///
/// # Panics
/// If `digit` is more than 9.
pub(super) fn write(digit: u8, dice: &mut Dice) -> Drawing {
    let form = choose(FORMS[usize::from(digit)], dice);
    let hand = Hand::draw(dice);
    Drawing { strokes: form.strokes.iter().map(|knots| hand.stroke(knots, dice)).collect() }
}

/// Draws one of the forms, each with the probability of its share.
fn choose(forms: &'static [Form], dice: &mut Dice) -> &'static Form {
    let mut ticket = dice.below(forms.iter().map(|form| form.share).sum());
    for form in forms {
        if ticket < form.share {
            return form;
        }
        ticket -= form.share;
    }
    unreachable!("a ticket is below the sum of the shares")
}

/// What stays the same while a digit is written.
struct Hand {
    /// Width over height, relative to the copybook.
    aspect: f32,
    /// How far a digit's top is to the right of its foot, in heights.
    slant: f32,
    /// Cosine and sine of the turn as a whole.
    turn: [f32; 2],
    /// The quadratic part of the map from copybook to paper, a row for each axis, in the coefficients of x², xy and
    /// y²: it bows straight strokes and makes the top larger than the foot, or the left side larger than the right.
    bend: [[f32; 3]; 2],
    /// Half the width of the line, in pixels.
    pen: f32,
    /// The fraction by which the pen is wider at the end of a stroke than in the middle, and narrower at the start.
    taper: f32,
}

impl Hand {
    /// A hand like those of MNIST: the numbers are means and standard deviations, tuned on its training images by the
    /// nearest-neighbour classifier and by eye.
    fn draw(dice: &mut Dice) -> Self {
        // Twice the width must be as frequent as half of it.
        let stretch = dice.bell(0.32);
        let aspect = if stretch > 0.0 { 1.0 + stretch } else { 1.0 / (1.0 - stretch) };
        // Cosine and sine by way of the tangent of half the angle, which needs no transcendental function.
        let half = dice.bell(0.04);
        let turn = [(1.0 - half * half) / (1.0 + half * half), 2.0 * half / (1.0 + half * half)];
        Self {
            aspect,
            slant: 0.12 + dice.bell(0.28),
            turn,
            bend: [(); 2].map(|()| [(); 3].map(|()| dice.bell(0.2))),
            pen: 1.28 + dice.bell(0.36),
            taper: dice.bell(0.12),
        }
    }

    /// One stroke, from the first knot to the last.
    fn stroke(&self, knots: &[Knot], dice: &mut Dice) -> Vec<Dab> {
        let last = knots.len() - 1;
        let mut wobble = Wobble::draw(dice);
        let mut reach = |i: usize, knot: &Knot| {
            let freedom = if i == 0 || i == last { FREEDOM_OF_ENDS } else { 1.0 };
            let ([x, y], [dx, dy]) = (knot.about_middle(), wobble.next(dice));
            self.place([x + freedom * dx, y + freedom * dy])
        };
        let places: Vec<Point> = knots.iter().enumerate().map(|(i, knot)| reach(i, knot)).collect();
        let corners: Vec<bool> = knots.iter().map(|knot| knot.is_corner).collect();
        self.ink(&curve::through(&places, &corners))
    }

    /// From the copybook to the paper, both about the middle of the digit.
    fn place(&self, at: Point) -> Point {
        let (x, y) = (at[0] + quadratic(self.bend[0], at), at[1] + quadratic(self.bend[1], at));
        let x = self.aspect * x - self.slant * y;
        let [cos, sin] = self.turn;
        [cos * x - sin * y, sin * x + cos * y]
    }

    /// The dabs of the pen along a line.
    fn ink(&self, line: &[Point]) -> Vec<Dab> {
        let half = line.len() as f32 / 2.0;
        let radius = |i: usize| self.pen * (1.0 + self.taper * (i as f32 / half - 1.0));
        line.iter().enumerate().map(|(i, &at)| Dab { at, radius: radius(i).max(FINEST) }).collect()
    }
}

/// The value of a quadratic form with the given coefficients of x², xy and y².
fn quadratic(coefficients: [f32; 3], [x, y]: Point) -> f32 {
    coefficients[0] * x * x + coefficients[1] * x * y + coefficients[2] * y * y
}

/// How far the pen is from where it should be. Each error keeps a part of the one before: independent errors would turn
/// every round stroke into a polygon.
struct Wobble {
    error: Point,
}

impl Wobble {
    /// Standard deviation of the error, in heights of the digit.
    const SIZE: f32 = 0.032;
    /// What an error keeps of the one at the knot before, and what it takes from a new draw: the squares sum to one, so
    /// that the deviation stays the same along the stroke.
    const KEPT: f32 = 0.6;
    const FRESH: f32 = 0.8;

    fn draw(dice: &mut Dice) -> Self {
        Self { error: [(); 2].map(|()| dice.bell(Self::SIZE)) }
    }

    /// The error at the next knot.
    fn next(&mut self, dice: &mut Dice) -> Point {
        self.error = self.error.map(|error| Self::KEPT * error + Self::FRESH * dice.bell(Self::SIZE));
        self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawings(digit: u8) -> impl Iterator<Item = Drawing> {
        (0..500).map(move |index| write(digit, &mut Dice::new(1, b"handtest", index)))
    }

    #[test]
    fn every_form_is_chosen_as_often_as_its_share_says() {
        let mut dice = Dice::new(1, b"handtest", 3);
        // The bare stroke of the 1, 14 of 17.
        let bare = (0..10_000).filter(|_| std::ptr::eq(choose(FORMS[1], &mut dice), &raw const FORMS[1][0]));
        let bare = bare.count();
        assert!((8_100..8_370).contains(&bare), "{bare}");
    }

    #[test]
    fn the_pen_is_never_finer_than_the_finest_nor_wider_than_a_quarter_of_the_box() {
        for digit in 0..10 {
            for dab in drawings(digit).flat_map(|drawing| drawing.strokes).flatten() {
                assert!((FINEST..5.0).contains(&dab.radius), "{}", dab.radius);
            }
        }
    }

    #[test]
    fn the_pen_keeps_about_its_width_and_varies_between_writers() {
        let first_radius: Vec<f32> = drawings(1).map(|drawing| drawing.strokes[0][0].radius).collect();
        let mean = first_radius.iter().sum::<f32>() / first_radius.len() as f32;
        assert!((1.2..1.4).contains(&mean), "{mean}");
        assert!(
            first_radius.iter().any(|&radius| radius < 0.9)
                && first_radius.iter().any(|&radius| radius > 1.8)
        );
    }

    #[test]
    fn more_hands_slant_to_the_right_than_to_the_left() {
        let to_the_right = drawings(1).filter(|drawing| {
            let stem = drawing.strokes[0].as_slice();
            stem[0].at[0] > stem[stem.len() - 1].at[0]
        });
        let to_the_right = to_the_right.count();
        assert!((280..420).contains(&to_the_right), "{to_the_right} of 500");
    }

    #[test]
    fn the_wobble_does_not_grow_along_the_stroke() {
        let mut squares = [0.0_f32; 2];
        for index in 0..5_000 {
            let mut dice = Dice::new(1, b"handtest", index);
            let mut wobble = Wobble::draw(&mut dice);
            squares[0] += wobble.next(&mut dice)[0].powi(2);
            let tenth = (0..9).map(|_| wobble.next(&mut dice)).last().unwrap();
            squares[1] += tenth[0].powi(2);
        }
        for deviation in squares.map(|sum| (sum / 5_000.0).sqrt()) {
            assert!((deviation - Wobble::SIZE).abs() < 0.05 * Wobble::SIZE, "{deviation}");
        }
    }
}
