//! The three products of a layer on panels, for a few rows of the weight: where the arithmetic happens.
//!
//! Each keeps a block of results in registers while it walks along the sum: M rows of sixteen lanes. A sum runs
//! through its terms in order, in one register's lane, so it depends on nothing but its terms. On instruction sets
//! with a fused multiply-add, each step of a sum rounds once.
//!
//! The tests hold each product against the plain triple loop.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{
    panels::{LANES, Lanes, Panels, TILE, Tile},
    vectors::{Kernel, Vectors},
};

/// Terms of a sum that are walked along at a time: their factors stay in the first cache for all rows of a tile.
const WALK: usize = 192;

/// y = W x + b
pub(crate) struct Product<'a> {
    /// (O, I) row-major
    pub(crate) w: &'a [f32],
    /// (O)
    pub(crate) b: &'a [f32],
    /// By sample (P, I)
    pub(crate) x: Panels<'a>,
    /// By sample (P, O)
    pub(crate) y: ArrayViewMut2<'a, Lanes>,
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(mut self, v: V) {
        in_blocks::<V, M>(v, self.b.len(), &mut self);
    }
}

impl Blocks for Product<'_> {
    #[inline(always)]
    fn block<V: Vectors, const M: usize>(&mut self, v: V, row: usize) {
        let inputs = self.x.columns();
        let w: [&[f32]; M] = std::array::from_fn(|m| &self.w[(row + m) * inputs..][..inputs]);
        for (p, mut y) in self.y.rows_mut().into_iter().enumerate() {
            let (x, support) = self.x.panel(p);
            let x = &x[..inputs];
            let a = |i: usize| std::array::from_fn(|m| w[m][i]);
            let sums: [V::Line; M] = std::array::from_fn(|m| v.load(&[self.b[row + m]; LANES]));
            let sums = match support {
                Some(support) => accumulate(v, support.iter().map(|&i| i as usize), a, x, sums),
                None => accumulate(v, 0..inputs, a, x, sums),
            };
            let y = &mut y.as_slice_mut().expect("panels are contiguous")[row..row + M];
            for (sum, y) in sums.iter().zip(y) {
                v.store(*sum, &mut y.0);
            }
        }
    }
}

/// dx = Wᵀ dy, for a tile of the columns of W
pub(crate) struct Transposed<'a> {
    /// (O, I)
    pub(crate) w: ArrayView2<'a, f32>,
    /// The first of the columns; there are as many as `dx` has.
    pub(crate) first: usize,
    /// By sample (P, O)
    pub(crate) dy: ArrayView2<'a, Lanes>,
    /// By sample (P, ≤ I)
    pub(crate) dx: ArrayViewMut2<'a, Lanes>,
}

impl Kernel for Transposed<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(mut self, v: V) {
        let (outputs, inputs, columns) = (self.w.nrows(), self.w.ncols(), self.dx.ncols());
        let weights = self.w.to_slice().expect("weights are contiguous");
        // A column of W lies across many cache lines, often all in the same few places of the cache. Where several
        // panels share it, it is worth being gathered.
        let gather = self.dy.nrows() > 2 && columns <= TILE;
        let mut gathered = [[0.0; TILE]; WALK];
        for start in (0..outputs).step_by(WALK) {
            let terms = start..outputs.min(start + WALK);
            let (w, stride) = if gather {
                let rows = weights[start * inputs..].chunks_exact(inputs);
                for (gathered, row) in gathered[..terms.len()].iter_mut().zip(rows) {
                    match <&Tile>::try_from(&row[self.first..self.first + columns]).ok() {
                        Some(row) => *gathered = *row,
                        None => gathered[..columns].copy_from_slice(&row[self.first..self.first + columns]),
                    }
                }
                (gathered.as_flattened(), TILE)
            } else {
                (&weights[start * inputs + self.first..], inputs)
            };
            for (dy, mut dx) in self.dy.rows().into_iter().zip(self.dx.rows_mut()) {
                let dy = &dy.to_slice().expect("panels are contiguous")[terms.clone()];
                let dx = dx.as_slice_mut().expect("panels are contiguous");
                in_blocks::<V, M>(v, columns, &mut Transposing { w, stride, dy, dx, begun: start > 0 });
            }
        }
    }
}

/// Some of the terms, for one panel.
struct Transposing<'a> {
    /// From the first row and column on that are wanted, a row every `stride` numbers.
    w: &'a [f32],
    stride: usize,
    dy: &'a [Lanes],
    dx: &'a mut [Lanes],
    /// Whether `dx` already holds the sum of earlier terms.
    begun: bool,
}

