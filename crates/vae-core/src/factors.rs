//! What the gradients are products of, dW = dy xᵀ: deltas and inputs of a whole batch, turned from the bands' panels.
//!
//! The inputs of the first layer are the data. Where few of its numbers are not zero, they are taken one by one
//! ([`sparse`](crate::sparse)); otherwise by panels, as those of every layer, but for the samples in which a whole panel
//! is zero. The gradient is the same to the bit.

use ndarray::{Array2, Axis, s};
use rayon::prelude::*;

use crate::{
    band::{Band, Half},
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
    /// Which layer of which half it is.
    half: Half,
    index: usize,
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

impl Factors {
    /// Room for the factors of a layer and up to `rows` samples.
    pub(crate) fn new(layer: &Linear, (half, index): (Half, usize), rows: usize) -> Self {
        let samples = LANES * panels(rows);
        let by_feature = |features, samples| Array2::from_elem((panels(features), samples), Lanes::default());
        let data = || Data {
            sparse: false,
            columns: Columns::new(rows, layer.inputs),
            deltas: by_feature(layer.outputs, rows.next_multiple_of(WORD)),
            support: Support::new(panels(layer.inputs), samples),
        };
        Self {
            layer: layer.clone(),
            half,
            index,
            samples,
            deltas: Array2::from_elem((layer.outputs.div_ceil(TILE), samples), [0.0; TILE]),
            inputs: by_feature(layer.inputs, samples),
            data: matches!((half, index), (Half::Encoder, 0)).then(data),
        }
    }

    /// Fetches the factors of a batch from its bands.
    pub(crate) fn turn(&mut self, bands: &[Band]) {
        let (half, index) = (self.half, self.index);
        self.samples = bands.iter().map(|band| LANES * band.panels()).sum();
        if let Some(data) = &mut self.data {
            data.sparse = pays(bands.iter().map(Band::support), &self.layer);
            if data.sparse {
                // All bands but the last one are full.
                let full = bands[0].panels();
                data.columns.fill(|p| bands.get(p / full)?.x(p % full));
                let deltas = data.deltas.slice_mut(s![.., ..self.samples.next_multiple_of(WORD)]);
                samples_to_features(bands.iter().map(|band| band.delta(half, index)), deltas);
                return;
            }
        }
        let mut deltas = self.deltas.slice_mut(s![.., ..self.samples]);
        deltas.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(t, mut tile)| {
            let mut samples = tile.iter_mut().map(|tile| &mut tile[..]);
            for band in bands {
                turn(band.delta(half, index), TILE * t, &mut samples);
            }
        });
        let mut inputs = self.inputs.slice_mut(s![.., ..self.samples]);
        samples_to_features(bands.iter().map(|band| band.input(half, index)), inputs.view_mut());
        if let Some(data) = &mut self.data {
            data.support.find(inputs.view());
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
    use crate::{Vae, VaeConfig};

    #[test]
    fn sparse_data_give_the_gradient_of_dense_data_to_the_bit() {
        let config = VaeConfig { input: 90, hidden: vec![150], latent: 2, ..VaeConfig::default() };
        let vae = Vae::new(config, 1).unwrap();
        let number = |i: usize, j: usize| {
            if (i * 7 + j * 3 + i * j).is_multiple_of(5) { (i + j) as f32 / 240.0 } else { 0.0 }
        };
        let (x, eps) = (Array2::from_shape_fn((150, 90), |(i, j)| number(i, j)), Array2::zeros((150, 2)));
        let mut bands = vec![Band::new(&vae, 64); 3];
        let parts = x.axis_chunks_iter(Axis(0), 64).zip(eps.axis_chunks_iter(Axis(0), 64));
        for (band, (x, eps)) in bands.iter_mut().zip(parts) {
            let (mut reconstruction, mut kl) = (vec![0.0; x.nrows()], vec![0.0; x.nrows()]);
            band.run(&vae, x, eps, [1.0 / 150.0; 2], &mut reconstruction, &mut kl);
        }
        let mut factors = Factors::new(&vae.encoder.layers()[0], (Half::Encoder, 0), 200);
        let gradient = |factors: &mut Factors| {
            factors.turn(&bands);
            let (mut dw, mut db) = (vec![f32::NAN; 90 * 150], vec![f32::NAN; 150]);
            factors.gradient(Gradient { dw: &mut dw, db: &mut db, update: None });
            (dw, db)
        };
        let sparse = gradient(&mut factors);
        assert!(factors.data.take().unwrap().sparse);
        assert_eq!(sparse, gradient(&mut factors));
    }
}
