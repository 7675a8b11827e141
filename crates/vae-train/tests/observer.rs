//! What an observer of a run sees.

use vae_data::{Split, digits};
use vae_train::{EpochReport, Keep, ModelFile, Observer, RunDir, TrainConfig, Trainer, fit};

fn config() -> TrainConfig {
    let mut config = TrainConfig::default();
    (config.model.hidden, config.model.latent) = (vec![16], 3);
    (config.data.validation, config.training.batch, config.training.epochs) = (Some(30), 32, 2);
    config
}

/// Keeps the weights of the model after each epoch.
#[derive(Default)]
struct Weights(Vec<Vec<f32>>);

impl Observer for Weights {
    fn epoch(&mut self, report: &EpochReport<'_>) {
        self.0.push(report.vae.parameters().values().to_vec());
    }
}

#[test]
fn an_observer_sees_the_model_that_the_file_of_the_last_epoch_holds() {
    for average in [0.0, 0.9] {
        let (directory, data) = (tempfile::tempdir().unwrap(), digits::generate(200, 1, Split::Train));
        let run = RunDir::new(directory.path());
        let mut config = config();
        (config.training.average, config.training.keep) = (average, Keep::Last);
        let mut trainer = Trainer::new(config, &data).unwrap();
        let mut weights = Weights::default();
        fit(&mut trainer, &run, "digits", "print", &mut weights).unwrap();
        assert_eq!(weights.0.len(), 2);
        let file = ModelFile::read(&run.model(), None).unwrap();
        assert_eq!(weights.0[1], file.vae.parameters().values());
    }
}
