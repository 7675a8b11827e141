//! The sheet that lies on a table: what lies beside it is not its ink.

use ndarray::{Array2, ArrayView2};

use super::{
    levels::{otsu, percentile},
    paper,
    pieces::around,
};

/// The parts of the picture that a sheet may fill.
const AREA: std::ops::Range<f64> = 0.08..0.85;

/// The least part of its convex hull that a sheet fills.
const CONVEX: f64 = 0.9;

/// The largest part of the picture's edge that a sheet may touch: both sides of a shadow across the paper touch about
/// half of it.
const AT_EDGE: f64 = 0.4;

/// The least contrast of sheet and table, in levels of grey.
const LEAST_CONTRAST: f32 = 20.0;

/// Where the sheet is, if there is one: a region lighter or darker than what surrounds it, large and convex.
///
/// `radius` is half of the width of what is taken for ink, which is neither sheet nor table.
pub(super) fn find(image: ArrayView2<'_, f32>, radius: usize) -> Option<Array2<bool>> {
    let without_dark = paper::without_ink(image, radius);
    let plain = -paper::without_ink((-without_dark).view(), radius);
    let least = plain.iter().copied().fold(f32::INFINITY, f32::min);
    let threshold = least + otsu(plain.iter().map(|grey| grey - least));
    [true, false].into_iter().find_map(|light| {
        let region = largest(&plain.mapv(|grey| (grey > threshold) == light))?;
        is_sheet(&plain, &region).then_some(region)
    })
}

/// The largest connected part.
fn largest(mask: &Array2<bool>) -> Option<Array2<bool>> {
    let mut seen = mask.mapv(|inside| !inside);
    let mut most: Vec<(usize, usize)> = Vec::new();
    for (start, _) in mask.indexed_iter().filter(|&(_, &inside)| inside) {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&at) = part.get(next) {
            next += 1;
            for at in around(at, mask.dim()) {
                if !std::mem::replace(&mut seen[at], true) {
                    part.push(at);
                }
            }
        }
        if part.len() > most.len() {
            most = part;
        }
    }
    let mut region = Array2::from_elem(mask.dim(), false);
    most.iter().for_each(|&at| region[at] = true);
    (!most.is_empty()).then_some(region)
}

fn is_sheet(plain: &Array2<f32>, region: &Array2<bool>) -> bool {
    let (height, width) = region.dim();
    let area = region.iter().filter(|&&inside| inside).count() as f64;
    let is_edge = |(y, x): (usize, usize)| y == 0 || x == 0 || y + 1 == height || x + 1 == width;
    let edge = || region.indexed_iter().filter(|&(at, _)| is_edge(at));
    let at_edge = edge().filter(|&(_, &inside)| inside).count() as f64 / edge().count() as f64;
    let median = |inside: bool| {
        let greys = plain.iter().zip(region).filter(|&(_, &at)| at == inside).map(|(&grey, _)| grey);
        percentile(greys, 0.5)
    };
    let contrast = median(true).zip(median(false)).map_or(0.0, |(sheet, table)| (sheet - table).abs());
    AREA.contains(&(area / region.len() as f64))
        && at_edge <= AT_EDGE
        && contrast >= LEAST_CONTRAST
        && area >= CONVEX * hull_area(region)
}

/// The area of the convex hull, in pixels (A. M. Andrew's monotone chain, 1979).
fn hull_area(region: &Array2<bool>) -> f64 {
    // The outer corners of the first and the last pixel of each row, from the top down.
    let mut sides = [Vec::new(), Vec::new()];
    for (y, row) in region.rows().into_iter().enumerate() {
        let first = row.iter().position(|&inside| inside);
        let last = row.iter().rposition(|&inside| inside);
        if let (Some(first), Some(last)) = (first, last) {
            for y in [y as f64, (y + 1) as f64] {
                sides[0].push((first as f64, y));
                sides[1].push(((last + 1) as f64, y));
            }
        }
    }
    let cross =
        |a: (f64, f64), b: (f64, f64), c: (f64, f64)| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    let chain = |points: &[(f64, f64)], turn: f64| {
        let mut chain: Vec<(f64, f64)> = Vec::new();
        for &point in points {
            while let [.., a, b] = chain[..] {
                if turn * cross(a, b, point) < 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain
    };
    let mut outline = chain(&sides[0], 1.0);
    outline.extend(chain(&sides[1], -1.0).into_iter().rev());
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).map(|(a, b)| a.0 * b.1 - a.1 * b.0).sum::<f64>().abs() / 2.0
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    /// A sheet, turned a little, on a table.
    fn on_table(sheet: f32, table: f32) -> Array2<f32> {
        Array2::from_shape_fn((120, 160), |(y, x)| {
            let (u, v) = (x as f32 + 0.2 * y as f32, y as f32 - 0.2 * x as f32);
            if (50.0..140.0).contains(&u) && (5.0..75.0).contains(&v) { sheet } else { table }
        })
    }

    #[test]
    fn a_sheet_on_a_table_is_found_with_its_ink_and_without_what_lies_beside_it() {
        for (sheet, table, pen) in [(230.0, 60.0, 30.0), (40.0, 190.0, 230.0)] {
            let mut image = on_table(sheet, table);
            image.slice_mut(s![50..70, 80..84]).fill(pen);
            image.slice_mut(s![20..100, 10..14]).fill(pen);
            let found = find(image.view(), 6).unwrap();
            assert!(found[[60, 82]] && found[[60, 90]], "{sheet}");
            assert!(!found[[60, 12]] && !found[[60, 5]] && !found[[115, 150]], "{sheet}");
        }
    }

    #[test]
    fn paper_that_fills_the_picture_is_no_sheet() {
        let mut image = Array2::from_elem((120, 160), 220.0);
        image.slice_mut(s![50..70, 80..84]).fill(20.0);
        assert!(find(image.view(), 6).is_none());
    }

    #[test]
    fn neither_side_of_a_shadow_is_a_sheet() {
        let image = Array2::from_shape_fn((120, 160), |(y, x)| if x > 40 + y { 220.0 } else { 100.0 });
        assert!(find(image.view(), 6).is_none());
    }

    #[test]
    fn a_ring_is_no_sheet() {
        let image = Array2::from_shape_fn((120, 160), |(y, x)| {
            let far = ((y as f32 - 60.0).powi(2) + (x as f32 - 80.0).powi(2)).sqrt();
            if (25.0..50.0).contains(&far) { 20.0 } else { 220.0 }
        });
        assert!(find(image.view(), 6).is_none_or(|found| !found[[60, 80]] || found[[60, 80 + 10]]));
    }

    #[test]
    fn a_square_is_its_own_hull_and_a_corner_is_half_of_it() {
        let mut region = Array2::from_elem((20, 20), false);
        region.slice_mut(s![5..15, 5..15]).fill(true);
        assert_eq!(hull_area(&region), 100.0);
        region.slice_mut(s![5..10, 5..10]).fill(false);
        assert_eq!(hull_area(&region), 100.0 - 12.5);
    }
}
