//! The weights that training starts from.

use rand_distr::{Distribution, Uniform};

use super::layout::LinearSlot;
use crate::noise::{Purpose, stream};

/// PyTorch's `Linear`: weight and bias uniform within ± 1/√inputs. Each layer has a stream of its own.
pub(crate) fn initialise<'a>(
    layers: impl Iterator<Item = &'a LinearSlot>,
    seed: u64,
    parameters: &mut [f32],
) {
    for (i, layer) in layers.enumerate() {
        let mut rng = stream(seed, Purpose::WEIGHTS, 0, i as u64);
        let bound = 1.0 / (layer.inputs as f32).sqrt();
        let uniform = Uniform::new_inclusive(-bound, bound).expect("the bound is positive and finite");
        let (weight, bias) = layer.parts_mut(parameters);
        for value in weight.iter_mut().chain(bias) {
            *value = uniform.sample(&mut rng);
        }
    }
}
