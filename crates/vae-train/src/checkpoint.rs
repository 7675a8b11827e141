//! Everything needed to go on, bit for bit: weights, moments, and how far training has come.

use std::path::Path;

use serde::{Deserialize, Serialize};
use vae_core::{
    Optimizer, Vae, VaeConfig, VaeError,
    weights::{Facts, from_safetensors, to_safetensors},
};
use vae_data::Dataset;

use crate::{Progress, TrainConfig, TrainError, Trainer, files::read_bounded};

const MAX_BYTES: u64 = (VaeConfig::MAX_PARAMETERS as u64) * 12 + (100 << 20);

/// What a checkpoint holds beside its tensors.
#[derive(Serialize, Deserialize)]
struct State {
    config: TrainConfig,
    /// [`Dataset::fingerprint`] of the training set.
    data: String,
    progress: Progress,
    optimizer_steps: u64,
}

impl Trainer<'_> {
    /// The state of training as a safetensors file: each parameter, and under prefixes such as `adam.first_moment.` what
    /// the optimizer remembers of it. `data` is the training set's fingerprint.
    pub fn checkpoint(&self, data: &str) -> Vec<u8> {
        let state = State {
            config: self.config().clone(),
            data: data.to_owned(),
            progress: self.progress,
            optimizer_steps: self.training.optimizer.steps(),
        };
        let state = serde_json::to_string(&state).expect("a state always has a text");
        let (parameters, optimizer) = (self.vae().parameters(), &self.training.optimizer);
        let (layout, method) = (parameters.layout(), optimizer.method().kind());
        let weights = parameters.iter().map(|(name, s, v)| (name.to_owned(), s, v));
        let remembered = optimizer.state().flat_map(|(buffer, values)| {
            layout.iter(values).map(move |(name, s, v)| (format!("{method}.{buffer}.{name}"), s, v))
        });
        to_safetensors(weights.chain(remembered), Facts::from([("state".to_owned(), state)]))
    }
}

/// A checkpoint read from a file, whose data has not been looked at yet.
#[derive(Debug)]
pub struct Checkpoint {
    /// The configuration that the run was started with.
    pub config: TrainConfig,
    /// [`Dataset::fingerprint`] of the data that it was started on.
    pub data: String,
    /// How far it came.
    pub progress: Progress,
    vae: Vae,
    optimizer: Optimizer,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Content`] or [`TrainError::Checkpoint`], all with the path.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        let not_a_checkpoint =
            |source| TrainError::Checkpoint { path: path.to_owned(), source: Box::new(source) };
        Self::from_bytes(&bytes).map_err(not_a_checkpoint)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let state = facts.get("state").ok_or(VaeError::MissingFact { key: "state" })?;
        let state: State = serde_json::from_str(state).map_err(|error| TrainError::Field {
            field: "state",
            expected: "a run's state".to_owned(),
            found: error.to_string(),
        })?;
        state.config.validate()?;
        let first_layer = "encoder.fc1.weight";
        let input = tensors.shape(first_layer).and_then(|shape| shape.get(1).copied()).unwrap_or(0);
        let mut vae = Vae::new(state.config.vae(input), 0)?;
        let layout = vae.parameters().layout().clone();
        let read = |prefix: &str| -> Result<Vec<f32>, VaeError> {
            let mut buffer = Vec::with_capacity(layout.len());
            for spec in layout.tensors() {
                buffer.extend(tensors.get_f32(&format!("{prefix}{}", spec.name), &spec.shape)?);
            }
            Ok(buffer)
        };
        vae.parameters_mut().values_mut().copy_from_slice(&read("")?);
        let method = state.config.optimizer.method();
        let buffer = |&name: &&'static str| Ok((name, read(&format!("{}.{name}.", method.kind()))?));
        let buffers = method.state().iter().map(buffer).collect::<Result<Vec<_>, VaeError>>()?;
        let optimizer = Optimizer::resume(method, layout.len(), state.optimizer_steps, buffers)?;
        Ok(Self { config: state.config, data: state.data, progress: state.progress, vae, optimizer })
    }

    /// The trainer that goes on from here, on `data` whose fingerprint is `fingerprint`, under `config`, which may
    /// ask for another number of epochs and nothing else.
    ///
    /// # Errors
    /// [`TrainError::ResumeConfig`], [`TrainError::ResumeData`] and [`TrainError::ImageSize`] for what is not as it was,
    /// [`TrainError::FewerEpochs`] for a run that is further already.
    pub fn into_trainer<'d>(
        self,
        config: TrainConfig,
        data: &'d Dataset,
        fingerprint: &str,
    ) -> Result<Trainer<'d>, TrainError> {
        if let Some((field, expected, found)) = self.config.difference(&config) {
            return Err(TrainError::ResumeConfig { field, expected, found });
        }
        let (done, asked) = (self.progress.epochs, config.training.epochs);
        if asked < done {
            return Err(TrainError::FewerEpochs { done, asked });
        }
        let shorten = |hash: &str| hash.chars().take(12).collect();
        if self.data != fingerprint {
            return Err(TrainError::ResumeData {
                expected: shorten(&self.data),
                found: shorten(fingerprint),
            });
        }
        if self.vae.input() != data.pixels() {
            let (expected, found) = (self.vae.input(), data.pixels());
            let (height, width) = (data.height(), data.width());
            return Err(TrainError::ImageSize { expected, found, height, width });
        }
        Trainer::resume(config, data, self.vae, self.optimizer, self.progress)
    }
}
