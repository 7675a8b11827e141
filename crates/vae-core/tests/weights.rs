//! Weights as bytes: the same model back, and one error for each thing that can be wrong with a file.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::Array2;
use vae_core::{
    Activation, Vae, VaeConfig, VaeError,
    weights::{Facts, to_safetensors},
};

fn model() -> Vae {
    let config = VaeConfig {
        input: 6,
        hidden: vec![5, 4],
        latent: 2,
        activation: Activation::Tanh,
        ..VaeConfig::default()
    };
    Vae::new(config, 1).unwrap()
}

/// The tensors of [`model`], changed, without metadata but for the activation.
fn file(change: impl Fn(&mut Vec<(String, Vec<usize>, Vec<f32>)>)) -> Vec<u8> {
    let vae = model();
    let owned =
        |(name, shape, values): (&str, &[usize], &[f32])| (name.to_owned(), shape.to_vec(), values.to_vec());
    let mut tensors: Vec<_> = vae.layout().iter(vae.parameters()).map(owned).collect();
    change(&mut tensors);
    let facts = Facts::from([("activation".to_owned(), "tanh".to_owned())]);
    to_safetensors(tensors.iter().map(|(name, shape, values)| (name.clone(), &shape[..], &values[..])), facts)
}

fn error(bytes: &[u8]) -> VaeError {
    Vae::from_safetensors(bytes, None).unwrap_err()
}

#[test]
fn a_model_reads_back_with_its_outputs_and_facts() {
    let facts = Facts::from([("data".to_owned(), "mnist".to_owned())]);
    let bytes = model().to_safetensors(&facts);
    let (vae, read) = Vae::from_safetensors(&bytes, None).unwrap();
    let x = Array2::from_shape_fn((3, 6), |(i, j)| (i + j) as f32 / 8.0);
    assert_eq!(vae.reconstruct(x.view()), model().reconstruct(x.view()));
    assert_eq!(vae.config(), model().config());
    assert_eq!(read["data"], "mnist");
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let facts: Facts = (0..20).map(|i| (format!("fact {i}"), i.to_string())).collect();
    assert_eq!(model().to_safetensors(&facts), model().to_safetensors(&facts));
}

#[test]
fn a_decoder_of_its_own_widths_reads_back() {
    let config = VaeConfig { decoder_hidden: Some(vec![7]), ..model().config().clone() };
    let vae = Vae::new(config, 1).unwrap();
    let (read, _) = Vae::from_safetensors(&vae.to_safetensors(&Facts::new()), None).unwrap();
    assert_eq!(read.config(), vae.config());
}

#[test]
fn a_file_that_does_not_name_its_activation_needs_to_be_told() {
    let vae = model();
    let bytes = to_safetensors(
        vae.layout().iter(vae.parameters()).map(|(n, s, v)| (n.to_owned(), s, v)),
        Facts::new(),
    );
    assert_eq!(error(&bytes), VaeError::MissingFact { key: "activation" });
    let (read, _) = Vae::from_safetensors(&bytes, Some(Activation::Tanh)).unwrap();
    assert_eq!(read.config(), vae.config());
}

#[test]
fn bytes_that_are_no_safetensors_are_refused() {
    for bytes in [&b""[..], b"short", b"<!doctype html>\n<title>404</title>", &[0xff; 64]] {
        assert!(matches!(error(bytes), VaeError::NotSafetensors { .. }));
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = model().to_safetensors(&Facts::new());
    for length in 0..bytes.len() {
        assert!(matches!(error(&bytes[..length]), VaeError::NotSafetensors { .. }), "{length} bytes");
    }
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = model().to_safetensors(&Facts::new());
    bytes.push(0);
    assert!(matches!(error(&bytes), VaeError::NotSafetensors { .. }));
}

#[test]
fn a_missing_bias_is_named() {
    let bytes = file(|tensors| tensors.retain(|(name, ..)| name != "decoder.fc2.bias"));
    assert_eq!(error(&bytes), VaeError::MissingTensor { name: "decoder.fc2.bias".to_owned() });
}

#[test]
fn a_missing_half_is_named() {
    let bytes = file(|tensors| tensors.retain(|(name, ..)| name.starts_with("encoder")));
    assert_eq!(error(&bytes), VaeError::MissingTensor { name: "decoder.fc1.weight".to_owned() });
}

#[test]
fn an_unexpected_tensor_is_named() {
    let bytes = file(|tensors| tensors.push(("encoder.fc9.bias".to_owned(), vec![1], vec![0.0])));
    assert_eq!(error(&bytes), VaeError::UnexpectedTensor { name: "encoder.fc9.bias".to_owned() });
}

#[test]
fn a_misshapen_tensor_is_named_with_both_shapes() {
    let bytes = file(|tensors| tensors[1] = ("encoder.fc1.bias".to_owned(), vec![4], vec![0.0; 4]));
    let text = error(&bytes).to_string();
    assert_eq!(text, "tensor encoder.fc1.bias has shape [4], expected [5]");
}

#[test]
fn a_weight_that_is_no_matrix_is_refused() {
    let bytes = file(|tensors| tensors[0].1 = vec![30]);
    assert!(matches!(error(&bytes), VaeError::TensorShape { .. }));
}

#[test]
fn a_weight_that_is_not_finite_is_refused() {
    let bytes = file(|tensors| tensors[2].2[3] = f32::NAN);
    assert_eq!(error(&bytes), VaeError::TensorNotFinite { name: "encoder.fc2.weight".to_owned() });
}

#[test]
fn an_unknown_likelihood_is_refused() {
    let vae = model();
    let facts = Facts::from(
        [("activation", "tanh"), ("likelihood", "poisson")].map(|(k, v)| (k.to_owned(), v.to_owned())),
    );
    let bytes =
        to_safetensors(vae.layout().iter(vae.parameters()).map(|(n, s, v)| (n.to_owned(), s, v)), facts);
    assert!(matches!(error(&bytes), VaeError::UnknownFact { key: "likelihood", .. }));
}

#[test]
fn halves_that_do_not_meet_are_refused() {
    // The decoder ends in other pixels than the encoder begins with.
    let bytes = file(|tensors| {
        let last = tensors.len() - 2;
        tensors[last] = ("decoder.fc3.weight".to_owned(), vec![7, 5], vec![0.0; 35]);
        tensors[last + 1] = ("decoder.fc3.bias".to_owned(), vec![7], vec![0.0; 7]);
    });
    assert!(matches!(error(&bytes), VaeError::TensorShape { .. }));
}
