//! Weights as bytes: safetensors, with the names and the layout of a PyTorch state dict.
//!
//! `module.load_state_dict(safetensors.torch.load_file(path))` reads what is written here into a module whose `encoder`
//! and `decoder` have the layers `fc1`, `fc2`, …. A state dict saved from PyTorch under these names, or under those
//! of PyTorch's own VAE example (`fc1`, `fc21`, `fc22`, `fc3`, `fc4`), is read here. The activation and whatever else
//! the tensors do not tell stands in the file's metadata, or is given as [`ModuleFacts`].

mod file;
mod module;

use std::{fmt::Display, str::FromStr};

pub use file::{Facts, Tensors, from_safetensors, to_safetensors};
pub use module::{InputRange, ModuleFacts};

pub(crate) use module::StateDict;

use crate::{Activation, Likelihood, Parameters, Prior, Vae, VaeConfig, VaeError};

impl Vae {
    /// The model as a safetensors file: every tensor, and `facts` beside the model's own (`activation`,
    /// `likelihood`, `prior`, `version`), which replace yours of the same name. Whatever else belongs to the model,
    /// such as the means and deviations that its data were standardised with, can be kept as a fact. The same model and
    /// facts give the same bytes.
    pub fn to_safetensors(&self, facts: &Facts) -> Vec<u8> {
        let VaeConfig { activation, likelihood, prior, .. } = self.config();
        let own = [
            ("activation", activation.to_string()),
            ("likelihood", likelihood.to_string()),
            ("prior", prior.to_string()),
        ];
        self.parameters().to_safetensors(facts, own)
    }

    /// The model in the bytes of a safetensors file, and the file's facts. The sizes of the layers follow from the
    /// tensors' shapes. `module` is for state dicts from elsewhere, whose files do not tell how they are used; its
    /// input range is folded into the first layer, so that the model takes images in [0, 1] as any other.
    ///
    /// # Errors
    /// A variant of [`VaeError`] for bytes that are not safetensors, tensors that are missing, unexpected, of another
    /// type, misshapen or not finite, and facts that are missing, unknown or in contradiction to `module`.
    pub fn from_safetensors(bytes: &[u8], module: Option<ModuleFacts>) -> Result<(Self, Facts), VaeError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let activation = fact(&facts, "activation", module.map(|module| module.activation), None)?;
        // Files of PyTorch's example do not tell, nor did those of other programs: cross-entropy is what they have.
        let default = Some(Likelihood::default());
        let likelihood = fact(&facts, "likelihood", module.and_then(|module| module.likelihood), default)?;
        let range = module.unwrap_or_default().input_range;
        range.validate()?;
        if facts.contains_key("version") && range != InputRange::default() {
            return Err(VaeError::InputRangeKnown { found: range.to_string() });
        }
        let tensors = StateDict::new(tensors);
        let prior = fact(&facts, "prior", None, Some(prior_of(&tensors)))?;
        let mut vae = Self::zeroed(VaeConfig { prior, ..architecture(&tensors, activation, likelihood)? })?;
        read_parameters(&tensors, vae.parameters_mut())?;
        let first = vae.network().layers().next().map(|layer| layer.slot().clone());
        if let Some(first) = first {
            let (weight, bias) = first.parts_mut(vae.parameters_mut().values_mut());
            range.fold(weight, bias);
            if weight.iter().chain(&*bias).any(|v| !v.is_finite()) {
                return Err(VaeError::TensorNotFinite { name: tensors.name_of("encoder.fc1.weight") });
            }
        }
        Ok((vae, facts))
    }
}

impl Parameters {
    /// The parameters as a safetensors file: every tensor, `facts`, the `own` facts of the model that they belong to,
    /// and the version of this crate.
    pub(crate) fn to_safetensors<const N: usize>(&self, facts: &Facts, own: [(&str, String); N]) -> Vec<u8> {
        let mut facts = facts.clone();
        facts.extend(own.map(|(key, value)| (key.to_owned(), value)));
        facts.insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        to_safetensors(self.iter().map(|(name, shape, values)| (name.to_owned(), shape, values)), facts)
    }
}

