//! The three products of a dense layer, for a few rows of the weight: where the arithmetic happens.
//!
//! Each keeps a block of results in registers while it walks along the sum: MR rows of sixteen lanes. A sum runs
//! through its terms in order, in one register's lane, so it depends on nothing but its terms. On instruction sets
//! with a fused multiply-add, each step of a sum rounds once.
//!
//! The tests hold each product against the plain triple loop.

use ndarray::ArrayView2;

use super::{
    batch::{Samples, SamplesMut},
    blocking::{KC, LANES, TILE},
    by_feature::{Features, Tile},
    lanes::Values,
    simd::{Kernel, Vectors},
};

/// y = W x + b
pub(crate) struct Product<'a> {
    /// (O, I) row-major
    pub(crate) w: &'a [f32],
    /// (O)
    pub(crate) b: &'a [f32],
    /// (P, I)
    pub(crate) x: Samples<'a>,
    /// (P, O)
    pub(crate) y: SamplesMut<'a>,
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(mut self, v: V) {
        in_blocks::<V, MR>(v, self.b.len(), &mut self);
    }
}

impl Blocks for Product<'_> {
    #[inline(always)]
    fn block<V: Vectors, const MR: usize>(&mut self, v: V, row: usize) {
        let inputs = self.x.features();
        let w: [&[f32]; MR] = std::array::from_fn(|m| &self.w[(row + m) * inputs..][..inputs]);
        let b = &self.b[row..row + MR];
        // Two loops, as one that chooses within has more to remember than there are registers.
        let panels = self.x.panels().zip(self.y.panels());
        match self.x.zeros() {
            None => {
                for (x, y) in panels {
                    let (x, y) = (&x[..inputs], &mut y[row..row + MR]);
                    rows_of_product(v, w, b, 0..inputs, x, y);
                }
            }
            Some(nonzero) => {
                for (p, (x, y)) in panels.enumerate() {
                    let (x, y) = (&x[..inputs], &mut y[row..row + MR]);
                    rows_of_product(v, w, b, nonzero.of(p).iter().map(|&i| i as usize), x, y);
                }
            }
        }
    }
}

/// y = W x + b for MR rows of W and the terms that are given.
#[inline(always)]
fn rows_of_product<V: Vectors, const MR: usize>(
    v: V,
    w: [&[f32]; MR],
    b: &[f32],
    terms: impl Iterator<Item = usize>,
    x: &Values,
    y: &mut Values,
) {
    let a = |i: usize| std::array::from_fn(|m| w[m][i]);
    let sums: [V::Line; MR] = std::array::from_fn(|m| v.load(&[b[m]; LANES]));
    for (sum, y) in accumulate(v, terms, a, x, sums).iter().zip(y) {
        v.store(*sum, &mut y.0);
    }
}

/// dx = Wᵀ dy, for a tile of the columns of W
pub(crate) struct Transposed<'a> {
    /// (O, I)
    pub(crate) w: ArrayView2<'a, f32>,
    /// The first of the columns; there are as many as `dx` has.
    pub(crate) first: usize,
    /// (P, O)
    pub(crate) dy: Samples<'a>,
    /// (P, ≤ I)
    pub(crate) dx: SamplesMut<'a>,
}

impl Kernel for Transposed<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(mut self, v: V) {
        let (outputs, inputs, columns) = (self.w.nrows(), self.w.ncols(), self.dx.features());
        let weights = self.w.to_slice().expect("weights are contiguous");
        // A column of W lies across many cache lines, often all in the same few places of the cache. Where several
        // panels share it, it is worth being gathered.
        let gather = self.dy.len() > 2 && columns <= TILE;
        let mut gathered = [[0.0; TILE]; KC];
        for start in (0..outputs).step_by(KC) {
            let terms = start..outputs.min(start + KC);
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
            for (dy, dx) in self.dy.panels().zip(self.dx.panels()) {
                let dy = &dy[terms.clone()];
                in_blocks::<V, MR>(v, columns, &mut Transposing { w, stride, dy, dx, continued: start > 0 });
            }
        }
    }
}

/// Some of the terms, for one panel.
struct Transposing<'a> {
    /// From the first row and column on that are wanted, a row every `stride` numbers.
    w: &'a [f32],
    stride: usize,
    dy: &'a Values,
    dx: &'a mut Values,
    /// Whether `dx` already holds the sum of earlier terms.
    continued: bool,
}

