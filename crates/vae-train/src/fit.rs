//! The loop of epochs that keeps the files of a run directory up to date: whenever the process ends, by itself or
//! killed, the files are complete, and a resumed run reaches the same result to the last bit.

use std::path::PathBuf;

use vae_core::Loss;

use crate::{
    Annotations, EpochEnd, EpochMetrics, EpochReport, Keep, ModelFile, Observer, Progress, RunDir,
    TrainError, Trainer, files::write_atomically,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All its epochs are done.
    Finished,
    /// The observer asked to stop; the checkpoint holds all steps done.
    Interrupted,
}

/// Trains until the configured number of epochs is done or the observer asks to stop, and writes the files of `run`
/// after every epoch. Call [`RunDir::lock`] first. `data_name` is the name of the data and `fingerprint` its
/// [`fingerprint`](vae_data::Dataset::fingerprint).
///
/// The files of an epoch are written in the order model, metrics, checkpoint. A run whose process was killed in between
/// is resumed from the older checkpoint, repeats the epoch, and writes the same bytes again, except for the seconds in
/// the metrics.
///
/// The model file has no annotations yet; [`annotate`](crate::annotate) adds them to the finished model.
///
/// # Errors
/// [`TrainError::NotFinite`], and [`TrainError::File`] if a file cannot be written. Each file then has its old content
/// or the new one, and the run can be resumed from its checkpoint.
pub fn fit(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    data_name: &str,
    fingerprint: &str,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let save = |trainer: &Trainer<'_>| write_atomically(&run.checkpoint(), &trainer.checkpoint(fingerprint));
    write_atomically(&run.config(), trainer.config().to_toml().as_bytes())?;
    let epochs = trainer.config().training.epochs;
    let mut metrics = run.read_metrics()?;
    metrics.retain(|line| line.epoch <= trainer.progress().epochs);
    if trainer.progress() == &Progress::default() {
        keep_model(trainer, run, data_name, None)?;
        save(trainer)?;
    }
    while trainer.progress().epochs < epochs && !trainer.has_lost_patience() {
        let (train, seconds) = match trainer.train_epoch(observer)? {
            EpochEnd::Complete { train, seconds } => (train, seconds),
            EpochEnd::Interrupted => {
                save(trainer)?;
                return Ok(Outcome::Interrupted);
            }
        };
        // The update of the last step may have spoilt the weights: then none of the epoch's files is written.
        let validation = trainer.validate()?;
        let averaged = trainer.averaged();
        let average = averaged.as_ref().map(|vae| trainer.measure(vae)).transpose()?.flatten();
        let saved = keep_model(trainer, run, data_name, average.or(validation))?;
        let (epoch, images) = (trainer.progress().epochs, trainer.images() as u64);
        let learning_rate = trainer.last_learning_rate();
        metrics.push(EpochMetrics::new(epoch, train, validation, average, learning_rate, seconds, images));
        write_metrics(run, &metrics)?;
        save(trainer)?;
        let line = metrics.last().expect("a line was just added");
        let vae = averaged.as_ref().unwrap_or(trainer.vae());
        observer.epoch(&EpochReport { metrics: line, epochs, vae, saved: saved.as_deref() });
    }
    Ok(Outcome::Finished)
}

/// Writes the model file and returns its path, if the current weights are the ones to keep.
fn keep_model(
    trainer: &mut Trainer<'_>,
    run: &RunDir,
    data_name: &str,
    validation: Option<Loss>,
) -> Result<Option<PathBuf>, TrainError> {
    let epoch = trainer.progress().epochs;
    if let (Keep::Best, Some(validation)) = (trainer.config().training.keep, validation) {
        let neg_elbo = validation.neg_elbo();
        if trainer.progress().best.is_some_and(|(_, best)| best <= neg_elbo) {
            return Ok(None);
        }
        trainer.progress.best = Some((epoch, neg_elbo));
    }
    let data = trainer.data();
    let model = ModelFile {
        vae: trainer.averaged().unwrap_or_else(|| trainer.vae().clone()),
        binarization: trainer.config().data.binarization,
        data: Some(data_name.to_owned()),
        height: data.height(),
        width: data.width(),
        seed: Some(trainer.config().training.seed),
        epoch: Some(epoch),
        annotations: Annotations::default(),
    };
    write_atomically(&run.model(), &model.to_bytes())?;
    Ok(Some(run.model()))
}

