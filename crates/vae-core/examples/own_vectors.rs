//! A VAE on real-valued vectors of one's own: points on a ring, of which the model learns that they lie on one.
//!
//! ```sh
//! cargo run --release -p vae-core --example own_vectors
//! ```
//! Pixels in [0, 1] have a Bernoulli likelihood by default; points anywhere in the plane need a Gaussian one. Its σ is
//! learned here, point by point.

use std::f32::consts::TAU;

use vae_core::{
    Activation, Adam, Batch, Likelihood, Training, Vae, VaeConfig, VaeError,
    ndarray::{Array2, Axis},
    noise::{Purpose, standard_normal, stream},
};

const SEED: u64 = 7;

/// `count` points (N, 2) around the circle of radius 2, in a random order, a little beside it.
fn ring(count: usize) -> Array2<f32> {
    let mut noise = Array2::zeros((count, 2));
    standard_normal(&mut stream(SEED, Purpose::new(b"ring    "), 0, 0), noise.view_mut());
    Array2::from_shape_fn((count, 2), |(i, j)| {
        let angle = TAU * ((i * 617) % count) as f32 / count as f32;
        2.0 * [angle.cos(), angle.sin()][j] + 0.1 * noise[[i, j]]
    })
}

fn main() -> Result<(), VaeError> {
    let points = ring(1000);
    let config = VaeConfig {
        input: 2,
        hidden: vec![64],
        latent: 2,
        activation: Activation::Tanh,
        likelihood: Likelihood::Gaussian { sigma: None },
        ..VaeConfig::default()
    };
    let mut training =
        Training::new(Vae::new(config, SEED)?, Adam { learning_rate: 5e-3, ..Adam::default() });
    let mut eps = Array2::zeros((100, 2));
    for epoch in 0..=200 {
        let mut loss = Default::default();
        for (step, x) in (0..).zip(points.axis_chunks_iter(Axis(0), eps.nrows())) {
            standard_normal(&mut stream(SEED, Purpose::TRAINING, epoch, step), eps.view_mut());
            loss = training.step(Batch::new(x, eps.view()))?;
        }
        if epoch % 50 == 0 {
            println!("epoch {epoch}: -ELBO {:.2}, of which KL {:.2} nats", loss.neg_elbo(), loss.kl);
        }
    }

    let mut z = Array2::zeros((1000, 2));
    standard_normal(&mut stream(SEED, Purpose::SAMPLES, 0, 0), z.view_mut());
    let new = training.vae().decode(z.view());
    let radius = |point: vae_core::ndarray::ArrayView1<'_, f32>| point.dot(&point).sqrt();
    let near = new.rows().into_iter().filter(|point| (radius(*point) - 2.0).abs() < 0.5).count();
    println!("{near} of 1000 new points lie near the ring");
    Ok(())
}
