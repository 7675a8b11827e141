//! The nonlinearities between layers.
//!
//! One arm in [`Activation::forward`] and one in [`Activation::backward`] make a new one; the derivative is written
//! in terms of the output, so the input need not be kept.

use std::{fmt, str::FromStr};

use multiversion::multiversion;

use crate::{VaeError, special};

/// The nonlinearity after every layer but the last of each half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Activation {
    /// h = max(a, 0)
    #[default]
    Relu,
    /// h = tanh a
    Tanh,
}

impl Activation {
    /// Every activation, in the order in which help texts list them.
    pub const ALL: [Self; 2] = [Self::Relu, Self::Tanh];

    /// The name in configurations and weight files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }

    /// h = f(a), in place
    pub(crate) fn forward(self, h: &mut [f32]) {
        match self {
            Self::Relu => relu_forward(h),
            Self::Tanh => tanh_forward(h),
        }
    }

    /// da = dh · f′(a), in place, with f′ in terms of h = f(a)
    pub(crate) fn backward(self, h: &[f32], dh: &mut [f32]) {
        match self {
            Self::Relu => relu_backward(h, dh),
            Self::Tanh => tanh_backward(h, dh),
        }
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn relu_forward(h: &mut [f32]) {
    for h in h {
        // Not `max`, which would turn NaN into 0 and hide it.
        *h = if *h < 0.0 { 0.0 } else { *h };
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn relu_backward(h: &[f32], dh: &mut [f32]) {
    for (dh, &h) in dh.iter_mut().zip(h) {
        *dh = if h > 0.0 { *dh } else { 0.0 };
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn tanh_forward(h: &mut [f32]) {
    for h in h {
        *h = special::tanh(*h);
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn tanh_backward(h: &[f32], dh: &mut [f32]) {
    for (dh, &h) in dh.iter_mut().zip(h) {
        *dh *= 1.0 - h * h;
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

    #[test]
    fn every_name_reads_back() {
        for activation in Activation::ALL {
            assert_eq!(activation.name().parse(), Ok(activation));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "swish".parse::<Activation>().unwrap_err();
        assert_eq!(error.to_string(), r#"unknown activation "swish", expected one of relu, tanh"#);
    }

    #[test]
    fn derivatives_meet_finite_differences() {
        let inputs = [-2.0f32, -0.7, -0.1, 0.2, 0.9, 3.0];
        for activation in Activation::ALL {
            let at = |shift: f32| {
                let mut h = inputs.map(|a| a + shift);
                activation.forward(&mut h);
                h
            };
            let mut derivative = [1.0; 6];
            activation.backward(&at(0.0), &mut derivative);
            let (up, down) = (at(1e-2), at(-1e-2));
            for i in 0..6 {
                let slope = (up[i] - down[i]) / 2e-2;
                assert!((derivative[i] - slope).abs() < 2e-4, "{activation} at {}: {slope}", inputs[i]);
            }
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        for activation in Activation::ALL {
            let mut h = [f32::NAN];
            activation.forward(&mut h);
            assert!(h[0].is_nan(), "{activation}");
        }
    }
}
