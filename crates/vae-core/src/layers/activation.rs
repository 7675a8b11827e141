//! The nonlinearities between layers.
//!
//! A new one is its formula in `pointwise`, a variant with its name, and an arm in each of `forward` and `backward`.

mod pointwise;

use pointwise::{Elu, Gelu, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Tanh};

use crate::{
    kernel::{batch::Values, elementwise as each},
    names::by_name,
};

/// The nonlinearity after every layer but the last of the encoder and the last of the decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// h = a σ(g), a value and its gate, each with weights of its own: the gated linear unit (Dauphin et al. 2017).
    Glu,
}

impl Activation {
    /// Every activation, in the order in which help texts list them.
    pub const ALL: [Self; 9] = [
        Self::Relu,
        Self::LeakyRelu,
        Self::Elu,
        Self::Tanh,
        Self::Silu,
        Self::Gelu,
        Self::Softplus,
        Self::Sigmoid,
        Self::Glu,
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
            Self::Glu => "glu",
        }
    }

    /// Rows of W for each output of a layer: two where each has a gate.
    pub(crate) const fn rows(self) -> usize {
        match self {
            Self::Glu => 2,
            _ => 1,
        }
    }

    /// Whether the way back needs f′(a) from the way forward, because h = f(a) does not tell it.
    pub(crate) fn saves_slope(self) -> bool {
        matches!(self, Self::Silu | Self::Gelu)
    }

    /// h = f(a), in place, and f′(a) into `slope` where that is [saved](Self::saves_slope).
    pub(crate) fn forward(self, h: &mut Values, slope: Option<&mut Values>) {
        match (self, slope) {
            (Self::Relu, _) => each::value::<Relu>(h),
            (Self::LeakyRelu, _) => each::value::<LeakyRelu>(h),
            (Self::Elu, _) => each::value::<Elu>(h),
            (Self::Tanh, _) => each::value::<Tanh>(h),
            (Self::Softplus, _) => each::value::<Softplus>(h),
            (Self::Sigmoid, _) => each::value::<Sigmoid>(h),
            (Self::Silu, Some(slope)) => each::value_and_slope::<Silu>(h, slope),
            (Self::Gelu, Some(slope)) => each::value_and_slope::<Gelu>(h, slope),
            (Self::Silu | Self::Gelu, None) => unreachable!("no memory for the slope of {self}"),
            (Self::Glu, _) => unreachable!("gated layers are of their own kind"),
        }
    }

    /// da = dh · f′(a), in place; `saved` is f′(a) where that [is saved](Self::saves_slope), else h = f(a).
    pub(crate) fn backward(self, saved: &Values, dh: &mut Values) {
        match self {
            Self::Relu => each::back_by_value::<Relu>(saved, dh),
            Self::LeakyRelu => each::back_by_value::<LeakyRelu>(saved, dh),
            Self::Elu => each::back_by_value::<Elu>(saved, dh),
            Self::Tanh => each::back_by_value::<Tanh>(saved, dh),
            Self::Softplus => each::back_by_value::<Softplus>(saved, dh),
            Self::Sigmoid => each::back_by_value::<Sigmoid>(saved, dh),
            Self::Silu | Self::Gelu => each::back_by_slope(saved, dh),
            Self::Glu => unreachable!("gated layers are of their own kind"),
        }
    }
}

by_name!(Activation, "activation");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{blocking::LANES, lanes::Lanes};

    /// f(a) and f′(a) of sixteen numbers.
    fn at(activation: Activation, inputs: [f32; LANES]) -> ([f32; LANES], [f32; LANES]) {
        let (mut h, mut slope) = ([Lanes(inputs)], [Lanes::default()]);
        let mut derivative = [Lanes([1.0; LANES])];
        activation.forward(&mut h, activation.saves_slope().then_some(&mut slope));
        activation.backward(if activation.saves_slope() { &slope } else { &h }, &mut derivative);
        (h[0].0, derivative[0].0)
    }

    #[test]
    fn every_name_reads_back() {
        for activation in Activation::ALL {
            assert_eq!(activation.name().parse::<Activation>().unwrap(), activation);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "swish".parse::<Activation>().unwrap_err();
        let expected = "relu, leaky_relu, elu, tanh, silu, gelu, softplus, sigmoid, glu";
        assert_eq!(error.to_string(), format!(r#"unknown activation "swish", expected one of {expected}"#));
    }

    /// Those that are functions of one number.
    fn pointwise() -> impl Iterator<Item = Activation> {
        Activation::ALL.into_iter().filter(|activation| activation.rows() == 1)
    }

    #[test]
    fn derivatives_meet_finite_differences() {
        let inputs: [f32; LANES] = std::array::from_fn(|i| (i as f32 - 7.5) * 0.4);
        for activation in pointwise() {
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
        for activation in pointwise() {
            let (h, _) = at(activation, [f32::NAN; LANES]);
            assert!(h[3].is_nan(), "{activation}");
        }
    }
}
