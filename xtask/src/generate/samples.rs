//! New images from the prior of the model.

use ndarray::Array2;
use vae_train::ModelFile;

use super::{
    drawing::{Drawing, style_with},
    prior::Sampling,
};
use crate::pictures::{self, Captioned};

/// The means of p(x|z) for `count` draws of z from the prior.
///
/// # Shapes
/// → (`count`, D)
pub(crate) fn images(model: &ModelFile, count: usize, sampling: Sampling) -> Array2<f32> {
    model.vae.decode(sampling.draw(model, count).view())
}

/// Draws `count` new images in a grid.
pub(crate) fn draw(
    model: &ModelFile,
    count: usize,
    cols: Option<usize>,
    sampling: Sampling,
) -> anyhow::Result<Drawing> {
    pictures::check_tiles(model, count)?;
    let images = images(model, count, sampling);
    let (s, prior, seed) = (if count == 1 { "" } else { "s" }, sampling.describe(model), sampling.seed);
    let caption =
        format!("{count} sample{s} from the prior {prior}, {}, seed {seed}", pictures::describe(model));
    let size = (model.height, model.width);
    let style = style_with(count, cols);
    let picture = vae_viz::image_grid(images.view(), size, &style, Some(&caption))?;
    let mut facts = pictures::facts(model, "samples");
    facts.extend([("Prior", prior), ("Seed", seed.to_string())]);
    Ok(Drawing { picture: Captioned::new(picture, facts), lines: Vec::new() })
}
