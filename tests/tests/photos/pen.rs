//! Digits as strokes of a pen: lines of any width, at any size and angle.

/// Strokes of each digit: points (x, y) in a box of width 0.65 and height 1, y downwards.
const STROKES: [&[&[[f32; 2]]]; 10] = [
    &[&[
        [0.32, 0.0],
        [0.1, 0.18],
        [0.04, 0.5],
        [0.1, 0.84],
        [0.32, 1.0],
        [0.54, 0.84],
        [0.6, 0.5],
        [0.54, 0.18],
        [0.32, 0.0],
    ]],
    &[&[[0.38, 0.0], [0.28, 1.0]]],
    &[
        &[
            [0.05, 0.22],
            [0.14, 0.05],
            [0.34, 0.0],
            [0.52, 0.1],
            [0.55, 0.28],
            [0.44, 0.52],
            [0.24, 0.76],
            [0.02, 0.98],
        ],
        &[[0.02, 0.98], [0.62, 0.96]],
    ],
    &[
        &[[0.08, 0.1], [0.28, 0.0], [0.5, 0.08], [0.53, 0.24], [0.42, 0.4], [0.22, 0.47]],
        &[[0.22, 0.47], [0.46, 0.54], [0.58, 0.72], [0.5, 0.92], [0.28, 1.0], [0.05, 0.9]],
    ],
    &[&[[0.1, 0.0], [0.03, 0.48]], &[[0.03, 0.48], [0.58, 0.46]], &[[0.56, 0.04], [0.46, 1.0]]],
    &[
        &[[0.58, 0.0], [0.16, 0.02]],
        &[[0.16, 0.02], [0.1, 0.42]],
        &[[0.1, 0.42], [0.32, 0.38], [0.53, 0.5], [0.56, 0.72], [0.42, 0.94], [0.2, 1.0], [0.02, 0.9]],
    ],
    &[&[
        [0.42, 0.0],
        [0.2, 0.25],
        [0.07, 0.6],
        [0.1, 0.88],
        [0.28, 1.0],
        [0.48, 0.92],
        [0.54, 0.72],
        [0.4, 0.56],
        [0.2, 0.62],
        [0.08, 0.8],
    ]],
    &[&[[0.02, 0.04], [0.58, 0.02]], &[[0.58, 0.02], [0.4, 0.42], [0.26, 1.0]]],
    &[&[
        [0.52, 0.14],
        [0.32, 0.0],
        [0.1, 0.12],
        [0.14, 0.32],
        [0.42, 0.55],
        [0.54, 0.78],
        [0.34, 1.0],
        [0.1, 0.86],
        [0.16, 0.6],
        [0.44, 0.36],
        [0.52, 0.14],
    ]],
    &[
        &[[0.54, 0.2], [0.36, 0.02], [0.12, 0.1], [0.06, 0.3], [0.22, 0.46], [0.42, 0.38], [0.54, 0.2]],
        &[[0.54, 0.2], [0.52, 0.55], [0.42, 1.0]],
    ],
];

/// A digit somewhere on a picture.
#[derive(Clone, Copy)]
pub(crate) struct Digit {
    pub(crate) class: usize,
    /// (x, y) of the middle of the box, in pixels.
    pub(crate) middle: [f32; 2],
    /// Height of the box, in pixels.
    pub(crate) height: f32,
    /// Width of the lines, in pixels.
    pub(crate) pen: f32,
    /// Clockwise, in degrees.
    pub(crate) angle: f32,
}

impl Digit {
    /// The lines as pieces of straight lines, in pixels.
    fn segments(&self) -> Vec<[[f32; 2]; 2]> {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let place = |[x, y]: [f32; 2]| {
            let (x, y) = ((x - 0.325) * self.height, (y - 0.5) * self.height);
            [self.middle[0] + cos * x - sin * y, self.middle[1] + sin * x + cos * y]
        };
        let mut segments = Vec::new();
        for stroke in STROKES[self.class] {
            let line: Vec<[f32; 2]> = smooth(stroke).into_iter().map(place).collect();
            segments.extend(line.windows(2).map(|ends| [ends[0], ends[1]]));
        }
        segments
    }

    /// Lays ink, from 0 for none to 1 for full ink, over what is there.
    pub(crate) fn draw(&self, ink: &mut ndarray::Array2<f32>) {
        let reach = self.pen / 2.0 + 1.0;
        let (rows, columns) = ink.dim();
        for [a, b] in self.segments() {
            let span = |axis: usize, length: usize| {
                let (low, high) = (a[axis].min(b[axis]) - reach, a[axis].max(b[axis]) + reach);
                low.clamp(0.0, length as f32) as usize..(high.ceil().clamp(0.0, length as f32) as usize)
            };
            for y in span(1, rows) {
                for x in span(0, columns) {
                    let distance = distance([x as f32 + 0.5, y as f32 + 0.5], a, b);
                    let covered = (self.pen / 2.0 + 0.5 - distance).clamp(0.0, self.pen.min(1.0));
                    ink[[y, x]] = ink[[y, x]].max(covered);
                }
            }
        }
    }
}

/// A smooth line through the points (Catmull and Rom); two points are a straight line.
fn smooth(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let at = |i: isize| points[i.clamp(0, points.len() as isize - 1) as usize];
    let mut line = vec![points[0]];
    for i in 0..points.len() as isize - 1 {
        let [before, from, to, after] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
        for step in 1..=8 {
            let t = step as f32 / 8.0;
            line.push([0, 1].map(|axis| {
                let (a, b, c, d) = (before[axis], from[axis], to[axis], after[axis]);
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            }));
        }
    }
    line
}

/// How far a point is from a piece of a straight line.
pub(crate) fn distance(at: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let (d, p) = ([to[0] - from[0], to[1] - from[1]], [at[0] - from[0], at[1] - from[1]]);
    let length = d[0] * d[0] + d[1] * d[1];
    let along = if length > 0.0 { ((p[0] * d[0] + p[1] * d[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    ((p[0] - along * d[0]).powi(2) + (p[1] - along * d[1]).powi(2)).sqrt()
}
