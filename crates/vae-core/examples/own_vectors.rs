//! A VAE on real-valued vectors of one's own: points on a ring, of which the model learns that they lie on one, and
//! what becomes of them under a likelihood that is not made for them.
//!
//! ```sh
//! cargo run --release -p vae-core --example own_vectors
//! ```
//! Standardised numbers, of mean 0 and deviation 1, take a Gaussian likelihood. Its σ says how near a reconstruction is
//! to come: 0.1 is a tenth of the data's deviation. Squeezed into [0, 1] the same points can be given to a Bernoulli
//! likelihood. Such a number is then the probability of a 1, its cross-entropy hardly changes with the place on the
//! ring, and to tell z where a point lies costs more than it gains: KL falls to nothing, and every sample is the
//! centre.

use std::f32::consts::TAU;

use vae_core::{
    Activation, Adam, Batch, Likelihood, Training, Vae, VaeConfig, VaeError,
    ndarray::{Array2, Axis},
    noise::{Purpose, standard_normal, stream},
};

const SEED: u64 = 7;
/// Both coordinates then have the deviation 1.
const RADIUS: f32 = std::f32::consts::SQRT_2;
/// What the squeezed coordinates are divided by, after a half is added: all points lie within.
const SIDE: f32 = 4.0;

/// `count` points (N, 2) around the circle, in a random order, a little beside it.
fn ring(count: usize) -> Array2<f32> {
    let mut noise = Array2::zeros((count, 2));
    standard_normal(&mut stream(SEED, Purpose::new(b"ring    "), 0, 0), noise.view_mut());
    Array2::from_shape_fn((count, 2), |(i, j)| {
        let angle = TAU * ((i * 617) % count) as f32 / count as f32;
        RADIUS * [angle.cos(), angle.sin()][j] + 0.05 * noise[[i, j]]
    })
}

/// A model of the points under this likelihood.
fn train(points: &Array2<f32>, likelihood: Likelihood) -> Result<Vae, VaeError> {
    let config = VaeConfig {
        input: 2,
        hidden: vec![64],
        latent: 2,
        activation: Activation::Tanh,
        likelihood,
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
        if epoch % 100 == 0 {
            println!("epoch {epoch}: -ELBO {:.2}, of which KL {:.2} nats", loss.neg_elbo(), loss.kl);
        }
    }
    Ok(training.into_vae())
}

/// Says how far new points lie from the ring, and how evenly they lie around it.
fn describe(points: &Array2<f32>) {
    let (mut distances, mut eighths) = (Vec::new(), [0; 8]);
    for point in points.rows() {
        distances.push((point[0].hypot(point[1]) - RADIUS).abs());
        let turn = (point[1].atan2(point[0]) / TAU).rem_euclid(1.0);
        eighths[(8.0 * turn) as usize % 8] += 1;
    }
    distances.sort_by(f32::total_cmp);
    println!("half of the new points lie within {:.3} of the ring", distances[distances.len() / 2]);
    println!("each eighth of the plane has at least {} of them", eighths.iter().min().unwrap_or(&0));
}

fn main() -> Result<(), VaeError> {
    let points = ring(1000);
    let mut z = Array2::zeros((1000, 2));
    standard_normal(&mut stream(SEED, Purpose::SAMPLES, 0, 0), z.view_mut());

    println!("gaussian:0.1, on points of mean 0 and deviation 1");
    let vae = train(&points, Likelihood::Gaussian { sigma: Some(0.1) })?;
    describe(&vae.decode(z.view()));

    println!("bernoulli, on the same points squeezed into [0, 1]");
    let vae = train(&points.mapv(|x| x / SIDE + 0.5), Likelihood::Bernoulli)?;
    describe(&vae.decode(z.view()).mapv(|x| (x - 0.5) * SIDE));

    // What is not in [0, 1] is refused.
    if let Err(error) = vae.loss(Batch::new(points.view(), z.view())) {
        println!("bernoulli, on the points as they are: {error}");
    }
    Ok(())
}
