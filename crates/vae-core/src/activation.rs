//! The nonlinearities between layers.
//!
//! A new one is a variant with its name, an arm in [`Activation::forward`] and one in [`Activation::backward`], and its
//! formula in `pointwise`.

mod pointwise;

use std::{fmt, str::FromStr};

use pointwise::{Elu, Gelu, LeakyRelu, OfInput, OfValue, Relu, Sigmoid, Silu, Softplus, Tanh};

use crate::{VaeError, panels::Lanes};

/// The nonlinearity after every layer but the last of each half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// h = max(a, 0)
    #[default]
    Relu,
    /// h = a for a > 0, else a / 100 (Maas, Hannun & Ng 2013).
    LeakyRelu,
    /// h = a for a > 0, else eᵃ − 1 (Clevert, Unterthiner & Hochreiter 2016, with α = 1).
    Elu,
    /// h = tanh a
    Tanh,
    /// h = a σ(a), also known as swish (Elfwing, Uchibe & Doya 2018).
    Silu,
    /// h = a Φ(a), with Φ the distribution function of N(0, 1) (Hendrycks & Gimpel 2016): the exact form, not its
    /// approximation by tanh.
    Gelu,
    /// h = ln(1 + eᵃ)
    Softplus,
    /// h = σ(a) = 1 / (1 + e⁻ᵃ)
    Sigmoid,
}

impl Activation {
    /// Every activation, in the order in which help texts list them.
    pub const ALL: [Self; 8] = [
        Self::Relu,
        Self::LeakyRelu,
        Self::Elu,
        Self::Tanh,
        Self::Silu,
        Self::Gelu,
        Self::Softplus,
        Self::Sigmoid,
    ];

