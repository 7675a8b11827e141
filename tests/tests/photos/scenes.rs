//! What people photograph: a digit on paper, and what goes wrong with light, paper, pen and table.

use ndarray::Array2;

use crate::pen::{Digit, distance};

/// A picture of a digit, made anew each time.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) draw: fn(usize) -> Array2<f32>,
}

const HEIGHT: usize = 480;
const WIDTH: usize = 640;

const fn scene(name: &'static str, draw: fn(usize) -> Array2<f32>) -> Scene {
    Scene { name, draw }
}

/// The scenes. Greys are from 0 (black) to 255.
pub(crate) const SCENES: [Scene; 27] = [
    scene("plain", |class| on(paper(), &ink(usual(class)), 40.0)),
    scene("light from one side", |class| {
        let paper = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| 90.0 + 0.2 * x as f32 + 0.08 * y as f32);
        times(on(paper_of(230.0), &ink(usual(class)), 60.0), &(paper / 255.0))
    }),
    scene("hard shadow", |class| {
        let lit =
            Array2::from_shape_fn(
                (HEIGHT, WIDTH),
                |(y, x)| if x as f32 + 0.6 * y as f32 > 470.0 { 1.0 } else { 0.5 },
            );
        times(on(paper(), &ink(usual(class)), 40.0), &lit)
    }),
    scene("shadow of a rod", |class| {
        let lit = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            let across = x as f32 - 0.5 * y as f32;
            if (330.0..420.0).contains(&across) { 0.6 } else { 1.0 }
        });
        times(on(paper(), &ink(usual(class)), 40.0), &lit)
    }),
    scene("soft shadow of a hand", |class| {
        let lit = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            let far = ((x as f32 - 520.0).powi(2) + (y as f32 - 420.0).powi(2)).sqrt();
            0.45 + 0.55 * ((far - 150.0) / 120.0).clamp(0.0, 1.0)
        });
        times(on(paper(), &ink(usual(class)), 40.0), &lit)
    }),
    scene("blot", |class| {
        let mut ink = ink(usual(class));
        disc(&mut ink, [480.0, 330.0], 30.0);
        on(paper(), &ink, 40.0)
    }),
    scene("lined paper", |class| {
        let lines = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            let y = y as f32 + 0.02 * x as f32;
            if y.rem_euclid(60.0) < 3.0 { 165.0 } else { 230.0 }
        });
        on(lines, &ink(usual(class)), 40.0)
    }),
    scene("squared paper", |class| {
        let lines =
            Array2::from_shape_fn(
                (HEIGHT, WIDTH),
                |(y, x)| {
                    if y % 40 < 2 || x % 40 < 2 { 150.0 } else { 230.0 }
                },
            );
        on(lines, &ink(usual(class)), 40.0)
    }),
    scene("sheet on a dark table", |class| {
        let digit = Digit { height: 170.0, pen: 13.0, ..usual(class) };
        on_table(&on(paper(), &ink(digit), 40.0), 50.0, 6.0, [130.0, 70.0, 520.0, 420.0])
    }),
    scene("sheet on a light table", |class| {
        let digit = Digit { height: 170.0, pen: 13.0, ..usual(class) };
        on_table(&on(paper(), &ink(digit), 40.0), 170.0, -9.0, [110.0, 60.0, 530.0, 430.0])
    }),
    scene("sheet at the edge of the picture", |class| {
        let digit = Digit { height: 200.0, pen: 14.0, ..usual(class) };
        on_table(&on(paper(), &ink(digit), 40.0), 70.0, 12.0, [170.0, -400.0, 1000.0, 420.0])
    }),
    scene("table at a corner", |class| {
        let mut picture = on(paper(), &ink(usual(class)), 40.0);
        for ((y, x), grey) in picture.indexed_iter_mut() {
            if x as f32 + 1.6 * y as f32 > 1170.0 {
                *grey = 70.0;
            }
        }
        picture
    }),
    scene("low contrast", |class| on(paper_of(200.0), &ink(usual(class)), 170.0)),
    scene("marker", |class| on(paper(), &ink(Digit { pen: 42.0, height: 220.0, ..usual(class) }), 30.0)),
    scene("pencil", |class| on(paper(), &ink(Digit { pen: 2.0, ..usual(class) }), 150.0)),
    scene("chalk", |class| {
        let mut ink = ink(Digit { pen: 20.0, ..usual(class) });
        for ((y, x), ink) in ink.indexed_iter_mut() {
            *ink *= 0.75 + 0.25 * noise(y / 2, x / 2, 3);
        }
        on(paper_of(45.0), &ink, 215.0)
    }),
    scene("noise", |class| {
        let mut picture = on(paper_of(150.0), &ink(usual(class)), 70.0);
        picture.indexed_iter_mut().for_each(|((y, x), grey)| *grey += 45.0 * noise(y, x, 1));
        picture
    }),
    scene("off centre", |class| {
        on(paper(), &ink(Digit { middle: [90.0, 380.0], height: 120.0, pen: 10.0, ..usual(class) }), 40.0)
    }),
    scene("turned", |class| on(paper(), &ink(Digit { angle: 13.0, ..usual(class) }), 40.0)),
    scene("frame", |class| {
        let mut ink = ink(Digit { height: 190.0, ..usual(class) });
        for ends in [
            [[60.0, 50.0], [580.0, 40.0]],
            [[580.0, 40.0], [590.0, 430.0]],
            [[590.0, 430.0], [70.0, 440.0]],
            [[70.0, 440.0], [60.0, 50.0]],
        ] {
            for ((y, x), ink) in ink.indexed_iter_mut() {
                let near = distance([x as f32, y as f32], ends[0], ends[1]);
                *ink = ink.max((4.5 - near).clamp(0.0, 1.0));
            }
        }
        on(paper(), &ink, 40.0)
    }),
    scene("very large", |class| {
        let mut ink = Array2::zeros((HEIGHT, 360));
        Digit { class, middle: [180.0, 240.0], height: 430.0, pen: 36.0, angle: 0.0 }.draw(&mut ink);
        on(Array2::from_elem(ink.dim(), 230.0), &ink, 40.0)
    }),
    scene("very small", |class| {
        let mut ink = Array2::zeros((1500, 2000));
        Digit { class, middle: [900.0, 800.0], height: 100.0, pen: 9.0, angle: 0.0 }.draw(&mut ink);
        on(Array2::from_elem(ink.dim(), 225.0), &ink, 40.0)
    }),
    scene("light line at the edge of a shadow", |class| {
        let lit = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            let across = x as f32 + 0.6 * y as f32;
            if across > 470.0 {
                0.95
            } else if across > 462.0 {
                1.0
            } else {
                0.35
            }
        });
        times(on(paper_of(245.0), &ink(usual(class)), 40.0), &lit)
    }),
    scene("things on the table", |class| {
        let digit = Digit { height: 170.0, pen: 13.0, ..usual(class) };
        let mut picture = on_table(&on(paper(), &ink(digit), 40.0), 120.0, 6.0, [130.0, 70.0, 520.0, 420.0]);
        // A pen on each side.
        picture.slice_mut(ndarray::s![60..430, 40..58]).fill(20.0);
        picture.slice_mut(ndarray::s![100..440, 590..604]).fill(235.0);
        picture
    }),
    scene("dark squared paper in the shadow", |class| {
        let lines = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            let (u, v) = (x as f32 + 0.05 * y as f32, y as f32 - 0.05 * x as f32);
            if u.rem_euclid(40.0) < 2.5 || v.rem_euclid(40.0) < 2.5 { 140.0 } else { 230.0 }
        });
        let lit = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| if x > y + 60 { 1.0 } else { 0.6 });
        times(on(lines, &ink(usual(class)), 40.0), &lit)
    }),
    scene("noise in the shadow on a table", |class| {
        let digit = Digit { height: 190.0, pen: 15.0, ..usual(class) };
        let lit = Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| {
            if x as f32 > 200.0 + 0.4 * y as f32 { 1.0 } else { 0.55 }
        });
        let sheet = times(on(paper(), &ink(digit), 50.0), &lit);
        let mut picture = on_table(&sheet, 80.0, -5.0, [100.0, 60.0, 540.0, 430.0]);
        picture.indexed_iter_mut().for_each(|((y, x), grey)| *grey += 15.0 * noise(y, x, 1));
        picture
    }),
    scene("line at the edge", |class| {
        let mut picture = on(paper(), &ink(usual(class)), 40.0);
        picture.slice_mut(ndarray::s![.., 596..604]).fill(60.0);
        picture
    }),
];

