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

use crate::panels::{LANES, Lanes};

/// Terms of a sum whose factors are gathered at a time: 6 or 12 KiB on the stack, well within the first cache.
const GATHER: usize = 256;

/// y = W x + b
///
/// # Shapes
/// `w` (O, I) row-major, `b` (O), `x` (P, I), `y` (P, O)
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
pub(crate) fn product(w: &[f32], b: &[f32], x: ArrayView2<'_, Lanes>, y: ArrayViewMut2<'_, Lanes>) {
    match_target! {
        "x86_64+avx512f" => product_by::<12, true>(w, b, x, y),
        "x86_64+avx2+fma" => product_by::<6, true>(w, b, x, y),
        _ => product_by::<6, FUSED>(w, b, x, y),
    }
}

/// dx = Wᵀ dy, for some of the columns of W
///
/// # Shapes
/// `w` (O, I) row-major, of which the columns from `first` on are used, as many as `dx` has; `dy` (P, O), `dx` (P, ≤ I)
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

/// dW = dy xᵀ, for some of the rows of W
///
/// # Shapes
/// `dy` (P, O), of which the rows from `first` on are used, as many as `dw` has; `x` by feature (Q, 16 P),
/// `dw` (≤ O, I) row-major
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
pub(crate) fn product_outer(
    dy: ArrayView2<'_, Lanes>,
    first: usize,
    x: ArrayView2<'_, Lanes>,
    dw: &mut [f32],
    inputs: usize,
) {
    match_target! {
        "x86_64+avx512f" => outer_by::<12, true>(dy, first, x, dw, inputs),
        "x86_64+avx2+fma" => outer_by::<6, true>(dy, first, x, dw, inputs),
        _ => outer_by::<6, FUSED>(dy, first, x, dw, inputs),
    }
}

/// Whether the instruction set that everything is compiled for has a fused multiply-add.
const FUSED: bool = cfg!(target_arch = "aarch64") || cfg!(target_feature = "fma");

/// A product whose rows are computed block by block.
trait Blocks {
    /// Computes the `M` rows from `row` on.
    fn block<const M: usize>(&mut self, row: usize);
}

/// All rows: blocks of M as long as they last, then smaller ones.
#[inline(always)]
fn in_blocks<const M: usize>(rows: usize, product: &mut impl Blocks) {
    let mut row = 0;
    while row + M <= rows {
        product.block::<M>(row);
        row += M;
    }
    while row + 4 <= rows {
        product.block::<4>(row);
        row += 4;
    }
    while row < rows {
        product.block::<1>(row);
        row += 1;
    }
}

/// sums[m] + Σ a[·][m] · x[·]: the loop that most of the time goes into.
#[inline(always)]
fn accumulate<const M: usize, const FMA: bool>(
    a: &[[f32; M]],
    x: &[Lanes],
    mut sums: [Lanes; M],
) -> [Lanes; M] {
    for (a, x) in a.iter().zip(x) {
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
    x: ArrayView2<'a, Lanes>,
    y: ArrayViewMut2<'a, Lanes>,
}

#[inline(always)]
fn product_by<const M: usize, const FMA: bool>(
    w: &[f32],
    b: &[f32],
    x: ArrayView2<'_, Lanes>,
    y: ArrayViewMut2<'_, Lanes>,
) {
    in_blocks::<M>(b.len(), &mut Product::<FMA> { w, b, x, y });
}

impl<const FMA: bool> Blocks for Product<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let inputs = self.x.ncols();
        let w: [&[f32]; M] = std::array::from_fn(|m| &self.w[(row + m) * inputs..][..inputs]);
        for (x, mut y) in self.x.rows().into_iter().zip(self.y.rows_mut()) {
            let x = &x.to_slice().expect("panels are contiguous")[..inputs];
            let mut sums: [Lanes; M] = std::array::from_fn(|m| Lanes([self.b[row + m]; LANES]));
            for i in 0..inputs {
                for m in 0..M {
                    multiply_add::<FMA>(w[m][i], &x[i], &mut sums[m]);
                }
            }
            y.as_slice_mut().expect("panels are contiguous")[row..row + M].copy_from_slice(&sums);
        }
    }
}

struct Transposed<'a, const FMA: bool> {
    w: ArrayView2<'a, f32>,
    first: usize,
    dy: ArrayView2<'a, Lanes>,
    dx: ArrayViewMut2<'a, Lanes>,
}

#[inline(always)]
fn transposed_by<const M: usize, const FMA: bool>(
    w: ArrayView2<'_, f32>,
    first: usize,
    dy: ArrayView2<'_, Lanes>,
    dx: ArrayViewMut2<'_, Lanes>,
) {
    in_blocks::<M>(dx.ncols(), &mut Transposed::<FMA> { w, first, dy, dx });
}

