//! Images of the data above their reconstructions.

use anyhow::Context;
use ndarray::Array2;
use vae_data::{Dataset, Split, gather};
use vae_train::ModelFile;

use super::drawing::{Drawing, style_with};
use crate::{
    outcome::misuse,
    pictures::{self, Captioned, short_data},
};

/// Draws the images at `indices` of a split of `data`, each above its reconstruction from the mean of the posterior.
pub(crate) fn draw(
    model: &ModelFile,
    (images, split, data): (&Dataset, Split, &str),
    indices: &[u32],
    cols: Option<usize>,
) -> anyhow::Result<Drawing> {
    pictures::check_size(model, images, data)?;
    let split = match split {
        Split::Train => "training",
        Split::Test => "test",
    };
    let last = images.len().checked_sub(1).with_context(|| format!("{data} has no {split} images"))?;
    let beyond = indices.iter().find(|&&index| index as usize > last);
    let beyond = beyond.copied().unwrap_or_default();
    if beyond as usize > last {
        return Err(misuse(format_args!(
            "--like: the {split} images of {data} have the indices 0 to {last}, found {beyond}"
        )));
    }
    pictures::check_tiles(model, 2 * indices.len())?;

    let mut originals = Array2::zeros((indices.len(), images.pixels()));
    gather(images.images(), indices, originals.view_mut());
    let reconstructions = model.vae.reconstruct(originals.view());
    let which = list(indices.iter().map(ToString::to_string));
    let labels = images.labels().map(|labels| {
        list(indices.iter().map(|&index| images.class_names().name_of(labels[index as usize])))
    });
    let s = if indices.len() == 1 { "" } else { "s" };
    let labelled = labels.as_ref().map_or(String::new(), |labels| format!(" (label{s} {labels})"));
    let what = format!("{split} image{s} {which} of {}{labelled}", short_data(data));
    let below = if indices.len() == 1 { "its reconstruction" } else { "their reconstructions" };
    let caption = format!("{what} above {below}, {}", pictures::describe(model));
    let (size, style) = ((model.height, model.width), style_with(indices.len(), cols));
    let picture =
        vae_viz::reconstruction_grid(originals.view(), reconstructions.view(), size, &style, Some(&caption))?;
    let mut facts = pictures::facts(model, "reconstructions");
    facts.extend([("Originals", format!("{data}, {split}")), ("Indices", which)]);
    facts.extend(labels.map(|labels| ("Labels", labels)));
    Ok(Drawing { picture: Captioned::new(picture, facts), lines: vec![what] })
}

/// `9, 12, 40`, or the first few of many.
fn list(all: impl ExactSizeIterator<Item = String>) -> String {
    let count = all.len();
    let shown: Vec<String> = all.take(MOST_LISTED).collect();
    let more = if count > shown.len() { ", ..." } else { "" };
    shown.join(", ") + more
}

/// The most numbers or names that a caption lists.
const MOST_LISTED: usize = 40;
