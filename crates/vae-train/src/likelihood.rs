//! The log-likelihood of images, by importance sampling.
//!
//! ```text
//! log p(x) ≈ log 1/K Σ_k w_k,    w_k = p(x|z_k) p(z_k) / q(z_k|x),    z_k drawn from q(z|x)
//! ```
//! (Rezende, Mohamed & Wierstra 2014, appendix E; Burda, Grosse & Salakhutdinov 2016.) The weights are
//! [`vae_core::ImportanceSampler`]'s; here they are drawn for all images, on all threads, and summed.
//!
//! The noise of sample k of image i depends on (seed, i, k) alone, and the sums of an image run through its samples in
//! order, those over images through the images in order. So the results are the same bits with any number of threads,
//! and the first samples of a long evaluation are those of a short one.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use vae_core::{
    ImportanceSampler, LogWeight, Posterior, Vae, VaeError,
    noise::{self, Purpose},
};
use vae_data::gather;

use crate::{
    importance::{self, Estimate},
    latents::{LatentSums, active},
    moments::Moments,
};

/// ε of the samples of an image.
const PURPOSE: Purpose = Purpose::new(b"likeliho");

/// Samples whose noise is one stream. Results depend on it.
const CHUNK: usize = 64;

/// Samples of a task of one thread; a whole number of chunks.
const TASK: usize = 16 * CHUNK;

/// Samples of all images between two reports, as far as whole images allow.
const BLOCK_SAMPLES: usize = 1 << 18;

/// Images between two reports, at most.
const BLOCK_IMAGES: usize = 1000;

/// The largest number of samples an image.
pub const MAX_SAMPLES: usize = 1_000_000;

/// A bound of −log p(x) with K samples: its estimate, averaged over images, in nats an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// K.
    pub samples: usize,
    /// −log 1/K Σ w, averaged over images: in expectation an upper bound of −log p(x).
    pub nll: f64,
    /// The standard error of that average over images; none for a single image.
    pub standard_error: Option<f64>,
}

/// What importance sampling tells of a model on a set of images. All in nats an image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogLikelihood {
    /// The bounds of the first 1, 10, 100, 1000, 5000 samples, as far as there are more than these, and of all.
    pub bounds: Vec<Bound>,
    /// The estimate of −log p(x) of each image with all samples.
    pub nll_per_image: Vec<f64>,
    /// (Σ w)² / Σ w², averaged over images: how many samples of equal weight would do as well.
    pub effective_samples: f64,
    /// −log p(x|z), averaged over samples and images.
    pub reconstruction: f64,
    /// log q(z|x) − log p(z), averaged over samples and images: an estimate of KL(q(z|x) ‖ p(z)) for any prior.
    pub kl: f64,
    /// KL(q(z|x) ‖ N(0, 1)) of each latent, averaged over images; the KL term adds them up under the standard prior.
    pub kl_per_latent: Vec<f64>,
    /// The variance over images of each latent's posterior mean.
    pub mean_variance: Vec<f64>,
}

impl LogLikelihood {
    /// The bound with all samples: the estimate of −log p(x).
    pub fn nll(&self) -> Bound {
        self.bounds[self.bounds.len() - 1]
    }

    /// −ELBO, averaged over samples and images.
    pub fn neg_elbo(&self) -> f64 {
        self.reconstruction + self.kl
    }

    /// Latents that carry information about the image.
    pub fn active_units(&self) -> usize {
        active(&self.mean_variance)
    }
}

/// How far an evaluation has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LikelihoodProgress {
    /// Images done.
    pub images: usize,
    /// The estimate of −log p(x), averaged over them.
    pub nll: f64,
}

/// Estimates log p(x) of `images` with K = `samples` draws for each. `observer` is called after each block of images,
/// and may break; the answer is then none.
///
/// # Shapes
/// `images` (N, D) u8
///
/// # Errors
/// [`VaeError::OutOfRange`] for a likelihood that excludes numbers in [0, 1], [`VaeError::NotFinite`] if an image's
/// estimate is infinite or not a number.
///
/// # Panics
/// If there are no images, D is not the model's number of inputs, or K is not between 1 and [`MAX_SAMPLES`].
pub fn log_likelihood(
    vae: &Vae,
    images: ArrayView2<'_, u8>,
    samples: usize,
    seed: u64,
    mut observer: impl FnMut(LikelihoodProgress) -> ControlFlow<()>,
) -> Result<Option<LogLikelihood>, VaeError> {
    assert!(images.nrows() > 0, "no images have no average");
    assert!((1..=MAX_SAMPLES).contains(&samples), "between 1 and {MAX_SAMPLES} samples, found {samples}");
    let stages = importance::stages(samples);
    let block = (BLOCK_SAMPLES / samples).clamp(1, BLOCK_IMAGES).min(images.nrows());
    let mut x = Array2::zeros((block, images.ncols()));
    let mut weights = vec![LogWeight::default(); block * samples];
    let mut sums = Sums::new(stages.len(), vae.latent());
    for first in (0..images.nrows()).step_by(block) {
        let indices: Vec<u32> = (first..images.nrows().min(first + block)).map(|i| i as u32).collect();
        let mut x = x.slice_mut(s![..indices.len(), ..]);
        gather(images, &indices, x.view_mut());
        let posterior = vae.encode(x.view());
        let weights = &mut weights[..indices.len() * samples];
        weigh(vae, x.view(), &posterior, first, seed, weights)?;
        let estimates = weights.par_chunks(samples).map(|weights| Estimate::of(weights, &stages)).collect();
        sums.add(vae, &posterior, estimates)?;
        if observer(LikelihoodProgress { images: sums.images(), nll: sums.nll() }).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(sums.finish(&stages)))
}

