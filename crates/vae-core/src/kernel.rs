//! The three products of a layer on panels, for a few rows of the weight: where the arithmetic happens.
//!
//! Each keeps a block of results in registers while it walks along the sum: M rows of 16 lanes, M × 2 vectors of AVX2.
//! A sum runs through its terms in order, in one register's lane, so it depends on nothing but its terms. The code is
//! plain loops over arrays of fixed size, compiled once for each instruction set and chosen at run time; on
//! instruction sets with a fused multiply-add, each step of a sum rounds once.
//!
//! The tests hold each product against the plain triple loop.

use multiversion::{multiversion, target::match_target};
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::panels::{LANES, Lanes, Panels, TILE, Tile};

/// Terms of a sum that are walked along at a time: their factors stay in the first cache for all rows of a tile.
const WALK: usize = 192;

/// Terms whose weights are gathered at a time: 12 KiB on the stack, well within the first cache.
const GATHER: usize = 192;

/// y = W x + b
///
/// # Shapes
/// `w` (O, I) row-major, `b` (O), `x` (P, I), `y` (P, O)
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
pub(crate) fn product(w: &[f32], b: &[f32], x: Panels<'_>, y: ArrayViewMut2<'_, Lanes>) {
    match_target! {
        "x86_64+avx512f" => product_by::<12, true>(w, b, x, y),
        "x86_64+avx2+fma" => product_by::<6, true>(w, b, x, y),
        _ => product_by::<6, FUSED>(w, b, x, y),
    }
}

/// dx = Wᵀ dy, for a tile of the columns of W
///
/// # Shapes
/// `w` (O, I) row-major, of which the columns from `first` on are used, as many as `dx` has; `dy` (P, O),
/// `dx` (P, ≤ TILE)
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
pub(crate) fn product_transposed(
    w: ArrayView2<'_, f32>,
    first: usize,
    dy: ArrayView2<'_, Lanes>,
    dx: ArrayViewMut2<'_, Lanes>,
) {
    match_target! {
        "x86_64+avx512f" => transposed_by::<12, true>(w, first, dy, dx),
        "x86_64+avx2+fma" => transposed_by::<6, true>(w, first, dy, dx),
        _ => transposed_by::<6, FUSED>(w, first, dy, dx),
    }
}

/// dW = dy xᵀ, for a tile of the rows of W
///
/// # Shapes
/// `dy` (16 P) tiles, `x` by feature (Q, 16 P), `dw` (≤ TILE, I) row-major
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
pub(crate) fn product_outer(dy: &[Tile], x: Panels<'_>, dw: &mut [f32], inputs: usize) {
    match_target! {
        "x86_64+avx512f" => outer_by::<12, true>(dy, x, dw, inputs),
        "x86_64+avx2+fma" => outer_by::<6, true>(dy, x, dw, inputs),
        _ => outer_by::<6, FUSED>(dy, x, dw, inputs),
    }
}

/// Whether the instruction set that everything is compiled for has a fused multiply-add.
const FUSED: bool = cfg!(target_arch = "aarch64") || cfg!(target_feature = "fma");

/// A product whose rows are computed block by block.
trait Blocks {
    /// Computes the `M` rows from `row` on.
    fn block<const M: usize>(&mut self, row: usize);
}

/// All rows: blocks of M as long as they last, then smaller ones. Two rows that are left over join the six before
/// them, as two blocks of four: a block of two would leave the multipliers waiting.
#[inline(always)]
fn in_blocks<const M: usize>(rows: usize, product: &mut impl Blocks) {
    let mut row = 0;
    while rows - row >= M && rows - row != 8 {
        product.block::<M>(row);
        row += M;
    }
    while rows - row >= 4 {
        product.block::<4>(row);
        row += 4;
    }
    while row < rows {
        product.block::<1>(row);
        row += 1;
    }
}

/// sums[m] + Σ a(·)[m] · x[·] over the terms: the loop that most of the time goes into.
#[inline(always)]
fn accumulate<const M: usize, const FMA: bool>(
    terms: impl Iterator<Item = usize>,
    a: impl Fn(usize) -> [f32; M],
    x: &[Lanes],
    mut sums: [Lanes; M],
) -> [Lanes; M] {
    for term in terms {
        let (a, x) = (a(term), &x[term]);
        for m in 0..M {
            multiply_add::<FMA>(a[m], x, &mut sums[m]);
        }
    }
    sums
}

