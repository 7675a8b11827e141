//! The copybook: which forms each digit has, as people write it, and which points the pen passes in each.
//!
//! Places are in hundredths of the digit's height, `x` to the right and `y` downwards, on a paper that is about 80
//! wide:
//!
//! ```text
//!       0           80
//!     0 ┌────────────┐
//!       │  ________  │   p(8, 12), p(34, 8),     p: the pen passes here, smoothly
//!       │        ╱   │   c(68, 4),               c: here it turns a corner
//!       │      ╱     │   p(54, 40),
//!       │     ╱      │
//!   100 └────╱───────┘   p(36, 100)
//! ```
//!
//! A few knots make a smooth curve, each where the pen visibly changes its direction. Knots that are close together
//! wobble against each other, so they are at least 20 apart where a line should stay smooth.

use super::curve::Point;

/// A point that the pen passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knot {
    /// Hundredths of the digit's height, to the right.
    pub(super) x: i8,
    /// Hundredths of the digit's height, downwards.
    pub(super) y: i8,
    /// Whether the line has a corner here. At either end of a stroke it makes no difference.
    pub(super) is_corner: bool,
}

impl Knot {
    /// The place about the middle of the digit, in units of its height.
    pub(super) fn about_middle(self) -> Point {
        [f32::from(self.x) / 100.0 - 0.4, f32::from(self.y) / 100.0 - 0.5]
    }
}

/// One way to write a digit.
#[derive(Debug)]
pub(super) struct Form {
    /// How often the digit has this form, relative to the shares of its other forms.
    pub(super) share: u32,
    /// The strokes in order, each at least two knots.
    pub(super) strokes: &'static [&'static [Knot]],
}

/// The pen passes here, smoothly.
const fn p(x: i8, y: i8) -> Knot {
    Knot { x, y, is_corner: false }
}

/// The pen turns a corner here.
const fn c(x: i8, y: i8) -> Knot {
    Knot { x, y, is_corner: true }
}

/// A form with its share.
const fn form(share: u32, strokes: &'static [&'static [Knot]]) -> Form {
    Form { share, strokes }
}

