//! The header of a model file or a checkpoint, without its tensors: enough to list a run, however large its model is.

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use serde::Deserialize;

use crate::{Progress, TrainError};

/// The largest header that is read.
const MAX_BYTES: u64 = 16 << 20;

/// What the header of a safetensors file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileHeader {
    /// The shape of each tensor, by name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The texts beside the tensors, by name.
    pub facts: BTreeMap<String, String>,
}

/// A tensor of the header.
#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The part of a checkpoint's state that is read here.
#[derive(Deserialize)]
struct State {
    progress: Progress,
}

impl FileHeader {
    /// Reads the header and checks that the file is as long as it says.
    ///
    /// # Errors
    /// [`TrainError::File`], or [`TrainError::Malformed`] for a file that is cut off or no safetensors file.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let failed = |source| TrainError::File { action: "read", path: path.to_owned(), source };
        let malformed = |source: Box<dyn Error + Send + Sync>| TrainError::Malformed {
            path: path.to_owned(),
            problem: "not a complete safetensors file".to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        let mut length = [0; 8];
        match file.read_exact(&mut length) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(malformed(format!("expected at least 8 bytes, found {found}").into()));
            }
            other => other.map_err(failed)?,
        }
        let length = u64::from_le_bytes(length);
        if length > MAX_BYTES {
            let text = format!("expected a header of at most {MAX_BYTES} bytes, found {length}");
            return Err(malformed(text.into()));
        }
        let mut header = Vec::new();
        file.take(length).read_to_end(&mut header).map_err(failed)?;
        let (header, data) = Self::parse(&header).map_err(malformed)?;
        let expected = data.saturating_add(8 + length);
        if expected != found {
            return Err(malformed(format!("expected {expected} bytes, found {found}").into()));
        }
        Ok(header)
    }

    /// The header and the number of bytes of all tensors.
    fn parse(bytes: &[u8]) -> Result<(Self, u64), Box<dyn Error + Send + Sync>> {
        let mut entries: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes)?;
        let facts = entries.remove("__metadata__").map(serde_json::from_value).transpose()?;
        let mut header = Self { shapes: BTreeMap::new(), facts: facts.unwrap_or_default() };
        let mut end = 0;
        for (name, tensor) in entries {
            let Tensor { shape, data_offsets } = serde_json::from_value(tensor)?;
            end = end.max(data_offsets.1);
            header.shapes.insert(name, shape);
        }
        Ok((header, end))
    }

    /// The progress of the training, if this is the header of a checkpoint.
    pub fn progress(&self) -> Option<Progress> {
        serde_json::from_str(self.facts.get("state")?).ok().map(|State { progress }| progress)
    }

    /// The number of inputs of the model.
    pub fn input(&self) -> Option<usize> {
        self.shapes.get("encoder.fc1.weight")?.get(1).copied()
    }

    /// The number of parameters in tensors whose names begin with one of `prefixes`, such as `encoder.`.
    pub fn parameters(&self, prefixes: &[&str]) -> u64 {
        let counted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let size = |shape: &[usize]| shape.iter().fold(1u64, |size, &side| size.saturating_mul(side as u64));
        let sizes = self.shapes.iter().filter(|(name, _)| counted(name)).map(|(_, shape)| size(shape));
        sizes.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use vae_data::{Split, digits};

    use super::*;
    use crate::{RunDir, TrainConfig, Trainer, fit};

    /// A run of one epoch in a directory.
    fn run(directory: &Path) -> (RunDir, usize) {
        let data = digits::generate(60, 1, Split::Train);
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![8], 3);
        (config.data.validation, config.training.epochs) = (Some(10), 1);
        let mut trainer = Trainer::new(config, &data).unwrap();
        let run = RunDir::new(directory);
        fit(&mut trainer, &run, "digits", "print", &mut ()).unwrap();
        let parameters = trainer.vae().parameters().len();
        (run, parameters)
    }

    #[test]
    fn the_header_of_a_checkpoint_tells_progress_input_and_parameters() {
        let directory = tempfile::tempdir().unwrap();
        let (run, parameters) = run(directory.path());
        let header = FileHeader::read(&run.checkpoint()).unwrap();
        assert_eq!(header.progress(), Some(run.read_checkpoint().unwrap().unwrap().progress));
        assert_eq!(header.input(), Some(784));
        assert_eq!(header.parameters(&["encoder.", "decoder."]), parameters as u64);
        let model = FileHeader::read(&run.model()).unwrap();
        assert_eq!((model.progress(), model.input()), (None, Some(784)));
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (run, _) = run(directory.path());
        let bytes = fs::read(run.model()).unwrap();
        for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(run.model(), &bytes[..length]).unwrap();
            let error = FileHeader::read(&run.model()).unwrap_err();
            assert!(matches!(error, TrainError::Malformed { .. }), "{length}: {error}");
        }
        fs::write(run.model(), [0xff; 64]).unwrap();
        assert!(FileHeader::read(&run.model()).is_err());
        assert!(matches!(FileHeader::read(&run.path().join("none")), Err(TrainError::File { .. })));
    }
}
