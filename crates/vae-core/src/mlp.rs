//! A chain of linear layers with a nonlinearity between them: one half of the autoencoder.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::{
    Activation,
    layout::{Layout, Linear},
    linear::{linear_backward_input, linear_backward_parameters, linear_forward},
};

/// The layers of one half; the parameters themselves lie in the model's buffer.
#[derive(Clone, Debug)]
pub(crate) struct Mlp {
    layers: Vec<Linear>,
    activation: Activation,
}

/// What the layers of an [`Mlp`] gave for one batch, kept for the way back.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// Rows of the batch it holds now, B, at most the rows it was made for.
    rows: usize,
    /// One (≥ B, O) array a layer: its output after the nonlinearity.
    outputs: Vec<Array2<f32>>,
}

impl Tape {
    /// The last layer's output (B, O).
    pub(crate) fn output(&self) -> ArrayView2<'_, f32> {
        self.layer(self.outputs.len() - 1)
    }

    /// The last layer's place, for a batch of `rows` rows (B, O): where a way back begins.
    pub(crate) fn output_mut(&mut self, rows: usize) -> ArrayViewMut2<'_, f32> {
        self.rows = rows;
        let last = self.outputs.len() - 1;
        self.outputs[last].slice_mut(s![..rows, ..])
    }

    fn layer(&self, i: usize) -> ArrayView2<'_, f32> {
        self.outputs[i].slice(s![..self.rows, ..])
    }
}

impl Mlp {
    /// Layers `{prefix}.fc1`, `{prefix}.fc2`, … between consecutive `widths`, appended to `layout`.
    pub(crate) fn new(layout: &mut Layout, prefix: &str, widths: &[usize], activation: Activation) -> Self {
        let layer =
            |(i, io): (usize, &[usize])| layout.push_linear(&format!("{prefix}.fc{}", i + 1), io[0], io[1]);
        Self { layers: widths.windows(2).enumerate().map(layer).collect(), activation }
    }

    pub(crate) fn layers(&self) -> &[Linear] {
        &self.layers
    }

    /// Width of the last layer.
    pub(crate) fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Room for the outputs of batches of up to `rows` rows.
    pub(crate) fn tape(&self, rows: usize) -> Tape {
        let outputs = self.layers.iter().map(|layer| Array2::zeros((rows, layer.outputs))).collect();
        Tape { rows: 0, outputs }
    }

    /// x → h₁ = f(x W₁ᵀ + b₁) → … → hₙ₋₁ Wₙᵀ + bₙ, each left on the tape.
    ///
    /// # Shapes
    /// `x` (B, I) of the first layer
    pub(crate) fn forward(&self, parameters: &[f32], x: ArrayView2<'_, f32>, tape: &mut Tape) {
        tape.rows = x.nrows();
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.outputs.split_at_mut(i);
            let x = before.last().map_or(x, |h| h.slice(s![..x.nrows(), ..]));
            let y = after[0].slice_mut(s![..x.nrows(), ..]);
            let activation = (i + 1 < self.layers.len()).then_some(self.activation);
            linear_forward(x, layer.weight(parameters), layer.bias(parameters), activation, y);
        }
    }

    /// The same way home: writes every layer's dW and db into `gradients`, and dx into `dx` where it is wanted.
    ///
    /// `deltas` holds the gradient of the last output in its last layer; the other layers are written here.
    pub(crate) fn backward(
        &self,
        parameters: &[f32],
        x: ArrayView2<'_, f32>,
        tape: &Tape,
        deltas: &mut Tape,
        gradients: &mut [f32],
        dx: Option<ArrayViewMut2<'_, f32>>,
    ) {
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (before, after) = deltas.outputs.split_at_mut(i);
            let dy = after[0].slice(s![..tape.rows, ..]);
            let input = if i == 0 { x } else { tape.layer(i - 1) };
            let (dw, db) = layer.parts_mut(gradients);
            linear_backward_parameters(dy, input, dw, db);
            if let Some(da) = before.last_mut() {
                let da = da.slice_mut(s![..tape.rows, ..]);
                linear_backward_input(dy, layer.weight(parameters), Some((self.activation, input)), da);
            }
        }
        if let Some(dx) = dx {
            linear_backward_input(deltas.layer(0), self.layers[0].weight(parameters), None, dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mlp() -> (Mlp, Layout, Vec<f32>) {
        let mut layout = Layout::default();
        let mlp = Mlp::new(&mut layout, "half", &[3, 4, 2], Activation::Tanh);
        let parameters = (0..layout.len()).map(|i| ((i * 7) % 11) as f32 / 11.0 - 0.5).collect();
        (mlp, layout, parameters)
    }

    #[test]
    fn layers_carry_pytorchs_names() {
        let names: Vec<_> = mlp().1.tensors().iter().map(|t| t.name.clone()).collect();
        assert_eq!(names, ["half.fc1.weight", "half.fc1.bias", "half.fc2.weight", "half.fc2.bias"]);
    }

    #[test]
    fn the_last_layer_has_no_nonlinearity() {
        let (mlp, layout, mut parameters) = mlp();
        let bias = layout.tensors()[3].range.clone();
        parameters[bias].copy_from_slice(&[5.0, -5.0]);
        let x = Array2::ones((1, 3));
        let mut tape = mlp.tape(1);
        mlp.forward(&parameters, x.view(), &mut tape);
        assert!(tape.output().iter().all(|y| y.abs() > 1.0), "{}", tape.output());
    }

    #[test]
    fn a_smaller_batch_uses_the_first_rows_of_the_tape() {
        let (mlp, _, parameters) = mlp();
        let x = Array2::from_shape_fn((5, 3), |(i, j)| (i + 2 * j) as f32 / 7.0);
        let (mut large, mut small) = (mlp.tape(5), mlp.tape(2));
        mlp.forward(&parameters, x.view(), &mut large);
        mlp.forward(&parameters, x.slice(s![..2, ..]), &mut large);
        mlp.forward(&parameters, x.slice(s![..2, ..]), &mut small);
        assert_eq!(large.output(), small.output());
    }
}
