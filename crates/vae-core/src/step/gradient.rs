//! The gradient of a network's parameters, summed over a batch that goes through it in micro-batches.
//!
//! A step goes through three parallel regions, with a barrier after each:
//!
//! ```text
//! passes     a few samples each: there, loss, and back to the deltas of every layer
//! operands   what the gradients are products of, packed from all micro-batches
//! gradients  dW = da xᵀ and db, each piece into its sink
//! ```
//! The cut into micro-batches depends on the batch alone, and no sum depends on it: any number of threads gives the
//! same bits. The parameters change in the last region only, when the loss is known to be finite and the gradients to
//! be bounded.

use rayon::prelude::*;

use super::sink::{DenseSink, Sink};
use crate::{
    kernel::{batch::Samples, blocking::micro_batch, operands::GradientOperands, reductions::all_below},
    layers::{layer::Layer, layout::Layout},
    optim::optimizer::LARGEST_GRADIENT,
};

/// A few samples that have gone through a network and back.
pub(crate) trait Pass: Send + Sync {
    /// The gradient of a layer's linear output (B, O), and its input (B, I).
    fn operands(&self, layer: usize) -> [Samples<'_>; 2];
    /// Σ of the squares of all layers' deltas, and of all layers' inputs.
    fn square_sums(&self) -> [f32; 2];
    /// The gradient of the parameters behind those of the layers, summed over these samples.
    fn gradient(&self) -> &[f32];
}

/// The passes of a batch, and what its gradient is a product of.
#[derive(Clone, Debug)]
pub(crate) struct Gradient<P> {
    /// The largest number of samples.
    capacity: usize,
    /// Samples of all micro-batches but the last.
    micro_batch: usize,
    passes: Vec<P>,
    /// Those of each layer, with its outputs and inputs, in the order of the parameters.
    layers: Vec<((usize, usize), GradientOperands)>,
}

impl<P: Pass> Gradient<P> {
    /// Memory for batches of up to `samples` samples; the first of the layers takes the data.
    pub(crate) fn new<'a>(
        layers: impl Iterator<Item = &'a Layer>,
        samples: usize,
        pass: impl Fn(usize) -> P,
    ) -> Self {
        let micro_batch = micro_batch(samples);
        let operands = |(i, layer): (usize, &Layer)| (layer.dim(), layer.operands(samples, i == 0));
        Self {
            capacity: samples,
            micro_batch,
            passes: (0..samples.div_ceil(micro_batch)).map(|_| pass(micro_batch)).collect(),
            layers: layers.enumerate().map(operands).collect(),
        }
    }

    /// The largest batch that there is memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Samples of a micro-batch, and the memory of as many of these as there can be.
    pub(crate) fn micro_batches(&mut self) -> (usize, &mut [P]) {
        (self.micro_batch, &mut self.passes)
    }

    /// The passes of a batch of `samples` samples.
    fn passes(&self, samples: usize) -> &[P] {
        &self.passes[..samples.div_ceil(self.micro_batch)]
    }

    /// Whether every gradient is bound to be finite, seen from the deltas: by Cauchy and Schwarz, no sum of products of
    /// deltas and inputs is larger than the product of their norms. (A bias has an input of ones.)
    pub(crate) fn is_surely_finite(&self, samples: usize) -> bool {
        let add = |[a, b]: [f32; 2], [c, d]: [f32; 2]| [a + c, b + d];
        let [deltas, inputs] = self.passes(samples).iter().map(Pass::square_sums).fold([0.0; 2], add);
        let limit = LARGEST_GRADIENT / self.passes.len() as f32;
        let of_no_layer = self.passes(samples).iter().all(|pass| all_below(pass.gradient(), limit));
        of_no_layer && deltas.sqrt() * inputs.max(samples as f32).sqrt() < LARGEST_GRADIENT / 2.0
    }

    /// The gradient of every parameter, from the passes of a batch of `samples` samples.
    pub(crate) fn sum_into(&mut self, samples: usize, sink: Sink<'_>) {
        let passes = &self.passes[..samples.div_ceil(self.micro_batch)];
        self.layers.par_iter_mut().enumerate().for_each(|(i, (_, operands))| {
            let of = |which: usize| passes.iter().map(move |pass| pass.operands(i)[which]);
            operands.pack(of(0), of(1));
        });
        let of_layers = self.layers.iter().map(|((outputs, inputs), _)| outputs * (inputs + 1)).sum();
        let (sink, mut rest) = sink.split_at(of_layers);
        layer_gradients(&self.layers, sink);
        if let [first, others @ ..] = passes
            && !first.gradient().is_empty()
        {
            let mut sum = first.gradient().to_vec();
            for pass in others {
                sum.iter_mut().zip(pass.gradient()).for_each(|(sum, g)| *sum += g);
            }
            rest.take(0, &sum);
        }
    }
}

/// The gradients of consecutive layers, all at once.
fn layer_gradients(layers: &[((usize, usize), GradientOperands)], sink: Sink<'_>) {
    let [(dim, operands), others @ ..] = layers else { return };
    let (sink, rest) = sink.split_at(dim.0 * (dim.1 + 1));
    rayon::join(|| operands.gradient(DenseSink::new(*dim, sink)), || layer_gradients(others, rest));
}

/// The first tensor whose gradient is not finite, or too large to be squared.
pub(crate) fn not_finite<'a>(layout: &'a Layout, gradient: &'a [f32]) -> Option<&'a str> {
    let tensor = layout.iter(gradient).find(|(_, _, values)| !all_below(values, LARGEST_GRADIENT));
    tensor.map(|(name, ..)| name)
}
