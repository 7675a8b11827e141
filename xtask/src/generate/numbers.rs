//! New images as an array instead of a picture, so that anyone can judge them with a tool of their own.

use std::path::Path;

use anyhow::Context;
use ndarray::Array2;
use vae_train::{ClassPosteriors, ModelFile};

use super::{
    class::{self, Classes, NewImages},
    prior::Sampling,
    samples,
};
use crate::{npy, outcome::misuse};

/// Writes `count` new images from the prior.
pub(crate) fn write_samples(
    model: &ModelFile,
    count: usize,
    sampling: Sampling,
    path: &Path,
) -> anyhow::Result<()> {
    npy::check_size("samples", count, model.vae.input()).map_err(misuse)?;
    write(model, samples::images(model, count, sampling), path)
}

/// Writes `count` new images of the class, or of each class in order; returns how many of them a classifier
/// recognises, as lines.
pub(crate) fn write_class(
    model: &ModelFile,
    posteriors: &ClassPosteriors,
    requested: &Classes,
    (count, seed): (usize, u64),
    path: &Path,
) -> anyhow::Result<Vec<String>> {
    let classes = requested.of(posteriors)?;
    npy::check_size("new images", count.saturating_mul(classes.len()), model.vae.input()).map_err(misuse)?;
    let NewImages { images, lines } = class::images(model, posteriors, &classes, count, seed)?;
    write(model, images, path)?;
    Ok(lines)
}

/// (N, D) → a file of (N, H, W) in [0, 1]. The mean of a Gaussian may lie outside, a pixel cannot.
fn write(model: &ModelFile, mut images: Array2<f32>, path: &Path) -> anyhow::Result<()> {
    images.mapv_inplace(|pixel| pixel.clamp(0.0, 1.0));
    let shape = (images.nrows(), model.height, model.width);
    let images =
        images.into_shape_with_order(shape).context("the model's image size is not that of its decoder")?;
    npy::write(&images, path)
}
