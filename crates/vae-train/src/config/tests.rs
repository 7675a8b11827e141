//! What a configuration says, and what it refuses.

use vae_core::MethodKind;

use super::*;

#[test]
fn the_text_of_a_configuration_reads_back() {
    let mut config = TrainConfig::default();
    config.model.hidden = vec![512, 256];
    config.optimizer.learning_rate = 3e-4;
    assert_eq!(TrainConfig::default().overlay(&config.to_toml()).unwrap(), config);
}

#[test]
fn a_tenth_of_the_images_is_held_out_and_at_most_a_thousand() {
    let data = DataConfig::default();
    let held_out = [3, 300, 1668, 10_000, 60_000].map(|images| data.held_out(images));
    assert_eq!(held_out, [0, 30, 166, 1000, 1000]);
    assert_eq!(DataConfig { validation: Some(5), ..data }.held_out(60_000), 5);
}

#[test]
fn a_number_of_held_out_images_is_read_and_written_as_before() {
    let config = TrainConfig::default().overlay("[data]\nvalidation = 20\n").unwrap();
    assert_eq!(config.data.validation, Some(20));
    assert!(config.to_toml().contains("\nvalidation = 20\n"), "{}", config.to_toml());
    assert!(!TrainConfig::default().to_toml().contains("validation"));
}

#[test]
fn patience_needs_images_to_hold_out() {
    let mut config = TrainConfig::default();
    config.training.patience = 2;
    assert!(config.validate().is_ok() && config.clone().for_images(10).is_ok());
    let error = config.for_images(9).unwrap_err().to_string();
    assert!(error.contains("training.patience must be 0 without held-out images"), "{error}");
}

#[test]
fn a_file_changes_only_what_it_names() {
    let mut base = TrainConfig::default();
    base.training.batch = 17;
    let config = base.overlay("[training]\nepochs = 3\n[model]\nlatent = 2\n").unwrap();
    assert_eq!((config.training.epochs, config.training.batch, config.model.latent), (3, 17, 2));
}

#[test]
fn an_error_in_a_table_is_one_line_with_key_and_section() {
    let table = "model.latnt = 3".parse().unwrap();
    let error = TrainConfig::default().overlay_table(table).unwrap_err().to_string();
    assert!(error.contains("unknown field `latnt`") && error.contains("model"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn an_unknown_key_is_refused_by_name_and_line() {
    let error = TrainConfig::default().overlay("[training]\nepoch = 3\n").unwrap_err().to_string();
    let expected = "line 2, column 1: unknown field `epoch`, expected one of `epochs`, ";
    assert!(error.contains(expected) && !error.contains('\n'), "{error}");
}

#[test]
fn an_unknown_section_is_refused() {
    let error = TrainConfig::default().overlay("[trainig]\n").unwrap_err().to_string();
    assert!(error.contains("unknown field `trainig`"), "{error}");
}

#[test]
fn a_value_of_another_type_is_refused() {
    assert!(TrainConfig::default().overlay("[training]\nepochs = \"many\"\n").is_err());
    assert!(TrainConfig::default().overlay("[model]\nlatent = -3\n").is_err());
    assert!(TrainConfig::default().overlay("training = 3\n").is_err());
}

#[test]
fn an_unknown_choice_is_refused_by_name_and_line_with_those_there_are() {
    for (toml, expected) in [
        ("[model]\nactivation = \"step\"\n", r#"unknown activation "step", expected one of relu, "#),
        (
            "[model]\nlikelihood = \"poisson\"\n",
            r#"unknown likelihood "poisson", expected one of bernoulli, "#,
        ),
        ("[optimizer]\nname = \"lion\"\n", r#"unknown optimizer "lion", expected one of sgd, "#),
    ] {
        let error = TrainConfig::default().overlay(toml).unwrap_err().to_string();
        assert!(error.starts_with("line 2") && error.contains(expected), "{error}");
    }
}

#[test]
fn a_likelihood_is_written_as_on_the_command_line() {
    let mut config = TrainConfig::default();
    config.model.likelihood = Likelihood::Gaussian { sigma: Some(0.25) };
    assert!(config.to_toml().contains("likelihood = \"gaussian:0.25\"\n"), "{}", config.to_toml());
    assert_eq!(TrainConfig::default().overlay(&config.to_toml()).unwrap(), config);
}

#[test]
fn each_field_out_of_range_is_named() {
    type Spoil = fn(&mut TrainConfig);
    let cases: [(&str, Spoil); 19] = [
        ("training.seed", |c| c.training.seed = u64::MAX),
        ("training.epochs", |c| c.training.epochs = 0),
        ("data.digits", |c| c.data.digits = 1),
        ("augmentation.scale", |c| c.augmentation.scale = 1.0),
        ("training.batch", |c| c.training.batch = 0),
        ("training.beta", |c| c.training.beta = f64::NAN),
        ("optimizer.warmup_epochs", |c| c.optimizer.warmup_epochs = 20.0),
        ("optimizer.warmup_epochs", |c| c.optimizer.warmup_epochs = f64::NAN),
        ("optimizer.gamma", |c| c.optimizer.gamma = 0.0),
        ("optimizer.gamma_epochs", |c| c.optimizer.gamma_epochs = 0),
        ("optimizer.clip_norm", |c| c.optimizer.clip_norm = -1.0),
        ("momentum", |c| (c.optimizer.name, c.optimizer.momentum) = (MethodKind::Sgd, 1.0)),
        ("weight_decay", |c| (c.optimizer.name, c.optimizer.weight_decay) = (MethodKind::AdamW, 2.0)),
        ("smoothing", |c| (c.optimizer.name, c.optimizer.smoothing) = (MethodKind::RmsProp, 1.0)),
        ("learning_rate", |c| c.optimizer.learning_rate = -1.0),
        ("beta2", |c| c.optimizer.beta2 = 1.0),
        ("latent", |c| c.model.latent = 0),
        ("hidden", |c| c.model.hidden = vec![0]),
        ("sigma", |c| c.model.likelihood = Likelihood::Gaussian { sigma: Some(-1.0) }),
    ];
    assert!(TrainConfig::default().validate().is_ok());
    for (field, spoil) in cases {
        let mut config = TrainConfig::default();
        spoil(&mut config);
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
}

#[test]
fn the_number_of_epochs_may_not_change_where_the_step_size_follows_it() {
    let mut config = TrainConfig::default();
    config.optimizer.schedule = Schedule::Cosine;
    let mut other = config.clone();
    other.training.epochs = 99;
    assert_eq!(config.difference(&other).unwrap().0, "training.epochs");
}

#[test]
fn only_the_number_of_epochs_may_change_when_a_run_goes_on() {
    let config = TrainConfig::default();
    let mut other = config.clone();
    other.training.epochs = 99;
    assert_eq!(config.difference(&other), None);
    other.training.seed = 5;
    let found = config.difference(&other);
    assert_eq!(found, Some(("training.seed".to_owned(), "0".to_owned(), "5".to_owned())));
}
