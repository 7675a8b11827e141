//! Trains a small model on built-in digits, stops in the middle of an epoch, resumes from the checkpoint, and prints
//! the metrics of the run.
//!
//! ```text
//! cargo run --release -p vae-train --example train -- [DIR]
//! ```
//!
//! `DIR` is the run directory, which must not hold a run yet. Without it the run lies in a temporary directory, which
//! is removed at the end.

use std::{env, error::Error, ops::ControlFlow, path::PathBuf};

use vae_data::{Split, digits};
use vae_train::{Observer, Outcome, Preset, RunDir, StepReport, TrainError, Trainer, evaluate, fit};

const DATA: &str = "digits";

/// Asks to stop at one step of the run.
struct StopAt {
    epoch: u64,
    step: u64,
}

impl Observer for StopAt {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        match (report.epoch, report.step) == (self.epoch, self.step) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let directory = env::args_os().nth(1).map_or_else(|| temporary.path().join("run"), PathBuf::from);
    let run = RunDir::new(directory);
    let _lock = run.lock()?;
    if run.is_started() {
        return Err(TrainError::RunExists { path: run.path().to_owned() }.into());
    }

    let (train, test) = (digits::generate(2000, 7, Split::Train), digits::generate(500, 7, Split::Test));
    let config = Preset::Quick.config().overlay(
        r#"
        [data]
        source = "digits"
        digits = 2000
        validation = 200
        [model]
        hidden = [64]
        latent = 8
        [training]
        epochs = 3
        batch = 100
        "#,
    )?;

    // Start, and stop after 5 of the 18 steps of the second epoch.
    let mut trainer = Trainer::new(config.clone(), &train)?;
    let outcome = fit(&mut trainer, &run, DATA, &train.fingerprint(), &mut StopAt { epoch: 2, step: 5 })?;
    assert_eq!(outcome, Outcome::Interrupted);
    let progress = trainer.progress();
    println!("stopped after {} epoch and {} steps", progress.epochs, progress.batches);

    // Resume, as another process would: from the files alone. The result is that of a run without a stop, to the bit.
    let checkpoint = run.read_checkpoint()?.ok_or("expected a checkpoint")?;
    let mut trainer = checkpoint.into_trainer(config, &train, &train.fingerprint())?;
    let outcome = fit(&mut trainer, &run, DATA, &train.fingerprint(), &mut ())?;
    assert_eq!(outcome, Outcome::Finished);
    println!("resumed and finished: {} epochs", trainer.progress().epochs);

    println!("-ELBO in nats an image");
    for line in run.read_metrics()? {
        let validation = line.validation_neg_elbo.ok_or("expected held-out images")?;
        println!("epoch {}: training {:.1}, held-out {validation:.1}", line.epoch, line.train_neg_elbo);
    }
    let indices: Vec<u32> = (0..test.len() as u32).collect();
    let loss = evaluate(trainer.vae(), test.images(), &indices, 0)?.ok_or("expected test images")?;
    println!("test: {:.1} = {:.1} + KL {:.1}", loss.neg_elbo(), loss.reconstruction, loss.kl);
    Ok(())
}
