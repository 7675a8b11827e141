//! Files of earlier versions load, and mean what they meant. `formats/VERSION/` holds the run that each version left of
//!
//! ```text
//! cargo xtask train --preset reference --data digits --digits 60 --hidden 2 --latent 2 --epochs 2 --validation 10
//! ```

#![allow(clippy::unwrap_used, reason = "a file that cannot be read fails its test")]

use std::{fs, path::Path};

use vae_core::Prior;
use vae_data::{Binarization, Split, digits};
use vae_train::{ModelFile, Outcome, RunDir, Trainer, evaluate, fit};

/// −ELBO of the ten test digits, as `eval` of version 0.1.0 gave it.
const NEG_ELBO: f64 = 569.972_494_8;

/// A copy of the run of version 0.1.0.
fn old_run() -> (tempfile::TempDir, RunDir) {
    let directory = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/0.1.0");
    for file in ["checkpoint.safetensors", "config.toml", "metrics.jsonl", "model.safetensors"] {
        fs::copy(from.join(file), directory.path().join(file)).unwrap();
    }
    let run = RunDir::new(directory.path());
    (directory, run)
}

#[test]
fn a_model_of_version_0_1_0_gives_the_numbers_that_it_gave() {
    let (_directory, run) = old_run();
    let model = ModelFile::read(&run.model(), None).unwrap();
    assert_eq!((model.vae.config().prior, model.binarization), (Prior::Standard, Binarization::Grey));
    assert_eq!(model.annotations.classes.as_ref().unwrap().classes.len(), 10);
    let test = digits::generate(10, 1, Split::Test);
    let indices: Vec<u32> = (0..10).collect();
    let loss = evaluate(&model.vae, test.images(), &indices, 0).unwrap().unwrap();
    assert!((loss.neg_elbo() - NEG_ELBO).abs() < 1e-3, "{loss:?}");
}

#[test]
fn a_run_of_version_0_1_0_is_resumed_as_if_it_had_not_stopped() {
    let (_directory, run) = old_run();
    let data = digits::generate(60, 1, Split::Train);
    let mut config = run.read_config().unwrap().unwrap();
    config.training.epochs = 3;
    let mut straight = Trainer::new(config.clone(), &data).unwrap();
    for _ in 0..3 {
        straight.train_epoch(&mut ()).unwrap();
    }

    let checkpoint = run.read_checkpoint().unwrap().unwrap();
    let mut resumed = checkpoint.into_trainer(config, &data, &data.fingerprint()).unwrap();
    assert_eq!(resumed.progress().epochs, 2);
    assert_eq!(
        fit(&mut resumed, &run, "digits:60", &data.fingerprint(), &mut ()).unwrap(),
        Outcome::Finished
    );
    assert_eq!(run.read_metrics().unwrap().len(), 3);
    // To the last bits but those that depend on the instruction set of the machine that wrote the file.
    let pairs = resumed.vae().parameters().values().iter().zip(straight.vae().parameters().values());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
}
