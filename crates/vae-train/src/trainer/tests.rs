//! Batches, steps, resuming and patience of a training in memory.

use std::ops::ControlFlow;

use vae_data::{Split, digits};

use super::*;

/// Stops at the given step of the run, counted from 1.
struct StopAt(u64);

impl Observer for StopAt {
    fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
        self.0 = self.0.wrapping_sub(1);
        if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn config() -> TrainConfig {
    let mut config = TrainConfig::default();
    (config.model.hidden, config.model.latent) = (vec![16], 3);
    (config.data.validation, config.training.batch, config.training.epochs) = (Some(20), 32, 3);
    config
}

#[test]
fn the_loss_falls() {
    let data = digits::generate(300, 1, Split::Train);
    let mut trainer = Trainer::new(config(), &data).unwrap();
    let before = trainer.validate().unwrap().unwrap();
    for _ in 0..8 {
        trainer.train_epoch(&mut ()).unwrap();
    }
    let after = trainer.validate().unwrap().unwrap();
    assert!(after.neg_elbo() < 0.7 * before.neg_elbo(), "{before:?} to {after:?}");
}

#[test]
fn patience_is_counted_from_the_end_of_the_warm_up() {
    let data = digits::generate(300, 1, Split::Train);
    let mut config = config();
    (config.training.beta_warmup_epochs, config.training.patience) = (7.5, 2);
    let mut trainer = Trainer::new(config, &data).unwrap();
    trainer.progress.best = Some((3, 100.0));
    let ended = [5, 8, 9, 10].map(|epochs| {
        trainer.progress.epochs = epochs;
        trainer.has_lost_patience()
    });
    assert_eq!(ended, [false, false, false, true]);
}

#[test]
fn every_image_but_the_held_out_is_met_once_an_epoch() {
    let data = digits::generate(300, 1, Split::Train);
    let mut trainer = Trainer::new(config(), &data).unwrap();
    assert_eq!((trainer.images(), trainer.steps_per_epoch()), (280, 9));
    trainer.train_epoch(&mut StopAt(8)).unwrap();
    assert_eq!(trainer.progress().images, 8 * 32);
}

#[test]
fn an_interruption_within_an_epoch_changes_no_bit() {
    let data = digits::generate(300, 1, Split::Train);
    let mut straight = Trainer::new(config(), &data).unwrap();
    let mut halting = Trainer::new(config(), &data).unwrap();
    let straight_end = straight.train_epoch(&mut ()).unwrap();
    assert_eq!(halting.train_epoch(&mut StopAt(3)).unwrap(), EpochEnd::Interrupted);
    let halting_end = halting.train_epoch(&mut ()).unwrap();
    assert_eq!(straight.vae().parameters(), halting.vae().parameters());
    let (EpochEnd::Complete { train: a, .. }, EpochEnd::Complete { train: b, .. }) =
        (straight_end, halting_end)
    else {
        panic!("both epochs are complete");
    };
    assert_eq!(a, b);
}

fn augmented() -> TrainConfig {
    let mut config = config();
    (config.augmentation.rotation_degrees, config.augmentation.elastic_alpha) = (10.0, 34.0);
    config
}

#[test]
fn augmented_images_lead_to_other_parameters() {
    let data = digits::generate(300, 1, Split::Train);
    let learned = |config| {
        let mut trainer = Trainer::new(config, &data).unwrap();
        trainer.train_epoch(&mut ()).unwrap();
        trainer.vae().parameters().values().to_vec()
    };
    assert_ne!(learned(augmented()), learned(config()));
}

#[test]
fn held_out_images_are_not_augmented() {
    let data = digits::generate(300, 1, Split::Train);
    let validation = |config| Trainer::new(config, &data).unwrap().validate().unwrap();
    assert_eq!(validation(augmented()), validation(config()));
}

#[test]
fn neither_threads_nor_an_interruption_change_a_bit_of_augmented_training() {
    let data = digits::generate(300, 1, Split::Train);
    let learned = |threads, stop| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = Trainer::new(augmented(), &data).unwrap();
            while trainer.train_epoch(&mut StopAt(stop)).unwrap() == EpochEnd::Interrupted {}
            trainer.vae().parameters().values().to_vec()
        })
    };
    let straight = learned(1, u64::MAX);
    assert_eq!(straight, learned(3, u64::MAX));
    assert_eq!(straight, learned(2, 3));
}

#[test]
fn a_weight_that_is_not_finite_stops_the_run_before_the_step() {
    let data = digits::generate(300, 1, Split::Train);
    let mut trainer = Trainer::new(config(), &data).unwrap();
    // The weight of a pixel in the middle: that of a corner, which is always black, would take part in no sum.
    trainer.training.vae_mut().parameters_mut().values_mut()[14 * 28 + 14] = f32::INFINITY;
    let before: Vec<u32> = trainer.vae().parameters().values().iter().map(|p| p.to_bits()).collect();
    let error = trainer.train_epoch(&mut ()).unwrap_err().to_string();
    assert!(error.starts_with("epoch 1, step 1: ") && error.contains("not finite"), "{error}");
    let after: Vec<u32> = trainer.vae().parameters().values().iter().map(|p| p.to_bits()).collect();
    assert_eq!(before, after);
    assert_eq!(trainer.training.optimizer.steps(), 0);
}

#[test]
fn a_batch_whose_activations_would_fill_the_memory_is_refused() {
    let data = digits::generate(30, 1, Split::Train);
    let mut config = config();
    (config.model.hidden, config.training.batch) = (vec![100_000], 60_000);
    let error = Trainer::new(config, &data).unwrap_err().to_string();
    assert!(error.starts_with("training.batch must be at most 1331"), "{error}");
}

#[test]
fn holding_out_everything_is_refused() {
    let data = digits::generate(20, 1, Split::Train);
    assert!(matches!(Trainer::new(config(), &data), Err(TrainError::Data(_))));
}
