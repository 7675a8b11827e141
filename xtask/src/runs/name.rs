//! Names of new runs.

use vae_train::{Preset, TrainConfig};

use crate::{file_name::part, pictures::short_data};

/// The longest name of a run, in characters.
const LONGEST: usize = 80;

/// The name of a new run without its number: the preset, and where its data or its model is another, what that is, such
/// as `quick-fashion-mnist-512-256-32`.
pub(crate) fn stem(preset: Preset, config: &TrainConfig) -> String {
    let usual = preset.config();
    let (data, model) = (&config.data, &config.model);
    let mut parts = vec![preset.name().to_owned()];
    if ![usual.data.source.as_str(), "auto", "mnist"].contains(&data.source.as_str()) {
        parts.push(short_data(&data.source));
    }
    if (&model.hidden, model.latent) != (&usual.model.hidden, usual.model.latent) {
        parts.extend(model.hidden.iter().chain([&model.latent]).map(ToString::to_string));
    }
    let others = [
        (model.activation != usual.model.activation, model.activation.to_string()),
        (model.likelihood != usual.model.likelihood, model.likelihood.to_string()),
        (model.prior != usual.model.prior, model.prior.to_string()),
        (data.binarization != usual.data.binarization, data.binarization.to_string()),
    ];
    parts.extend(others.into_iter().filter_map(|(differs, name)| differs.then_some(name)));
    part(&parts.join("-").replace(':', "-"), LONGEST)
}

/// The value of `--name`.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(plain) || text.starts_with(['-', '.']) {
        return Err(format!(
            "expected 1 to {LONGEST} letters, digits and characters of '-_.', and none of '-.' at the start; for a \
             directory elsewhere, see --run"
        ));
    }
    // Pictures of models without a run are there.
    if text == "pictures" {
        return Err(
            "'pictures' is not the name of a run: pictures of models without a run are there".to_owned()
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_as_it_is_gives_its_name() {
        for preset in Preset::ALL {
            let mut config = preset.config();
            (config.training.epochs, config.training.seed, config.optimizer.learning_rate) = (3, 7, 1e-4);
            assert_eq!(stem(preset, &config), preset.name());
        }
    }

    #[test]
    fn what_differs_is_in_the_name() {
        let mut config = Preset::Quick.config();
        (config.model.hidden, config.model.latent) = (vec![512, 256], 32);
        assert_eq!(stem(Preset::Quick, &config), "quick-512-256-32");
        config.model.likelihood = "gaussian:0.3".parse().unwrap();
        config.model.prior = "flow:8:256".parse().unwrap();
        config.data.source = "/home/someone/my faces".to_owned();
        let name = stem(Preset::Quick, &config);
        assert!(name.starts_with("quick-my_faces-512-256-32-gaussian-0.3-flow-8-256-"), "{name}");
        assert!(parse(&name).is_ok(), "{name}");
    }

    #[test]
    fn any_model_has_a_name_that_a_directory_can_have() {
        let mut config = Preset::Gated.config();
        config.model.hidden = vec![1000; 64];
        config.data.source = "/data/数字,/../../etc:transposed".to_owned();
        let name = stem(Preset::Gated, &config);
        assert!(name.chars().count() <= LONGEST && !name.contains(['/', ':']), "{name}");
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(parse("my-run_2.0"), Ok("my-run_2.0".to_owned()));
        for text in ["", ".", "..", "a/b", "-a", ".hidden", "a b", "a:b", "é", "pictures", &"a".repeat(81)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
