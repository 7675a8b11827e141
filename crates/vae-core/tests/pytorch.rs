//! State dicts as PyTorch saves them: a model read from one gives what the module gives.
//!
//! `tests/pytorch_both_ways.py --golden` made the files, and describes them.

#![allow(clippy::unwrap_used, reason = "a golden file that cannot be read fails its test")]

use std::path::Path;

use ndarray::Array2;
use vae_core::{
    Vae,
    weights::{ModuleFacts, from_safetensors},
};

const TOLERANCE: f32 = 1e-5;

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(path.with_extension("safetensors")).unwrap()
}

fn assert_answers(name: &str) {
    let bytes = read(&format!("{name}_answers"));
    let (answers, facts) = from_safetensors(&bytes).unwrap();
    let matrix = |name: &str| {
        let &[rows, columns] = answers.shape(name).unwrap() else { panic!("{name} is no matrix") };
        let values = answers.get_f32(name, &[rows, columns]).unwrap();
        Array2::from_shape_vec((rows, columns), values).unwrap()
    };
    let module = ModuleFacts {
        activation: facts["activation"].parse().unwrap(),
        likelihood: None,
        input_range: facts["input_range"].parse().unwrap(),
    };
    let (vae, _) = Vae::from_safetensors(&read(name), Some(module)).unwrap();
    let posterior = vae.encode(matrix("x").view());
    let logits = vae.decode_parameters(posterior.mean.view());
    for (name, found) in [("mean", posterior.mean), ("log_var", posterior.log_var), ("logits", logits)] {
        let expected = matrix(name);
        let error = (&found - &expected).iter().fold(0f32, |largest, v| largest.max(v.abs()));
        assert!(error <= TOLERANCE, "{name} differs by {error} from PyTorch's");
    }
}

#[test]
fn a_module_of_images_between_minus_1_and_1_says_what_it_says_in_pytorch() {
    assert_answers("pytorch_module");
}

#[test]
fn pytorchs_example_in_double_precision_says_what_it_says_in_pytorch() {
    assert_answers("pytorch_example");
}
