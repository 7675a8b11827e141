//! Training of a variational autoencoder on images: from a configuration to a run directory from which training can be
//! resumed, whatever happens to the process.
//!
//! # How the pieces meet
//! ```text
//! Preset ─► TrainConfig ◄─ overlay (config.toml)
//!                │
//! Dataset ─► Trainer ──► fit ──► RunDir: config.toml, metrics.jsonl, model.safetensors, checkpoint.safetensors
//!                ▲         └──► Observer: every step, every epoch
//!            Checkpoint ◄──────── RunDir
//! ```
//! [`Trainer`] trains in memory; [`fit`] runs it epoch by epoch and writes the files of a [`RunDir`]; an [`Observer`]
//! receives reports and may ask to stop. [`annotate`] measures the finished model on the data and adds to its file the
//! posteriors of each class ([`ClassPosteriors`]) and the usual range of −ELBO ([`NegElboRange`]), and [`PriorFit`] a
//! prior that is learned. [`measure`] gives −ELBO with what is quoted beside it, and [`log_likelihood`]
//! estimates log p(x) with many samples. [`train_classifier`] trains the
//! classifier that judges drawn digits, and a [`Judge`] compares new images with real ones by what that classifier
//! finds in them. The crate does not print, draw or choose a path.
//!
//! # Example
//! ```
//! use vae_data::{Split, digits};
//! use vae_train::{Outcome, Preset, RunDir, Trainer, evaluate, fit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let mut config = Preset::Quick.config().overlay("[training]\nepochs = 1\n[model]\nhidden = [32]\n")?;
//! config.data.validation = Some(50);
//! let data = digits::generate(500, 7, Split::Train);
//!
//! let run = RunDir::new(directory.path());
//! let _lock = run.lock()?;
//! let mut trainer = Trainer::new(config, &data)?;
//! let outcome = fit(&mut trainer, &run, "digits", &data.fingerprint(), &mut ())?;
//! assert_eq!(outcome, Outcome::Finished);
//!
//! let test = digits::generate(100, 7, Split::Test);
//! let indices: Vec<u32> = (0..100).collect();
//! let loss = evaluate(trainer.vae(), test.images(), &indices, 0)?.expect("a hundred images");
//! assert!(loss.neg_elbo() < 700.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Reproducibility
//! The same configuration and data give the same bits, with any number of threads, however often the run is stopped and
//! resumed: the order and the noise of a batch depend on (seed, epoch, batch) alone, the augmentation of an image on
//! (seed, epoch, image), and each sum is computed by one thread.

mod error;
mod files;

mod config;
mod preset;
mod schedule;

mod collapse;
mod metrics;
mod observer;

mod batch;
mod blocks;
mod encode;
mod evaluate;
mod moments;

mod latents;

mod importance;
mod likelihood;
mod measurement;
mod trainer;

mod image_size;

mod measured_images;

mod annotations;
mod class_posteriors;
mod neg_elbo_range;

mod fit_prior;

mod annotate;
mod model_file;

mod classifier_file;
mod classifier_training;

mod sample_quality;

mod checkpoint;
mod file_header;
mod fit;
mod run;

pub use annotate::annotate;
pub use annotations::Annotations;
pub use checkpoint::Checkpoint;
pub use class_posteriors::{ClassPosteriors, class_posteriors};
pub use classifier_file::ClassifierFile;
pub use classifier_training::{ClassifierTraining, accuracy, train_classifier};
pub use collapse::{Collapse, Remedy};
pub use config::{
    DataConfig, Keep, ModelConfig, OptimizerConfig, TrainConfig, TrainingConfig, toml_error_in_a_line,
};
pub use encode::encode;
pub use error::TrainError;
pub use evaluate::evaluate;
pub use file_header::FileHeader;
pub use files::{read_bounded, write_atomically};
pub use fit::{Outcome, fit};
pub use fit_prior::{FittedPrior, PriorFit, PriorFitReport};
pub use likelihood::{Bound, LikelihoodProgress, LogLikelihood, MAX_SAMPLES, log_likelihood};
pub use measured_images::MeasuredImages;
pub use measurement::{MAX_DRAWS, MeasureProgress, Measurement, measure};
pub use metrics::EpochMetrics;
pub use model_file::ModelFile;
pub use neg_elbo_range::{NegElboRange, neg_elbos};
pub use observer::{EpochReport, Observer, StepReport};
pub use preset::Preset;
pub use run::{RunDir, RunLock};
pub use sample_quality::{
    CONFIDENT, Judge, Manifold, NEIGHBOURS, Quality, frechet_distance, median, nearest_distances,
};
pub use schedule::Schedule;
pub use trainer::{EpochEnd, Progress, Trainer};

/// The example in the README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
