//! The architecture of a model: the sizes of its layers, the nonlinearity between them, and the likelihood at its end.

use std::fmt;

use crate::{Activation, Likelihood, Prior, VaeError};

/// A VAE whose encoder and decoder are multilayer perceptrons.
///
/// `input → hidden[0] → … → 2·latent` is the encoder; the decoder goes the same way back,
/// `latent → … → hidden[0] → input`, unless [`decoder_hidden`](Self::decoder_hidden) says otherwise.
///
/// ```
/// use vae_core::VaeConfig;
/// let config = VaeConfig { hidden: vec![512, 256], latent: 32, ..VaeConfig::default() };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VaeConfig {
    /// Numbers in one sample, `D`. Default 784, the pixels of an MNIST digit.
    pub input: usize,
    /// Widths of the encoder's hidden layers, from the input inwards. Default `[256]`. Empty means a linear encoder.
    pub hidden: Vec<usize>,
    /// Widths of the decoder's hidden layers, from the latent outwards. Default `None`: the mirror image of `hidden`.
    pub decoder_hidden: Option<Vec<usize>>,
    /// Latent dimensions, `L`. Default 64.
    pub latent: usize,
    /// The nonlinearity after every layer but the last of encoder and decoder. Default relu.
    pub activation: Activation,
    /// p(x|z). Default Bernoulli.
    pub likelihood: Likelihood,
    /// p(z). Default N(0, I).
    pub prior: Prior,
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self {
            input: 784,
            hidden: vec![256],
            decoder_hidden: None,
            latent: 64,
            activation: Activation::default(),
            likelihood: Likelihood::default(),
            prior: Prior::default(),
        }
    }
}

impl VaeConfig {
    /// The largest size of a layer.
    pub const MAX_WIDTH: usize = 1 << 20;
    /// The largest number of hidden layers of the encoder, and of the decoder.
    pub const MAX_DEPTH: usize = 64;
    /// The largest number of parameters: 1 GiB of `f32`, of which training holds four buffers.
    pub const MAX_PARAMETERS: usize = 1 << 28;

    /// Checks every field.
    ///
    /// # Errors
    /// [`VaeError::Size`], [`VaeError::Depth`], [`VaeError::TooManyParameters`], [`VaeError::Hyperparameter`] or
    /// [`VaeError::Prior`], for the first field that is wrong.
    pub fn validate(&self) -> Result<(), VaeError> {
        let check = |field, found| match found {
            1..=Self::MAX_WIDTH => Ok(()),
            _ => Err(VaeError::Size { field, max: Self::MAX_WIDTH, found }),
        };
        check("input", self.input)?;
        check("latent", self.latent)?;
        for (field, widths) in
            [("hidden", Some(&self.hidden)), ("decoder_hidden", self.decoder_hidden.as_ref())]
        {
            for &width in widths.into_iter().flatten() {
                check(field, width)?;
            }
            let depth = widths.map_or(0, Vec::len);
            if depth > Self::MAX_DEPTH {
                return Err(VaeError::Depth { max: Self::MAX_DEPTH, found: depth });
            }
        }
        self.likelihood.validate()?;
        self.prior.validate(self.latent)?;
        match self.count_parameters() {
            found if found > Self::MAX_PARAMETERS as u128 => {
                Err(VaeError::TooManyParameters { max: Self::MAX_PARAMETERS, found })
            }
            _ => Ok(()),
        }
    }

    /// `[input, hidden…, 2·latent]`: the widths on the encoder's way.
    pub(crate) fn encoder_widths(&self) -> Vec<usize> {
        let mut widths = vec![self.input];
        widths.extend(&self.hidden);
        widths.push(2 * self.latent);
        widths
    }

    /// `[latent, …hidden, P·input]`: the widths on the decoder's way.
    pub(crate) fn decoder_widths(&self) -> Vec<usize> {
        let mut widths = vec![self.latent];
        match &self.decoder_hidden {
            Some(hidden) => widths.extend(hidden),
            None => widths.extend(self.hidden.iter().rev()),
        }
        widths.push(self.likelihood.parameters_per_pixel() * self.input);
        widths
    }

    fn count_parameters(&self) -> u128 {
        let layers = |widths: Vec<usize>| -> u128 {
            let last = widths.len() - 2;
            let rows = |i| if i < last { self.activation.rows() as u128 } else { 1 };
            widths.windows(2).enumerate().map(|(i, io)| (io[0] as u128 + 1) * io[1] as u128 * rows(i)).sum()
        };
        layers(self.encoder_widths())
            + layers(self.decoder_widths())
            + self.prior.count_parameters(self.latent)
    }
}

impl fmt::Display for VaeConfig {
    /// The widths from input to latent, as the literature writes them: `784-512-256-32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.input)?;
        self.hidden.iter().try_for_each(|width| write!(f, "{width}-"))?;
        write!(f, "{}", self.latent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(hidden: &[usize], latent: usize) -> VaeConfig {
        VaeConfig { input: 6, hidden: hidden.to_vec(), latent, ..VaeConfig::default() }
    }

    #[test]
    fn the_decoder_mirrors_the_encoder_by_default() {
        assert_eq!(config(&[5, 4], 2).encoder_widths(), [6, 5, 4, 4]);
        assert_eq!(config(&[5, 4], 2).decoder_widths(), [2, 4, 5, 6]);
    }

    #[test]
    fn its_text_is_the_widths() {
        assert_eq!(config(&[5, 4], 2).to_string(), "6-5-4-2");
    }

    #[test]
    fn the_decoder_may_have_its_own_widths() {
        let config = VaeConfig { decoder_hidden: Some(vec![9]), ..config(&[5, 4], 2) };
        assert_eq!(config.decoder_widths(), [2, 9, 6]);
    }

    #[test]
    fn a_likelihood_with_two_numbers_a_pixel_widens_the_last_layer() {
        let likelihood = Likelihood::Gaussian { sigma: None };
        assert_eq!(VaeConfig { likelihood, ..config(&[5], 2) }.decoder_widths(), [2, 5, 12]);
    }

    #[test]
    fn a_deviation_out_of_range_is_refused() {
        let likelihood = Likelihood::Gaussian { sigma: Some(0.0) };
        let error = VaeConfig { likelihood, ..config(&[5], 2) }.validate().unwrap_err();
        assert_eq!(error.to_string(), "sigma must be between 0.001 and 1000, found 0");
    }

    #[test]
    fn a_latent_of_zero_is_refused() {
        let error = config(&[5], 0).validate().unwrap_err();
        assert_eq!(error.to_string(), "latent must be between 1 and 1048576, found 0");
    }

    #[test]
    fn a_hidden_width_of_zero_is_refused() {
        assert!(matches!(
            config(&[5, 0], 2).validate(),
            Err(VaeError::Size { field: "hidden", found: 0, .. })
        ));
    }

    #[test]
    fn too_many_layers_are_refused() {
        assert!(matches!(config(&[1; 65], 2).validate(), Err(VaeError::Depth { max: 64, found: 65 })));
    }

    #[test]
    fn sizes_that_multiply_beyond_memory_are_refused() {
        let error = config(&[1 << 20, 1 << 20], 2).validate().unwrap_err();
        assert!(matches!(error, VaeError::TooManyParameters { .. }), "{error}");
    }
}
