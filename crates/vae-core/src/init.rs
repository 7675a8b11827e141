//! The weights that training starts from.

use ndarray::Array1;
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
        let (weight, bias) = layer.parts_mut(parameters);
        for part in [weight, bias] {
            part.copy_from_slice(
                Array1::random_using(part.len(), uniform, &mut rng)
                    .as_slice()
                    .expect("a new array is contiguous"),
            );
        }
    }
}
