//! A chain of layers: one side of the autoencoder, or a classifier.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::{activation::Activation, dense::Dense, gated::Gated, layer::Layer, layout::Layout};
use crate::kernel::{
    batch::{BySample, Data, Samples},
    blocking::MICRO_BATCH,
};

/// Layers, each of which takes what the one before gives.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    layers: Vec<Layer>,
}

/// What the layers gave for a batch.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// h of each layer (B, H).
    outputs: Vec<BySample>,
    /// What each layer saved for backward beside its output (B, O).
    saved: Vec<Option<BySample>>,
}

/// The gradients of the layers' linear outputs a.
#[derive(Clone, Debug)]
pub(crate) struct Deltas {
    /// da of each layer (B, O).
    outputs: Vec<BySample>,
    /// dh of each gated layer (B, H).
    gated: Vec<Option<BySample>>,
}

impl Stack {
    /// Fully connected layers `{prefix}.fc1`, `{prefix}.fc2`, … between consecutive `widths`, appended to `layout`;
    /// the last of them is linear.
    pub(crate) fn dense(layout: &mut Layout, prefix: &str, widths: &[usize], f: Activation) -> Self {
        let last = widths.len() - 1;
        let layer = |(i, io): (usize, &[usize])| {
            let f = (i + 1 < last).then_some(f);
            let rows = f.map_or(1, Activation::rows) * io[1];
            let slot = layout.push_linear(&format!("{prefix}.fc{}", i + 1), io[0], rows);
            match f {
                Some(Activation::Glu) => Layer::Gated(Gated { slot }),
                activation => Layer::Dense(Dense { slot, activation }),
            }
        };
        Self { layers: widths.windows(2).enumerate().map(layer).collect() }
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// All layers but the last.
    pub(crate) fn without_last(&self) -> Self {
        Self { layers: self.layers[..self.layers.len() - 1].to_vec() }
    }

    /// Numbers that the first layer takes.
    pub(crate) fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.dim().1)
    }

    /// Numbers that the last layer gives.
    pub(crate) fn outputs(&self) -> usize {
        self.layers.last().map_or(0, Layer::outputs)
    }

    /// Memory for what the layers give for up to `samples` samples.
    pub(crate) fn tape(&self, samples: usize) -> Tape {
        let outputs = |layer: &Layer| BySample::zeroed(samples, layer.outputs());
        let saved = |layer: &Layer| layer.saves().then(|| BySample::zeroed(samples, layer.dim().0));
        Tape {
            outputs: self.layers.iter().map(outputs).collect(),
            saved: self.layers.iter().map(saved).collect(),
        }
    }

    /// Memory for the gradients of what the layers give for up to `samples` samples.
    pub(crate) fn deltas(&self, samples: usize) -> Deltas {
        let gated = |layer: &Layer| {
            matches!(layer, Layer::Gated(_)).then(|| BySample::zeroed(samples, layer.outputs()))
        };
        Deltas {
            outputs: self.layers.iter().map(|layer| BySample::zeroed(samples, layer.dim().0)).collect(),
            gated: self.layers.iter().map(gated).collect(),
        }
    }

    /// x → h₁ = f(W₁ x + b₁) → … → Wₙ hₙ₋₁ + bₙ, each left on the tape.
    ///
    /// # Shapes
    /// `x` (B, I) of the first layer
    pub(crate) fn forward(&self, parameters: &[f32], x: Samples<'_>, tape: &mut Tape) {
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.outputs.split_at_mut(i);
            let x = before.last().map_or(x, |h| h.view());
            layer.forward(parameters, x, &mut after[0], tape.saved[i].as_mut());
        }
    }

    /// The way home: from daₙ, the last of `deltas`, to da of every layer, and to the gradient of x where that is
    /// wanted.
    ///
    /// # Shapes
    /// `dx` (B, I) of the first layer
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        tape: &Tape,
        deltas: &mut Deltas,
        dx: Option<&mut BySample>,
    ) {
        for (i, layer) in self.layers.iter().enumerate().skip(1).rev() {
            let (before, after) = deltas.outputs.split_at_mut(i);
            let (h, saved, dh) = (&tape.outputs[i - 1], &tape.saved[i - 1], &mut deltas.gated[i - 1]);
            let x_made_by = self.layers[i - 1].made(h, saved.as_ref(), dh.as_mut());
            layer.backward(parameters, &after[0], x_made_by, &mut before[i - 1]);
        }
        if let Some(dx) = dx {
            self.layers[0].backward(parameters, &deltas.outputs[0], None, dx);
        }
    }

    /// `f` of what the last layer gives, for any number of samples, a micro-batch at a time.
    ///
    /// # Shapes
    /// `x` (B, I) of the first layer → (B, `columns`), what `f` writes of (B, O)
    ///
    /// # Panics
    /// If `x` does not have I columns.
    pub(crate) fn infer(
        &self,
        parameters: &[f32],
        x: ArrayView2<'_, f32>,
        columns: usize,
        f: impl Fn(&BySample, &mut BySample) + Sync,
    ) -> Array2<f32> {
        assert_eq!(x.ncols(), self.inputs(), "columns of the input");
        let mut y = Array2::zeros((x.nrows(), columns));
        let samples = x.nrows().min(MICRO_BATCH);
        let buffers = || {
            let (data, out) = (Data::zeroed(samples, self.inputs()), BySample::zeroed(samples, columns));
            (data, self.tape(samples), out)
        };
        let parts = x.axis_chunks_iter(Axis(0), MICRO_BATCH).into_par_iter();
        parts.zip(y.axis_chunks_iter_mut(Axis(0), MICRO_BATCH)).for_each_init(
            buffers,
            |(data, tape, out), (x, y)| {
                data.pack(x);
                self.forward(parameters, data.view(), tape);
                f(tape.output(), out);
                out.unpack(y);
            },
        );
        y
    }
}

