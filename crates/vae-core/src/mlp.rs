//! A chain of linear layers with a nonlinearity between them: one half of the autoencoder.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::{
    Activation,
    forward::BLOCK,
    layout::{Layout, Linear},
    linear::{linear_backward_input, linear_forward},
    panels::{Lanes, Panels, panels, square_sum},
    support::Support,
    turn::{rows_to_samples, samples_to_rows},
};

/// The layers of one half; the parameters themselves lie in the model's buffer.
#[derive(Clone, Debug)]
pub(crate) struct Mlp {
    layers: Vec<Linear>,
    activation: Activation,
}

/// One array a layer, for what the layers of an [`Mlp`] give for a batch, or for the gradients of that.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    /// By sample (≥ P, O): the layer's output after the nonlinearity.
    outputs: Vec<Array2<Lanes>>,
    /// By sample (≥ P, O), of each layer but the last: the nonlinearity's slope there. None where the output tells it.
    slopes: Vec<Array2<Lanes>>,
}

impl Tape {
    /// Output of layer `i`, by sample (P, O).
    pub(crate) fn layer(&self, i: usize, panels: usize) -> ArrayView2<'_, Lanes> {
        self.outputs[i].slice(s![..panels, ..])
    }

    /// What the nonlinearity after layer `i` keeps for the way back, by sample (P, O): its slope, or the output itself.
    fn kept(&self, i: usize, panels: usize) -> ArrayView2<'_, Lanes> {
        self.slopes.get(i).map_or_else(|| self.layer(i, panels), |slope| slope.slice(s![..panels, ..]))
    }

    /// Σ v² over the outputs of the first `layers` layers.
    pub(crate) fn square_sum(&self, layers: usize, panels: usize) -> f32 {
        (0..layers).map(|i| square_sum(self.layer(i, panels))).sum()
    }

    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        self.outputs.len()
    }

    /// The last layer's output, by sample (P, O).
    pub(crate) fn output(&self, panels: usize) -> ArrayView2<'_, Lanes> {
        self.layer(self.outputs.len() - 1, panels)
    }

    /// The last layer's place, by sample (P, O): where a way back begins.
    pub(crate) fn output_mut(&mut self, panels: usize) -> ArrayViewMut2<'_, Lanes> {
        let last = self.outputs.len() - 1;
        self.outputs[last].slice_mut(s![..panels, ..])
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

    /// Inputs of the first layer.
    pub(crate) fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// Width of the last layer.
    pub(crate) fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Room for what the layers give for batches of up to `rows` samples.
    pub(crate) fn tape(&self, rows: usize) -> Tape {
        let hidden = self.layers.len() - 1;
        let slopes = if self.activation.keeps_slope() { &self.layers[..hidden] } else { &[] };
        Tape { outputs: room(&self.layers, rows), slopes: room(slopes, rows) }
    }

    /// Room for the gradients of what the layers give.
    pub(crate) fn deltas(&self, rows: usize) -> Tape {
        Tape { outputs: room(&self.layers, rows), slopes: Vec::new() }
    }

    /// x → h₁ = f(W₁ x + b₁) → … → Wₙ hₙ₋₁ + bₙ, each left on the tape.
    ///
    /// # Shapes
    /// `x` by sample (P, I) of the first layer
    pub(crate) fn forward(&self, parameters: &[f32], x: Panels<'_>, tape: &mut Tape) {
        let p = x.lanes.nrows();
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.outputs.split_at_mut(i);
            let x = before.last().map_or_else(|| x.reborrow(), |h| h.slice(s![..p, ..]).into());
            let y = after[0].slice_mut(s![..p, ..]);
            let activation = (i + 1 < self.layers.len()).then_some(self.activation);
            let slope = tape.slopes.get_mut(i).map(|slope| slope.slice_mut(s![..p, ..]));
            linear_forward(layer.weight(parameters), layer.bias(parameters), x, activation, y, slope);
        }
    }

    /// What the last layer gives for any number of rows, a block of them at a time.
    ///
    /// # Shapes
    /// `x` (B, I) of the first layer → (B, O) of the last
    ///
    /// # Panics
    /// If `x` has not I columns.
    pub(crate) fn run(&self, parameters: &[f32], x: ArrayView2<'_, f32>) -> Array2<f32> {
        assert_eq!(x.ncols(), self.inputs(), "columns of the input");
        let mut y = Array2::zeros((x.nrows(), self.outputs()));
        let blocks = x.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
        let room = || {
            let rows = x.nrows().min(BLOCK);
            let lanes = Array2::from_elem((panels(rows), self.inputs()), Lanes::default());
            (lanes, Support::new(panels(rows), self.inputs()), self.tape(rows))
        };
        blocks.zip(y.axis_chunks_iter_mut(Axis(0), BLOCK)).for_each_init(
            room,
            |(lanes, support, tape), (x, y)| {
                let p = panels(x.nrows());
                let mut lanes = lanes.slice_mut(s![..p, ..]);
                rows_to_samples(x, lanes.view_mut());
                support.find(lanes.view());
                self.forward(parameters, Panels { lanes: lanes.view(), support: Some(support) }, tape);
                samples_to_rows(tape.output(p), y);
            },
        );
        y
    }

    /// The same way home: from the gradient of the last output, in the last layer of `deltas`, to that of every
    /// layer's output before its nonlinearity, and of the input where that is wanted.
    ///
    /// # Shapes
    /// `dx` by sample (P, I) of the first layer
    pub(crate) fn backward_inputs(
        &self,
        parameters: &[f32],
        p: usize,
        tape: &Tape,
        deltas: &mut Tape,
        dx: Option<ArrayViewMut2<'_, Lanes>>,
    ) {
        for (i, layer) in self.layers.iter().enumerate().skip(1).rev() {
            let (before, after) = deltas.outputs.split_at_mut(i);
            let (dy, da) = (after[0].slice(s![..p, ..]), before[i - 1].slice_mut(s![..p, ..]));
            let x_of = Some((self.activation, tape.kept(i - 1, p)));
            linear_backward_input(layer.weight(parameters), dy, x_of, da);
        }
        if let Some(dx) = dx {
            linear_backward_input(self.layers[0].weight(parameters), deltas.layer(0, p), None, dx);
        }
    }
}