/// The forms of each digit, by the digit.
// A table, a stroke a line; rustfmt would put each knot on a line of its own.
#[rustfmt::skip]
pub(super) const FORMS: [&[Form]; 10] = [
    // 0
    &[
        // Round, closed at the top.
        form(6, &[&[p(58, 4), p(28, 8), p(4, 38), p(6, 76), p(34, 98), p(64, 82), p(76, 44), p(62, 10), p(42, 2)]]),
        // Wide, the ends crossing.
        form(4, &[&[p(60, 10), p(40, 2), p(10, 22), p(-2, 56), p(18, 92), p(50, 98), p(80, 74), p(84, 36), p(60, 8),
                    p(36, 10)]]),
        // Narrow.
        form(2, &[&[p(52, 0), p(28, 16), p(18, 54), p(28, 92), p(46, 98), p(60, 70), p(62, 34), p(48, 4), p(40, 6)]]),
        // With a hook that leads in.
        form(1, &[&[p(70, 2), p(56, 14), p(30, 10), p(6, 40), p(8, 76), p(34, 98), p(62, 84), p(76, 46), p(64, 18),
                    p(46, 8)]]),
    ],
    // 1
    &[
        // A bare stroke.
        form(14, &[&[p(50, 0), p(50, 50), p(50, 100)]]),
        // With a flag.
        form(2, &[&[p(32, 20), p(42, 12), c(52, 0), p(51, 50), p(50, 100)]]),
        // With flag and foot.
        form(1, &[&[p(30, 24), c(52, 0), p(52, 50), p(52, 100)],
                  &[p(22, 100), p(50, 99), p(80, 98)]]),
    ],
    // 2
    &[
        // Round, with a flat foot.
        form(5, &[&[p(12, 24), p(24, 8), p(48, 2), p(62, 18), p(54, 46), p(32, 74), c(6, 97), p(40, 96), p(80, 94)]]),
        // With a loop at the foot.
        form(4, &[&[p(14, 18), p(34, 3), p(56, 8), p(60, 30), p(48, 58), p(30, 82), p(14, 96), p(2, 88), p(14, 76),
                    p(38, 86), p(60, 97), p(82, 90)]]),
        // Angular, like a Z.
        form(3, &[&[p(4, 6), p(30, 2), p(62, 2), p(68, 12), p(50, 42), p(26, 74), c(6, 97), p(44, 97), p(90, 97)]]),
        // With a wide loop, the foot rising.
        form(4, &[&[p(22, 14), p(44, 2), p(62, 14), p(58, 44), p(40, 78), p(14, 98), p(0, 84), p(20, 68), p(48, 76),
                    p(90, 84)]]),
        // Like a hook that leads into a long foot.
        form(3, &[&[p(6, 30), p(26, 6), p(56, 6), p(62, 28), p(46, 58), p(20, 92), p(2, 96), p(8, 78), p(40, 76),
                    p(96, 80)]]),
        // Narrow, with a short foot.
        form(3, &[&[p(20, 30), p(16, 12), p(38, 2), p(58, 16), p(52, 46), p(36, 76), c(20, 98), p(42, 92),
                    p(66, 98)]]),
    ],
    // 3
    &[
        // Two bows that meet in a point.
        form(5, &[&[p(14, 14), p(34, 2), p(58, 8), p(58, 28), p(42, 42), c(28, 46), p(54, 52), p(66, 70), p(50, 92),
                    p(28, 98), p(6, 88)]]),
        // With a flat top and a large bow.
        form(3, &[&[p(6, 8), p(36, 4), p(64, 4), p(56, 22), c(30, 44), p(58, 48), p(72, 66), p(54, 90), p(26, 98),
                    p(2, 92)]]),
        // With a small loop between the bows.
        form(2, &[&[p(16, 18), p(36, 2), p(60, 14), p(52, 36), p(32, 46), p(28, 50), p(38, 50), p(64, 60), p(64, 82),
                    p(38, 98), p(10, 90)]]),
        // Leaning, straight down to the lower bow.
        form(2, &[&[p(8, 10), p(34, 3), c(66, 2), p(50, 22), c(34, 42), p(60, 50), p(68, 70), p(46, 94), p(14, 97)]]),
        // Leaning, the lower bow open.
        form(2, &[&[p(10, 12), p(38, 2), p(62, 14), p(54, 36), c(36, 46), p(56, 52), p(62, 68), p(48, 88), p(18, 98),
                    p(0, 92)]]),
    ],
    // 4
    &[
        // Open, the bar bowed.
        form(6, &[&[p(22, 6), p(14, 30), p(12, 54), p(36, 58), p(66, 50)],
                  &[p(70, 0), p(62, 40), p(52, 100)]]),
        // Open, with corners.
        form(3, &[&[p(24, 8), p(14, 34), c(6, 60), p(36, 58), p(74, 54)],
                  &[p(58, 0), p(54, 40), p(48, 100)]]),
        // Closed, in one stroke.
        form(1, &[&[p(50, 100), p(56, 50), c(60, 2), p(34, 32), c(4, 64), p(40, 62), p(82, 60)]]),
        // Open, in one stroke like a y.
        form(2, &[&[p(20, 4), p(12, 30), p(20, 50), p(44, 48), p(62, 30), c(68, 2), p(60, 50), p(54, 100)]]),
        // With a small head and a long stem.
        form(2, &[&[p(40, 10), p(30, 28), c(20, 44), p(44, 46), p(78, 38)],
                  &[p(68, 0), p(54, 46), p(40, 100)]]),
        // Open, with a long rising bar.
        form(3, &[&[p(32, 4), p(20, 30), c(8, 56), p(40, 58), p(88, 46)],
                  &[p(70, 14), p(56, 50), p(42, 100)]]),
    ],
    // 5
    &[
        // Bar last.
        form(5, &[&[p(34, 4), p(28, 24), c(22, 44), p(46, 42), p(64, 60), p(56, 86), p(34, 98), p(8, 92)],
                  &[p(34, 4), p(54, 5), p(80, 2)]]),
        // In one stroke, bar first.
        form(4, &[&[p(82, 2), p(60, 5), c(36, 6), p(28, 24), c(20, 44), p(46, 46), p(60, 64), p(50, 88), p(26, 98),
                    p(4, 92)]]),
        // Round all along, like an S.
        form(2, &[&[p(72, 4), p(50, 2), p(32, 10), p(26, 30), p(40, 46), p(56, 62), p(54, 86), p(32, 98), p(8, 92)]]),
        // With a long rising bar.
        form(3, &[&[p(38, 14), p(30, 30), c(24, 48), p(48, 48), p(60, 64), p(50, 86), p(28, 98), p(0, 88)],
                  &[p(38, 14), p(64, 10), p(98, 0)]]),
    ],
    // 6
    &[
        // A straight stem.
        form(6, &[&[p(52, 0), p(32, 22), p(16, 52), p(16, 82), p(36, 98), p(58, 86), p(62, 64), p(44, 54), p(26, 66),
                    p(18, 80)]]),
        // A round stem and a wide loop.
        form(3, &[&[p(62, 2), p(36, 12), p(16, 42), p(10, 72), p(26, 96), p(54, 94), p(68, 74), p(52, 56), p(28, 62),
                    p(14, 78)]]),
        // Narrow.
        form(2, &[&[p(40, 0), p(26, 30), p(20, 64), p(28, 92), p(48, 96), p(60, 78), p(50, 60), p(32, 66),
                    p(24, 84)]]),
        // A short stem and a large flat loop.
        form(3, &[&[p(38, 2), p(16, 32), p(4, 66), p(20, 94), p(50, 96), p(82, 74), p(76, 54), p(50, 60), p(34, 84),
                    p(40, 96)]]),
    ],
    // 7
    &[
        // Bar and stem.
        form(7, &[&[p(8, 12), p(34, 8), c(68, 4), p(54, 40), p(36, 100)]]),
        // With a serif.
        form(3, &[&[p(6, 24), c(10, 8), p(40, 8), c(70, 4), p(56, 44), p(40, 100)]]),
        // Round, without a corner.
        form(2, &[&[p(8, 14), p(36, 4), p(60, 4), p(66, 18), p(54, 52), p(44, 100)]]),
        // With a cross-bar.
        form(2, &[&[p(8, 10), p(36, 8), c(70, 4), p(54, 44), p(38, 100)],
                  &[p(28, 54), p(50, 52), p(76, 50)]]),
        // With a wavy bar.
        form(1, &[&[p(6, 30), p(14, 12), p(30, 14), p(48, 20), c(72, 6), p(60, 46), p(48, 100)]]),
    ],
    // 8
    &[
        // From the right, ends meeting.
        form(6, &[&[p(68, 14), p(44, 2), p(22, 18), p(38, 44), p(60, 70), p(44, 96), p(16, 90), p(20, 66), p(48, 44),
                    p(68, 22), p(60, 4)]]),
        // From the waist.
        form(3, &[&[p(42, 48), p(18, 26), p(40, 2), p(66, 20), p(44, 48), p(14, 74), p(38, 98), p(66, 76), p(44, 50),
                    p(36, 46)]]),
        // From the right, ends open.
        form(2, &[&[p(80, 6), p(48, 3), p(26, 20), p(40, 44), p(54, 70), p(40, 96), p(16, 90), p(24, 66), p(52, 38),
                    p(84, 10)]]),
        // From the waist, upper bow first.
        form(3, &[&[p(44, 46), p(16, 30), p(24, 6), p(56, 4), p(68, 24), p(46, 46), p(18, 68), p(22, 94), p(48, 98),
                    p(62, 76), p(46, 48)]]),
        // From the right, a small ring below.
        form(2, &[&[p(76, 8), p(52, 2), p(28, 14), p(34, 38), p(52, 58), p(50, 86), p(32, 98), p(22, 82), p(38, 58),
                    p(60, 34), p(78, 10)]]),
        // Two rings.
        form(2, &[&[p(50, 2), p(26, 10), p(24, 34), p(48, 42), p(66, 24), p(52, 3), p(44, 4)],
                  &[p(42, 44), p(16, 62), p(20, 92), p(50, 98), p(66, 74), p(48, 46), p(38, 46)]]),
    ],
    // 9
    &[
        // A straight stem.
        form(6, &[&[p(60, 12), p(42, 2), p(20, 16), p(14, 38), p(30, 50), p(52, 38), p(62, 14), p(60, 40), p(54, 70),
                    p(48, 100)]]),
        // Leaning, with a small head.
        form(4, &[&[p(66, 6), p(48, 4), p(28, 20), p(24, 38), p(42, 42), p(60, 24), c(70, 6), p(56, 46),
                    p(34, 100)]]),
        // A hooked stem.
        form(2, &[&[p(62, 14), p(42, 2), p(20, 16), p(18, 38), p(36, 50), p(58, 36), p(64, 12), p(66, 50), p(58, 84),
                    p(38, 98), p(16, 90)]]),
        // A large head, an upright stem.
        form(3, &[&[p(58, 10), p(36, 2), p(14, 20), p(16, 44), p(40, 48), p(60, 32), p(60, 12), p(56, 50),
                    p(54, 100)]]),
        // A head that closes on the stem.
        form(2, &[&[p(50, 20), p(42, 4), p(26, 14), p(18, 38), p(30, 50), p(48, 40), c(58, 18), p(52, 58),
                    p(48, 100)]]),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn knots(form: &Form) -> impl Iterator<Item = &Knot> {
        form.strokes.iter().copied().flatten()
    }

    #[test]
    fn every_form_has_a_share() {
        assert!(FORMS.iter().all(|forms| !forms.is_empty()));
        assert!(FORMS.iter().copied().flatten().all(|form| form.share > 0));
    }

    #[test]
    fn every_stroke_has_a_beginning_and_an_end() {
        for form in FORMS.iter().copied().flatten() {
            assert!(!form.strokes.is_empty());
            assert!(form.strokes.iter().all(|stroke| stroke.len() >= 2), "{form:?}");
        }
    }

    #[test]
    fn every_form_is_about_as_high_as_the_paper() {
        for form in FORMS.iter().copied().flatten() {
            let top = knots(form).map(|knot| knot.y).min();
            let bottom = knots(form).map(|knot| knot.y).max();
            assert!((Some(0)..=Some(14)).contains(&top), "{form:?}");
            assert!((Some(96)..=Some(100)).contains(&bottom), "{form:?}");
        }
    }

    #[test]
    fn no_knot_is_far_off_the_paper() {
        for form in FORMS.iter().copied().flatten() {
            assert!(knots(form).all(|knot| (-2..=100).contains(&knot.x)), "{form:?}");
        }
    }
}
