//! Weights as bytes: safetensors, with the names and the layout of a PyTorch state dict.
//!
//! `torch_module.load_state_dict(safetensors.torch.load_file(path))` reads what is written here, and a state dict
//! saved from PyTorch under these names is read here. The activation and whatever else the tensors do not tell
//! stands in the file's metadata.

use std::collections::{BTreeMap, HashMap};

use safetensors::{
    Dtype, SafeTensors,
    tensor::{Metadata, TensorInfo, TensorView},
};

use crate::{Activation, Layout, Vae, VaeConfig, VaeError};

/// Facts about a model, by name.
pub type Facts = BTreeMap<String, String>;

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
    /// tensors' shapes. `activation` is for files that do not say it, such as a converted PyTorch state dict.
    ///
    /// # Errors
    /// A variant of [`VaeError`] for bytes that are no safetensors, tensors that are missing, unexpected, of another
    /// type, misshapen or not finite, and facts that are missing or unknown.
    pub fn from_safetensors(bytes: &[u8], activation: Option<Activation>) -> Result<(Self, Facts), VaeError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let activation = match (facts.get("activation"), activation) {
            (Some(name), _) => name.parse()?,
            (None, Some(activation)) => activation,
            (None, None) => return Err(VaeError::MissingFact { key: "activation" }),
        };
        if let Some(likelihood) = facts.get("likelihood").filter(|&found| found != "bernoulli") {
            let (key, expected) = ("likelihood", "bernoulli");
            return Err(VaeError::UnknownFact { key, expected, found: likelihood.clone() });
        }
        let mut vae = Self::zeroed(architecture(&tensors, activation)?)?;
        let layout = vae.layout().clone();
        read_parameters(&tensors, &layout, vae.parameters_mut())?;
        Ok((vae, facts))
    }
}

/// Fills a buffer of that layout from tensors that are those of the layout, and no others.
pub(crate) fn read_parameters(
    tensors: &Tensors<'_>,
    layout: &Layout,
    parameters: &mut [f32],
) -> Result<(), VaeError> {
    if let Some(name) = tensors.keys().find(|&name| layout.tensors().iter().all(|t| t.name != *name)) {
        return Err(VaeError::UnexpectedTensor { name: name.clone() });
    }
    for spec in layout.tensors() {
        let values = tensors.get_f32(&spec.name, &spec.shape)?;
        parameters[spec.range.clone()].copy_from_slice(&values);
    }
    Ok(())
}

/// The architecture that has these tensors.
fn architecture(tensors: &Tensors<'_>, activation: Activation) -> Result<VaeConfig, VaeError> {
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
pub(crate) fn mlp_widths(tensors: &Tensors<'_>, prefix: &str) -> Result<Vec<usize>, VaeError> {
    let mut widths = Vec::new();
    loop {
        let name = format!("{prefix}.fc{}.weight", widths.len().max(1));
        match (tensors.shape(&name), widths.is_empty()) {
            (Some(&[outputs, inputs]), true) => widths.extend([inputs, outputs]),
            (Some(&[outputs, _]), false) => widths.push(outputs),
            (Some(shape), _) => {
                let expected = "two dimensions, [outputs, inputs]".to_owned();
                return Err(VaeError::TensorShape { name, expected, found: shape.to_vec() });
            }
            (None, true) => return Err(VaeError::MissingTensor { name }),
            (None, false) => return Ok(widths),
        }
    }
}

/// The tensors of a file, not yet copied.
pub struct Tensors<'a> {
    by_name: BTreeMap<String, TensorView<'a>>,
}

impl Tensors<'_> {
    /// The names, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.by_name.keys()
    }

    /// The shape of a tensor, if there is one of that name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.by_name.get(name).map(TensorView::shape)
    }

    /// A tensor's values, row-major.
    ///
    /// # Errors
    /// If the tensor is missing, of another type than `F32`, of another shape, or holds a value that is not finite.
    pub fn get_f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, VaeError> {
        let name = name.to_owned();
        let Some(tensor) = self.by_name.get(&name) else {
            return Err(VaeError::MissingTensor { name });
        };
        if tensor.dtype() != Dtype::F32 {
            return Err(VaeError::TensorType { name, found: format!("{:?}", tensor.dtype()) });
        }
        if tensor.shape() != shape {
            let (expected, found) = (format!("{shape:?}"), tensor.shape().to_vec());
            return Err(VaeError::TensorShape { name, expected, found });
        }
        let (numbers, _) = tensor.data().as_chunks::<4>();
        let values: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(VaeError::TensorNotFinite { name })
        }
    }
}

/// A safetensors file of `f32` tensors with `facts` as its metadata. The same arguments give the same bytes.
pub fn to_safetensors<'a>(
    tensors: impl IntoIterator<Item = (String, &'a [usize], &'a [f32])>,
    facts: Facts,
) -> Vec<u8> {
    let mut data = Vec::new();
    let mut infos = Vec::new();
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let data_offsets = (start, data.len());
        infos.push((name, TensorInfo { dtype: Dtype::F32, shape: shape.to_vec(), data_offsets }));
    }
    // By way of a `Value`, whose keys are sorted: a hash map's order would change from run to run.
    let header = Metadata::new(Some(facts.into_iter().collect()), infos)
        .map_err(|error| error.to_string())
        .and_then(|metadata| serde_json::to_value(metadata).map_err(|error| error.to_string()))
        .expect("tensors that follow one another have valid offsets")
        .to_string();
    let length = header.len().next_multiple_of(8);
    let mut bytes = (length as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.resize(8 + length, b' ');
    bytes.extend(data);
    bytes
}

/// The tensors and facts of a safetensors file.
///
/// # Errors
/// [`VaeError::NotSafetensors`]
pub fn from_safetensors(bytes: &[u8]) -> Result<(Tensors<'_>, Facts), VaeError> {
    let broken = |error: safetensors::SafeTensorError| VaeError::NotSafetensors { reason: error.to_string() };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let facts: HashMap<String, String> = metadata.metadata().clone().unwrap_or_default();
    Ok((Tensors { by_name: tensors.tensors().into_iter().collect() }, facts.into_iter().collect()))
}
