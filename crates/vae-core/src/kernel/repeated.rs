//! One sample in all places of a panel: what many samples are compared with, packed once for all of them.

use ndarray::ArrayView1;

use super::{
    blocking::LANES,
    lanes::{Lanes, Values},
};

/// The F numbers of one sample, each sixteen times side by side.
#[derive(Clone, Debug)]
pub(crate) struct Repeated {
    /// (F)
    lanes: Vec<Lanes>,
}

impl Repeated {
    /// Zeros of F features.
    pub(crate) fn zeroed(features: usize) -> Self {
        Self { lanes: vec![Lanes::default(); features] }
    }

    /// Takes the numbers of a sample (F).
    pub(crate) fn set(&mut self, sample: ArrayView1<'_, f32>) {
        assert_eq!(sample.len(), self.lanes.len(), "numbers of the sample");
        self.lanes.iter_mut().zip(sample).for_each(|(lanes, &value)| *lanes = Lanes([value; LANES]));
    }

    /// The panel (F), which stands for any other.
    pub(crate) fn panel(&self) -> &Values {
        &self.lanes
    }
}
