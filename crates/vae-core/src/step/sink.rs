//! Where the gradient goes, piece by piece, while each piece is in a core's cache.

use crate::{kernel::dense::GradientSink, optim::update::Update};

/// Takes the gradient of some of the parameters.
pub(crate) enum Sink<'a> {
    /// Writes it to its place in a buffer laid out like the parameters.
    Write(&'a mut [f32]),
    /// Updates the parameters with it: 4 bytes a parameter need not go to memory and back.
    Update(Update<'a>),
}

impl Sink<'_> {
    /// The sinks of the first `length` parameters, and of the others.
    pub(crate) fn split_at(self, length: usize) -> (Self, Self) {
        match self {
            Self::Write(buffer) => {
                let (low, high) = buffer.split_at_mut(length);
                (Self::Write(low), Self::Write(high))
            }
            Self::Update(update) => {
                let (low, high) = update.split_at(length);
                (Self::Update(low), Self::Update(high))
            }
        }
    }

    /// Takes the gradient of the parameters from `first` on.
    pub(crate) fn take(&mut self, first: usize, gradient: &[f32]) {
        match self {
            Self::Write(buffer) => buffer[first..first + gradient.len()].copy_from_slice(gradient),
            Self::Update(update) => update.apply(first, gradient),
        }
    }
}

/// The sinks of a fully connected layer, or of some of its outputs.
pub(crate) struct DenseSink<'a> {
    /// O and I.
    dim: (usize, usize),
    /// dW (O, I), row-major
    weight: Sink<'a>,
    /// db (O)
    bias: Sink<'a>,
}

impl<'a> DenseSink<'a> {
    /// From the sink of the layer's weight and bias, which are neighbours in this order.
    pub(crate) fn new(dim: (usize, usize), sink: Sink<'a>) -> Self {
        let (weight, bias) = sink.split_at(dim.0 * dim.1);
        Self { dim, weight, bias }
    }
}

impl GradientSink for DenseSink<'_> {
    fn dim(&self) -> (usize, usize) {
        self.dim
    }

    fn split_at(self, outputs: usize) -> (Self, Self) {
        let Self { dim: (all, inputs), weight, bias } = self;
        let ((weight, weight_rest), (bias, bias_rest)) =
            (weight.split_at(outputs * inputs), bias.split_at(outputs));
        let rest = Self { dim: (all - outputs, inputs), weight: weight_rest, bias: bias_rest };
        (Self { dim: (outputs, inputs), weight, bias }, rest)
    }

    fn take_rows<'b>(&mut self, first: usize, rows: impl Iterator<Item = &'b [f32]>) {
        for (o, row) in (first..).zip(rows) {
            self.weight.take(o * self.dim.1, row);
        }
    }

    fn take_bias(&mut self, db: &[f32]) {
        self.bias.take(0, db);
    }
}