fn write_metrics(run: &RunDir, metrics: &[EpochMetrics]) -> Result<(), TrainError> {
    let mut text = String::new();
    for line in metrics {
        text.push_str(&serde_json::to_string(line).expect("metrics always have a text"));
        text.push('\n');
    }
    write_atomically(&run.metrics(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{error::Error, fs, ops::ControlFlow};

    use vae_core::MethodKind;
    use vae_data::{Dataset, Split, digits};

    use super::*;
    use crate::{OptimizerConfig, Schedule, StepReport, TrainConfig};

    fn config(epochs: u64) -> TrainConfig {
        let mut config = TrainConfig::default();
        (config.model.hidden, config.model.latent) = (vec![16], 3);
        (config.data.validation, config.training.batch, config.training.epochs) = (Some(30), 32, epochs);
        config
    }

    fn data() -> Dataset {
        digits::generate(200, 1, Split::Train)
    }

    struct StopAt(u64);

    impl Observer for StopAt {
        fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
            let done = (report.epoch - 1) * report.steps + report.step;
            if done == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    fn start(run: &RunDir, data: &Dataset, epochs: u64, observer: &mut dyn Observer) -> Outcome {
        let mut trainer = Trainer::new(config(epochs), data).unwrap();
        fit(&mut trainer, run, "digits", "print", observer).unwrap()
    }

    fn go_on(run: &RunDir, data: &Dataset, epochs: u64) -> Outcome {
        let checkpoint = run.read_checkpoint().unwrap().expect("a checkpoint");
        let mut trainer = checkpoint.into_trainer(config(epochs), data, "print").unwrap();
        fit(&mut trainer, run, "digits", "print", &mut ()).unwrap()
    }

    fn lossless(metrics: Vec<EpochMetrics>) -> Vec<EpochMetrics> {
        let timeless = |line| EpochMetrics { train_seconds: 0.0, images_per_second: 0.0, ..line };
        metrics.into_iter().map(timeless).collect()
    }

    #[test]
    fn a_finished_run_leaves_all_its_files() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        assert_eq!(start(&run, &data, 2, &mut ()), Outcome::Finished);
        assert_eq!(run.read_config().unwrap(), Some(config(2)));
        assert_eq!(run.read_metrics().unwrap().len(), 2);
        let model = ModelFile::read(&run.model(), None).unwrap();
        assert_eq!((model.height, model.width, model.data.as_deref()), (28, 28, Some("digits")));
    }

    #[test]
    fn a_resumed_run_equals_an_uninterrupted_one_byte_for_byte() {
        let data = data();
        let straight = RunDir::new(tempfile::tempdir().unwrap().keep());
        start(&straight, &data, 3, &mut ());
        for step in [1, 5, 6, 7, 12, 13, 17] {
            let directory = tempfile::tempdir().unwrap();
            let run = RunDir::new(directory.path());
            start(&run, &data, 3, &mut StopAt(step));
            assert_eq!(go_on(&run, &data, 3), Outcome::Finished);
            for file in [RunDir::model, RunDir::checkpoint] {
                assert_eq!(
                    fs::read(file(&run)).unwrap(),
                    fs::read(file(&straight)).unwrap(),
                    "after step {step}"
                );
            }
            let metrics = |run: &RunDir| lossless(run.read_metrics().unwrap());
            assert_eq!(metrics(&run), metrics(&straight));
        }
        fs::remove_dir_all(straight.path()).unwrap();
    }

    #[test]
    fn every_optimizer_goes_on_to_the_same_bits() {
        for name in MethodKind::ALL {
            let mut config = config(2);
            config.optimizer = OptimizerConfig {
                name,
                schedule: Schedule::Step,
                warmup_epochs: 0.5,
                gamma_epochs: 1,
                clip_norm: 1.0,
                ..OptimizerConfig::default()
            };
            goes_on_to_the_same_bits(&config, 8);
        }
    }

    /// Stops a run of this configuration after some steps and resumes it; its files are those of a run that went
    /// straight on.
    fn goes_on_to_the_same_bits(config: &TrainConfig, step: u64) {
        let data = data();
        let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (run, straight) = (RunDir::new(directory.path()), RunDir::new(other.path()));
        let run_until = |run: &RunDir, observer: &mut dyn Observer| {
            let mut trainer = match run.read_checkpoint().unwrap() {
                Some(checkpoint) => checkpoint.into_trainer(config.clone(), &data, "print").unwrap(),
                None => Trainer::new(config.clone(), &data).unwrap(),
            };
            fit(&mut trainer, run, "digits", "print", observer).unwrap()
        };
        assert_eq!(run_until(&straight, &mut ()), Outcome::Finished);
        assert_eq!(run_until(&run, &mut StopAt(step)), Outcome::Interrupted);
        assert_eq!(run_until(&run, &mut ()), Outcome::Finished);
        for file in [RunDir::model, RunDir::checkpoint] {
            assert!(fs::read(file(&run)).unwrap() == fs::read(file(&straight)).unwrap());
        }
        assert_eq!(lossless(run.read_metrics().unwrap()), lossless(straight.read_metrics().unwrap()));
    }

    #[test]
    fn recipes_and_learned_priors_go_on_to_the_same_bits() {
        let mut config = config(3);
        config.model.activation = vae_core::Activation::Glu;
        config.model.start_at_mean = true;
        config.data.binarization = vae_data::Binarization::Dynamic;
        config.optimizer.normalise = true;
        config.training.beta_warmup_epochs = 1.5;
        config.training.average = 0.9;
        for prior in ["mixture:4", "mixture:3:full", "flow:3:8", "flow:2:8:3"] {
            config.model.prior = prior.parse().unwrap();
            goes_on_to_the_same_bits(&config, 8);
        }
        config.model.prior = vae_core::Prior::Standard;
        config.training.free_bits = 0.2;
        goes_on_to_the_same_bits(&config, 4);
    }

    #[test]
    fn a_run_without_an_improvement_ends_early_and_stays_at_its_end() {
        let data = data();
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        let mut config = config(400);
        // Steps so large that the loss swings.
        (config.optimizer.learning_rate, config.training.patience) = (0.03, 3);
        let mut trainer = Trainer::new(config.clone(), &data).unwrap();
        assert_eq!(fit(&mut trainer, &run, "digits", "print", &mut ()).unwrap(), Outcome::Finished);
        let metrics = run.read_metrics().unwrap();
        let best = trainer.progress().best.unwrap().0;
        assert!(
            metrics.len() < 400 && metrics.len() as u64 == best + 3,
            "{} epochs, best {best}",
            metrics.len()
        );
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let mut resumed = checkpoint.into_trainer(config, &data, "print").unwrap();
        assert_eq!(fit(&mut resumed, &run, "digits", "print", &mut ()).unwrap(), Outcome::Finished);
        assert_eq!(lossless(run.read_metrics().unwrap()), lossless(metrics));
    }

    #[test]
    fn the_model_file_holds_the_average_where_there_is_one() {
        let data = data();
        let directory = tempfile::tempdir().unwrap();
        let run = RunDir::new(directory.path());
        let mut config = config(2);
        (config.training.average, config.training.keep) = (0.9, Keep::Last);
        let mut trainer = Trainer::new(config, &data).unwrap();
        fit(&mut trainer, &run, "digits", "print", &mut ()).unwrap();
        let kept = ModelFile::read(&run.model(), None).unwrap();
        assert_eq!(kept.vae.parameters().values(), trainer.average);
        assert_ne!(kept.vae.parameters(), trainer.vae().parameters());
        let measured = trainer.measure(&kept.vae).unwrap().map(|loss| loss.neg_elbo());
        assert_eq!(run.read_metrics().unwrap()[1].average_neg_elbo, measured);
    }

    #[test]
    fn a_finished_run_goes_on_for_more_epochs() {
        let data = data();
        let (short, long) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (short, long) = (RunDir::new(short.path()), RunDir::new(long.path()));
        start(&short, &data, 1, &mut ());
        go_on(&short, &data, 3);
        start(&long, &data, 3, &mut ());
        assert_eq!(fs::read(short.model()).unwrap(), fs::read(long.model()).unwrap());
    }

    #[test]
    fn metrics_of_epochs_after_the_checkpoint_are_dropped() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let checkpoint = fs::read(run.checkpoint()).unwrap();
        go_on(&run, &data, 2);
        fs::write(run.checkpoint(), checkpoint).unwrap();
        go_on(&run, &data, 2);
        let epochs: Vec<u64> = run.read_metrics().unwrap().iter().map(|line| line.epoch).collect();
        assert_eq!(epochs, [1, 2]);
    }

    #[test]
    fn another_configuration_or_other_data_cannot_go_on() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let checkpoint = || run.read_checkpoint().unwrap().unwrap();
        let mut other = config(1);
        other.training.batch = 16;
        let error = checkpoint().into_trainer(other, &data, "print").unwrap_err().to_string();
        assert!(error.contains("training.batch = 32") && error.contains("16"), "{error}");
        let error = checkpoint().into_trainer(config(1), &data, "another print").unwrap_err();
        assert!(matches!(error, TrainError::ResumeData { .. }), "{error}");
    }

    #[test]
    fn a_run_along_a_cosine_keeps_its_number_of_epochs() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        let mut config = config(1);
        config.optimizer.schedule = Schedule::Cosine;
        let mut trainer = Trainer::new(config.clone(), &data).unwrap();
        fit(&mut trainer, &run, "digits", "print", &mut ()).unwrap();
        config.training.epochs = 3;
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let error = checkpoint.into_trainer(config, &data, "print").unwrap_err();
        assert!(matches!(error, TrainError::ResumeCosine { expected: 1, found: 3 }), "{error}");
    }

    #[test]
    fn a_run_cannot_end_before_the_epoch_it_has_reached() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 2, &mut ());
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let error = checkpoint.into_trainer(config(1), &data, "print").unwrap_err();
        assert!(matches!(error, TrainError::FewerEpochs { done: 2, asked: 1 }), "{error}");
    }

    #[test]
    fn weights_spoilt_by_the_last_step_replace_no_file() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let files = || [RunDir::model, RunDir::checkpoint].map(|file| fs::read(file(&run)).unwrap());
        let before = files();
        let checkpoint = run.read_checkpoint().unwrap().unwrap();
        let mut trainer = checkpoint.into_trainer(config(2), &data, "print").unwrap();
        trainer.training.vae_mut().parameters_mut().values_mut().fill(f32::NAN);
        let error = trainer.validate().unwrap_err().to_string();
        assert!(error.contains("validation reconstruction is not finite"), "{error}");
        assert!(fit(&mut trainer, &run, "digits", "print", &mut ()).is_err());
        assert!(files() == before);
    }

    #[test]
    fn a_truncated_checkpoint_is_an_error_that_names_the_file() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 1, &mut ());
        let bytes = fs::read(run.checkpoint()).unwrap();
        for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(run.checkpoint(), &bytes[..length]).unwrap();
            let error = run.read_checkpoint().unwrap_err();
            let message = error.to_string();
            assert!(message.ends_with("checkpoint.safetensors: not a checkpoint"), "{message}");
            assert!(error.source().is_some_and(|source| !source.to_string().is_empty()), "{error:?}");
        }
    }

    #[test]
    fn best_keeps_the_weights_of_the_lowest_validation_loss() {
        let (directory, data) = (tempfile::tempdir().unwrap(), data());
        let run = RunDir::new(directory.path());
        start(&run, &data, 3, &mut ());
        let metrics = run.read_metrics().unwrap();
        let value = |line: &&EpochMetrics| line.validation_neg_elbo.unwrap();
        let best = metrics.iter().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        assert_eq!(ModelFile::read(&run.model(), None).unwrap().epoch, Some(best.epoch));
    }
}
