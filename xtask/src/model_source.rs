//! `--run`, `--model`: which model a command is about.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use vae_core::{
    Activation, VaeError,
    weights::{InputRange, ModuleFacts},
};
use vae_train::{ModelFile, RunDir, TrainError};

use crate::{paths, term};

/// Which model; by default that of the newest run, or, with no run, the one that the project ships.
#[derive(clap::Args)]
pub(crate) struct ModelArgs {
    /// The model of this run [default: the newest run, else the shipped model]
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    run: Option<PathBuf>,
    /// A model file
    #[arg(long, value_name = "FILE.safetensors")]
    model: Option<PathBuf>,
    #[command(flatten)]
    module: ModuleArgs,
}

/// What a file of tensors from elsewhere, such as PyTorch's, does not say.
#[derive(clap::Args)]
pub(crate) struct ModuleArgs {
    /// The activation of a model file that does not name it, such as a PyTorch state dict
    #[arg(long, value_name = "NAME")]
    activation: Option<Activation>,
    /// What black and white were to a module from PyTorch: -1,1 for images scaled to [-1, 1] [default: 0,1]
    #[arg(long, value_name = "LOW,HIGH", requires = "activation", allow_hyphen_values = true)]
    input_range: Option<InputRange>,
}

impl ModuleArgs {
    /// Reads a model file, with advice where it does not say enough.
    pub(crate) fn read(&self, path: &Path) -> anyhow::Result<ModelFile> {
        let input_range = self.input_range.unwrap_or_default();
        let module = self.activation.map(|activation| ModuleFacts { activation, input_range });
        let error = match ModelFile::read(path, module) {
            Ok(model) => return Ok(model),
            Err(error) => error,
        };
        let advice = match &error {
            TrainError::ModelFile { source: VaeError::MissingFact { key: "activation" }, .. } => {
                "tensors do not tell an activation: name it with --activation"
            }
            TrainError::ModelFile { source: VaeError::MissingTensor { name }, .. }
                if name == "encoder.fc1.weight" =>
            {
                "expected the names encoder.fc1.weight, ..., or fc1, fc21, fc22, fc3, fc4 of PyTorch's example"
            }
            _ => return Err(error.into()),
        };
        Err(anyhow::Error::from(error).context(advice))
    }
}

/// A model, where it came from, and where pictures of it go.
pub(crate) struct Chosen {
    pub(crate) model: ModelFile,
    pub(crate) path: PathBuf,
    pictures: PathBuf,
}

impl Chosen {
    /// Where a picture goes: where was asked, else by that name among the pictures of the model, whose directory is
    /// made.
    pub(crate) fn picture(&self, out: Option<PathBuf>, name: &str) -> anyhow::Result<PathBuf> {
        if let Some(out) = out {
            return Ok(out);
        }
        let directory = &self.pictures;
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(directory.join(name))
    }

    /// Where what belongs to the model goes, beside its pictures.
    pub(crate) fn beside_pictures(&self, name: &str) -> PathBuf {
        self.pictures.with_file_name(name)
    }
}

impl ModelArgs {
    /// Reads the model, and says in a line which it is.
    pub(crate) fn read(&self) -> anyhow::Result<Chosen> {
        let (path, pictures) = self.choose()?;
        let model = self.module.read(&path)?;
        let data = model.data.as_deref().unwrap_or("unknown data").escape_debug();
        term::note(format_args!("model: {} ({}, from {data})", paths::display(&path), model.vae.config()));
        Ok(Chosen { model, path, pictures })
    }

    /// Reads a model whose file is to be changed: never the shipped one, unless by its name.
    pub(crate) fn read_to_change(&self) -> anyhow::Result<Chosen> {
        let chosen = self.read()?;
        if self.model.is_none() && chosen.path == paths::shipped_model() {
            let path = paths::display(&chosen.path);
            bail!("there is no run; to change the shipped model, name it with --model {path}");
        }
        Ok(chosen)
    }

    fn choose(&self) -> anyhow::Result<(PathBuf, PathBuf)> {
        if let Some(path) = &self.model {
            return Ok((path.clone(), paths::pictures()));
        }
        if let Some(directory) = &self.run {
            let run = RunDir::new(directory);
            if !run.model().exists() {
                bail!(
                    "{} holds no model: expected a run directory of 'cargo xtask train'",
                    directory.display()
                );
            }
            return Ok((run.model(), run.pictures()));
        }
        if let Some(run) = paths::newest_run(RunDir::model) {
            return Ok((run.model(), run.pictures()));
        }
        let shipped = paths::shipped_model();
        if !shipped.exists() {
            return Err(anyhow::anyhow!("{} is missing", shipped.display()))
                .context("no run, and no shipped model: 'cargo xtask train' makes one");
        }
        Ok((shipped, paths::pictures()))
    }
}
