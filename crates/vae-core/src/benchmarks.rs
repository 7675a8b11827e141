//! What the benchmarks in `benches/` call: the pieces of a training step, each with buffers of its own.
//!
//! Behind the feature `benchmarks`, and no part of the interface.

use ndarray::{Array2, ArrayView2, s};

use crate::{
    Activation,
    bernoulli::bernoulli_backward,
    linear::{
        Gradient, linear_backward_input, linear_backward_parameters, linear_forward,
        sparse_backward_parameters,
    },
    panels::{LANES, Lanes, Panels, TILE, Tile, panels},
    sparse::{Columns, WORD},
    support::Support,
    turn::{rows_to_samples, samples_to_features, turn},
};

/// One fully connected layer and a batch, of which some of the inputs may be zero.
#[derive(Debug)]
pub struct Layer {
    w: Array2<f32>,
    b: Vec<f32>,
    x: Array2<Lanes>,
    support: Support,
    x_by_feature: Array2<Lanes>,
    support_by_feature: Support,
    columns: Columns,
    dy_by_feature: Array2<Lanes>,
    y: Array2<Lanes>,
    dy: Array2<Lanes>,
    tiles: Array2<Tile>,
    dx: Array2<Lanes>,
    dw: Vec<f32>,
    db: Vec<f32>,
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
        let room = |features| Array2::from_elem((panels(batch), features), Lanes([0.25; LANES]));
        let (mut x, dy, samples) = (room(inputs), room(outputs), LANES * panels(batch));
        rows_to_samples(rows.view(), x.view_mut());
        let mut support = Support::new(panels(batch), inputs);
        support.find(x.view());
        let mut x_by_feature = Array2::from_elem((panels(inputs), samples), Lanes::default());
        let mut support_by_feature = Support::new(panels(inputs), samples);
        samples_to_features([x.view()].into_iter(), x_by_feature.view_mut());
        support_by_feature.find(x_by_feature.view());
        let mut columns = Columns::new(batch, inputs);
        columns.fill([x.view()].into_iter());
        let mut dy_by_feature =
            Array2::from_elem((panels(outputs), batch.next_multiple_of(WORD)), Lanes::default());
        samples_to_features([dy.view()].into_iter(), dy_by_feature.view_mut());
        let mut tiles = Array2::from_elem((outputs.div_ceil(TILE), samples), [0.0; TILE]);
        for (t, mut tile) in tiles.rows_mut().into_iter().enumerate() {
            turn(dy.view(), TILE * t, tile.iter_mut().map(|tile| &mut tile[..]));
        }
        Self {
            w: Array2::from_shape_fn((outputs, inputs), |(i, j)| number(i, j)),
            b: vec![0.1; outputs],
            support,
            support_by_feature,
            columns,
            dy_by_feature,
            y: room(outputs),
            dx: room(inputs),
            dw: vec![0.0; outputs * inputs],
            db: vec![0.0; outputs],
            x,
            x_by_feature,
            dy,
            tiles,
        }
    }

    /// y = relu(W x + b)
    pub fn forward(&mut self) {
        let x = Panels { lanes: self.x.view(), support: Some(&self.support) };
        linear_forward(self.w.view(), &self.b, x, Some(Activation::Relu), self.y.view_mut(), None);
    }

    /// da = (Wᵀ dy) · f′(a)
    pub fn backward_input(&mut self) {
        let x_of: Option<(Activation, ArrayView2<'_, Lanes>)> = Some((Activation::Relu, self.x.view()));
        linear_backward_input(self.w.view(), self.dy.view(), x_of, self.dx.view_mut());
    }

    /// dW = dy xᵀ and db = Σ dy
    pub fn backward_parameters(&mut self) {
        let x = Panels { lanes: self.x_by_feature.view(), support: Some(&self.support_by_feature) };
        let gradient = Gradient { dw: &mut self.dw, db: &mut self.db, update: None };
        linear_backward_parameters(self.tiles.view(), x, gradient);
    }

    /// dW and db from each number of x that is not zero.
    pub fn backward_parameters_one_by_one(&mut self) {
        let gradient = Gradient { dw: &mut self.dw, db: &mut self.db, update: None };
        sparse_backward_parameters(self.dy_by_feature.view(), &self.columns, gradient);
    }

    /// The deltas from panels by sample to tiles.
    pub fn turn(&mut self) {
        for (t, mut tile) in self.tiles.rows_mut().into_iter().enumerate() {
            turn(self.dy.view(), TILE * t, tile.iter_mut().map(|tile| &mut tile[..]));
        }
    }
}

/// The logits of a batch, and its pixels.
#[derive(Debug)]
pub struct Loss {
    logits: Array2<Lanes>,
    x: Array2<Lanes>,
    dlogits: Array2<Lanes>,
    reconstruction: Vec<f32>,
}

impl Loss {
    /// Logits between -7 and 7.
    pub fn new(batch: usize, pixels: usize) -> Self {
        let logits =
            Array2::from_shape_fn((batch, pixels), |(i, j)| ((i * 5 + j * 3) % 29) as f32 / 2.0 - 7.0);
        let room = || Array2::from_elem((panels(batch), pixels), Lanes::default());
        let mut loss = Self { logits: room(), x: room(), dlogits: room(), reconstruction: vec![0.0; batch] };
        rows_to_samples(logits.view(), loss.logits.slice_mut(s![.., ..]));
        loss
    }

    /// −log p(x|z) and its gradient.
    pub fn backward(&mut self) {
        let (logits, x) = (self.logits.view(), self.x.view());
        bernoulli_backward(logits, x, 1.0, self.dlogits.view_mut(), &mut self.reconstruction);
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
        let room = || vec![Lanes([0.25; LANES]); numbers / LANES];
        let a = (0..numbers / LANES).map(lanes).collect();
        Self { activation, a, h: room(), slope: room(), dh: room() }
    }

    /// h = f(a) and da = dh · f′(a)
    pub fn there_and_back(&mut self) {
        let Self { activation, a, h, slope, dh } = self;
        h.copy_from_slice(a);
        let keeps = activation.keeps_slope();
        activation.forward(h, keeps.then_some(slope));
        activation.backward(if keeps { slope } else { h }, dh);
    }
}