/// The weights of all samples of a block of images, of which `first` is the number of the first.
///
/// # Shapes
/// `x` (B, D) → `weights` (B · K)
fn weigh(
    vae: &Vae,
    x: ArrayView2<'_, f32>,
    posterior: &Posterior,
    first: usize,
    seed: u64,
    weights: &mut [LogWeight],
) -> Result<(), VaeError> {
    let samples = weights.len() / x.nrows();
    let mut tasks = Vec::new();
    for (row, weights) in weights.chunks_mut(samples).enumerate() {
        let pieces = weights.chunks_mut(TASK).enumerate();
        tasks.extend(pieces.map(|(piece, weights)| (row, piece * (TASK / CHUNK), weights)));
    }
    let memory = || (vae.importance_sampler(), Array2::zeros((CHUNK.min(samples), vae.latent())));
    tasks.into_par_iter().try_for_each_init(memory, |(sampler, eps), (row, chunk, weights)| {
        sampler.set_image(x.row(row), posterior.mean.row(row), posterior.log_var.row(row))?;
        weigh_image(sampler, eps, [seed, (first + row) as u64, chunk as u64], weights);
        Ok(())
    })
}

/// The weights of some samples of the sampler's image, from the chunk with this number on.
fn weigh_image(
    sampler: &mut ImportanceSampler<'_>,
    eps: &mut Array2<f32>,
    [seed, image, chunk]: [u64; 3],
    weights: &mut [LogWeight],
) {
    for (chunk, weights) in (chunk..).zip(weights.chunks_mut(CHUNK)) {
        let mut eps = eps.slice_mut(s![..weights.len(), ..]);
        noise::standard_normal(&mut noise::stream(seed, PURPOSE, image, chunk), eps.view_mut());
        sampler.log_weights(eps.view(), weights);
    }
}

/// Sums over images, in their order.
struct Sums {
    /// The estimates at each stage, image by image.
    nll: Vec<Vec<f64>>,
    effective_samples: f64,
    reconstruction: f64,
    kl: f64,
    latents: LatentSums,
}

impl Sums {
    fn new(stages: usize, latent: usize) -> Self {
        Self {
            nll: vec![Vec::new(); stages],
            effective_samples: 0.0,
            reconstruction: 0.0,
            kl: 0.0,
            latents: LatentSums::new(latent),
        }
    }

    fn images(&self) -> usize {
        self.nll[0].len()
    }

    /// The average of the estimates with all samples.
    fn nll(&self) -> f64 {
        let last = &self.nll[self.nll.len() - 1];
        last.iter().sum::<f64>() / last.len() as f64
    }

    /// Takes a block of images.
    fn add(&mut self, vae: &Vae, posterior: &Posterior, estimates: Vec<Estimate>) -> Result<(), VaeError> {
        for estimate in estimates {
            if estimate.nll.iter().any(|nll| !nll.is_finite()) {
                return Err(VaeError::NotFinite { term: format!("log p(x) of image {}", self.images()) });
            }
            self.nll.iter_mut().zip(&estimate.nll).for_each(|(all, &nll)| all.push(nll));
            self.effective_samples += estimate.effective_samples;
            self.reconstruction += estimate.reconstruction;
            self.kl += estimate.kl;
        }
        self.latents.add(vae, posterior);
        Ok(())
    }

    fn finish(mut self, stages: &[usize]) -> LogLikelihood {
        let images = self.images() as f64;
        let bound = |(&samples, nll): (&usize, &Vec<f64>)| {
            let mut moments = Moments::default();
            nll.iter().for_each(|&nll| moments.add(nll));
            Bound { samples, nll: moments.mean(), standard_error: moments.standard_error() }
        };
        LogLikelihood {
            bounds: stages.iter().zip(&self.nll).map(bound).collect(),
            effective_samples: self.effective_samples / images,
            reconstruction: self.reconstruction / images,
            kl: self.kl / images,
            kl_per_latent: self.latents.kl_per_latent(),
            mean_variance: self.latents.mean_variance(),
            nll_per_image: self.nll.pop().unwrap_or_default(),
        }
    }
}