impl Blocks for Transposing<'_> {
    #[inline(always)]
    fn block<V: Vectors, const M: usize>(&mut self, v: V, row: usize) {
        let (w, stride, begun) = (&self.w[row..], self.stride, self.begun);
        let dx = &mut self.dx[row..row + M];
        let a = |o: usize| {
            let w = &w[o * stride..][..M];
            std::array::from_fn(|m| w[m])
        };
        let sums: [V::Line; M] =
            std::array::from_fn(|m| v.load(if begun { &dx[m].0 } else { &[0.0; LANES] }));
        let sums = accumulate(v, 0..self.dy.len(), a, self.dy, sums);
        for (sum, dx) in sums.iter().zip(dx) {
            v.store(*sum, &mut dx.0);
        }
    }
}

/// dW = dy xᵀ, for a tile of the rows of W
pub(crate) struct Outer<'a> {
    /// (16 P) tiles
    pub(crate) dy: &'a [Tile],
    /// By feature (Q, 16 P)
    pub(crate) x: Panels<'a>,
    /// (≤ TILE, Q) lines of sixteen, as many rows as are wanted
    pub(crate) dw: &'a mut [[f32; LANES]],
}

impl Kernel for Outer<'_> {
    #[inline(always)]
    fn run<V: Vectors, const M: usize>(self, v: V) {
        let panels = self.x.lanes.nrows();
        let (rows, samples) = (self.dw.len() / panels, self.dy.len());
        for start in (0..samples).step_by(WALK) {
            let terms = start..samples.min(start + WALK);
            for panel in 0..panels {
                let (x, support) = self.x.panel(panel);
                let (dy, x, support) = match support {
                    None => (&self.dy[terms.clone()], &x[terms.clone()], None),
                    Some(support) if samples <= WALK => (self.dy, &x[..samples], Some(support)),
                    Some(support) => {
                        let below = |end: usize| support.partition_point(|&term| (term as usize) < end);
                        let support = &support[below(terms.start)..below(terms.end)];
                        (self.dy, &x[..samples], Some(support))
                    }
                };
                let dw = &mut *self.dw;
                let column = &mut OuterColumn { dy, x, support, dw, panels, panel, begun: start > 0 };
                in_blocks::<V, M>(v, rows, column);
            }
        }
    }
}

/// Some of the terms, for one panel.
struct OuterColumn<'a> {
    dy: &'a [Tile],
    x: &'a [Lanes],
    support: Option<&'a [u32]>,
    dw: &'a mut [[f32; LANES]],
    /// Panels of a row of `dw`, and which of them this is.
    panels: usize,
    panel: usize,
    /// Whether `dw` already holds the sum of earlier terms.
    begun: bool,
}

impl Blocks for OuterColumn<'_> {
    #[inline(always)]
    fn block<V: Vectors, const M: usize>(&mut self, v: V, row: usize) {
        let (dy, begun) = (self.dy, self.begun);
        let x = &self.x[..dy.len()];
        let place = |m: usize| (row + m) * self.panels + self.panel;
        let a = |sample: usize| {
            let dy = &dy[sample];
            std::array::from_fn(|m| dy[row + m])
        };
        let sums: [V::Line; M] =
            std::array::from_fn(|m| v.load(if begun { &self.dw[place(m)] } else { &[0.0; LANES] }));
        let sums = match self.support {
            Some(support) => accumulate(v, support.iter().map(|&sample| sample as usize), a, x, sums),
            None => accumulate(v, 0..dy.len(), a, x, sums),
        };
        for (m, &sum) in sums.iter().enumerate() {
            v.store(sum, &mut self.dw[place(m)]);
        }
    }
}

/// A product whose rows are computed block by block.
trait Blocks {
    /// Computes the `M` rows from `row` on.
    fn block<V: Vectors, const M: usize>(&mut self, v: V, row: usize);
}

/// All rows: blocks of M as long as they last, then smaller ones. Two rows that would be left over join the six before
/// them, as two blocks of four: a block of two would leave the multipliers waiting.
#[inline(always)]
fn in_blocks<V: Vectors, const M: usize>(v: V, rows: usize, product: &mut impl Blocks) {
    let mut row = 0;
    while rows - row >= M && rows - row != 8 {
        product.block::<V, M>(v, row);
        row += M;
    }
    while rows - row >= 4 {
        product.block::<V, 4>(v, row);
        row += 4;
    }
    while row < rows {
        product.block::<V, 1>(v, row);
        row += 1;
    }
}

