//! `--pictures-every`: samples and reconstructions in the course of a training, always of the same points and images,
//! so that one can flip through them.

use std::{fs, ops::ControlFlow, path::PathBuf};

use anyhow::Context;
use vae_core::Vae;
use vae_data::{Binarization, Dataset, Split};
use vae_train::{Annotations, EpochReport, ModelFile, Observer, RunDir, StepReport, Trainer};

use crate::{
    generate::prior::Sampling,
    pictures::{self, Captioned, Shape},
    progress::Progress,
    term,
};

/// The seed of the samples and of the choice of test images: that of the pictures of a finished run.
const SEED: u64 = 0;

/// Draws a model after every `every` epochs.
pub(crate) struct EpochPictures {
    every: u64,
    directory: PathBuf,
    data: String,
    binarization: Binarization,
    /// The test images as they are measured.
    test: Dataset,
    seed: u64,
    /// A picture that could not be drawn is reported once.
    failed: bool,
}

impl EpochPictures {
    pub(crate) fn new(every: u64, run: &RunDir, trainer: &Trainer<'_>, test: &Dataset, data: &str) -> Self {
        let binarization = trainer.config().data.binarization;
        let test = binarization.measured(test, Split::Test).into_owned();
        let (directory, data, seed) = (run.pictures(), data.to_owned(), trainer.config().training.seed);
        Self { every, directory, data, binarization, test, seed, failed: false }
    }

    /// Draws the pictures of the last epoch of a run that was stopped before it drew them.
    pub(crate) fn catch_up(&mut self, trainer: &Trainer<'_>) {
        let progress = trainer.progress();
        if progress.batches == 0 && progress.epochs > 0 {
            let path = self.directory.join(name(progress.epochs, "reconstructions"));
            if !path.exists() {
                let averaged = trainer.averaged();
                let vae = averaged.as_ref().unwrap_or(trainer.vae());
                self.draw(progress.epochs, trainer.config().training.epochs, vae);
            }
        }
    }

    /// Draws the model after an epoch, if it is the turn of that epoch. The training does not depend on it, so that a
    /// failure is a warning.
    fn draw(&mut self, epoch: u64, epochs: u64, vae: &Vae) {
        if !epoch.is_multiple_of(self.every) {
            return;
        }
        if let Err(error) = self.try_draw(epoch, epochs, vae)
            && !std::mem::replace(&mut self.failed, true)
        {
            term::note(format_args!("warning: no pictures of epoch {epoch}: {}", term::one_line(&error)));
        }
    }

    fn try_draw(&self, epoch: u64, epochs: u64, vae: &Vae) -> anyhow::Result<()> {
        let directory = &self.directory;
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let model = ModelFile {
            vae: vae.clone(),
            data: Some(self.data.clone()),
            binarization: self.binarization,
            height: self.test.height(),
            width: self.test.width(),
            seed: Some(self.seed),
            epoch: Some(epoch),
            annotations: Annotations::default(),
        };
        let when = format!("epoch {epoch} of {epochs}: ");
        let fitting = |shape: Shape| shape.for_images(model.height, model.width);
        let write = |picture: Captioned, kind| picture.write(&directory.join(name(epoch, kind)));
        let samples = fitting(pictures::SAMPLES);
        write(pictures::samples(&model, &samples, Sampling::of_seed(SEED), &when)?, "samples")?;
        if self.test.is_empty() {
            return Ok(());
        }
        let pairs = fitting(pictures::PAIRS);
        let picture = pictures::reconstructions(&model, &self.test, &self.data, &pairs, SEED, &when)?;
        write(picture, "reconstructions")
    }
}

/// The name of a picture. Names in alphabetical order are in the order of the epochs, up to 999 of them.
fn name(epoch: u64, kind: &str) -> String {
    format!("epoch-{epoch:03}-{kind}.png")
}

/// Progress on the terminal, and pictures if there are any to draw.
pub(crate) struct Watching<'a> {
    pub(crate) progress: &'a mut Progress,
    pub(crate) pictures: Option<EpochPictures>,
}

impl Observer for Watching<'_> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.progress.step(report)
    }

    fn epoch(&mut self, report: &EpochReport<'_>) {
        self.progress.epoch(report);
        if let Some(pictures) = &mut self.pictures {
            pictures.draw(report.metrics.epoch, report.epochs, report.vae);
        }
    }
}