impl Tape {
    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        self.outputs.len()
    }

    /// h of layer `i` (B, H).
    pub(crate) fn layer(&self, i: usize) -> &BySample {
        &self.outputs[i]
    }

    /// What the last layer gave (B, O).
    pub(crate) fn output(&self) -> &BySample {
        &self.outputs[self.outputs.len() - 1]
    }

    /// Σ h² over all layers but the last.
    pub(crate) fn hidden_square_sum(&self) -> f32 {
        self.outputs[..self.outputs.len() - 1].iter().map(BySample::square_sum).sum()
    }
}

impl Deltas {
    /// da of layer `i` (B, O).
    pub(crate) fn layer(&self, i: usize) -> &BySample {
        &self.outputs[i]
    }

    /// The gradient of what the last layer gives (B, O): where the way back begins.
    pub(crate) fn output_mut(&mut self) -> &mut BySample {
        let last = self.outputs.len() - 1;
        &mut self.outputs[last]
    }

    /// Σ da² over all layers.
    pub(crate) fn square_sum(&self) -> f32 {
        self.outputs.iter().map(BySample::square_sum).sum()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    fn stack() -> (Stack, Layout, Vec<f32>) {
        let mut layout = Layout::default();
        let stack = Stack::dense(&mut layout, "side", &[3, 4, 2], Activation::Tanh);
        let parameters = (0..layout.len()).map(|i| ((i * 7) % 11) as f32 / 11.0 - 0.5).collect();
        (stack, layout, parameters)
    }

    fn output(stack: &Stack, parameters: &[f32], x: ArrayView2<'_, f32>, tape: &mut Tape) -> Array2<f32> {
        let mut batch = BySample::zeroed(x.nrows(), x.ncols());
        batch.pack(x);
        stack.forward(parameters, batch.view(), tape);
        let mut y = Array2::zeros((x.nrows(), stack.outputs()));
        tape.output().unpack(y.view_mut());
        y
    }

    #[test]
    fn layers_carry_pytorchs_names() {
        let names: Vec<_> = stack().1.tensors().iter().map(|t| t.name.clone()).collect();
        assert_eq!(names, ["side.fc1.weight", "side.fc1.bias", "side.fc2.weight", "side.fc2.bias"]);
    }

    #[test]
    fn the_last_layer_has_no_nonlinearity() {
        let (stack, layout, mut parameters) = stack();
        let bias = layout.tensors()[3].range.clone();
        parameters[bias].copy_from_slice(&[5.0, -5.0]);
        let y = output(&stack, &parameters, Array2::ones((1, 3)).view(), &mut stack.tape(1));
        assert!(y.iter().all(|y| y.abs() > 1.0), "{y:?}");
    }

    #[test]
    fn a_smaller_batch_leaves_nothing_of_a_larger_one() {
        let (stack, _, parameters) = stack();
        let x = Array2::from_shape_fn((50, 3), |(i, j)| (i + 2 * j) as f32 / 70.0);
        let mut tape = stack.tape(50);
        output(&stack, &parameters, x.view(), &mut tape);
        let few = x.slice(s![..20, ..]);
        let reused = output(&stack, &parameters, few, &mut tape);
        assert_eq!(reused, output(&stack, &parameters, few, &mut stack.tape(20)));
    }
}
