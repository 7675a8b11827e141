//! Encoding, decoding and sampling with a finished model: many images at once, and a single one.

use std::{convert::Infallible, hint::black_box};

use ndarray::{Array2, s};
use vae_core::{
    Vae, VaeConfig, VaeError,
    noise::{self, Purpose},
};
use vae_data::Dataset;

use super::{
    samples::{Samples, in_turns},
    workload::{Batches, SEED},
};

/// The number of images that go through the network at once.
pub(crate) const BATCH: usize = 1_000;

/// The times of each task.
#[derive(Clone, Debug)]
pub(crate) struct InferenceTimes {
    /// x → q(z|x) for [`BATCH`] images.
    pub(crate) encode: Samples,
    /// z → x̂ for [`BATCH`] images.
    pub(crate) decode: Samples,
    /// ε → z → x̂ for [`BATCH`] images, including the drawing of ε.
    pub(crate) sample: Samples,
    /// x → q(z|x) for one image.
    pub(crate) encode_one: Samples,
    /// z → x̂ for one image.
    pub(crate) decode_one: Samples,
}

#[derive(Clone, Copy)]
enum Task {
    Encode,
    Decode,
    Sample,
    EncodeOne,
    DecodeOne,
}

/// Times each task of `network` for about `seconds`.
///
/// # Errors
/// If the network is not valid.
///
/// # Panics
/// With fewer than [`BATCH`] images.
pub(crate) fn time(network: &VaeConfig, data: &Dataset, seconds: f64) -> Result<InferenceTimes, VaeError> {
    use Task::{Decode, DecodeOne, Encode, EncodeOne, Sample};
    let vae = Vae::new(network.clone(), SEED)?;
    let mut x = Array2::zeros((BATCH, vae.input()));
    Batches::new(data, BATCH).fill(x.view_mut());
    let mut eps = Array2::zeros((BATCH, vae.latent()));
    let mut calls = 0;
    let call = |task| {
        calls += 1;
        let one = calls % BATCH;
        let one = s![one..one + 1, ..];
        match task {
            Encode => drop(black_box(vae.encode(x.view()))),
            Decode => drop(black_box(vae.decode(eps.view()))),
            Sample => {
                let mut stream = noise::stream(SEED, Purpose::SAMPLES, 0, calls as u64);
                noise::standard_normal(&mut stream, eps.view_mut());
                drop(black_box(vae.decode(eps.view())));
            }
            EncodeOne => drop(black_box(vae.encode(x.slice(one)))),
            DecodeOne => drop(black_box(vae.decode(eps.slice(one)))),
        }
        Ok::<(), Infallible>(())
    };
    // Sampling comes first because it fills `eps`, which the others decode.
    let tasks = [Sample, Encode, Decode, EncodeOne, DecodeOne];
    let Ok([sample, encode, decode, encode_one, decode_one]) = in_turns(tasks, seconds, call);
    Ok(InferenceTimes { encode, decode, sample, encode_one, decode_one })
}
