//! What the benchmarks in `benches/` call: the pieces of a training step, each with buffers of its own.
//!
//! Behind the feature `benchmarks`, and no part of the interface.

use ndarray::Array2;

use crate::{
    Activation, Likelihood,
    kernel::{
        batch::{BySample, Data},
        blocking::{LANES, WORD},
        by_feature::{ByFeature, ByTile},
        dense::{affine, outer, sparse_outer, transposed},
        lanes::{Lanes, panels},
        nonzero::Nonzero,
        sparse::SparseColumns,
    },
    step::sink::{DenseSink, Sink},
};

/// One fully connected layer and a batch; some of the inputs may be zero.
#[derive(Debug)]
pub struct Layer {
    w: Array2<f32>,
    b: Vec<f32>,
    x: Data,
    x_by_feature: ByFeature,
    nonzero: Nonzero,
    columns: SparseColumns,
    dy_by_feature: ByFeature,
    y: BySample,
    dy: BySample,
    tiles: ByTile,
    dx: BySample,
    gradient: Vec<f32>,
}

fn by_sample(rows: &Array2<f32>) -> BySample {
    let mut batch = BySample::zeroed(rows.nrows(), rows.ncols());
    batch.pack(rows.view());
    batch
}

impl Layer {
    /// A layer from `inputs` to `outputs` and a batch; every panel has nonzero numbers in `share` of its columns, and
    /// if that is not all of them, a third of the numbers there are not zero.
    pub fn new(batch: usize, inputs: usize, outputs: usize, share: f32) -> Self {
        let number = |i: usize, j: usize| ((i * 37 + j * 11) % 19) as f32 / 19.0 - 0.45;
        let mut rows = Array2::from_shape_fn((batch, inputs), |(i, j)| number(i, j));
        for ((i, j), x) in rows.indexed_iter_mut() {
            let column = (i / LANES * 7 + j / LANES * 3) % 10;
            if (column as f32) < 10.0 * (1.0 - share) || (share < 1.0 && !(i + j).is_multiple_of(3)) {
                *x = 0.0;
            }
        }
        let samples = LANES * panels(batch);
        let mut x = Data::zeroed(batch, inputs);
        x.pack(rows.view());
        let mut x_by_feature = ByFeature::zeroed(inputs, samples);
        x_by_feature.pack([x.view()].into_iter(), samples);
        let mut nonzero = Nonzero::zeroed(panels(inputs), samples);
        nonzero.find(x_by_feature.panels());
        let mut columns = SparseColumns::zeroed(batch, inputs);
        columns.pack([x.view()].into_iter());
        let quarters = |features| by_sample(&Array2::from_elem((batch, features), 0.25));
        let dy = quarters(outputs);
        let words = batch.next_multiple_of(WORD);
        let mut dy_by_feature = ByFeature::zeroed(outputs, words);
        dy_by_feature.pack([dy.view()].into_iter(), words);
        let mut tiles = ByTile::zeroed(outputs, samples);
        tiles.pack([dy.view()].into_iter(), samples);
        Self {
            w: Array2::from_shape_fn((outputs, inputs), |(i, j)| number(i, j)),
            b: vec![0.1; outputs],
            x,
            x_by_feature,
            nonzero,
            columns,
            dy_by_feature,
            y: quarters(outputs),
            dy,
            tiles,
            dx: quarters(inputs),
            gradient: vec![0.0; outputs * (inputs + 1)],
        }
    }

    /// y = relu(W x + b)
    pub fn forward(&mut self) {
        affine(self.w.view(), &self.b, self.x.view(), &mut self.y, None, |y, slope| {
            Activation::Relu.forward(y, slope);
        });
    }

    /// da = (Wᵀ dy) · f′(a)
    pub fn backward_input(&mut self) {
        transposed(self.w.view(), &self.dy, &mut self.dx, Some(self.x.batch()), |x, dx| {
            Activation::Relu.backward(x, dx);
        });
    }

    /// dW = dy xᵀ and db = Σ dy
    pub fn backward_parameters(&mut self) {
        let x = self.x_by_feature.view_of(&self.nonzero);
        outer(self.tiles.view(), x, DenseSink::new(self.w.dim(), Sink::Write(&mut self.gradient)));
    }

    /// dW and db from each number of x that is not zero.
    pub fn backward_parameters_one_by_one(&mut self) {
        let sink = DenseSink::new(self.w.dim(), Sink::Write(&mut self.gradient));
        sparse_outer(self.dy_by_feature.view(), &self.columns, sink);
    }

    /// The deltas from panels by sample to tiles.
    pub fn pack(&mut self) {
        let samples = LANES * panels(self.dy.samples());
        self.tiles.pack([self.dy.view()].into_iter(), samples);
    }
}

/// The logits of a batch, and its pixels.
#[derive(Debug)]
pub struct Loss {
    likelihood: Likelihood,
    theta: BySample,
    x: BySample,
    dtheta: BySample,
    reconstruction: Vec<f32>,
}

impl Loss {
    /// Numbers of the decoder between -7 and 7.
    pub fn new(likelihood: Likelihood, batch: usize, pixels: usize) -> Self {
        let theta = likelihood.parameters_per_pixel() * pixels;
        let number = |(i, j)| ((i * 5 + j * 3) % 29) as f32 / 2.0 - 7.0;
        let theta = by_sample(&Array2::from_shape_fn((batch, theta), number));
        let (x, dtheta) = (BySample::zeroed(batch, pixels), theta.clone());
        Self { likelihood, theta, x, dtheta, reconstruction: vec![0.0; batch] }
    }

    /// −log p(x|z) and its gradient.
    pub fn backward(&mut self) {
        let Self { likelihood, theta, x, dtheta, reconstruction } = self;
        likelihood.loss_backward(theta, x, 1.0, dtheta, reconstruction);
    }
}

/// The outputs of a layer before and after its nonlinearity, and their gradient.
#[derive(Debug)]
pub struct Nonlinearity {
    activation: Activation,
    a: Vec<Lanes>,
    h: Vec<Lanes>,
    slope: Vec<Lanes>,
    dh: Vec<Lanes>,
}

impl Nonlinearity {
    /// So many numbers between -4 and 4.
    pub fn new(activation: Activation, numbers: usize) -> Self {
        let lanes = |i: usize| Lanes(std::array::from_fn(|lane| ((i * 16 + lane) % 81) as f32 / 10.0 - 4.0));
        let quarters = || vec![Lanes([0.25; LANES]); numbers / LANES];
        let a = (0..numbers / LANES).map(lanes).collect();
        Self { activation, a, h: quarters(), slope: quarters(), dh: quarters() }
    }

    /// h = f(a) and da = dh · f′(a)
    pub fn there_and_back(&mut self) {
        let Self { activation, a, h, slope, dh } = self;
        h.copy_from_slice(a);
        let saves = activation.saves_slope();
        activation.forward(h, saves.then_some(&mut slope[..]));
        activation.backward(if saves { slope } else { h }, dh);
    }
}
