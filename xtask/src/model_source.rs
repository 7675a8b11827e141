//! `--run` and `--model`: which model a command uses.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use vae_core::{
    Activation, Likelihood, Prior, VaeError,
    weights::{InputRange, ModuleFacts},
};
use vae_data::Binarization;
use vae_train::{ModelFile, RunDir, RunLock, TrainError};

use crate::{
    file_name, paths, program,
    settings::choice,
    shipped::{self, Shipped},
    term,
};

/// The model to use: by default that of the newest run, or the shipped model if there is no run.
#[derive(clap::Args)]
pub(crate) struct ModelArgs {
    /// Run directory of the model [default: the newest run; without any run, the shipped model]
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    run: Option<PathBuf>,
    /// Model file
    #[arg(long, value_name = "FILE.safetensors")]
    model: Option<PathBuf>,
    #[command(flatten)]
    module: ModuleArgs,
}

/// The facts that a state dict from PyTorch does not hold.
#[derive(clap::Args)]
pub(crate) struct ModuleArgs {
    /// Activation function, for a model file that does not name it, such as a PyTorch state dict
    #[arg(long, value_name = "NAME", value_parser = choice::<Activation, _>(Activation::ALL.map(Activation::name)))]
    activation: Option<Activation>,
    #[arg(long, value_name = "NAME", requires = "activation", help = likelihood_help())]
    likelihood: Option<Likelihood>,
    /// Values of black and white in the images that a PyTorch module was trained on, such as -1,1 [default: 0,1]
    #[arg(long, value_name = "LOW,HIGH", requires = "activation", allow_hyphen_values = true)]
    input_range: Option<InputRange>,
}

fn likelihood_help() -> String {
    format!(
        "Likelihood whose numbers the decoder of a PyTorch module gives: {} [default: that of the file, else bernoulli]",
        Likelihood::FORMS.join(", ")
    )
}

impl ModuleArgs {
    fn facts(&self) -> Option<ModuleFacts> {
        let (likelihood, input_range) = (self.likelihood, self.input_range.unwrap_or_default());
        self.activation.map(|activation| ModuleFacts { activation, likelihood, input_range })
    }

    /// Reads a model file; the error for a missing fact names the flag that supplies it.
    pub(crate) fn read(&self, path: &Path) -> anyhow::Result<ModelFile> {
        let error = match ModelFile::read(path, self.facts()) {
            Ok(model) => return Ok(model),
            Err(error) => error,
        };
        let advice = match &error {
            TrainError::ModelFile { source: VaeError::MissingFact { key: "activation" }, .. } => {
                "the file does not name its activation; pass --activation"
            }
            TrainError::ModelFile { source: VaeError::MissingTensor { name }, .. }
                if name == "encoder.fc1.weight" =>
            {
                "expected tensors named encoder.fc1.weight, ..., or fc1, fc21, fc22, fc3, fc4 as in PyTorch's example"
            }
            _ => return Err(error.into()),
        };
        Err(anyhow::Error::from(error).context(advice))
    }
}

/// A model, its file and the directory for its pictures.
pub(crate) struct ModelSource {
    pub(crate) model: ModelFile,
    /// Its file; [`shipped::MODEL_NAME`] for the model in the installed program.
    pub(crate) path: PathBuf,
    pictures: PathBuf,
    /// What names of pictures end in, because pictures of other models are in the same directory.
    suffix: String,
}

impl ModelSource {
    /// The path of a picture: `out` if given, else `name` in the model's directory for pictures, which is created.
    pub(crate) fn picture_path(&self, out: Option<PathBuf>, name: &str) -> anyhow::Result<PathBuf> {
        if let Some(out) = out {
            return Ok(out);
        }
        let directory = &self.pictures;
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let name = name.strip_suffix(".png").unwrap_or(name);
        Ok(directory.join(format!("{name}{}.png", self.suffix)))
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> anyhow::Result<Cow<'static, [u8]>> {
        if let Shipped::Inside(bytes) = shipped::model()
            && shipped::is_inside(&self.path)
        {
            return Ok(Cow::Borrowed(bytes));
        }
        let bytes = fs::read(&self.path);
        Ok(Cow::Owned(bytes.with_context(|| format!("cannot read {}", paths::display(&self.path)))?))
    }

