//! A step that waits for its gradients: the layers give them tile by tile, while each is still in a core's cache.

use super::{Method, PIECE, RmsProp, Sgd, adam, adamax, rmsprop, sgd};

/// A step on some of the parameters that waits for their gradient.
pub(crate) struct Update<'a> {
    p: &'a mut [f32],
    /// The optimizer's buffers; those that its method does not have are empty.
    state: [&'a mut [f32]; 2],
    rule: Rule,
}

/// The numbers of one step that are the same for every parameter.
#[derive(Clone, Copy)]
enum Rule {
    Sgd(Sgd),
    Adam(adam::Rule),
    Adamax(adamax::Rule),
    RmsProp(RmsProp),
}

impl<'a> Update<'a> {
    /// Step `t`, from 1, on all parameters.
    pub(super) fn new(method: Method, t: u64, p: &'a mut [f32], state: &'a mut [Vec<f32>]) -> Self {
        // After i32::MAX steps every power of a decay is long zero.
        let t = i32::try_from(t).unwrap_or(i32::MAX);
        let rule = match method {
            Method::Sgd(sgd) => Rule::Sgd(sgd),
            Method::Adam(adam) => Rule::Adam(adam::Rule::at(adam, t)),
            Method::AdamW(adamw) => Rule::Adam(adamw.rule(t)),
            Method::Adamax(adamax) => Rule::Adamax(adamax.rule(t)),
            Method::RmsProp(rmsprop) => Rule::RmsProp(rmsprop),
        };
        let mut buffers = state.iter_mut();
        let state = std::array::from_fn(|_| buffers.next().map_or(&mut [][..], Vec::as_mut_slice));
        Self { p, state, rule }
    }

    /// The step on the first `length` of them, and on the rest.
    pub(crate) fn split_at(self, length: usize) -> (Self, Self) {
        let Self { p, state: [a, b], rule } = self;
        let split = |buffer: &'a mut [f32]| buffer.split_at_mut(length.min(buffer.len()));
        let ((p, p_rest), (a, a_rest), (b, b_rest)) = (split(p), split(a), split(b));
        (Self { p, state: [a, b], rule }, Self { p: p_rest, state: [a_rest, b_rest], rule })
    }

    /// Takes the step for all of them, in parallel.
    pub(super) fn apply_all(mut self, g: &[f32]) {
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
        let p = &mut self.p[range.clone()];
        let [a, b] = &mut self.state;
        match self.rule {
            Rule::Sgd(rule) if a.is_empty() => sgd::descend(p, g, rule),
            Rule::Sgd(rule) => sgd::update(p, &mut a[range], g, rule),
            Rule::Adam(rule) => adam::update(p, &mut a[range.clone()], &mut b[range], g, rule),
            Rule::Adamax(rule) => adamax::update(p, &mut a[range.clone()], &mut b[range], g, rule),
            Rule::RmsProp(rule) => rmsprop::update(p, &mut a[range], g, rule),
        }
    }
}
