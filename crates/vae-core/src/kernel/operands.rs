//! What the gradient of a dense layer is a product of, dW = dy xᵀ: deltas and inputs of a whole batch, packed
//! sample by sample from the micro-batches.
//!
//! The inputs of the first layer are the data. Where few of its numbers are not zero, they are taken one by one
//! ([`sparse`](super::sparse)); otherwise by panels, as those of every layer, but for the samples in which a whole
//! panel is zero. The gradient is the same to the bit.

use super::{
    batch::{Parts, Samples},
    blocking::{LANES, WORD},
    by_feature::{ByFeature, ByTile},
    dense::{GradientSink, outer, sparse_outer},
    lanes::panels,
    nonzero::Nonzero,
    sparse::{SparseColumns, sparse_is_faster},
};

/// Deltas and inputs of one layer.
#[derive(Clone, Debug)]
pub(crate) struct GradientOperands {
    /// O and I.
    dim: (usize, usize),
    /// The gradient of the outputs before the nonlinearity.
    deltas: ByTile,
    inputs: ByFeature,
    /// For the layer whose inputs are the data.
    data: Option<DataOperands>,
}

/// What is known of the data, and its arrangement for taking it number by number.
#[derive(Clone, Debug)]
struct DataOperands {
    /// True if this batch uses the sparse path; its inputs are then in `columns`, and its deltas in `deltas`.
    sparse: bool,
    columns: SparseColumns,
    /// Whole words of samples.
    deltas: ByFeature,
    /// What is not zero of the inputs by feature, where the path is not the sparse one.
    nonzero: Nonzero,
}

impl GradientOperands {
    /// Operands for a layer of so many outputs and inputs and batches of up to `samples` samples.
    pub(crate) fn zeroed(dim: (usize, usize), samples: usize) -> Self {
        let padded = LANES * panels(samples);
        let (deltas, inputs) = (ByTile::zeroed(dim.0, padded), ByFeature::zeroed(dim.1, padded));
        Self { dim, deltas, inputs, data: None }
    }

    /// Operands for a layer whose inputs are data.
    pub(crate) fn of_data(dim: (usize, usize), samples: usize) -> Self {
        let data = DataOperands {
            sparse: false,
            columns: SparseColumns::zeroed(samples, dim.1),
            deltas: ByFeature::zeroed(dim.0, samples.next_multiple_of(WORD)),
            nonzero: Nonzero::zeroed(panels(dim.1), LANES * panels(samples)),
        };
        Self { data: Some(data), ..Self::zeroed(dim, samples) }
    }

    /// Takes the operands of a batch from its micro-batches.
    pub(crate) fn pack<'a>(&mut self, deltas: impl Parts<'a>, inputs: impl Parts<'a>) {
        let samples: usize = deltas.clone().map(|part| LANES * part.len()).sum();
        if let Some(data) = &mut self.data {
            let (outputs, features) = self.dim;
            let zeros = inputs.clone().filter_map(|part| Samples::zeros(&part));
            data.sparse = sparse_is_faster(zeros, features, outputs);
            if data.sparse {
                data.columns.pack(inputs);
                data.deltas.pack(deltas, samples.next_multiple_of(WORD));
                return;
            }
        }
        self.deltas.pack(deltas, samples);
        self.inputs.pack(inputs, samples);
        if let Some(data) = &mut self.data {
            data.nonzero.find(self.inputs.panels());
        }
    }

    /// dW and db, into the sink.
    pub(crate) fn gradient(&self, sink: impl GradientSink) {
        match &self.data {
            None => outer(self.deltas.view(), self.inputs.view(), sink),
            Some(data) if data.sparse => sparse_outer(data.deltas.view(), &data.columns, sink),
            Some(data) => outer(self.deltas.view(), self.inputs.view_of(&data.nonzero), sink),
        }
    }
}
