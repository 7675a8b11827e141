//! The same seed gives the same bits, whatever the number of threads.

#![allow(clippy::unwrap_used, reason = "a pool that cannot be made fails its test")]

use ndarray::{Array2, ArrayView2};
use rayon::ThreadPoolBuilder;
use vae_core::{
    Adam, Backprop, Batch, Objective, Training, Vae, VaeConfig,
    noise::{Purpose, standard_normal, stream},
};

fn normal(rows: usize, columns: usize, batch: u64) -> Array2<f32> {
    let mut eps = Array2::zeros((rows, columns));
    standard_normal(&mut stream(3, Purpose::TRAINING, 0, batch), eps.view_mut());
    eps
}

/// Everything that a few steps of training and an evaluation leave, as bits.
fn bits(threads: usize) -> Vec<u64> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let config = VaeConfig { input: 300, hidden: vec![150, 70], latent: 10, ..VaeConfig::default() };
        let mut training = Training::new(Vae::new(config, 5).unwrap(), Adam::default());
        let mut backprop = Backprop::new();
        // The second batch has few numbers that are not zero.
        let dense = Array2::from_shape_fn((200, 300), |(i, j)| ((i * 7 + j * 3) % 17) as f32 / 16.0);
        let sparse = dense.mapv(|x| if x > 0.8 { x } else { 0.0 });
        let mut bits = Vec::new();
        // A last batch smaller than the others among them.
        for (batch, x, rows) in [(0, &dense, 200), (1, &sparse, 200), (2, &dense, 33)] {
            let (x, eps): (ArrayView2<'_, f32>, _) =
                (x.slice(ndarray::s![..rows, ..]), normal(rows, 10, batch));
            let batch = Batch::new(x, eps.view());
            let loss = training.step(batch).unwrap();
            bits.extend([loss.reconstruction.to_bits(), loss.kl.to_bits()]);
            let (_, gradient) = backprop.gradient(training.vae(), batch, &Objective::default()).unwrap();
            bits.extend(gradient.iter().map(|g| u64::from(g.to_bits())));
        }
        let vae = training.into_vae();
        bits.extend(vae.parameters().values().iter().map(|p| u64::from(p.to_bits())));
        bits.extend(vae.reconstruct(dense.view()).iter().map(|p| u64::from(p.to_bits())));
        bits
    })
}

#[test]
fn any_number_of_threads_gives_the_bits_of_one() {
    let serial = bits(1);
    for threads in [2, 3, 7] {
        assert!(bits(threads) == serial, "{threads} threads give other bits than one");
    }
}

#[test]
fn the_caller_need_not_be_in_a_pool() {
    let config = VaeConfig { input: 300, hidden: vec![150], latent: 10, ..VaeConfig::default() };
    let vae = Vae::new(config, 5).unwrap();
    let z = normal(40, 10, 0);
    let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(vae.decode(z.view()), pool.install(|| vae.decode(z.view())));
}
