//! The nonlinearities between layers.
//!
//! One arm in [`Activation::forward`] and one in [`Activation::backward`] make a new one; the derivative is written
//! in terms of the output, so the input need not be kept.

use std::{fmt, str::FromStr};

use crate::{VaeError, panels::Lanes, special};

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
    pub(crate) fn forward(self, h: &mut [Lanes]) {
        match self {
            Self::Relu => relu_forward(h),
            Self::Tanh => tanh_forward(h),
        }
    }

    /// da = dh · f′(a), in place, with f′ in terms of h = f(a)
    pub(crate) fn backward(self, h: &[Lanes], dh: &mut [Lanes]) {
        match self {
            Self::Relu => relu_backward(h, dh),
            Self::Tanh => tanh_backward(h, dh),
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn relu_forward(h: &mut [Lanes]) {
    for h in h {
        // Not `max`, which would turn NaN into 0 and hide it.
        for h in &mut h.0 {
            *h = if *h < 0.0 { 0.0 } else { *h };
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn relu_backward(h: &[Lanes], dh: &mut [Lanes]) {
    for (dh, h) in dh.iter_mut().zip(h) {
        for (dh, &h) in dh.0.iter_mut().zip(&h.0) {
            // All bits or none: a mask becomes a vector instruction, a choice would become a branch a number.
            let mask = u32::from(h > 0.0).wrapping_neg();
            *dh = f32::from_bits(dh.to_bits() & mask);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn tanh_forward(h: &mut [Lanes]) {
    for h in h {
        for h in &mut h.0 {
            *h = special::tanh(*h);
        }
    }
}

#[cfg_attr(not(feature = "portable"), multiversion::multiversion(targets("x86_64+avx512f", "x86_64+avx2")))]
fn tanh_backward(h: &[Lanes], dh: &mut [Lanes]) {
    for (dh, h) in dh.iter_mut().zip(h) {
        for (dh, &h) in dh.0.iter_mut().zip(&h.0) {
            *dh *= 1.0 - h * h;
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
        let inputs: [f32; LANES] = std::array::from_fn(|i| (i as f32 - 7.5) * 0.4);
        for activation in Activation::ALL {
            let at = |shift: f32| {
                let mut h = [Lanes(inputs.map(|a| a + shift))];
                activation.forward(&mut h);
                h
            };
            let mut derivative = [Lanes([1.0; LANES])];
            activation.backward(&at(0.0), &mut derivative);
            let (up, down) = (at(1e-2), at(-1e-2));
            for (i, input) in inputs.iter().enumerate() {
                let slope = (up[0].0[i] - down[0].0[i]) / 2e-2;
                assert!((derivative[0].0[i] - slope).abs() < 2e-4, "{activation} at {input}: {slope}");
            }
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        for activation in Activation::ALL {
            let mut h = [Lanes([f32::NAN; LANES])];
            activation.forward(&mut h);
            assert!(h[0].0[3].is_nan(), "{activation}");
        }
    }
}