/// sum + a · x in each lane
#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, x: &Lanes, sum: &mut Lanes) {
    for (sum, &x) in sum.0.iter_mut().zip(&x.0) {
        *sum = if FMA { a.mul_add(x, *sum) } else { a * x + *sum };
    }
}

struct Product<'a, const FMA: bool> {
    w: &'a [f32],
    b: &'a [f32],
    x: Panels<'a>,
    y: ArrayViewMut2<'a, Lanes>,
}

#[inline(always)]
fn product_by<const M: usize, const FMA: bool>(
    w: &[f32],
    b: &[f32],
    x: Panels<'_>,
    mut y: ArrayViewMut2<'_, Lanes>,
) {
    in_blocks::<M>(b.len(), &mut Product::<FMA> { w, b, x: x.reborrow(), y: y.view_mut() });
}

impl<const FMA: bool> Blocks for Product<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let inputs = self.x.columns();
        let w: [&[f32]; M] = std::array::from_fn(|m| &self.w[(row + m) * inputs..][..inputs]);
        for (p, mut y) in self.y.rows_mut().into_iter().enumerate() {
            let (x, support) = self.x.panel(p);
            let x = &x[..inputs];
            let a = |i: usize| std::array::from_fn(|m| w[m][i]);
            let sums: [Lanes; M] = std::array::from_fn(|m| Lanes([self.b[row + m]; LANES]));
            let sums = match support {
                Some(support) => accumulate::<M, FMA>(support.iter().map(|&i| i as usize), a, x, sums),
                None => accumulate::<M, FMA>(0..inputs, a, x, sums),
            };
            write(&sums, &mut y.as_slice_mut().expect("panels are contiguous")[row..row + M]);
        }
    }
}

struct Transposed<'a, const FMA: bool> {
    w: &'a [Tile],
    dy: &'a [Lanes],
    dx: &'a mut [Lanes],
    /// Whether `dx` already holds the sum of earlier terms.
    begun: bool,
}

#[inline(always)]
fn transposed_by<const M: usize, const FMA: bool>(
    w: ArrayView2<'_, f32>,
    first: usize,
    dy: ArrayView2<'_, Lanes>,
    mut dx: ArrayViewMut2<'_, Lanes>,
) {
    let (outputs, columns) = (w.nrows(), dx.ncols());
    // A column of W lies across many cache lines, often all in the same few places of the cache: gathered once, its
    // numbers serve every panel.
    let mut gathered = [[0.0; TILE]; GATHER];
    for start in (0..outputs).step_by(GATHER) {
        let terms = GATHER.min(outputs - start);
        let gathered = &mut gathered[..terms];
        for (o, gathered) in gathered.iter_mut().enumerate() {
            let line = w.row(start + o).to_slice().expect("rows are contiguous");
            copy_tile(&line[first..first + columns], gathered);
        }
        for (dy, mut dx) in dy.rows().into_iter().zip(dx.rows_mut()) {
            let dy = &dy.to_slice().expect("panels are contiguous")[start..start + terms];
            let dx = dx.as_slice_mut().expect("panels are contiguous");
            in_blocks::<M>(columns, &mut Transposed::<FMA> { w: gathered, dy, dx, begun: start > 0 });
        }
    }
}

/// Copies up to a tile of numbers; a whole tile at once where it is whole.
#[inline(always)]
fn copy_tile(from: &[f32], to: &mut Tile) {
    if let Ok(from) = <&Tile>::try_from(from) {
        *to = *from;
    } else {
        to[..from.len()].copy_from_slice(from);
    }
}

impl<const FMA: bool> Blocks for Transposed<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let (w, dx) = (self.w, &mut self.dx[row..row + M]);
        let begun = self.begun;
        let sums = std::array::from_fn(|m| if begun { dx[m] } else { Lanes::default() });
        let dy = &self.dy[..w.len()];
        write(&accumulate::<M, FMA>(0..w.len(), |o| part(&w[o], row), dy, sums), dx);
    }
}

/// Number by number, from the registers: a copy of the whole would go through the stack first.
#[inline(always)]
fn write<const M: usize>(sums: &[Lanes; M], to: &mut [Lanes]) {
    for m in 0..M {
        to[m] = sums[m];
    }
}

/// M numbers of a tile.
#[inline(always)]
fn part<const M: usize>(tile: &Tile, first: usize) -> [f32; M] {
    std::array::from_fn(|m| tile[first + m])
}

