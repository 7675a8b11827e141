//! The examples, as `cargo test` compiled them, do what they say.

#![allow(clippy::unwrap_used, reason = "a step that fails on the way fails its test")]

use std::{
    env::{self, consts::EXE_SUFFIX},
    path::Path,
    process::Command,
};

/// The output of an example, which lies in `target/PROFILE/examples` beside `target/PROFILE/deps`, where this test is.
fn output(name: &str, arguments: &[&str]) -> Result<String, String> {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(path.is_file(), "{} is missing: 'cargo test' without '--test' builds it", path.display());
    let output = Command::new(path).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The number behind `before` in each line that has it.
fn numbers(text: &str, before: &str) -> Vec<f64> {
    let rest = text.lines().filter_map(|line| line.split_once(before));
    let number = |(_, rest): (_, &str)| rest.split([',', ' ']).next().unwrap().parse().unwrap();
    rest.map(number).collect()
}

#[test]
fn own_vectors_learn_the_ring_under_a_gaussian_and_collapse_under_a_bernoulli_likelihood() {
    let text = output("own_vectors", &[]).unwrap();
    let (losses, kl) = (numbers(&text, "-ELBO "), numbers(&text, "of which KL "));
    let (within, least) = (numbers(&text, " lie within "), numbers(&text, " has at least "));
    // Three lines of the training of each.
    assert!(losses.len() == 6 && losses[2] + 1.0 < losses[0] && kl[2] > 2.0, "{text}");
    // The mean of the points would be at the distance of the radius, and all in one place.
    assert!(within[0] < 0.15 && least[0] > 50.0, "{text}");
    assert!(kl[5] < 0.1 && within[1] > 1.0, "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("row 0, column ") && last.ends_with("numbers between 0 and 1"), "{text}");
}

#[test]
fn own_likelihood_falls_though_the_model_is_trained_with_another() {
    let losses = numbers(&output("own_likelihood", &[]).unwrap(), "-ELBO ");
    assert!(losses.len() == 4 && losses[3] < 0.5 * losses[0], "{losses:?}");
}

#[test]
fn a_state_dict_is_read_and_written() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pytorch_module.safetensors");
    let text = output("state_dict", &[golden.to_str().unwrap(), "tanh"]).unwrap();
    assert!(text.contains("encoder.fc1.weight [") && text.contains("activation tanh"), "{text}");
    assert!(output("state_dict", &[]).unwrap().contains("6-5-4-2 with "));
    let error = output("state_dict", &["missing.safetensors", "tanh"]).unwrap_err();
    assert!(error.contains("NotFound"), "{error}");
}
