//! Weights as bytes: safetensors, with the names and the layout of a PyTorch state dict.
//!
//! `module.load_state_dict(safetensors.torch.load_file(path))` reads what is written here into a module whose `encoder`
//! and `decoder` have the layers `fc1`, `fc2`, …. A state dict saved from PyTorch under these names, or under those of
//! PyTorch's own VAE example (`fc1`, `fc21`, `fc22`, `fc3`, `fc4`), is read here. The activation and whatever else the
//! tensors do not tell stands in the file's metadata, or is given as [`ModuleFacts`].

mod file;
mod module;

pub use file::{Facts, Tensors, from_safetensors, to_safetensors};
pub use module::{InputRange, ModuleFacts};

pub(crate) use module::StateDict;

use crate::{Activation, Layout, Vae, VaeConfig, VaeError};

impl Vae {
    /// The model as a safetensors file: every tensor, and `facts` beside the model's own (`activation`,
    /// `likelihood`, `version`). The same model and facts give the same bytes.
    pub fn to_safetensors(&self, facts: &Facts) -> Vec<u8> {
        let mut facts = facts.clone();
        facts.insert("activation".to_owned(), self.activation().to_string());
        facts.insert("likelihood".to_owned(), "bernoulli".to_owned());
        facts.insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let tensors = self.layout().iter(self.parameters());
        to_safetensors(tensors.map(|(name, shape, values)| (name.to_owned(), shape, values)), facts)
    }

    /// The model in the bytes of a safetensors file, and the file's facts. The sizes of the layers follow from the
    /// tensors' shapes. `module` is for state dicts from elsewhere, whose files do not say how they are used; its input
    /// range is folded into the first layer, so that the model takes images in [0, 1] as any other.
    ///
    /// # Errors
    /// A variant of [`VaeError`] for bytes that are no safetensors, tensors that are missing, unexpected, of another
    /// type, misshapen or not finite, and facts that are missing, unknown or in contradiction to `module`.
    pub fn from_safetensors(bytes: &[u8], module: Option<ModuleFacts>) -> Result<(Self, Facts), VaeError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let activation = activation(&facts, module)?;
        let range = module.unwrap_or_default().input_range;
        range.validate()?;
        if facts.contains_key("version") && range != InputRange::default() {
            return Err(VaeError::InputRangeKnown { found: range.to_string() });
        }
        if let Some(likelihood) = facts.get("likelihood").filter(|&found| found != "bernoulli") {
            let (key, expected) = ("likelihood", "bernoulli");
            return Err(VaeError::UnknownFact { key, expected, found: likelihood.clone() });
        }
        let tensors = StateDict::new(tensors);
        let mut vae = Self::zeroed(architecture(&tensors, activation)?)?;
        let layout = vae.layout().clone();
        read_parameters(&tensors, &layout, vae.parameters_mut())?;
        let (encoder, parameters) = vae.encoder_mut();
        let (weight, bias) = encoder.layers()[0].parts_mut(parameters);
        range.fold(weight, bias);
        if weight.iter().chain(&*bias).any(|v| !v.is_finite()) {
            return Err(VaeError::TensorNotFinite { name: tensors.name_of("encoder.fc1.weight") });
        }
        Ok((vae, facts))
    }
}

/// Fills a buffer of that layout from tensors that are those of the layout, and no others.
pub(crate) fn read_parameters(
    tensors: &StateDict<'_>,
    layout: &Layout,
    parameters: &mut [f32],
) -> Result<(), VaeError> {
    let specs = layout.tensors();
    if let Some(name) = tensors.unexpected(specs.iter().map(|spec| spec.name.as_str())) {
        return Err(VaeError::UnexpectedTensor { name });
    }
    for spec in specs {
        let values = tensors.get_f32(&spec.name, &spec.shape)?;
        parameters[spec.range.clone()].copy_from_slice(&values);
    }
    Ok(())
}

/// The activation that the file names, or else the caller.
fn activation(facts: &Facts, module: Option<ModuleFacts>) -> Result<Activation, VaeError> {
    match (facts.get("activation"), module) {
        (Some(name), None) => name.parse(),
        (Some(name), Some(module)) if *name == module.activation.name() => Ok(module.activation),
        (Some(name), Some(module)) => {
            let (key, expected) = ("activation", module.activation.name());
            Err(VaeError::UnknownFact { key, expected, found: name.clone() })
        }
        (None, Some(module)) => Ok(module.activation),
        (None, None) => Err(VaeError::MissingFact { key: "activation" }),
    }
}

/// The architecture that has these tensors.
fn architecture(tensors: &StateDict<'_>, activation: Activation) -> Result<VaeConfig, VaeError> {
    let encoder = mlp_widths(tensors, "encoder")?;
    let decoder = mlp_widths(tensors, "decoder")?;
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
    })
}

/// `[inputs of fc1, outputs of fc1, outputs of fc2, …]` of a chain of layers.
pub(crate) fn mlp_widths(tensors: &StateDict<'_>, prefix: &str) -> Result<Vec<usize>, VaeError> {
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
            (None, _) => return Ok(widths),
        }
    }
}