    /// The name in configurations and weight files, PyTorch's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky_relu",
            Self::Elu => "elu",
            Self::Tanh => "tanh",
            Self::Silu => "silu",
            Self::Gelu => "gelu",
            Self::Softplus => "softplus",
            Self::Sigmoid => "sigmoid",
        }
    }

    /// Whether the way back needs f′(a) from the way forward, because h = f(a) does not tell it.
    pub(crate) fn keeps_slope(self) -> bool {
        matches!(self, Self::Silu | Self::Gelu)
    }

    /// h = f(a), in place, and f′(a) into `slope` where that is [kept](Self::keeps_slope).
    pub(crate) fn forward(self, h: &mut [Lanes], slope: Option<&mut [Lanes]>) {
        match (self, slope) {
            (Self::Relu, _) => value::<Relu>(h),
            (Self::LeakyRelu, _) => value::<LeakyRelu>(h),
            (Self::Elu, _) => value::<Elu>(h),
            (Self::Tanh, _) => value::<Tanh>(h),
            (Self::Softplus, _) => value::<Softplus>(h),
            (Self::Sigmoid, _) => value::<Sigmoid>(h),
            (Self::Silu, Some(slope)) => value_and_slope::<Silu>(h, slope),
            (Self::Gelu, Some(slope)) => value_and_slope::<Gelu>(h, slope),
            (Self::Silu | Self::Gelu, None) => unreachable!("room for the slope of {self}"),
        }
    }

    /// da = dh · f′(a), in place; `kept` is f′(a) where that [is](Self::keeps_slope), else h = f(a).
    pub(crate) fn backward(self, kept: &[Lanes], dh: &mut [Lanes]) {
        match self {
            Self::Relu => by_value::<Relu>(kept, dh),
            Self::LeakyRelu => by_value::<LeakyRelu>(kept, dh),
            Self::Elu => by_value::<Elu>(kept, dh),
            Self::Tanh => by_value::<Tanh>(kept, dh),
            Self::Softplus => by_value::<Softplus>(kept, dh),
            Self::Sigmoid => by_value::<Sigmoid>(kept, dh),
            Self::Silu | Self::Gelu => by_slope(kept, dh),
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn value<F: OfValue>(h: &mut [Lanes]) {
    for h in h {
        for h in &mut h.0 {
            *h = F::forward(*h);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn value_and_slope<F: OfInput>(h: &mut [Lanes], slope: &mut [Lanes]) {
    for (h, slope) in h.iter_mut().zip(slope) {
        for (h, slope) in h.0.iter_mut().zip(&mut slope.0) {
            (*h, *slope) = F::forward(*h);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn by_value<F: OfValue>(h: &[Lanes], dh: &mut [Lanes]) {
    for (dh, h) in dh.iter_mut().zip(h) {
        for (dh, &h) in dh.0.iter_mut().zip(&h.0) {
            *dh = F::backward(h, *dh);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn by_slope(slope: &[Lanes], dh: &mut [Lanes]) {
    for (dh, slope) in dh.iter_mut().zip(slope) {
        for (dh, &slope) in dh.0.iter_mut().zip(&slope.0) {
            *dh *= slope;
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = VaeError;

    fn from_str(name: &str) -> Result<Self, VaeError> {
        Self::ALL.into_iter().find(|activation| activation.name() == name).ok_or_else(|| {
            let expected = Self::ALL.map(Self::name).join(", ");
            VaeError::UnknownActivation { expected, found: name.to_owned() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::LANES;

    /// f(a) and f′(a) of sixteen numbers.
    fn at(activation: Activation, inputs: [f32; LANES]) -> ([f32; LANES], [f32; LANES]) {
        let (mut h, mut slope) = ([Lanes(inputs)], [Lanes::default()]);
        let mut derivative = [Lanes([1.0; LANES])];
        activation.forward(&mut h, activation.keeps_slope().then_some(&mut slope));
        activation.backward(if activation.keeps_slope() { &slope } else { &h }, &mut derivative);
        (h[0].0, derivative[0].0)
    }

    #[test]
    fn every_name_reads_back() {
        for activation in Activation::ALL {
            assert_eq!(activation.name().parse(), Ok(activation));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "swish".parse::<Activation>().unwrap_err();
        let expected = "relu, leaky_relu, elu, tanh, silu, gelu, softplus, sigmoid";
        assert_eq!(error.to_string(), format!(r#"unknown activation "swish", expected one of {expected}"#));
    }

    #[test]
    fn derivatives_meet_finite_differences() {
        let inputs: [f32; LANES] = std::array::from_fn(|i| (i as f32 - 7.5) * 0.4);
        for activation in Activation::ALL {
            let (_, derivative) = at(activation, inputs);
            let (up, down) =
                (at(activation, inputs.map(|a| a + 1e-2)).0, at(activation, inputs.map(|a| a - 1e-2)).0);
            for (i, input) in inputs.iter().enumerate() {
                let slope = (up[i] - down[i]) / 2e-2;
                assert!((derivative[i] - slope).abs() < 2e-4, "{activation} at {input}: {slope}");
            }
        }
    }

    #[test]
    fn values_far_from_zero_are_the_limits_not_nan() {
        for (activation, below, slope_below) in [
            (Activation::Relu, 0.0, 0.0),
            (Activation::LeakyRelu, -1.0, 0.01),
            (Activation::Elu, -1.0, 0.0),
            (Activation::Tanh, -1.0, 0.0),
            (Activation::Silu, 0.0, 0.0),
            (Activation::Gelu, 0.0, 0.0),
            (Activation::Softplus, 0.0, 0.0),
            (Activation::Sigmoid, 0.0, 0.0),
        ] {
            let (h, slope) = at(activation, [-100.0; LANES]);
            assert!((h[0] - below).abs() < 1e-30, "{activation}: {}", h[0]);
            assert!((slope[0] - slope_below).abs() < 1e-30, "{activation}: {}", slope[0]);
            let (h, slope) = at(activation, [100.0; LANES]);
            let bounded = matches!(activation, Activation::Tanh | Activation::Sigmoid);
            assert_eq!((h[0], slope[0]), if bounded { (1.0, 0.0) } else { (100.0, 1.0) }, "{activation}");
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        for activation in Activation::ALL {
            let (h, _) = at(activation, [f32::NAN; LANES]);
            assert!(h[3].is_nan(), "{activation}");
        }
    }
}
