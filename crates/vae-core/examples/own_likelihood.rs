//! A likelihood of one's own, to measure a trained model with: grey pixels are counts of 0 to 255 here, with
//! p(x|z) = Binomial(255, σ(g)) on the decoder's logits g.
//!
//! ```sh
//! cargo run --release -p vae-core --example own_likelihood
//! ```
//! What the decoder gives for each pixel is open to any formula. A likelihood to train with, whose slopes the way back
//! needs, is a file in the crate: CONTRIBUTING.md shows how to add one.

use vae_core::{
    Adam, Batch, Training, Vae, VaeConfig, VaeError,
    ndarray::{Array2, ArrayView1, Zip},
    noise::{Purpose, standard_normal, stream},
};

const LEVELS: u32 = 255;

/// ln n!, for the binomial coefficient.
fn ln_factorial(n: u32) -> f64 {
    (2..=n).map(|k| f64::from(k).ln()).sum()
}

/// −log Binomial(255 x; 255, σ(g)) in nats, summed over the pixels.
fn neg_log_binomial(logits: ArrayView1<'_, f32>, x: ArrayView1<'_, f32>) -> f64 {
    let pixel = |g: f32, x: f32| {
        let (g, count) = (f64::from(g), (x * LEVELS as f32).round() as u32);
        let coefficient = ln_factorial(LEVELS) - ln_factorial(count) - ln_factorial(LEVELS - count);
        let softplus = g.max(0.0) + (-g.abs()).exp().ln_1p();
        f64::from(LEVELS) * softplus - f64::from(count) * g - coefficient
    };
    Zip::from(logits).and(x).fold(0.0, |sum, &g, &x| sum + pixel(g, x))
}

fn main() -> Result<(), VaeError> {
    let x = Array2::from_shape_fn((32, 16), |(i, j)| (-(i as f32 / 2.0 - j as f32).powi(2)).exp());
    let mut eps = Array2::zeros((32, 2));
    let config = VaeConfig { input: 16, hidden: vec![32], latent: 2, ..VaeConfig::default() };
    let mut training = Training::new(Vae::new(config, 7)?, Adam { learning_rate: 1e-2, ..Adam::default() });
    for step in 0..=300 {
        standard_normal(&mut stream(7, Purpose::TRAINING, 0, step), eps.view_mut());
        let batch = Batch::new(x.view(), eps.view());
        if step % 100 == 0 {
            let vae = training.vae();
            let posterior = vae.encode(x.view());
            let logits = vae.decode_parameters(posterior.sample(eps.view()).view());
            let kl = f64::from(vae.loss_per_image(batch)?.kl.mean().unwrap_or_default());
            let pairs = logits.rows().into_iter().zip(x.rows());
            let reconstruction = pairs.map(|(g, x)| neg_log_binomial(g, x)).sum::<f64>() / 32.0;
            println!("step {step}: binomial -ELBO {:.1} nats per image", reconstruction + kl);
        }
        training.step(batch)?;
    }
    Ok(())
}
