//! Checkpoints: the weights, the moments of the optimizer and the progress of training, from which a run is resumed bit
//! for bit.

use std::{error::Error, path::Path};

use serde::{Deserialize, Serialize};
use vae_core::{
    Optimizer, Vae, VaeConfig, VaeError,
    weights::{Facts, from_safetensors, to_safetensors},
};
use vae_data::Dataset;

use crate::{
    Progress, Schedule, TrainConfig, TrainError, Trainer, files::read_bounded, image_size::check_image_size,
};

/// The largest file read as a checkpoint: the largest model possible with two moments and an average, and the header.
const MAX_BYTES: u64 = (VaeConfig::MAX_PARAMETERS as u64) * 16 + (100 << 20);

/// What the names of the averaged weights begin with.
const AVERAGE: &str = "average.";

/// The contents of a checkpoint beside its tensors.
#[derive(Serialize, Deserialize)]
struct State {
    config: TrainConfig,
    /// [`Dataset::fingerprint`] of the training set.
    data: String,
    progress: Progress,
    optimizer_steps: u64,
}

impl Trainer<'_> {
    /// The state of training as a safetensors file: the parameters, and the optimizer's buffers under prefixes such as
    /// `adam.first_moment.`. `data` is the training set's fingerprint.
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
        let buffers = optimizer.state().flat_map(|(buffer, values)| {
            layout.iter(values).map(move |(name, s, v)| (format!("{method}.{buffer}.{name}"), s, v))
        });
        let averages = (!self.average.is_empty()).then_some(&self.average[..]).into_iter();
        let averages = averages
            .flat_map(|values| layout.iter(values).map(|(name, s, v)| (format!("{AVERAGE}{name}"), s, v)));
        to_safetensors(weights.chain(buffers).chain(averages), Facts::from([("state".to_owned(), state)]))
    }
}

/// A checkpoint read from a file, not yet compared with the data that the run is to go on with.
#[derive(Debug)]
pub struct Checkpoint {
    /// The configuration that the run was started with.
    pub config: TrainConfig,
    /// [`Dataset::fingerprint`] of the training set that the run was started on.
    pub data: String,
    /// The progress of the run.
    pub progress: Progress,
    vae: Vae,
    average: Vec<f32>,
    optimizer: Optimizer,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Content`] or [`TrainError::Malformed`], all with the path.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let bytes = read_bounded(path, MAX_BYTES)?;
        Self::from_bytes(&bytes).map_err(|source| TrainError::Malformed {
            path: path.to_owned(),
            problem: "not a checkpoint".to_owned(),
            source,
        })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (tensors, facts) = from_safetensors(bytes)?;
        let state = facts.get("state").ok_or(VaeError::MissingFact { key: "state" })?;
        let state: State = serde_json::from_str(state)?;
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
        let average = if state.config.training.average > 0.0 { read(AVERAGE)? } else { Vec::new() };
        let method = state.config.optimizer.method();
        let buffer = |&name: &&'static str| Ok((name, read(&format!("{}.{name}.", method.kind()))?));
        let buffers = method.state().iter().map(buffer).collect::<Result<Vec<_>, VaeError>>()?;
        let optimizer = Optimizer::resume(method, layout.len(), state.optimizer_steps, buffers)?;
        let State { config, data, progress, .. } = state;
        Ok(Self { config, data, progress, vae, average, optimizer })
    }

    /// The trainer that resumes the run on `data`, whose fingerprint is `fingerprint`. `config` may differ from the
    /// run's configuration in the source of the data, and in the number of epochs unless the schedule is a cosine.
    ///
    /// # Errors
    /// [`TrainError::ResumeCosine`] for another number of epochs along a cosine, [`TrainError::ResumeConfig`] for
    /// another configuration, [`TrainError::ResumeData`] or [`TrainError::ImageSize`]
    /// for other images, [`TrainError::FewerEpochs`] for fewer epochs than the run has done.
    pub fn into_trainer<'d>(
        self,
        config: TrainConfig,
        data: &'d Dataset,
        fingerprint: &str,
    ) -> Result<Trainer<'d>, TrainError> {
        let (expected, found) = (self.config.training.epochs, config.training.epochs);
        if self.config.optimizer.schedule == Schedule::Cosine && expected != found {
            return Err(TrainError::ResumeCosine { expected, found });
        }
        let config = config.for_images(data.len())?;
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
        check_image_size(&self.vae, data)?;
        Trainer::resume(config, data, (self.vae, self.average), self.optimizer, self.progress)
    }
}
