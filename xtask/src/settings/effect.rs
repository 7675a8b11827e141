//! Settings that change nothing beside others, such as the momentum of an optimizer that has none.

use vae_core::{MethodKind, Prior};
use vae_train::{Keep, Schedule, TrainConfig};

/// Why the setting of this key has no effect; None if it has one.
pub(super) fn missing(key: &str, config: &TrainConfig) -> Option<String> {
    let TrainConfig { data, model, optimizer, training, .. } = config;
    match key {
        "data.digits" => {
            let own = format!("digits:{}", data.digits);
            let mut sources = data.source.split(',');
            let is_used = sources.any(|source| source == "digits" || source == "auto" || source == own);
            (!is_used).then(|| format!("it is for --data digits, the data is {}", data.source))
        }
        "optimizer.gamma" | "optimizer.gamma_epochs" => {
            let is_used = matches!(optimizer.schedule, Schedule::Step | Schedule::Exponential);
            let schedule = optimizer.schedule.name();
            (!is_used)
                .then(|| format!("it is for --schedule step or exponential, the schedule is {schedule}"))
        }
        "optimizer.clip_norm" => {
            let reason = "--normalise divides each gradient by its norm, so that none is left to limit";
            optimizer.normalise.then(|| reason.to_owned())
        }
        "training.fit_prior" => {
            let is_used = model.prior == Prior::Standard || training.fit_prior == Prior::Standard;
            (!is_used).then(|| format!("the prior {} is learned with the model", model.prior))
        }
        "training.beta_warmup_epochs" | "training.free_bits" => {
            (training.beta == 0.0).then(|| "the KL term has the weight --beta 0".to_owned())
        }
        "training.keep" => {
            let is_used = training.keep == Keep::Last || data.validation != Some(0);
            (!is_used)
                .then(|| "without held-out images (--validation 0) the last weights are kept".to_owned())
        }
        _ => not_of_the_optimizer(key.strip_prefix("optimizer.")?, optimizer.name),
    }
}

/// The same for a hyper-parameter of other optimizers.
fn not_of_the_optimizer(name: &str, chosen: MethodKind) -> Option<String> {
    let has = |kind: &MethodKind| kind.method().hyperparameters_mut().iter().any(|(own, _)| *own == name);
    let with: Vec<&str> = MethodKind::ALL.iter().filter(|kind| has(kind)).map(|kind| kind.name()).collect();
    let is_missing = !with.is_empty() && !has(&chosen);
    is_missing
        .then(|| format!("it is for --optimizer {}, the optimizer is {}", with.join(" or "), chosen.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyper_parameter_has_an_effect_with_the_optimizers_that_have_it() {
        for (key, expected) in [
            ("optimizer.momentum", vec!["sgd"]),
            ("optimizer.weight_decay", vec!["adamw"]),
            ("optimizer.beta1", vec!["adam", "adamw", "adamax"]),
            ("optimizer.learning_rate", MethodKind::ALL.iter().map(|kind| kind.name()).collect()),
        ] {
            let with = MethodKind::ALL.iter().filter(|kind| {
                let mut config = TrainConfig::default();
                config.optimizer.name = **kind;
                missing(key, &config).is_none()
            });
            assert_eq!(with.map(|kind| kind.name()).collect::<Vec<_>>(), expected, "{key}");
        }
    }

    #[test]
    fn digits_are_drawn_for_the_sources_that_ask_for_them() {
        for (source, is_used) in [
            ("digits", true),
            ("auto", true),
            ("mnist,digits", true),
            ("digits:60000", true),
            ("digits:300", false),
            ("mnist", false),
            ("/images", false),
        ] {
            let mut config = TrainConfig::default();
            config.data.source = source.to_owned();
            assert_eq!(missing("data.digits", &config).is_none(), is_used, "{source}");
        }
    }
}
