//! The parameters after sixty steps of training, as a hash of their bits: what a change of the code must not change.
//!
//! The hashes were written down on the code of commit ea7a4b0, for x86-64: `fused.txt` holds where a product rounds
//! each of its terms once (AVX2 with FMA, AVX-512), `plain.txt` where it rounds twice (SSE2, and the feature
//! `portable`). A change of the arithmetic that is meant prints the new ones.

#![allow(clippy::unwrap_used, reason = "a model that cannot be made fails its test")]

use ndarray::{Array2, s};
use rayon::ThreadPoolBuilder;
use vae_core::{
    Activation, Adam, AdamW, Adamax, Batch, Classifier, ClassifierConfig, Method, RmsProp, Sgd, Training,
    Vae, VaeConfig,
    noise::{Purpose, standard_normal, stream},
};

const BATCH: usize = 150;
const INPUT: usize = 130;
const LATENT: usize = 10;

/// FNV-1a of 64 bits over the bits of the numbers.
fn hash<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> u64 {
    let bytes = numbers.into_iter().flat_map(|v| v.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers in [0, 1]; of sparse ones four of five are zero.
fn images(sparse: bool) -> Array2<f32> {
    Array2::from_shape_fn((BATCH, INPUT), |(i, j)| {
        let value = ((i * 7 + j * 3 + i * j) % 17) as f32 / 16.0;
        if sparse && value <= 0.8 { 0.0 } else { value }
    })
}

fn noise(step: u64) -> Array2<f32> {
    let mut eps = Array2::zeros((BATCH, LATENT));
    standard_normal(&mut stream(3, Purpose::TRAINING, 0, step), eps.view_mut());
    eps
}

fn model(activation: Activation) -> Vae {
    let config =
        VaeConfig { input: INPUT, hidden: vec![90, 40], latent: LATENT, activation, ..VaeConfig::default() };
    Vae::new(config, 5).unwrap()
}

/// Sixty steps; every seventh batch is smaller, so that the last micro-batch is not full.
fn train(vae: Vae, method: Method, clip_norm: Option<f32>, beta: f32, sparse: bool) -> Vae {
    let x = images(sparse);
    let mut training = Training::new(vae, method);
    training.optimizer.clip_norm = clip_norm;
    training.objective.beta = beta;
    for step in 0..60 {
        let rows = if step % 7 == 6 { 37 } else { BATCH };
        let (x, eps) = (x.slice(s![..rows, ..]), noise(step));
        let eps = eps.slice(s![..rows, ..]);
        training.step(Batch::new(x, eps)).unwrap();
    }
    training.into_vae()
}

/// A line a case: what was done, and the hash of what came of it.
fn lines() -> Vec<String> {
    let methods: [(&str, Method); 6] = [
        ("sgd", Sgd { momentum: 0.0, ..Sgd::default() }.into()),
        ("momentum", Sgd::default().into()),
        ("adam", Adam::default().into()),
        ("adamw", AdamW::default().into()),
        ("adamax", Adamax::default().into()),
        ("rmsprop", RmsProp::default().into()),
    ];
    let mut lines = Vec::new();
    for (name, method) in methods {
        for (kind, sparse) in [("dense", false), ("sparse", true)] {
            let vae = train(model(Activation::Relu), method, None, 1.0, sparse);
            lines.push(format!("{name} {kind} {:016x}", hash(vae.parameters().values())));
        }
    }
    for activation in Activation::ALL {
        let vae = train(model(activation), Adam::default().into(), None, 1.0, true);
        lines.push(format!("{activation} {:016x}", hash(vae.parameters().values())));
    }
    let vae = train(model(Activation::Elu), Adam::default().into(), Some(0.5), 4.0, false);
    lines.push(format!("clipped, beta 4 {:016x}", hash(vae.parameters().values())));

    let (x, eps) = (images(true), noise(0));
    let posterior = vae.encode(x.view());
    lines.push(format!("encode {:016x}", hash(posterior.mean.iter().chain(&posterior.log_var))));
    lines.push(format!("decode {:016x}", hash(&vae.decode(eps.view()))));
    let terms = vae.loss_per_image(Batch::new(x.view(), eps.view())).unwrap();
    lines.push(format!("loss {:016x}", hash(terms.reconstruction.iter().chain(&terms.kl))));

    let config =
        ClassifierConfig { input: INPUT, hidden: vec![70], classes: 4, ..ClassifierConfig::default() };
    let classifier = Classifier::new(config, 3).unwrap();
    let labels: Vec<u8> = (0..BATCH).map(|i| (i % 4) as u8).collect();
    let (_, gradient) = classifier.gradient(x.view(), &labels).unwrap();
    lines.push(format!("classifier {:016x}", hash(&gradient)));
    lines
}

/// The hashes for this machine, if they were ever written down for one of its kind.
fn golden() -> Option<&'static str> {
    #[cfg(not(feature = "portable"))]
    let fused = cfg!(target_arch = "x86_64")
        && std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("fma");
    #[cfg(feature = "portable")]
    let fused = cfg!(target_feature = "fma");
    match (cfg!(target_arch = "x86_64"), fused) {
        (true, true) => Some(include_str!("bits/fused.txt")),
        (true, false) => Some(include_str!("bits/plain.txt")),
        (false, _) => None,
    }
}

#[test]
fn sixty_steps_leave_the_bits_that_they_always_left() {
    let of = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(lines);
    let found = of(1);
    if let Some(golden) = golden() {
        let golden: Vec<&str> = golden.lines().collect();
        assert_eq!(found, golden, "found:\n{}", found.join("\n"));
    }
    for threads in [2, 3] {
        assert_eq!(of(threads), found, "{threads} threads give other bits than one");
    }
}
