//! Weights as bytes: the same model back, and one error for each thing that can be wrong with a file.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::Array2;
use vae_core::{
    Activation, Likelihood, Vae, VaeConfig, VaeError,
    weights::{Facts, InputRange, ModuleFacts, to_safetensors},
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
    let mut tensors: Vec<_> = vae.parameters().iter().map(owned).collect();
    change(&mut tensors);
    let facts = Facts::from([("activation".to_owned(), "tanh".to_owned())]);
    to_safetensors(tensors.iter().map(|(name, shape, values)| (name.clone(), &shape[..], &values[..])), facts)
}

/// What [`model`]'s tensors do not tell.
const TANH: ModuleFacts = ModuleFacts {
    activation: Activation::Tanh,
    likelihood: None,
    input_range: InputRange { low: 0.0, high: 1.0 },
};

/// A file without any facts, as PyTorch writes it.
fn bare(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let named = tensors.iter().map(|&(name, shape, values)| (name.to_owned(), shape, values));
    to_safetensors(named, Facts::new())
}

/// The tensors of [`model`] without any facts.
fn bare_model() -> Vec<u8> {
    let vae = model();
    bare(&vae.parameters().iter().collect::<Vec<_>>())
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
fn a_file_without_an_activation_needs_one_from_the_caller() {
    let bytes = bare_model();
    assert!(matches!(error(&bytes), VaeError::MissingFact { key: "activation" }));
    let (read, _) = Vae::from_safetensors(&bytes, Some(TANH)).unwrap();
    assert_eq!(read.config(), model().config());
}

#[test]
fn bytes_that_are_not_safetensors_are_refused() {
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
    assert!(matches!(error(&bytes), VaeError::MissingTensor { name } if name == "decoder.fc2.bias"));
}

#[test]
fn a_missing_decoder_is_named() {
    let bytes = file(|tensors| tensors.retain(|(name, ..)| name.starts_with("encoder")));
    assert!(matches!(error(&bytes), VaeError::MissingTensor { name } if name == "decoder.fc1.weight"));
}

#[test]
fn an_unexpected_tensor_is_named() {
    let bytes = file(|tensors| tensors.push(("encoder.fc9.bias".to_owned(), vec![1], vec![0.0])));
    assert!(matches!(error(&bytes), VaeError::UnexpectedTensor { name } if name == "encoder.fc9.bias"));
}

#[test]
fn a_misshapen_tensor_is_named_with_both_shapes() {
    let bytes = file(|tensors| tensors[1] = ("encoder.fc1.bias".to_owned(), vec![4], vec![0.0; 4]));
    let text = error(&bytes).to_string();
    assert_eq!(text, "tensor encoder.fc1.bias has shape [4], expected [5]");
}

#[test]
fn a_weight_that_is_not_a_matrix_is_refused() {
    let bytes = file(|tensors| tensors[0].1 = vec![30]);
    assert!(matches!(error(&bytes), VaeError::TensorShape { .. }));
}

#[test]
fn a_weight_that_is_not_finite_is_refused() {
    let bytes = file(|tensors| tensors[2].2[3] = f32::NAN);
    assert!(matches!(error(&bytes), VaeError::TensorNotFinite { name } if name == "encoder.fc2.weight"));
}

#[test]
fn an_unknown_likelihood_is_refused() {
    let vae = model();
    let facts = Facts::from(
        [("activation", "tanh"), ("likelihood", "poisson")].map(|(k, v)| (k.to_owned(), v.to_owned())),
    );
    let bytes = to_safetensors(vae.parameters().iter().map(|(n, s, v)| (n.to_owned(), s, v)), facts);
    assert!(matches!(error(&bytes), VaeError::UnknownName { what: "likelihood", .. }));
}

#[test]
fn every_likelihood_reads_back() {
    for form in Likelihood::FORMS {
        // Capitals stand for a number.
        let text = form.split_once(':').map_or((*form).to_owned(), |(name, _)| format!("{name}:0.25"));
        let likelihood = text.parse().unwrap();
        let config = VaeConfig { likelihood, ..model().config().clone() };
        let vae = Vae::new(config, 1).unwrap();
        let (read, _) = Vae::from_safetensors(&vae.to_safetensors(&Facts::new()), None).unwrap();
        assert_eq!(read.config(), vae.config());
    }
}

#[test]
fn a_bare_file_takes_the_likelihood_that_is_given() {
    let given = ModuleFacts { likelihood: Some(Likelihood::ContinuousBernoulli), ..TANH };
    let (read, _) = Vae::from_safetensors(&bare_model(), Some(given)).unwrap();
    assert_eq!(read.config().likelihood, Likelihood::ContinuousBernoulli);
    let bytes = model().to_safetensors(&Facts::new());
    let error = Vae::from_safetensors(&bytes, Some(given)).unwrap_err();
    assert_eq!(error.to_string(), r#"the file's likelihood is "bernoulli", expected continuous_bernoulli"#);
}

#[test]
fn a_decoder_of_one_number_a_pixel_is_refused_where_the_likelihood_takes_two() {
    let given = ModuleFacts { likelihood: Some(Likelihood::Gaussian { sigma: None }), ..TANH };
    let error = Vae::from_safetensors(&bare_model(), Some(given)).unwrap_err();
    assert_eq!(error.to_string(), "tensor decoder.fc3.weight has shape [6, 5], expected [12, 5]");
}

#[test]
fn what_the_reader_of_safetensors_found_is_the_source() {
    assert!(std::error::Error::source(&error(b"short")).is_some());
}

#[test]
fn a_decoder_of_other_pixels_than_the_encoders_is_refused() {
    let bytes = file(|tensors| {
        let last = tensors.len() - 2;
        tensors[last] = ("decoder.fc3.weight".to_owned(), vec![7, 5], vec![0.0; 35]);
        tensors[last + 1] = ("decoder.fc3.bias".to_owned(), vec![7], vec![0.0; 7]);
    });
    assert!(matches!(error(&bytes), VaeError::TensorShape { .. }));
}

#[test]
fn an_activation_other_than_the_files_own_is_refused_with_both() {
    let bytes = model().to_safetensors(&Facts::new());
    let error = Vae::from_safetensors(&bytes, Some(ModuleFacts::default())).unwrap_err();
    assert_eq!(error.to_string(), r#"the file's activation is "tanh", expected relu"#);
}

#[test]
fn an_input_range_is_folded_into_the_first_layer() {
    let input_range = InputRange { low: -1.0, high: 1.0 };
    let (read, _) = Vae::from_safetensors(&bare_model(), Some(ModuleFacts { input_range, ..TANH })).unwrap();
    let x = Array2::from_shape_fn((3, 6), |(i, j)| (i + j) as f32 / 8.0);
    let (found, expected) = (read.encode(x.view()), model().encode((2.0 * &x - 1.0).view()));
    for (found, expected) in [(found.mean, expected.mean), (found.log_var, expected.log_var)] {
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found} {expected}");
    }
    // Past the first layer nothing changes.
    let first = model().parameters().layout().tensors()[1].range.end;
    assert_eq!(read.parameters().values()[first..], model().parameters().values()[first..]);
}

#[test]
fn the_input_range_of_a_file_that_was_written_here_is_known() {
    let bytes = model().to_safetensors(&Facts::new());
    let input_range = InputRange { low: -1.0, high: 1.0 };
    let error = Vae::from_safetensors(&bytes, Some(ModuleFacts { input_range, ..TANH })).unwrap_err();
    assert!(matches!(error, VaeError::InputRangeKnown { found } if found == "-1,1"));
    assert!(Vae::from_safetensors(&bytes, Some(TANH)).is_ok());
}

#[test]
fn what_is_not_a_range_is_refused() {
    let input_range = InputRange { low: 1.0, high: f64::NAN };
    let error = Vae::from_safetensors(&bare_model(), Some(ModuleFacts { input_range, ..TANH })).unwrap_err();
    assert!(matches!(error, VaeError::InputRange { .. }), "{error}");
}

#[test]
fn weights_that_an_input_range_makes_infinite_are_refused() {
    let input_range = InputRange { low: 0.0, high: 1e300 };
    let error = Vae::from_safetensors(&bare_model(), Some(ModuleFacts { input_range, ..TANH })).unwrap_err();
    assert!(matches!(error, VaeError::TensorNotFinite { name } if name == "encoder.fc1.weight"));
}

/// A tensor of another element type: its bytes, each zero.
fn typed(dtype: safetensors::Dtype) -> Vec<u8> {
    let vae = model();
    let tensors: Vec<_> = vae
        .parameters()
        .layout()
        .tensors()
        .iter()
        .map(|spec| {
            let zeros = vec![0; spec.range.len() * dtype.bitsize() / 8];
            (spec.name.clone(), spec.shape.clone(), zeros)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.clone(), safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn weights_in_double_precision_are_rounded() {
    let (read, _) = Vae::from_safetensors(&typed(safetensors::Dtype::F64), Some(TANH)).unwrap();
    assert!(read.parameters().values().iter().all(|&w| w == 0.0));
}

#[test]
fn weights_of_another_type_are_refused_with_both_types() {
    use safetensors::Dtype::{BF16, F16, I64};
    for dtype in [F16, BF16, I64] {
        let text = Vae::from_safetensors(&typed(dtype), Some(TANH)).unwrap_err().to_string();
        assert_eq!(text, format!("tensor encoder.fc1.weight holds {dtype:?}, expected F32 or F64"));
    }
}

#[test]
fn a_pickle_is_refused_with_the_way_to_convert_it() {
    for bytes in [&b"PK\x03\x04\0\0\x08\x08archive/data.pkl"[..], b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."]
    {
        assert!(matches!(error(bytes), VaeError::Pickle));
    }
    assert!(VaeError::Pickle.to_string().contains("safetensors.torch.save_file"));
}

#[test]
fn a_weight_that_is_missing_beside_its_bias_is_named() {
    let bytes = file(|tensors| tensors.retain(|(name, ..)| name != "decoder.fc3.weight"));
    assert!(matches!(error(&bytes), VaeError::MissingTensor { name } if name == "decoder.fc3.weight"));
}

/// A module of PyTorch's example: 3 pixels, 2 hidden, 1 latent, changed.
fn example(change: impl Fn(&mut Vec<(&'static str, Vec<usize>)>)) -> Result<Vae, VaeError> {
    let mut shapes = vec![
        ("fc1.weight", vec![2, 3]),
        ("fc1.bias", vec![2]),
        ("fc21.weight", vec![1, 2]),
        ("fc21.bias", vec![1]),
        ("fc22.weight", vec![1, 2]),
        ("fc22.bias", vec![1]),
        ("fc3.weight", vec![2, 1]),
        ("fc3.bias", vec![2]),
        ("fc4.weight", vec![3, 2]),
        ("fc4.bias", vec![3]),
    ];
    change(&mut shapes);
    // Each number is one more than the one before it, throughout the file.
    let mut last = 0.0;
    let values: Vec<Vec<f32>> = shapes
        .iter()
        .map(|(_, shape)| {
            (0..shape.iter().product())
                .map(|_| {
                    last += 1.0;
                    last
                })
                .collect()
        })
        .collect();
    let tensors: Vec<_> =
        shapes.iter().zip(&values).map(|((name, shape), values)| (*name, &shape[..], &values[..])).collect();
    Vae::from_safetensors(&bare(&tensors), Some(ModuleFacts::default())).map(|(vae, _)| vae)
}

#[test]
fn pytorchs_example_has_the_log_variances_below_the_means() {
    let vae = example(|_| ()).unwrap();
    assert_eq!(vae.config().to_string(), "3-2-1");
    let last = &vae.parameters().layout().tensors()[2..4];
    assert_eq!(vae.parameters().values()[last[0].range.clone()], [9.0, 10.0, 12.0, 13.0]);
    assert_eq!(vae.parameters().values()[last[1].range.clone()], [11.0, 14.0]);
}

#[test]
fn what_is_wrong_with_an_example_is_told_in_its_own_names() {
    type Change = fn(&mut Vec<(&'static str, Vec<usize>)>);
    let cases: [(Change, &str); 6] = [
        (|t| t.retain(|t| t.0 != "fc22.weight"), "tensor fc22.weight is missing"),
        (|t| t.retain(|t| t.0 != "fc4.weight"), "tensor fc4.weight is missing"),
        (|t| t.retain(|t| t.0 != "fc3.bias"), "tensor fc3.bias is missing"),
        (|t| t.push(("fc5.bias", vec![1])), "unexpected tensor fc5.bias"),
        (|t| t[2].1 = vec![2, 2], "tensor fc21.weight has shape [2, 2], expected [1, 2]"),
        (|t| t[4].1 = vec![2], "tensor fc22.weight has shape [2], expected [1, 2]"),
    ];
    for (change, expected) in cases {
        assert_eq!(example(change).unwrap_err().to_string(), expected);
    }
}