impl Blocks for Transposing<'_> {
    #[inline(always)]
    fn block<V: Vectors, const MR: usize>(&mut self, v: V, row: usize) {
        let (w, stride, continued) = (&self.w[row..], self.stride, self.continued);
        let dx = &mut self.dx[row..row + MR];
        let a = |o: usize| {
            let w = &w[o * stride..][..MR];
            std::array::from_fn(|m| w[m])
        };
        let sums: [V::Line; MR] =
            std::array::from_fn(|m| v.load(if continued { &dx[m].0 } else { &[0.0; LANES] }));
        let sums = accumulate(v, 0..self.dy.len(), a, self.dy, sums);
        for (sum, dx) in sums.iter().zip(dx) {
            v.store(*sum, &mut dx.0);
        }
    }
}

/// dW = dy xᵀ, for a tile of the rows of W
pub(crate) struct Outer<'a> {
    /// (16 P)
    pub(crate) dy: &'a [Tile],
    /// (Q, 16 P)
    pub(crate) x: Features<'a>,
    /// (≤ TILE, Q) lines of sixteen, as many rows as are wanted
    pub(crate) dw: &'a mut [[f32; LANES]],
}

impl Kernel for Outer<'_> {
    #[inline(always)]
    fn execute<V: Vectors, const MR: usize>(self, v: V) {
        let panels = self.x.len();
        let (rows, samples) = (self.dw.len() / panels, self.dy.len());
        for start in (0..samples).step_by(KC) {
            let terms = start..samples.min(start + KC);
            for panel in 0..panels {
                let x = self.x.panel(panel);
                let (dy, x, nonzero) = match self.x.nonzero(panel) {
                    None => (&self.dy[terms.clone()], &x[terms.clone()], None),
                    Some(nonzero) if samples <= KC => (self.dy, &x[..samples], Some(nonzero)),
                    Some(nonzero) => {
                        let below = |end: usize| nonzero.partition_point(|&term| (term as usize) < end);
                        let nonzero = &nonzero[below(terms.start)..below(terms.end)];
                        (self.dy, &x[..samples], Some(nonzero))
                    }
                };
                let dw = &mut *self.dw;
                let column = &mut OuterColumn { dy, x, nonzero, dw, panels, panel, continued: start > 0 };
                in_blocks::<V, MR>(v, rows, column);
            }
        }
    }
}

/// Some of the terms, for one panel.
struct OuterColumn<'a> {
    dy: &'a [Tile],
    x: &'a Values,
    nonzero: Option<&'a [u32]>,
    dw: &'a mut [[f32; LANES]],
    /// Panels of a row of `dw`, and which of them this is.
    panels: usize,
    panel: usize,
    /// Whether `dw` already holds the sum of earlier terms.
    continued: bool,
}

impl Blocks for OuterColumn<'_> {
    #[inline(always)]
    fn block<V: Vectors, const MR: usize>(&mut self, v: V, row: usize) {
        let (dy, continued) = (self.dy, self.continued);
        let x = &self.x[..dy.len()];
        let place = |m: usize| (row + m) * self.panels + self.panel;
        let a = |sample: usize| {
            let dy = &dy[sample];
            std::array::from_fn(|m| dy[row + m])
        };
        let sums: [V::Line; MR] =
            std::array::from_fn(|m| v.load(if continued { &self.dw[place(m)] } else { &[0.0; LANES] }));
        let sums = match self.nonzero {
            Some(nonzero) => accumulate(v, nonzero.iter().map(|&sample| sample as usize), a, x, sums),
            None => accumulate(v, 0..dy.len(), a, x, sums),
        };
        for (m, &sum) in sums.iter().enumerate() {
            v.store(sum, &mut self.dw[place(m)]);
        }
    }
}

/// A product whose rows are computed block by block.
trait Blocks {
    /// Computes the `MR` rows from `row` on.
    fn block<V: Vectors, const MR: usize>(&mut self, v: V, row: usize);
}