struct Outer<'a, const FMA: bool> {
    dy: &'a [Tile],
    x: &'a [Lanes],
    support: Option<&'a [u32]>,
    dw: &'a mut [f32],
    inputs: usize,
    column: usize,
    /// Whether `dw` already holds the sum of earlier terms.
    begun: bool,
}

#[inline(always)]
fn outer_by<const M: usize, const FMA: bool>(dy: &[Tile], x: Panels<'_>, dw: &mut [f32], inputs: usize) {
    for start in (0..dy.len()).step_by(WALK) {
        let terms = start..dy.len().min(start + WALK);
        for (q, column) in (0..inputs).step_by(LANES).enumerate() {
            let (x, support) = x.panel(q);
            let x = &x[..dy.len()];
            let (dy, x, support) = match support {
                None => (&dy[terms.clone()], &x[terms.clone()], None),
                Some(support) if dy.len() <= WALK => (dy, x, Some(support)),
                Some(support) => {
                    let below = |end: usize| support.partition_point(|&term| (term as usize) < end);
                    (dy, x, Some(&support[below(terms.start)..below(terms.end)]))
                }
            };
            let (rows, dw) = (dw.len() / inputs, &mut *dw);
            in_blocks::<M>(rows, &mut Outer::<FMA> { dy, x, support, dw, inputs, column, begun: start > 0 });
        }
    }
}

impl<const FMA: bool> Blocks for Outer<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let Self { inputs, column, begun, .. } = *self;
        let mut rows = self.dw[row * inputs..(row + M) * inputs].chunks_exact_mut(inputs);
        let rows: [&mut [f32]; M] = std::array::from_fn(|_| rows.next().expect("as many as blocks have"));
        let columns = LANES.min(inputs - column);
        if columns == LANES {
            let place = rows.map(|row| <&mut [f32; LANES]>::try_from(&mut row[column..column + LANES]));
            let place = place.map(|place| place.expect("a whole line"));
            let sums = std::array::from_fn(|m| if begun { Lanes(*place[m]) } else { Lanes::default() });
            let sums = walk::<M, FMA>(self.dy, row, self.x, self.support, sums);
            for m in 0..M {
                *place[m] = sums[m].0;
            }
        } else {
            let mut sums = [Lanes::default(); M];
            if begun {
                for (sum, row) in sums.iter_mut().zip(&rows) {
                    sum.load(&row[column..]);
                }
            }
            let sums = walk::<M, FMA>(self.dy, row, self.x, self.support, sums);
            for (sum, row) in sums.iter().zip(rows) {
                sum.store(&mut row[column..]);
            }
        }
    }
}

