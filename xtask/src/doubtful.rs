//! Hints before a training whose settings work, but hardly mean what was wanted.

use vae_core::Likelihood;
use vae_data::Binarization;
use vae_train::TrainConfig;

/// A hint for each doubtful combination of settings.
pub(crate) fn hints(config: &TrainConfig) -> Vec<String> {
    let TrainConfig { data, model, training, .. } = config;
    let mut hints = Vec::new();
    let (warmup, epochs) = (training.beta_warmup_epochs, training.epochs as f64);
    if warmup > epochs && training.beta > 0.0 {
        let last = training.beta * epochs / warmup;
        hints.push(format!(
            "long warm-up: it takes {warmup} epochs, the run {epochs}, so that the weight of the KL term ends at {last:.3} \
             instead of {}",
            training.beta
        ));
    }
    if data.binarization != Binarization::Grey && model.likelihood != Likelihood::Bernoulli {
        hints.push(format!(
            "{} pixels are black or white, but {} is a density of grey ones: its -ELBO says nothing of them; for \
             likelihoods take bernoulli",
            data.binarization, model.likelihood
        ));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_longer_than_the_run_is_told_with_its_last_weight() {
        let mut config = TrainConfig::default();
        (config.training.epochs, config.training.beta_warmup_epochs, config.training.beta) = (5, 20.0, 0.5);
        let hints = hints(&config);
        assert!(hints.len() == 1 && hints[0].contains("ends at 0.125 instead of 0.5"), "{hints:?}");
    }

    #[test]
    fn a_density_of_black_and_white_pixels_is_told() {
        let mut config = TrainConfig::default();
        config.model.likelihood = Likelihood::Gaussian { sigma: None };
        assert!(hints(&config).is_empty());
        config.data.binarization = Binarization::Dynamic;
        let hints = hints(&config);
        assert!(hints.len() == 1 && hints[0].contains("dynamic pixels"), "{hints:?}");
    }

    #[test]
    fn usual_settings_get_no_hint() {
        let mut config = TrainConfig::default();
        config.data.binarization = Binarization::Dynamic;
        config.training.beta_warmup_epochs = config.training.epochs as f64;
        assert!(hints(&config).is_empty());
    }
}