/// All rows: blocks of MR as long as they last, then smaller ones. Two rows that would be left over join the six before
/// them, as two blocks of four: a block of two would leave the multipliers waiting.
#[inline(always)]
fn in_blocks<V: Vectors, const MR: usize>(v: V, rows: usize, product: &mut impl Blocks) {
    let mut row = 0;
    while rows - row >= MR && rows - row != 8 {
        product.block::<V, MR>(v, row);
        row += MR;
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
fn accumulate<V: Vectors, const MR: usize>(
    v: V,
    terms: impl Iterator<Item = usize>,
    a: impl Fn(usize) -> [f32; MR],
    x: &Values,
    mut sums: [V::Line; MR],
) -> [V::Line; MR] {
    for term in terms {
        let (a, x) = (a(term), v.load(&x[term].0));
        for m in 0..MR {
            sums[m] = v.multiply_add(a[m], x, sums[m]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, s};

    use super::*;
    use crate::kernel::{
        batch::{BySample, Data},
        by_feature::{ByFeature, ByTile},
        lanes::panels,
        nonzero::Nonzero,
        simd::{Plain, dispatch},
    };

    fn numbers(rows: usize, cols: usize, phase: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 37 + j * 11 + phase) % 19) as f32 / 19.0 - 0.45)
    }

    fn by_sample(x: &Array2<f32>) -> BySample {
        let mut batch = BySample::zeroed(x.nrows(), x.ncols());
        batch.pack(x.view());
        batch
    }

    fn rows(batch: &BySample) -> Array2<f32> {
        let mut rows = Array2::zeros((batch.samples(), batch.features()));
        batch.unpack(rows.view_mut());
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
        (17, 40, KC + 5),
        (33, 30, 2 * KC + 3),
    ];

    /// What this machine takes, and plain loops.
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
                Self::Plain6 => kernel.execute::<_, 6>(Plain),
                Self::Plain12 => kernel.execute::<_, 12>(Plain),
            }
        }
    }

    #[test]
    fn the_product_is_the_plain_loop() {
        for (b, i, o) in SIZES {
            let (x, w) = (numbers(b, i, 0), numbers(o, i, 5));
            let (bias, x_lanes) = (Array1::from_iter((0..o).map(|o| o as f32 * 0.01)), by_sample(&x));
            for form in FORMS {
                let mut y = BySample::zeroed(b, o);
                let (w, b) = (w.as_slice().unwrap(), bias.as_slice().unwrap());
                form.run(Product { w, b, x: x_lanes.view(), y: y.view_mut() });
                assert_close(&rows(&y), &(x.dot(&numbers(o, i, 5).t()) + &bias));
            }
        }
    }

    #[test]
    fn the_transposed_product_is_the_plain_loop() {
        for (b, i, o) in SIZES {
            let (dy, w) = (numbers(b, o, 0), numbers(o, i, 5));
            let (first, dy_lanes) = (i / 3, by_sample(&dy));
            for form in FORMS {
                let mut dx = by_sample(&Array2::from_elem((b, i - first), f32::NAN));
                form.run(Transposed { w: w.view(), first, dy: dy_lanes.view(), dx: dx.view_mut() });
                assert_close(&rows(&dx), &dy.dot(&w).slice(s![.., first..]).to_owned());
            }
        }
    }

    #[test]
    fn the_outer_product_is_the_plain_loop() {
        for (b, i, o) in SIZES.map(|(b, i, o)| (b, i, o.min(TILE))).into_iter().chain([(KC + 40, 33, 7)]) {
            let (dy, mut x) = (numbers(b, o, 0), numbers(b, i, 5));
            x.slice_mut(s![.., i / 2..]).fill(0.0);
            let samples = LANES * panels(b);
            let mut x_by_feature = ByFeature::zeroed(i, samples);
            x_by_feature.pack([by_sample(&x).view()].into_iter(), samples);
            let mut nonzero = Nonzero::zeroed(panels(i), samples);
            nonzero.find(x_by_feature.panels());
            let mut tiles = ByTile::zeroed(o, samples);
            tiles.pack([by_sample(&dy).view()].into_iter(), samples);
            for (form, x_lanes) in FORMS
                .iter()
                .flat_map(|form| [(form, x_by_feature.view()), (form, x_by_feature.view_of(&nonzero))])
            {
                let mut found = Array2::from_elem((o, LANES * panels(i)), f32::NAN);
                let dw = found.as_slice_mut().unwrap().as_chunks_mut().0;
                form.run(Outer { dy: tiles.view().tile(0), x: x_lanes, dw });
                assert_close(&found.slice(s![.., ..i]).to_owned(), &dy.t().dot(&x));
            }
        }
    }

    #[test]
    fn leaving_out_the_zeros_changes_no_bit() {
        let (mut x, w) = (numbers(33, 40, 0), numbers(20, 40, 5));
        x.slice_mut(s![..16, 7..30]).fill(0.0);
        let mut data = Data::zeroed(33, 40);
        data.pack(x.view());
        let [all, some] = [data.batch().view(), data.view()].map(|x| {
            let mut y = BySample::zeroed(33, 20);
            dispatch(Product { w: w.as_slice().unwrap(), b: &[0.25; 20], x, y: y.view_mut() });
            rows(&y)
        });
        assert_eq!(all, some);
    }
}
