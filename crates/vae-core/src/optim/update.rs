//! A step that waits for its gradient: the layers give it piece by piece, while each piece is still in a core's cache.

use super::list::Step;
use crate::kernel::blocking::PIECE;

/// A step on some of the parameters that waits for their gradient.
pub(crate) struct Update<'a> {
    p: &'a mut [f32],
    /// The optimizer's buffers; those that its method does not keep are empty.
    state: [&'a mut [f32]; 2],
    step: Step,
}

impl<'a> Update<'a> {
    /// A step on all parameters.
    pub(crate) fn new(step: Step, p: &'a mut [f32], state: &'a mut [Vec<f32>]) -> Self {
        let mut buffers = state.iter_mut();
        let state = std::array::from_fn(|_| buffers.next().map_or(&mut [][..], Vec::as_mut_slice));
        Self { p, state, step }
    }

    /// The step on the first `length` of them, and on the others.
    pub(crate) fn split_at(self, length: usize) -> (Self, Self) {
        let Self { p, state: [a, b], step } = self;
        let split = |buffer: &'a mut [f32]| buffer.split_at_mut(length.min(buffer.len()));
        let ((p, p_rest), (a, a_rest), (b, b_rest)) = (split(p), split(a), split(b));
        (Self { p, state: [a, b], step }, Self { p: p_rest, state: [a_rest, b_rest], step })
    }

    /// Takes the step for all of them, in parallel.
    pub(crate) fn apply_all(mut self, g: &[f32]) {
        if g.len() <= PIECE {
            return self.apply(0, g);
        }
        let (g, g_rest) = g.split_at(g.len() / 2);
        let (update, rest) = self.split_at(g.len());
        rayon::join(|| update.apply_all(g), || rest.apply_all(g_rest));
    }

    /// Takes the step for the parameters from `first` on, as many as there are gradients, on the calling thread.
    pub(crate) fn apply(&mut self, first: usize, g: &[f32]) {
        let range = first..first + g.len();
        let state = self.state.each_mut().map(|buffer| buffer.get_mut(range.clone()).unwrap_or_default());
        self.step.apply(&mut self.p[range.clone()], state, g);
    }
}