    /// Locks the run that the model lies in, if it lies in one: a training there would write the same file.
    pub(crate) fn lock(&self) -> anyhow::Result<Option<RunLock>> {
        let run = RunDir::new(self.path.parent().unwrap_or(Path::new("")));
        Ok(if run.checkpoint().exists() { Some(run.lock()?) } else { None })
    }

    /// A path beside the directory for pictures.
    pub(crate) fn beside_pictures(&self, name: &str) -> PathBuf {
        self.pictures.with_file_name(name)
    }
}

impl ModelArgs {
    /// Reads the model and prints a line about it.
    pub(crate) fn read(&self) -> anyhow::Result<ModelSource> {
        let (file, pictures) = self.locate()?;
        let (model, path) = match file {
            Shipped::File(path) => (self.module.read(&path)?, path),
            Shipped::Inside(bytes) => {
                (ModelFile::from_bytes(bytes, self.module.facts())?, PathBuf::from(shipped::MODEL_NAME))
            }
        };
        let data = model.data.as_deref().unwrap_or("unknown data").escape_debug();
        let (config, path_shown) = (model.vae.config(), paths::display(&path));
        let likelihood = match config.likelihood {
            Likelihood::Bernoulli => String::new(),
            likelihood => format!(" with {likelihood} likelihood"),
        };
        let prior = match config.prior {
            Prior::Standard => String::new(),
            prior => format!(", {prior} prior"),
        };
        let pixels = match model.binarization {
            Binarization::Grey => String::new(),
            how => format!(" with {how} pixels"),
        };
        term::note(format_args!(
            "model: {path_shown} ({config}{likelihood}{prior}, trained on {data}{pixels})"
        ));
        let of_file = self.model.as_ref().filter(|_| pictures == paths::pictures());
        let suffix = of_file.map_or(String::new(), |path| format!("-of-{}", file_name::of_path(path, 30)));
        Ok(ModelSource { model, path, pictures, suffix })
    }

    /// Reads a model whose file the command changes. The shipped model is not changed unless it is named explicitly.
    pub(crate) fn read_to_change(&self) -> anyhow::Result<ModelSource> {
        let source = self.read()?;
        if self.model.is_some() || self.run.is_some() {
            return Ok(source);
        }
        match shipped::model() {
            Shipped::File(path) if path == source.path => {
                let path = paths::display(&path);
                bail!("there is no run; to change the shipped model, pass --model {path}")
            }
            Shipped::Inside(_) if shipped::is_inside(&source.path) => {
                bail!(
                    "there is no run, and the shipped model cannot be changed; '{} train' trains one",
                    program::name()
                )
            }
            _ => Ok(source),
        }
    }

    /// The model file and the directory for its pictures.
    fn locate(&self) -> anyhow::Result<(Shipped, PathBuf)> {
        if let Some(path) = &self.model {
            return Ok((Shipped::File(path.clone()), paths::pictures()));
        }
        let of_run = |run: RunDir| (Shipped::File(run.model()), run.pictures());
        if let Some(directory) = &self.run {
            let run = paths::existing_run(directory);
            if !run.model().exists() {
                bail!(
                    "{} holds no model: expected a run directory of '{} train'",
                    directory.display(),
                    program::name()
                );
            }
            return Ok(of_run(run));
        }
        if let Some(run) = paths::newest_run(RunDir::model) {
            return Ok(of_run(run));
        }
        let shipped = shipped::model();
        if let Shipped::File(path) = &shipped
            && !path.exists()
        {
            let train = format!("no run and no shipped model; '{} train' trains a model", program::name());
            return Err(anyhow::anyhow!("{} is missing", path.display())).context(train);
        }
        Ok((shipped, paths::pictures()))
    }
}
