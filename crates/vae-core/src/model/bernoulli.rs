//! Pixels that are Bernoulli variables, on the decoder's logits g: p = σ(g).
//!
//! −log p(x|z) = Σ_D [softplus(g) − x·g], with the slope σ(g) − x (Kingma & Welling 2014, appendix C.1). The
//! logarithm of a computed σ(g) would be infinite at |g| > 17. For grey pixels x ∈ [0, 1] it is the cross-entropy
//! that the literature reports, and no density.

use crate::{
    formulas::PerPixel,
    kernel::special::{sigmoid, sigmoid_softplus},
};

/// The formulas, for one pixel.
#[derive(Clone, Copy)]
pub(crate) struct Bernoulli;

impl PerPixel<1> for Bernoulli {
    const SUPPORT: [f32; 2] = [0.0, 1.0];

    #[inline(always)]
    fn loss(self, [g]: [f32; 1], x: f32) -> f32 {
        sigmoid_softplus(g).1 - x * g
    }

    #[inline(always)]
    fn loss_and_slopes(self, [g]: [f32; 1], x: f32) -> (f32, [f32; 1]) {
        let (sigmoid, softplus) = sigmoid_softplus(g);
        (softplus - x * g, [sigmoid - x])
    }

    #[inline(always)]
    fn mean(self, [g]: [f32; 1]) -> f32 {
        sigmoid(g)
    }
}