/// sums[m] + Σ dy[·][row + m] · x[·] over the samples, or over those whose x is not zero.
#[inline(always)]
fn walk<const M: usize, const FMA: bool>(
    dy: &[Tile],
    row: usize,
    x: &[Lanes],
    support: Option<&[u32]>,
    sums: [Lanes; M],
) -> [Lanes; M] {
    let x = &x[..dy.len()];
    let a = |sample: usize| part(&dy[sample], row);
    match support {
        Some(support) => accumulate::<M, FMA>(support.iter().map(|&sample| sample as usize), a, x, sums),
        None => accumulate::<M, FMA>(0..dy.len(), a, x, sums),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;
    use crate::panels::{Support, panels, rows_to_features, rows_to_samples, samples_to_rows, turn};

    fn numbers(rows: usize, cols: usize, phase: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 37 + j * 11 + phase) % 19) as f32 / 19.0 - 0.45)
    }

    fn by_sample(x: &Array2<f32>) -> Array2<Lanes> {
        let mut lanes = Array2::from_elem((panels(x.nrows()), x.ncols()), Lanes::default());
        rows_to_samples(x.view(), lanes.view_mut());
        lanes
    }

    fn rows(lanes: &Array2<Lanes>, samples: usize) -> Array2<f32> {
        let mut rows = Array2::zeros((samples, lanes.ncols()));
        samples_to_rows(lanes.view(), rows.view_mut());
        rows
    }

    fn assert_close(found: &Array2<f32>, want: &Array2<f32>) {
        assert_eq!(found.dim(), want.dim());
        for (found, want) in found.iter().zip(want) {
            assert!((found - want).abs() < 2e-5 * want.abs().max(1.0), "{found} instead of {want}");
        }
    }

    /// (B, I, O): less than a block, a block, blocks and a rest; one panel and several; more terms than are gathered.
    const SIZES: [(usize, usize, usize); 6] =
        [(1, 1, 1), (3, 5, 4), (16, 16, 6), (21, 37, 29), (64, 20, 13), (33, 40, 2 * GATHER + 3)];

    // Of each product: what this machine takes, and the blocks of the other instruction sets without fused steps.

    #[test]
    fn the_product_is_the_plain_loop() {
        type Form = fn(&[f32], &[f32], Panels<'_>, ArrayViewMut2<'_, Lanes>);
        let forms: [Form; 3] = [product, product_by::<6, false>, product_by::<12, false>];
        for (b, i, o) in SIZES {
            let (x, w) = (numbers(b, i, 0), numbers(o, i, 5));
            let bias: Vec<f32> = (0..o).map(|o| o as f32 * 0.01).collect();
            for form in forms {
                let mut y = Array2::from_elem((panels(b), o), Lanes::default());
                form(w.as_slice().unwrap(), &bias, by_sample(&x).view().into(), y.view_mut());
                let want = x.dot(&w.t()) + ndarray::ArrayView1::from(&bias);
                assert_close(&rows(&y, b), &want);
            }
        }
    }

    #[test]
    fn the_transposed_product_is_the_plain_loop() {
        type Form = fn(ArrayView2<'_, f32>, usize, ArrayView2<'_, Lanes>, ArrayViewMut2<'_, Lanes>);
        let forms: [Form; 3] = [product_transposed, transposed_by::<6, false>, transposed_by::<12, false>];
        for (b, i, o) in SIZES {
            let (dy, w) = (numbers(b, o, 0), numbers(o, i, 5));
            let first = i / 3;
            let columns = (i - first).min(TILE);
            for form in forms {
                let mut dx = Array2::from_elem((panels(b), columns), Lanes([f32::NAN; LANES]));
                form(w.view(), first, by_sample(&dy).view(), dx.view_mut());
                let want = dy.dot(&w).slice(s![.., first..first + columns]).to_owned();
                assert_close(&rows(&dx, b), &want);
            }
        }
    }

    #[test]
    fn the_outer_product_is_the_plain_loop() {
        type Form = fn(&[Tile], Panels<'_>, &mut [f32], usize);
        let forms: [Form; 3] = [product_outer, outer_by::<6, false>, outer_by::<12, false>];
        for (b, i, o) in SIZES.map(|(b, i, o)| (b, i, o.min(TILE))).into_iter().chain([(WALK + 40, 33, 7)]) {
            let (dy, mut x) = (numbers(b, o, 0), numbers(b, i, 5));
            x.slice_mut(s![.., i / 2..]).fill(0.0);
            let mut by_feature = Array2::from_elem((panels(i), LANES * panels(b)), Lanes::default());
            let mut support = Support::new(panels(i), LANES * panels(b));
            rows_to_features(x.view(), by_feature.view_mut(), &mut support);
            let mut tiles = vec![[f32::NAN; TILE]; LANES * panels(b)];
            turn(by_sample(&dy).view(), 0, tiles.iter_mut().map(|tile| &mut tile[..]));
            for (form, support) in forms.iter().flat_map(|form| [(form, None), (form, Some(&support))]) {
                let mut dw = Array2::from_elem((o, i), f32::NAN);
                form(&tiles, Panels { lanes: by_feature.view(), support }, dw.as_slice_mut().unwrap(), i);
                assert_close(&dw, &dy.t().dot(&x));
            }
        }
    }

    #[test]
    fn leaving_out_the_zeros_changes_no_bit() {
        let (mut x, w) = (numbers(33, 40, 0), numbers(20, 40, 5));
        x.slice_mut(s![..16, 7..30]).fill(0.0);
        let lanes = by_sample(&x);
        let mut support = Support::new(panels(33), 40);
        support.find(lanes.view());
        let mut found = [None, Some(&support)].map(|support| {
            let mut y = Array2::from_elem((panels(33), 20), Lanes::default());
            product(
                w.as_slice().unwrap(),
                &[0.25; 20],
                Panels { lanes: lanes.view(), support },
                y.view_mut(),
            );
            y
        });
        let [all, some] = &mut found;
        assert_eq!(all, some);
    }
}
