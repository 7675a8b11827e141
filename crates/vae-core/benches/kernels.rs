//! The pieces of a training step, on one thread: `cargo bench -p vae-core --features benchmarks`.
//!
//! Items are multiply-adds where there are any, numbers elsewhere: what a piece takes shows beside what it does.

use divan::{Bencher, counter::ItemsCount};
use ndarray::Array2;
use vae_core::{
    Activation, Adam, Batch, Likelihood, Method, MethodKind, Optimizer, Training, Vae, VaeConfig,
    benchmarks::{Layer, Loss, Nonlinearity},
    noise::{Purpose, standard_normal, stream},
};

fn main() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    one.install(divan::main);
}

/// (batch, inputs, outputs, share of the inputs that are not zero): the layers of 784-256-64 and of wider networks.
const LAYERS: [(usize, usize, usize, f32); 8] = [
    (64, 784, 256, 0.5),
    (64, 784, 256, 1.0),
    (64, 256, 784, 1.0),
    (64, 256, 128, 1.0),
    (128, 400, 784, 1.0),
    (128, 784, 400, 0.5),
    (512, 784, 512, 0.5),
    (512, 512, 784, 1.0),
];

type Shape = (usize, usize, usize, f32);

fn layer(
    bencher: Bencher<'_, '_>,
    (batch, inputs, outputs, share): Shape,
    mut piece: impl FnMut(&mut Layer),
) {
    let mut layer = Layer::new(batch, inputs, outputs, share);
    bencher.counter(ItemsCount::new(batch * inputs * outputs)).bench_local(|| piece(&mut layer));
}

#[divan::bench(args = LAYERS)]
fn forward(bencher: Bencher<'_, '_>, shape: Shape) {
    layer(bencher, shape, Layer::forward);
}

#[divan::bench(args = LAYERS)]
fn backward_input(bencher: Bencher<'_, '_>, shape: Shape) {
    layer(bencher, shape, Layer::backward_input);
}

#[divan::bench(args = LAYERS)]
fn backward_parameters(bencher: Bencher<'_, '_>, shape: Shape) {
    layer(bencher, shape, Layer::backward_parameters);
}

#[divan::bench(args = [LAYERS[0], LAYERS[6]])]
fn backward_parameters_one_by_one(bencher: Bencher<'_, '_>, shape: Shape) {
    layer(bencher, shape, Layer::backward_parameters_one_by_one);
}

#[divan::bench(args = LAYERS)]
fn pack(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut layer = Layer::new(shape.0, shape.1, shape.2, shape.3);
    bencher.counter(ItemsCount::new(shape.0 * shape.2)).bench_local(|| layer.pack());
}

/// A likelihood of each form; capitals in a form stand for a number.
fn likelihoods() -> impl Iterator<Item = String> {
    let form =
        |form: &&str| form.split_once(':').map_or((*form).to_owned(), |(name, _)| format!("{name}:0.3"));
    Likelihood::FORMS.iter().map(form)
}

#[divan::bench(args = likelihoods())]
fn loss(bencher: Bencher<'_, '_>, likelihood: &str) {
    let mut loss = Loss::new(likelihood.parse().expect("a likelihood"), 64, 784);
    bencher.counter(ItemsCount::new(64_usize * 784)).bench_local(|| loss.backward());
}

#[divan::bench(args = [16_384, 450_560, 4_194_304])]
fn adam(bencher: Bencher<'_, '_>, parameters: usize) {
    step(bencher, Adam::default(), parameters);
}

/// The others, at the size of 784-256-64.
#[divan::bench(args = MethodKind::ALL)]
fn other_optimizer(bencher: Bencher<'_, '_>, kind: MethodKind) {
    step(bencher, kind.method(), 450_560);
}

fn step(bencher: Bencher<'_, '_>, method: impl Into<Method>, parameters: usize) {
    let mut optimizer = Optimizer::new(method, parameters);
    let (mut p, mut g) =
        (vec![0.1; parameters], (0..parameters).map(|i| (i % 13) as f32 * 1e-3).collect::<Vec<_>>());
    bencher.counter(ItemsCount::new(parameters)).bench_local(|| optimizer.step(&mut p, &mut g));
}

/// As many numbers as a tile of a batch of 64 has.
#[divan::bench(args = Activation::ALL.into_iter().filter(|f| *f != Activation::Glu))]
fn activation(bencher: Bencher<'_, '_>, activation: Activation) {
    let mut layer = Nonlinearity::new(activation, 1536);
    bencher.counter(ItemsCount::new(1536_usize)).bench_local(|| layer.there_and_back());
}

#[divan::bench]
fn noise(bencher: Bencher<'_, '_>) {
    let mut eps = Array2::zeros((64, 64));
    bencher
        .counter(ItemsCount::new(eps.len()))
        .bench_local(|| standard_normal(&mut stream(1, Purpose::TRAINING, 0, 0), eps.view_mut()));
}

#[divan::bench(args = [64, 512])]
fn train_step(bencher: Bencher<'_, '_>, batch: usize) {
    let vae =
        Vae::new(VaeConfig { hidden: vec![256], latent: 64, ..VaeConfig::default() }, 1).expect("valid");
    let mut training = Training::new(vae, Adam::default());
    let x = Array2::from_shape_fn((batch, 784), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
    let eps = Array2::from_shape_fn((batch, 64), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
    let batch = Batch::new(x.view(), eps.view());
    bencher.counter(ItemsCount::new(batch.samples())).bench_local(|| training.step(batch).expect("finite"));
}