/// The middle of the picture, for a test that changes it in another way.
pub(crate) fn plain(class: usize) -> Array2<f32> {
    on(paper(), &ink(usual(class)), 40.0)
}

/// A digit of usual size in the middle of a picture of 480 x 640.
pub(crate) fn usual(class: usize) -> Digit {
    Digit { class, middle: [320.0, 240.0], height: 240.0, pen: 18.0, angle: 0.0 }
}

pub(crate) fn paper() -> Array2<f32> {
    paper_of(230.0)
}

/// Paper with a little grain.
fn paper_of(grey: f32) -> Array2<f32> {
    Array2::from_shape_fn((HEIGHT, WIDTH), |(y, x)| grey + 2.0 * noise(y, x, 0))
}

pub(crate) fn ink(digit: Digit) -> Array2<f32> {
    let mut ink = Array2::zeros((HEIGHT, WIDTH));
    digit.draw(&mut ink);
    ink
}

/// Ink of a grey over paper.
pub(crate) fn on(mut paper: Array2<f32>, ink: &Array2<f32>, pen: f32) -> Array2<f32> {
    paper.zip_mut_with(ink, |paper, ink| *paper += ink * (pen - *paper));
    paper
}

fn times(mut picture: Array2<f32>, light: &Array2<f32>) -> Array2<f32> {
    picture.zip_mut_with(light, |grey, light| *grey *= light);
    picture
}

