//! The bytes of a safetensors file: named tensors of `f32` and texts beside them.

use std::collections::BTreeMap;

use safetensors::{
    Dtype, SafeTensors,
    tensor::{Metadata, TensorInfo, TensorView},
};

use crate::VaeError;

/// Facts about a model, by name.
pub type Facts = BTreeMap<String, String>;

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

    /// A tensor's values, row-major; those of `F64` are rounded.
    ///
    /// # Errors
    /// If the tensor is missing, of another type than `F32` or `F64`, of another shape, or holds a value that is not
    /// finite as an `f32`.
    pub fn get_f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, VaeError> {
        let name = name.to_owned();
        let Some(tensor) = self.by_name.get(&name) else {
            return Err(VaeError::MissingTensor { name });
        };
        if tensor.shape() != shape {
            let (expected, found) = (format!("{shape:?}"), tensor.shape().to_vec());
            return Err(VaeError::TensorShape { name, expected, found });
        }
        let values: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Dtype::F64 => tensor.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
            other => return Err(VaeError::TensorType { name, found: format!("{other:?}") }),
        };
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

/// How files of `torch.save` begin: a zip archive, and a pickled magic number before PyTorch 1.6.
const PICKLES: [&[u8]; 2] = [b"PK\x03\x04", b"\x80\x02\x8a\x0a"];

/// The tensors and facts of a safetensors file.
///
/// # Errors
/// [`VaeError::NotSafetensors`], or [`VaeError::Pickle`] for what `torch.save` writes.
pub fn from_safetensors(bytes: &[u8]) -> Result<(Tensors<'_>, Facts), VaeError> {
    let broken = |error: safetensors::SafeTensorError| {
        if PICKLES.iter().any(|start| bytes.starts_with(start)) {
            VaeError::Pickle
        } else {
            VaeError::NotSafetensors { source: error }
        }
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let facts = metadata.metadata().iter().flatten();
    let facts = facts.map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok((Tensors { by_name: tensors.tensors().into_iter().collect() }, facts))
}