/// Fills the parameters from tensors that are theirs, and no others.
pub(crate) fn read_parameters(tensors: &StateDict<'_>, parameters: &mut Parameters) -> Result<(), VaeError> {
    let specs = parameters.layout().tensors().to_vec();
    if let Some(name) = tensors.unexpected(specs.iter().map(|spec| spec.name.as_str())) {
        return Err(VaeError::UnexpectedTensor { name });
    }
    for spec in specs {
        let values = tensors.get_f32(&spec.name, &spec.shape)?;
        parameters.values_mut()[spec.range].copy_from_slice(&values);
    }
    Ok(())
}

/// The value of a fact: the file's, else the caller's, else the default. File and caller must not contradict each
/// other.
pub(crate) fn fact<T: Copy + PartialEq + Display + FromStr<Err = VaeError>>(
    facts: &Facts,
    key: &'static str,
    given: Option<T>,
    default: Option<T>,
) -> Result<T, VaeError> {
    let Some(text) = facts.get(key) else {
        return given.or(default).ok_or(VaeError::MissingFact { key });
    };
    match (given, text.parse()) {
        (None, found) => found,
        (Some(given), Ok(found)) if given == found => Ok(found),
        (Some(given), _) => {
            Err(VaeError::UnknownFact { key, expected: given.to_string(), found: text.clone() })
        }
    }
}

/// The architecture that has these tensors.
fn architecture(
    tensors: &StateDict<'_>,
    activation: Activation,
    likelihood: Likelihood,
) -> Result<VaeConfig, VaeError> {
    let encoder = mlp_widths(tensors, "encoder", activation)?;
    let decoder = mlp_widths(tensors, "decoder", activation)?;
    let (Some((&input, hidden)), Some((&latent, decoder_hidden))) =
        (encoder.split_first(), decoder.split_first())
    else {
        return Err(VaeError::MissingTensor { name: "encoder.fc1.weight".to_owned() });
    };
    let (hidden, decoder_hidden) = (&hidden[..hidden.len() - 1], &decoder_hidden[..decoder_hidden.len() - 1]);
    let mirrored = hidden.iter().rev().eq(decoder_hidden);
    Ok(VaeConfig {
        input,
        hidden: hidden.to_vec(),
        decoder_hidden: (!mirrored).then(|| decoder_hidden.to_vec()),
        latent,
        activation,
        likelihood,
        prior: Prior::default(),
    })
}

/// The prior that has these tensors, for files that do not name it.
fn prior_of(tensors: &StateDict<'_>) -> Prior {
    let rows = |name: &str| tensors.shape(name).and_then(|shape| shape.first().copied());
    let components = rows("prior.logits");
    match (rows("prior.coupling1.fc1.weight"), components) {
        (Some(hidden), components) => {
            let is_there = |k: &usize| rows(&format!("prior.coupling{k}.fc1.weight")).is_some();
            let couplings = (1..).take_while(is_there).count();
            Prior::Flow { couplings, hidden, components: components.unwrap_or(0) }
        }
        (None, Some(components)) => Prior::Mixture { components, full: rows("prior.skew").is_some() },
        (None, None) => Prior::Standard,
    }
}

/// `[inputs of fc1, outputs of fc1, outputs of fc2, …]` of a chain of layers with this activation between them.
pub(crate) fn mlp_widths(
    tensors: &StateDict<'_>,
    prefix: &str,
    activation: Activation,
) -> Result<Vec<usize>, VaeError> {
    let mut widths = Vec::new();
    loop {
        let layer = format!("{prefix}.fc{}", widths.len().max(1));
        let name = format!("{layer}.weight");
        match (tensors.shape(&name).as_deref(), widths.is_empty()) {
            (Some(&[outputs, inputs]), true) => widths.extend([inputs, outputs]),
            (Some(&[outputs, _]), false) => widths.push(outputs),
            (Some(shape), _) => {
                let (name, expected) =
                    (tensors.name_of(&name), "two dimensions, [outputs, inputs]".to_owned());
                return Err(VaeError::TensorShape { name, expected, found: shape.to_vec() });
            }
            (None, first) if first || tensors.needs(&layer) => {
                return Err(VaeError::MissingTensor { name: tensors.name_of(&name) });
            }
            (None, _) => {
                let hidden = 1..widths.len() - 1;
                widths[hidden].iter_mut().for_each(|width| *width /= activation.rows());
                return Ok(widths);
            }
        }
    }
}
