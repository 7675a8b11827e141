//! z from the prior of a model: the one place where samples begin, for pictures, for arrays and for measurements.

use ndarray::{Array1, Array2};
use vae_core::{
    Prior,
    noise::{Purpose, standard_normal, stream, uniform},
};
use vae_train::ModelFile;

use crate::{model_source::ModelSource, outcome::misuse};

/// Which prior the samples come from, and how narrow it is.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct PriorArgs {
    /// Prior to sample from [default: model]
    #[arg(long, value_name = "WHICH", value_enum)]
    prior: Option<Which>,
    /// Factor of the noise that samples are made of, above 0 and at most 10; below 1 they are more alike and more usual
    /// [default: 1]
    #[arg(long, value_name = "T", value_parser = temperature, allow_negative_numbers = true)]
    temperature: Option<f32>,
}

#[derive(Clone, Copy, Default, PartialEq, clap::ValueEnum)]
pub(crate) enum Which {
    /// The prior that the model has
    #[default]
    Model,
    /// N(0, I)
    Standard,
}

fn temperature(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|&t: &f32| t > 0.0 && t <= 10.0);
    value.ok_or_else(|| "expected a number above 0 and at most 10".to_owned())
}

impl PriorArgs {
    /// Replaces the prior of the model if the standard one is asked for.
    pub(crate) fn apply_to(self, source: &mut ModelSource) -> anyhow::Result<()> {
        self.prior.unwrap_or_default().apply_to(source)
    }

    /// Refuses the flags where nothing is sampled from the prior.
    pub(crate) fn only_if(self, samples: bool) -> anyhow::Result<()> {
        if samples || (self.prior.is_none() && self.temperature.is_none()) {
            return Ok(());
        }
        Err(misuse("--prior and --temperature are for samples of the prior"))
    }

    /// Refuses a temperature where no sample is drawn.
    pub(crate) fn temperature_only_if(self, samples: bool) -> anyhow::Result<()> {
        if samples || self.temperature.is_none() {
            return Ok(());
        }
        Err(misuse("--temperature is for samples of the prior"))
    }

    /// The flags as a part of a file's name; nothing for the defaults.
    pub(crate) fn in_file_name(self) -> String {
        let standard = if self.prior == Some(Which::Standard) { "-standard" } else { "" };
        match self.temperature {
            None | Some(1.0) => standard.to_owned(),
            Some(temperature) => format!("{standard}-temperature-{temperature}"),
        }
    }

    /// How samples of this seed are drawn.
    pub(crate) fn sampling(self, seed: u64) -> Sampling {
        Sampling { temperature: self.temperature.unwrap_or(1.0), ..Sampling::of_seed(seed) }
    }
}

impl Which {
    /// Replaces the prior of the model if the standard one is asked for.
    pub(crate) fn apply_to(self, source: &mut ModelSource) -> anyhow::Result<()> {
        if self == Self::Standard {
            source.model.vae = source.model.vae.with_prior(Prior::Standard, 0)?;
        }
        Ok(())
    }
}

/// How samples are drawn.
#[derive(Clone, Copy)]
pub(crate) struct Sampling {
    pub(crate) seed: u64,
    pub(crate) temperature: f32,
}

impl Sampling {
    /// At temperature 1.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self { seed, temperature: 1.0 }
    }

    /// Draws z from the model's prior, `count` times. A smaller count gives the first of these draws.
    ///
    /// # Shapes
    /// → (`count`, L)
    pub(crate) fn draw(self, model: &ModelFile, count: usize) -> Array2<f32> {
        let (mut choices, mut eps) = (Array1::zeros(count), Array2::zeros((count, model.vae.latent())));
        let stream = |which| stream(self.seed, Purpose::SAMPLES, 0, which);
        standard_normal(&mut stream(0), eps.view_mut());
        uniform(&mut stream(1), choices.view_mut());
        eps *= self.temperature;
        model.vae.sample_prior(choices.view(), eps.view())
    }

    /// The prior that [`draw`](Self::draw) draws from, for captions and reports.
    pub(crate) fn describe(self, model: &ModelFile) -> String {
        let prior = match model.vae.config().prior {
            Prior::Standard => "N(0, I)".to_owned(),
            learned => learned.to_string(),
        };
        match self.temperature {
            1.0 => prior,
            temperature => format!("{prior} at temperature {temperature}"),
        }
    }
}
