//! What the gradients are products of, dW = dy xᵀ: deltas and inputs of a whole batch, turned from panels by sample.
//!
//! The inputs of the first layer are the data. Where few of its numbers are not zero, they are taken one by one
//! ([`sparse`](crate::sparse)); otherwise by panels, as those of every layer, but for the samples in which a whole panel
//! is zero. The gradient is the same to the bit.

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::{
    layout::Linear,
    linear::{Gradient, linear_backward_parameters, sparse_backward_parameters},
    panels::{LANES, Lanes, Panels, TILE, Tile, panels},
    sparse::{Columns, WORD, pays},
    support::Support,
    turn::{samples_to_features, turn},
};

/// Deltas and inputs of one layer, sample by sample.
#[derive(Clone, Debug)]
pub(crate) struct Factors {
    layer: Linear,
    /// Of the batch, with the padding: 16 P.
    samples: usize,
    /// In tiles (T, ≥ 16 P): the gradient of the outputs before the nonlinearity.
    deltas: Array2<Tile>,
    /// By feature (Q, ≥ 16 P).
    inputs: Array2<Lanes>,
    /// Of the layer whose inputs are the data.
    data: Option<Data>,
}

/// What is known of the data, and its arrangement for taking it number by number.
#[derive(Clone, Debug)]
struct Data {
    /// Whether this batch is taken so; it then lies here and not in the panels.
    sparse: bool,
    columns: Columns,
    /// By feature (Q, ≥ 16 P): whole words of samples.
    deltas: Array2<Lanes>,
    /// If not, what is zero of the panels by feature.
    support: Support,
}

/// Numbers of consecutive parts of a batch, each by sample (P, F), all but the last of the same length.
pub(crate) trait Parts<'a>: Iterator<Item = ArrayView2<'a, Lanes>> + Clone + Sync {}

impl<'a, I: Iterator<Item = ArrayView2<'a, Lanes>> + Clone + Sync> Parts<'a> for I {}

impl Factors {
    /// Room for the factors of a layer and up to `rows` samples.
    pub(crate) fn new(layer: &Linear, rows: usize) -> Self {
        let samples = LANES * panels(rows);
        Self {
            layer: layer.clone(),
            samples,
            deltas: Array2::from_elem((layer.outputs.div_ceil(TILE), samples), [0.0; TILE]),
            inputs: Array2::from_elem((panels(layer.inputs), samples), Lanes::default()),
            data: None,
        }
    }

    /// The same of the first layer.
    pub(crate) fn of_data(layer: &Linear, rows: usize) -> Self {
        let data = Data {
            sparse: false,
            columns: Columns::new(rows, layer.inputs),
            deltas: Array2::from_elem((panels(layer.outputs), rows.next_multiple_of(WORD)), Lanes::default()),
            support: Support::new(panels(layer.inputs), LANES * panels(rows)),
        };
        Self { data: Some(data), ..Self::new(layer, rows) }
    }

    /// Takes the factors of a batch; of the first layer the `support` of its inputs says how they are arranged.
    pub(crate) fn turn<'a>(
        &mut self,
        deltas: impl Parts<'a>,
        inputs: impl Parts<'a>,
        support: impl Iterator<Item = &'a Support>,
    ) {
        self.samples = deltas.clone().map(|part| LANES * part.nrows()).sum();
        if let Some(data) = &mut self.data {
            data.sparse = pays(support, &self.layer);
            if data.sparse {
                data.columns.fill(inputs);
                let words = s![.., ..self.samples.next_multiple_of(WORD)];
                samples_to_features(deltas, data.deltas.slice_mut(words));
                return;
            }
        }
        let mut tiles = self.deltas.slice_mut(s![.., ..self.samples]);
        tiles.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(t, mut tile)| {
            let mut samples = tile.iter_mut().map(|tile| &mut tile[..]);
            deltas.clone().for_each(|part| turn(part, TILE * t, &mut samples));
        });
        let mut panels = self.inputs.slice_mut(s![.., ..self.samples]);
        samples_to_features(inputs, panels.view_mut());
        if let Some(data) = &mut self.data {
            data.support.find(panels.view());
        }
    }

    /// The layer that the factors are of.
    pub(crate) fn layer(&self) -> &Linear {
        &self.layer
    }

    /// dW and db, or their update.
    pub(crate) fn gradient(&self, gradient: Gradient<'_>) {
        match &self.data {
            Some(data) if data.sparse => {
                let deltas = data.deltas.slice(s![.., ..self.samples.next_multiple_of(WORD)]);
                sparse_backward_parameters(deltas, &data.columns, gradient);
            }
            data => {
                let support = data.as_ref().map(|data| &data.support);
                let x = Panels { lanes: self.inputs.slice(s![.., ..self.samples]), support };
                linear_backward_parameters(self.deltas.slice(s![.., ..self.samples]), x, gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{layout::Layout, turn::rows_to_samples};

    #[test]
    fn sparse_data_give_the_gradient_of_dense_data_to_the_bit() {
        let number = |i: usize, j: usize| {
            if (i * 7 + j * 3 + i * j).is_multiple_of(5) { (i + j) as f32 / 240.0 } else { 0.0 }
        };
        let part = |rows: ArrayView2<'_, f32>| {
            let mut lanes = Array2::from_elem((panels(rows.nrows()), rows.ncols()), Lanes::default());
            rows_to_samples(rows, lanes.view_mut());
            lanes
        };
        let parts = |rows: &Array2<f32>| rows.axis_chunks_iter(Axis(0), 48).map(part).collect::<Vec<_>>();
        let x = parts(&Array2::from_shape_fn((150, 90), |(i, j)| number(i, j)));
        let dy =
            parts(&Array2::from_shape_fn((150, 70), |(i, j)| ((i * 5 + j * 3) % 13) as f32 / 13.0 - 0.4));
        let mut support = Support::new(3, 90);
        support.find(x[0].view());

        let layer = Layout::default().push_linear("", 90, 70);
        let gradient = |factors: &mut Factors| {
            factors.turn(
                dy.iter().map(|part| part.view()),
                x.iter().map(|part| part.view()),
                [&support].into_iter(),
            );
            let (mut dw, mut db) = (vec![f32::NAN; 90 * 70], vec![f32::NAN; 70]);
            factors.gradient(Gradient { dw: &mut dw, db: &mut db, update: None });
            (dw, db)
        };
        let mut sparse = Factors::of_data(&layer, 200);
        let found = gradient(&mut sparse);
        assert!(sparse.data.is_some_and(|data| data.sparse));
        assert_eq!(found, gradient(&mut Factors::new(&layer, 200)));
    }
}