impl<const FMA: bool> Blocks for Transposed<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let (outputs, column) = (self.w.nrows(), self.first + row);
        // A column of W lies across many cache lines, often all in the same few places of the cache: gathered once,
        // its numbers serve every panel.
        let mut gathered = [[0.0; M]; GATHER];
        for start in (0..outputs).step_by(GATHER) {
            let terms = GATHER.min(outputs - start);
            let gathered = &mut gathered[..terms];
            for (o, w) in gathered.iter_mut().enumerate() {
                let line = self.w.row(start + o).to_slice().expect("rows are contiguous");
                w.copy_from_slice(&line[column..column + M]);
            }
            for (dy, mut dx) in self.dy.rows().into_iter().zip(self.dx.rows_mut()) {
                let dy = &dy.to_slice().expect("panels are contiguous")[start..start + terms];
                let dx = &mut dx.as_slice_mut().expect("panels are contiguous")[row..row + M];
                let mut sums = [Lanes::default(); M];
                if start > 0 {
                    sums.copy_from_slice(dx);
                }
                dx.copy_from_slice(&accumulate::<M, FMA>(gathered, dy, sums));
            }
        }
    }
}

struct Outer<'a, const FMA: bool> {
    dy: ArrayView2<'a, Lanes>,
    first: usize,
    x: ArrayView2<'a, Lanes>,
    dw: &'a mut [f32],
    inputs: usize,
}

#[inline(always)]
fn outer_by<const M: usize, const FMA: bool>(
    dy: ArrayView2<'_, Lanes>,
    first: usize,
    x: ArrayView2<'_, Lanes>,
    dw: &mut [f32],
    inputs: usize,
) {
    in_blocks::<M>(dw.len() / inputs, &mut Outer::<FMA> { dy, first, x, dw, inputs });
}

impl<const FMA: bool> Blocks for Outer<'_, FMA> {
    #[inline(always)]
    fn block<const M: usize>(&mut self, row: usize) {
        let samples = LANES * self.dy.nrows();
        let dw = &mut self.dw[row * self.inputs..(row + M) * self.inputs];
        let mut gathered = [[0.0; M]; GATHER];
        for start in (0..samples).step_by(GATHER) {
            let terms = GATHER.min(samples - start);
            let gathered = &mut gathered[..terms];
            for (gathered, p) in gathered.chunks_mut(LANES).zip(start / LANES..) {
                let dy = self.dy.row(p).to_slice().expect("panels are contiguous");
                for (m, dy) in dy[self.first + row..][..M].iter().enumerate() {
                    for (gathered, dy) in gathered.iter_mut().zip(&dy.0) {
                        gathered[m] = *dy;
                    }
                }
            }
            for (x, column) in self.x.rows().into_iter().zip((0..self.inputs).step_by(LANES)) {
                let x = &x.to_slice().expect("panels are contiguous")[start..start + terms];
                let columns = LANES.min(self.inputs - column);
                let mut sums = [Lanes::default(); M];
                if start > 0 {
                    for (m, sum) in sums.iter_mut().enumerate() {
                        sum.load(&dw[m * self.inputs + column..][..columns]);
                    }
                }
                let sums = accumulate::<M, FMA>(gathered, x, sums);
                for (m, sum) in sums.iter().enumerate() {
                    sum.store(&mut dw[m * self.inputs + column..][..columns]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;
    use crate::panels::{panels, rows_to_features, rows_to_samples, samples_to_rows};

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
        type Form = fn(&[f32], &[f32], ArrayView2<'_, Lanes>, ArrayViewMut2<'_, Lanes>);
        let forms: [Form; 3] = [product, product_by::<6, false>, product_by::<12, false>];
        for (b, i, o) in SIZES {
            let (x, w) = (numbers(b, i, 0), numbers(o, i, 5));
            let bias: Vec<f32> = (0..o).map(|o| o as f32 * 0.01).collect();
            for form in forms {
                let mut y = Array2::from_elem((panels(b), o), Lanes::default());
                form(w.as_slice().unwrap(), &bias, by_sample(&x).view(), y.view_mut());
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
            for form in forms {
                let mut dx = Array2::from_elem((panels(b), i - first), Lanes([f32::NAN; LANES]));
                form(w.view(), first, by_sample(&dy).view(), dx.view_mut());
                let want = dy.dot(&w).slice(s![.., first..]).to_owned();
                assert_close(&rows(&dx, b), &want);
            }
        }
    }

    #[test]
    fn the_outer_product_is_the_plain_loop() {
        type Form = fn(ArrayView2<'_, Lanes>, usize, ArrayView2<'_, Lanes>, &mut [f32], usize);
        let forms: [Form; 3] = [product_outer, outer_by::<6, false>, outer_by::<12, false>];
        for (b, i, o) in SIZES {
            let (dy, x) = (numbers(b, o, 0), numbers(b, i, 5));
            let mut by_feature = Array2::from_elem((panels(i), LANES * panels(b)), Lanes::default());
            rows_to_features(x.view(), by_feature.view_mut());
            let first = o / 3;
            for form in forms {
                let mut dw = Array2::from_elem((o - first, i), f32::NAN);
                form(by_sample(&dy).view(), first, by_feature.view(), dw.as_slice_mut().unwrap(), i);
                let want = dy.t().dot(&x).slice(s![first.., ..]).to_owned();
                assert_close(&dw, &want);
            }
        }
    }
}
