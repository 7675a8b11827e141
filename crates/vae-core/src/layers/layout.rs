//! Where each tensor lies in the one buffer that holds all parameters.
//!
//! Gradients and the optimizer's moments are buffers of the same layout, so whatever treats all parameters alike
//! (the update, a checkpoint, an exchange between machines) is a loop over one slice.

use std::ops::Range;

use ndarray::ArrayView2;

/// One named tensor within a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// PyTorch's state-dict name, such as `encoder.fc1.weight`.
    pub name: String,
    /// The tensor's shape: `[out, in]` for a weight, `[out]` for a bias.
    pub shape: Vec<usize>,
    /// The tensor's place in the buffer, row-major.
    pub range: Range<usize>,
}

/// The tensors of a buffer in their order, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    tensors: Vec<TensorSpec>,
}

impl Layout {
    /// The tensors in the order in which they lie in the buffer.
    pub fn tensors(&self) -> &[TensorSpec] {
        &self.tensors
    }

    /// Length of a buffer of this layout, in `f32`.
    pub fn len(&self) -> usize {
        self.tensors.last().map_or(0, |tensor| tensor.range.end)
    }

    /// Whether the layout has no tensors.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Name, shape and values of each tensor of `buffer`.
    ///
    /// # Panics
    /// If `buffer` is not of this layout's length.
    pub fn iter<'a>(&'a self, buffer: &'a [f32]) -> impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])> {
        assert_eq!(buffer.len(), self.len(), "a buffer of another layout");
        self.tensors.iter().map(|t| (t.name.as_str(), t.shape.as_slice(), &buffer[t.range.clone()]))
    }

    /// The tensors from this place of the buffer on, as the layout of that part.
    pub(crate) fn from(&self, start: usize) -> Self {
        let tensors = self.tensors.iter().filter(|tensor| tensor.range.start >= start).cloned();
        let shifted = tensors.map(|tensor| TensorSpec {
            range: tensor.range.start - start..tensor.range.end - start,
            ..tensor
        });
        Self { tensors: shifted.collect() }
    }

    /// Appends a layer's weight `(outputs, inputs)` and bias `(outputs)`.
    pub(crate) fn push_linear(&mut self, name: &str, inputs: usize, outputs: usize) -> LinearSlot {
        let weight = self.push(format!("{name}.weight"), vec![outputs, inputs]);
        let bias = self.push(format!("{name}.bias"), vec![outputs]);
        LinearSlot { inputs, outputs, weight, bias }
    }

    /// Appends a tensor that belongs to no layer.
    pub(crate) fn push_tensor(&mut self, name: &str, shape: &[usize]) -> Slot {
        Slot(self.push(name.to_owned(), shape.to_vec()))
    }

    fn push(&mut self, name: String, shape: Vec<usize>) -> Range<usize> {
        let start = self.len();
        let range = start..start + shape.iter().product::<usize>();
        self.tensors.push(TensorSpec { name, shape, range: range.clone() });
        range
    }
}

/// The place of a tensor in the buffer.
#[derive(Clone, Debug)]
pub(crate) struct Slot(Range<usize>);

impl Slot {
    /// How many numbers it has.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Its numbers.
    pub(crate) fn of<'a>(&self, buffer: &'a [f32]) -> &'a [f32] {
        &buffer[self.0.clone()]
    }

    /// Its numbers, to write.
    pub(crate) fn of_mut<'a>(&self, buffer: &'a mut [f32]) -> &'a mut [f32] {
        &mut buffer[self.0.clone()]
    }
}

/// The place of a fully connected layer in the buffer, and its views of it.
#[derive(Clone, Debug)]
pub(crate) struct LinearSlot {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    weight: Range<usize>,
    bias: Range<usize>,
}

impl LinearSlot {
    /// `W` (outputs, inputs)
    pub(crate) fn weight<'a>(&self, buffer: &'a [f32]) -> ArrayView2<'a, f32> {
        let shape = (self.outputs, self.inputs);
        ArrayView2::from_shape(shape, &buffer[self.weight.clone()]).expect("the range has the shape's length")
    }

    /// `b` (outputs,)
    pub(crate) fn bias<'a>(&self, buffer: &'a [f32]) -> &'a [f32] {
        &buffer[self.bias.clone()]
    }

    /// `W` (outputs, inputs) row-major and `b` (outputs,) to write to.
    pub(crate) fn parts_mut<'a>(&self, buffer: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        buffer[self.weight.start..self.bias.end].split_at_mut(self.weight.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_follow_one_another_without_gaps() {
        let mut layout = Layout::default();
        layout.push_linear("encoder.fc1", 3, 2);
        layout.push_linear("encoder.fc2", 2, 4);
        let ranges: Vec<_> = layout.tensors().iter().map(|t| t.range.clone()).collect();
        assert_eq!(ranges, [0..6, 6..8, 8..16, 16..20]);
        assert_eq!(layout.len(), 20);
    }

    #[test]
    fn a_weight_is_read_row_by_row_as_pytorch_writes_it() {
        let mut layout = Layout::default();
        let linear = layout.push_linear("fc", 3, 2);
        let buffer: Vec<f32> = (0..8u8).map(f32::from).collect();
        assert_eq!(linear.weight(&buffer)[[1, 0]], 3.0);
        assert_eq!(linear.bias(&buffer)[1], 7.0);
    }

    #[test]
    fn the_views_to_write_to_are_the_views_to_read() {
        let mut layout = Layout::default();
        layout.push_linear("first", 1, 1);
        let linear = layout.push_linear("fc", 3, 2);
        let mut buffer = vec![0.0; layout.len()];
        let (weight, bias) = linear.parts_mut(&mut buffer);
        weight[5] = 5.0;
        bias[0] = 7.0;
        assert_eq!(linear.weight(&buffer)[[1, 2]], 5.0);
        assert_eq!(linear.bias(&buffer)[0], 7.0);
    }
}