/// sums[m] + Σ a(·)[m] · x[·] over the terms: the loop that most of the time goes into.
#[inline(always)]
fn accumulate<V: Vectors, const M: usize>(
    v: V,
    terms: impl Iterator<Item = usize>,
    a: impl Fn(usize) -> [f32; M],
    x: &[Lanes],
    mut sums: [V::Line; M],
) -> [V::Line; M] {
    for term in terms {
        let (a, x) = (a(term), v.load(&x[term].0));
        for m in 0..M {
            sums[m] = v.multiply_add(a[m], x, sums[m]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, s};

    use super::*;
    use crate::{
        panels::panels,
        support::Support,
        turn::{rows_to_samples, samples_to_features, samples_to_rows, turn},
        vectors::{Plain, dispatch},
    };

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

    /// (B, I, O): less than a block, a block, blocks and a rest; one panel and several; more terms than a walk has.
    const SIZES: [(usize, usize, usize); 7] = [
        (1, 1, 1),
        (3, 5, 4),
        (16, 16, 6),
        (21, 37, 29),
        (64, 20, 13),
        (17, 40, WALK + 5),
        (33, 30, 2 * WALK + 3),
    ];

    /// What this machine takes, and plain loops over the blocks of either size.
    #[derive(Clone, Copy, Debug)]
    enum Form {
        Dispatched,
        Plain6,
        Plain12,
    }

    const FORMS: [Form; 3] = [Form::Dispatched, Form::Plain6, Form::Plain12];

    impl Form {
        fn run(self, kernel: impl Kernel) {
            match self {
                Self::Dispatched => dispatch(kernel),
                Self::Plain6 => kernel.run::<_, 6>(Plain),
                Self::Plain12 => kernel.run::<_, 12>(Plain),
            }
        }
    }

    #[test]
    fn the_product_is_the_plain_loop() {
        for (b, i, o) in SIZES {
            let (x, w) = (numbers(b, i, 0), numbers(o, i, 5));
            let (bias, lanes) = (Array1::from_iter((0..o).map(|o| o as f32 * 0.01)), by_sample(&x));
            for form in FORMS {
                let mut y = Array2::from_elem((panels(b), o), Lanes::default());
                let (w, b_) = (w.as_slice().unwrap(), bias.as_slice().unwrap());
                form.run(Product { w, b: b_, x: lanes.view().into(), y: y.view_mut() });
                assert_close(&rows(&y, b), &(x.dot(&numbers(o, i, 5).t()) + &bias));
            }
        }
    }

    #[test]
    fn the_transposed_product_is_the_plain_loop() {
        for (b, i, o) in SIZES {
            let (dy, w) = (numbers(b, o, 0), numbers(o, i, 5));
            let (first, lanes) = (i / 3, by_sample(&dy));
            for form in FORMS {
                let mut dx = Array2::from_elem((panels(b), i - first), Lanes([f32::NAN; LANES]));
                form.run(Transposed { w: w.view(), first, dy: lanes.view(), dx: dx.view_mut() });
                assert_close(&rows(&dx, b), &dy.dot(&w).slice(s![.., first..]).to_owned());
            }
        }
    }

    #[test]
    fn the_outer_product_is_the_plain_loop() {
        for (b, i, o) in SIZES.map(|(b, i, o)| (b, i, o.min(TILE))).into_iter().chain([(WALK + 40, 33, 7)]) {
            let (dy, mut x) = (numbers(b, o, 0), numbers(b, i, 5));
            x.slice_mut(s![.., i / 2..]).fill(0.0);
            let mut by_feature = Array2::from_elem((panels(i), LANES * panels(b)), Lanes::default());
            let mut support = Support::new(panels(i), LANES * panels(b));
            samples_to_features([by_sample(&x).view()].into_iter(), by_feature.view_mut());
            support.find(by_feature.view());
            let mut tiles = vec![[f32::NAN; TILE]; LANES * panels(b)];
            turn(by_sample(&dy).view(), 0, tiles.iter_mut().map(|tile| &mut tile[..]));
            for (form, support) in FORMS.iter().flat_map(|form| [(form, None), (form, Some(&support))]) {
                let mut found = Array2::from_elem((o, LANES * panels(i)), f32::NAN);
                let dw = found.as_slice_mut().unwrap().as_chunks_mut().0;
                form.run(Outer { dy: &tiles, x: Panels { lanes: by_feature.view(), support }, dw });
                assert_close(&found.slice(s![.., ..i]).to_owned(), &dy.t().dot(&x));
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
            let x = Panels { lanes: lanes.view(), support };
            dispatch(Product { w: w.as_slice().unwrap(), b: &[0.25; 20], x, y: y.view_mut() });
            y
        });
        let [all, some] = &mut found;
        assert_eq!(all, some);
    }
}
