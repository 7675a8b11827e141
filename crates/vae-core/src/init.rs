//! The weights that training starts from.

use ndarray::{Array1, Array2};
use ndarray_rand::{RandomExt, rand_distr::Uniform};

use crate::{
    layout::Linear,
    noise::{Purpose, stream},
};

/// PyTorch's `Linear`: weight and bias uniform within ± 1/√inputs. Each layer has a stream of its own.
pub(crate) fn initialise<'a>(layers: impl Iterator<Item = &'a Linear>, seed: u64, parameters: &mut [f32]) {
    for (i, layer) in layers.enumerate() {
        let mut rng = stream(seed, Purpose::Weights, 0, i as u64);
        let bound = 1.0 / (layer.inputs as f32).sqrt();
        let uniform = Uniform::new_inclusive(-bound, bound).expect("the bound is positive and finite");
        let (mut weight, mut bias) = layer.parts_mut(parameters);
        weight.assign(&Array2::random_using((layer.outputs, layer.inputs), uniform, &mut rng));
        bias.assign(&Array1::random_using(layer.outputs, uniform, &mut rng));
    }
}
