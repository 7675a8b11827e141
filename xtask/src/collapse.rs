//! What `train` says at the end of a run whose codes say nearly nothing of the images.

use vae_train::{Collapse, Remedy, RunDir, Trainer};

use crate::term;

/// Prints a line if the posterior of a finished run has collapsed.
pub(crate) fn note(trainer: &Trainer<'_>, run: &RunDir) -> anyhow::Result<()> {
    let steps = trainer.progress().epochs * trainer.steps_per_epoch();
    if let Some(collapse) = Collapse::find(&run.read_metrics()?, trainer.config(), steps) {
        term::note(format_args!("{}", text(&collapse, trainer.config().training.beta)));
    }
    Ok(())
}

fn text(collapse: &Collapse, beta: f64) -> String {
    let remedies: Vec<String> = collapse.remedies.iter().map(|&remedy| advice(remedy, beta)).collect();
    let advice = match &remedies[..] {
        [] => String::new(),
        [one] => format!("; what may help: {one}"),
        [others @ .., last] => format!("; what may help: {} or {last}", others.join(", ")),
    };
    format!(
        "warning: the KL term ended at {:.2} nats an image, less than a bit: codes say nearly nothing of their images, \
         so reconstructions and samples all look like the mean (posterior collapse){advice}",
        collapse.kl.max(0.0)
    )
}

fn advice(remedy: Remedy, beta: f64) -> String {
    match remedy {
        Remedy::SmallerBeta => format!("a smaller --beta than {beta}"),
        Remedy::MoreSteps => "more --epochs or a smaller --batch".to_owned(),
        Remedy::SmallerSigma => "a smaller deviation such as --likelihood gaussian:0.1".to_owned(),
        Remedy::OtherLikelihood => "for grey images another --likelihood such as gaussian:0.1".to_owned(),
        Remedy::BetaWarmup => "--beta-warmup over some epochs".to_owned(),
        Remedy::FreeBits => "--free-bits such as 0.1".to_owned(),
        Remedy::FewerLayers => "fewer --hidden layers".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use vae_train::TrainConfig;

    use super::*;

    #[test]
    fn the_advice_names_flags_in_one_sentence() {
        let line = r#"{"epoch":1,"train_neg_elbo":200.3,"train_reconstruction":200.0,"train_kl":0.3,
            "validation_neg_elbo":null,"validation_reconstruction":null,"validation_kl":null,
            "learning_rate":0.001,"train_seconds":1.0,"images_per_second":1.0}"#;
        let mut config = TrainConfig::default();
        config.training.beta = 50.0;
        let metrics = [serde_json::from_str(line).expect("metrics")];
        let collapse = Collapse::find(&metrics, &config, 5000).expect("a collapse");
        let text = text(&collapse, 50.0);
        assert!(
            text.contains("KL term ended at 0.30 nats") && text.contains("a smaller --beta than 50, "),
            "{text}"
        );
        assert!(text.ends_with(" or --free-bits such as 0.1"), "{text}");
    }
}