/// A sheet, turned by an angle, on a table with a grain. The sheet is the rectangle left, top, right, bottom before it
/// is turned about its middle.
fn on_table(
    sheet: &Array2<f32>,
    table: f32,
    angle: f32,
    [left, top, right, bottom]: [f32; 4],
) -> Array2<f32> {
    let (sin, cos) = angle.to_radians().sin_cos();
    let (middle_x, middle_y) = (320.0, 240.0);
    Array2::from_shape_fn(sheet.dim(), |(y, x)| {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let (u, v) = (middle_x + cos * dx + sin * dy, middle_y - sin * dx + cos * dy);
        if (left..right).contains(&u) && (top..bottom).contains(&v) {
            let (u, v) = (u.clamp(0.0, 639.0) as usize, v.clamp(0.0, 479.0) as usize);
            sheet[[v, u]]
        } else {
            table + 12.0 * noise(y / 3, x / 40, 5) + 4.0 * noise(y, x, 6)
        }
    })
}

fn disc(ink: &mut Array2<f32>, middle: [f32; 2], radius: f32) {
    for ((y, x), ink) in ink.indexed_iter_mut() {
        let far = distance([x as f32, y as f32], middle, middle);
        *ink = ink.max((radius + 0.5 - far).clamp(0.0, 1.0));
    }
}

/// Noise between −1 and 1 that is the same in every run.
fn noise(y: usize, x: usize, kind: u32) -> f32 {
    let mixed = (y as u32).wrapping_mul(0x9e37_79b9)
        ^ (x as u32 + 1).wrapping_mul(0x85eb_ca6b)
        ^ kind.wrapping_mul(0xc2b2_ae35);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    let mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
    ((mixed >> 8) as f32 / (1 << 23) as f32) - 1.0
}