/// An array a layer, by sample (P, O).
fn room(layers: &[Linear], rows: usize) -> Vec<Array2<Lanes>> {
    layers.iter().map(|layer| Array2::from_elem((panels(rows), layer.outputs), Lanes::default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::rows_to_samples;

    fn mlp() -> (Mlp, Layout, Vec<f32>) {
        let mut layout = Layout::default();
        let mlp = Mlp::new(&mut layout, "half", &[3, 4, 2], Activation::Tanh);
        let parameters = (0..layout.len()).map(|i| ((i * 7) % 11) as f32 / 11.0 - 0.5).collect();
        (mlp, layout, parameters)
    }

    fn output(mlp: &Mlp, parameters: &[f32], x: &Array2<f32>, tape: &mut Tape) -> Array2<Lanes> {
        let mut lanes = Array2::from_elem((panels(x.nrows()), x.ncols()), Lanes::default());
        rows_to_samples(x.view(), lanes.view_mut());
        mlp.forward(parameters, lanes.view().into(), tape);
        tape.output(lanes.nrows()).to_owned()
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
        let y = output(&mlp, &parameters, &Array2::ones((1, 3)), &mut mlp.tape(1));
        assert!(y.iter().all(|y| y.0[0].abs() > 1.0), "{y:?}");
    }

    #[test]
    fn a_smaller_batch_uses_the_first_panels_of_the_tape() {
        let (mlp, _, parameters) = mlp();
        let x = Array2::from_shape_fn((50, 3), |(i, j)| (i + 2 * j) as f32 / 70.0);
        let mut tape = mlp.tape(50);
        output(&mlp, &parameters, &x, &mut tape);
        let few = x.slice(s![..20, ..]).to_owned();
        let reused = output(&mlp, &parameters, &few, &mut tape);
        assert_eq!(reused, output(&mlp, &parameters, &few, &mut mlp.tape(20)));
    }
}
