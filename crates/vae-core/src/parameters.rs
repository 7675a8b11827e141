//! All parameters of a model, by name and as one buffer.

use std::fmt;

use crate::layers::layout::Layout;

/// The parameters of a model: one contiguous buffer, and which tensor lies where in it.
///
/// What treats all of them alike, such as an optimizer, a checkpoint or an exchange between machines, is a loop over
/// [`values`](Self::values).
#[derive(Clone, PartialEq)]
pub struct Parameters {
    layout: Layout,
    values: Vec<f32>,
}

impl Parameters {
    pub(crate) fn zeroed(layout: Layout) -> Self {
        let values = vec![0.0; layout.len()];
        Self { layout, values }
    }

    /// Which tensor lies where in [`values`](Self::values).
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All numbers, tensor by tensor, each row-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, to change.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Name, shape and numbers of each tensor.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize], &[f32])> {
        self.layout.iter(&self.values)
    }
}

impl fmt::Debug for Parameters {
    /// The tensors by name and shape, without their numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, shape, _)| (name, shape))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_shown_by_name_and_shape() {
        let mut layout = Layout::default();
        layout.push_linear("fc", 3, 2);
        let parameters = Parameters::zeroed(layout);
        assert_eq!(format!("{parameters:?}"), r#"{"fc.weight": [2, 3], "fc.bias": [2]}"#);
    }
}
