//! The nonlinearities, number by number: each function beside its derivative.
//!
//! Nothing here branches ([`formulas`](crate::formulas)).

use crate::{
    formulas::{OfInput, OfValue},
    kernel::special::{exp, expm1, normal_tail, sigmoid, sigmoid_softplus, tanh},
};

/// a, below zero `below`·a.
///
/// As a maximum and a product, not as a choice: LLVM turns a choice between the number that is there and another into a
/// store under a mask, ten times slower on some machines. NaN stays NaN, since both sides of the maximum are.
struct Leaky {
    below: f32,
}

impl Leaky {
    #[inline(always)]
    fn forward(&self, a: f32) -> f32 {
        a.max(self.below * a)
    }

    #[inline(always)]
    fn backward(&self, h: f32, dh: f32) -> f32 {
        dh * if h > 0.0 { 1.0 } else { self.below }
    }
}

/// max(a, 0)
pub(super) struct Relu;

impl OfValue for Relu {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        Leaky { below: 0.0 }.forward(a)
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        Leaky { below: 0.0 }.backward(h, dh)
    }
}

/// a, below zero a / 100
pub(super) struct LeakyRelu;

impl OfValue for LeakyRelu {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        Leaky { below: 0.01 }.forward(a)
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        Leaky { below: 0.01 }.backward(h, dh)
    }
}

/// a, below zero eᵃ − 1
pub(super) struct Elu;

impl OfValue for Elu {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        let positive = Relu::forward(a);
        positive + expm1(a - positive)
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        // f′(a) = eᵃ = h + 1 below zero
        dh * (1.0 + h.min(0.0))
    }
}

/// tanh a
pub(super) struct Tanh;

impl OfValue for Tanh {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        tanh(a)
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        dh * (1.0 - h * h)
    }
}

/// ln(1 + eᵃ)
pub(super) struct Softplus;

impl OfValue for Softplus {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        sigmoid_softplus(a).1
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        // f′(a) = σ(a) = 1 − e⁻ʰ
        -(dh * expm1(-h))
    }
}

/// σ(a) = 1 / (1 + e⁻ᵃ)
pub(super) struct Sigmoid;

impl OfValue for Sigmoid {
    #[inline(always)]
    fn forward(a: f32) -> f32 {
        sigmoid(a)
    }

    #[inline(always)]
    fn backward(h: f32, dh: f32) -> f32 {
        dh * (h * (1.0 - h))
    }
}

/// a σ(a)
pub(super) struct Silu;

impl OfInput for Silu {
    #[inline(always)]
    fn forward(a: f32) -> (f32, f32) {
        // f′(a) = σ + a σ (1 − σ)
        let sigmoid = sigmoid(a);
        let value = a * sigmoid;
        (value, sigmoid + value * (1.0 - sigmoid))
    }
}

/// a Φ(a), with Φ the distribution function of N(0, 1)
pub(super) struct Gelu;

impl OfInput for Gelu {
    #[inline(always)]
    fn forward(a: f32) -> (f32, f32) {
        const DENSITY_AT_ZERO: f32 = 0.398_942_3; // 1 / √(2π)
        // f′(a) = Φ(a) + a φ(a)
        let bell = exp(-0.5 * (a * a));
        let tail = bell * normal_tail(a.abs());
        let below = if a < 0.0 { tail } else { 1.0 - tail };
        (a * below, below + a * (DENSITY_AT_ZERO * bell))
    }
}
