//! Pictures of a model and of a run. Caption and metadata name the model, the data and the seed.

use std::path::Path;

use anyhow::{Context, ensure};
use ndarray::Array2;
use vae_core::Likelihood;
use vae_data::{Augmentation, Augmenter, Binarization, Dataset, gather, shuffled};
use vae_train::{EpochMetrics, ModelFile, write_atomically};
use vae_viz::{Curve, GridStyle, MAX_PIXELS, Panel, Picture};

use crate::{
    best_epoch::{Best, Measured, best},
    generate::prior::Sampling,
    outcome::misuse,
};

/// The default grid of samples.
pub(crate) const SAMPLES: Shape = Shape { rows: 10, cols: 20 };
/// The default grid of originals above their reconstructions.
pub(crate) const PAIRS: Shape = Shape { rows: 4, cols: 20 };

/// Rows and columns of a grid.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

impl Shape {
    /// Reduces rows and columns so that a picture of images of this size is not too large to look at; at least one
    /// remains.
    pub(crate) fn for_images(self, height: usize, width: usize) -> Self {
        const MAX_SIDE: usize = 4096;
        let most =
            |pixels: usize| (MAX_SIDE / pixels.saturating_mul(GridStyle::default().scale).max(1)).max(1);
        Self { rows: self.rows.min(most(height)), cols: self.cols.min(most(width)) }
    }

    fn style(self) -> GridStyle {
        GridStyle { rows: self.rows, cols: self.cols, ..GridStyle::default() }
    }

    /// The number of tiles.
    ///
    /// # Errors
    /// If they do not fit into a picture, before any of them is computed.
    fn tiles(self, pixels: usize) -> anyhow::Result<usize> {
        let tiles = self.rows.checked_mul(self.cols).filter(|&tiles| fits(tiles, pixels));
        tiles.ok_or_else(|| {
            let Self { rows, cols } = self;
            misuse(format_args!(
                "{rows} x {cols} images are more than a picture can hold ({MAX_PIXELS} pixels)"
            ))
        })
    }
}

/// Checks that the images fit into a picture, before any of them is computed.
pub(crate) fn check_tiles(model: &ModelFile, tiles: usize) -> anyhow::Result<()> {
    if fits(tiles, model.vae.input()) {
        return Ok(());
    }
    Err(misuse(format_args!("{tiles} images are more than a picture can hold ({MAX_PIXELS} pixels)")))
}

fn fits(tiles: usize, pixels: usize) -> bool {
    tiles.checked_mul(pixels).is_some_and(|pixels| pixels <= MAX_PIXELS)
}

/// Checks that the images have the size that the model takes.
pub(crate) fn check_size(model: &ModelFile, images: &Dataset, data: &str) -> anyhow::Result<()> {
    ensure!(
        images.pixels() == model.vae.input(),
        "the model takes images of {} pixels, {data} has {} ({} x {})",
        model.vae.input(),
        images.pixels(),
        images.height(),
        images.width(),
    );
    Ok(())
}

/// A picture and the facts for its metadata.
pub(crate) struct Captioned {
    picture: Picture,
    facts: Vec<(&'static str, String)>,
}

impl Captioned {
    pub(crate) fn new(picture: Picture, facts: Vec<(&'static str, String)>) -> Self {
        Self { picture, facts }
    }

    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let facts: Vec<(&str, &str)> = self.facts.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let bytes = self.picture.to_png(&facts).context("cannot encode the picture")?;
        Ok(write_atomically(path, &bytes)?)
    }
}

/// New images: decoded samples from the prior.
///
/// `when` is the beginning of the caption, such as the epoch; empty for a finished model.
pub(crate) fn samples(
    model: &ModelFile,
    shape: &Shape,
    sampling: Sampling,
    when: &str,
) -> anyhow::Result<Captioned> {
    let z = sampling.draw(model, shape.tiles(model.vae.input())?);
    let images = model.vae.decode(z.view());
    let (prior, seed) = (sampling.describe(model), sampling.seed);
    let caption = format!("{when}samples from the prior {prior}, {}, seed {seed}", describe(model));
    let size = (model.height, model.width);
    let picture = vae_viz::image_grid(images.view(), size, &shape.style(), Some(&caption))?;
    let mut facts = facts(model, "samples");
    facts.extend([("Prior", prior), ("Seed", seed.to_string())]);
    Ok(Captioned { picture, facts })
}

/// Test images above their reconstructions, decoded from the mean of the posterior.
pub(crate) fn reconstructions(
    model: &ModelFile,
    test: &Dataset,
    data: &str,
    shape: &Shape,
    seed: u64,
    when: &str,
) -> anyhow::Result<Captioned> {
    check_size(model, test, data)?;
    ensure!(!test.is_empty(), "{data} has no test images to reconstruct");
    let tiles = shape.tiles(model.vae.input())?;
    let mut indices = shuffled(test.len(), seed, 0);
    indices.truncate(tiles);
    let mut originals = Array2::zeros((indices.len(), test.pixels()));
    gather(test.images(), &indices, originals.view_mut());
    let reconstructions = model.vae.reconstruct(originals.view());
    let of = short_data(data);
    let caption = format!("{when}test images of {of} above their reconstructions, {}", describe(model));
    let size = (model.height, model.width);
    let style = shape.style();
    let picture =
        vae_viz::reconstruction_grid(originals.view(), reconstructions.view(), size, &style, Some(&caption))?;
    let mut facts = facts(model, "reconstructions");
    facts.extend([("Seed", seed.to_string()), ("Originals", data.to_owned())]);
    Ok(Captioned { picture, facts })
}

/// Training images above their augmented versions in the first epoch of a run with this seed.
pub(crate) fn augmented(
    train: &Dataset,
    augmentation: &Augmentation,
    data: &str,
    shape: &Shape,
    seed: u64,
) -> anyhow::Result<Captioned> {
    let mut indices = shuffled(train.len(), seed, 0);
    indices.truncate(shape.tiles(train.pixels())?);
    let (height, width) = (train.height(), train.width());
    let mut originals = Array2::zeros((indices.len(), train.pixels()));
    let mut augmented = originals.clone();
    gather(train.images(), &indices, originals.view_mut());
    let augmenter = Augmenter::new(augmentation, height, width)?;
    augmenter.gather(train.images(), &indices, seed, 0, augmented.view_mut());
    let caption = format!("training images of {} above augmented ones, seed {seed}", short_data(data));
    let (size, style) = ((height, width), shape.style());
    let (pairs, labels) = ([originals.view(), augmented.view()], ["original", "augmented"]);
    let picture = vae_viz::pair_grid(pairs, labels, size, &style, Some(&caption))?;
    let facts = vec![
        ("Software", software()),
        ("Description", caption),
        ("Data", data.to_owned()),
        ("Seed", seed.to_string()),
    ];
    Ok(Captioned { picture, facts })
}

/// −ELBO, reconstruction and KL over the epochs of a run.
pub(crate) fn curves(metrics: &[EpochMetrics]) -> anyhow::Result<Captioned> {
    type Get = fn(&EpochMetrics) -> Option<f64>;
    let panels: [(&str, Get, Get); 3] = [
        ("-ELBO", |m| Some(m.train_neg_elbo), |m| m.validation_neg_elbo),
        ("reconstruction", |m| Some(m.train_reconstruction), |m| m.validation_reconstruction),
        ("KL", |m| Some(m.train_kl), |m| m.validation_kl),
    ];
    let points = |get: Get| -> Vec<(f64, f64)> {
        metrics.iter().filter_map(|line| Some((line.epoch as f64, get(line)?))).collect()
    };
    let best = best(metrics);
    let mark = best.map(|best| best.epoch as f64);
    let points = panels.map(|(title, train, validation)| (title, points(train), points(validation)));
    let panels: Vec<Panel<'_>> = points
        .iter()
        .map(|(title, train, validation)| {
            let curves = [("train", train), ("validation", validation)];
            let curves = curves.into_iter().filter(|(_, points)| !points.is_empty());
            let curves = curves.map(|(label, points)| Curve { label, points, mark }).collect();
            Panel { title, y_label: "nats per image", curves }
        })
        .collect();
    let caption = best.map(|Best { epoch, neg_elbo, measured_on }| {
        let images = match measured_on {
            Measured::Validation => "held-out images",
            Measured::ValidationAveraged => "held-out images, with averaged weights",
            Measured::Train => "training images",
        };
        format!("ring: the best epoch, {epoch}, -ELBO {neg_elbo:.2} on {images}")
    });
    let picture = vae_viz::curves(&panels, caption.as_deref())?;
    Ok(Captioned { picture, facts: vec![("Software", software())] })
}

/// The model, for captions.
pub(crate) fn describe(model: &ModelFile) -> String {
    let (config, data) = (model.vae.config(), short_data(model.data.as_deref().unwrap_or("unknown data")));
    let likelihood = match config.likelihood {
        Likelihood::Bernoulli => String::new(),
        likelihood => format!(" with {likelihood} likelihood"),
    };
    let pixels = match model.binarization {
        Binarization::Grey => String::new(),
        how => format!(" with {how} pixels"),
    };
    format!("{config}{likelihood} trained on {data}{pixels}")
}

/// The data in few words, for captions and names: of a directory, the last component.
pub(crate) fn short_data(data: &str) -> String {
    let short = |source: &str| {
        let last = source.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
        if last.is_empty() { "data".to_owned() } else { last.to_owned() }
    };
    data.split(',').map(short).collect::<Vec<_>>().join(",")
}

/// The facts that all pictures of a model have in their metadata.
pub(crate) fn facts(model: &ModelFile, kind: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Software", software()),
        ("Description", format!("{kind} of a VAE, {}", describe(model))),
        ("Data", model.data.clone().unwrap_or_else(|| "unknown".to_owned())),
    ]
}

pub(crate) fn software() -> String {
    format!("vae {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_named_by_its_last_component() {
        for (data, short) in [
            ("mnist", "mnist"),
            ("digits:300", "digits:300"),
            ("/home/me/faces", "faces"),
            ("/home/me/faces/", "faces"),
            ("/home/me/faces:transposed", "faces:transposed"),
            ("mnist,/home/me/a,b", "mnist,a,b"),
            (r"C:\me\faces", "faces"),
            ("/", "data"),
        ] {
            assert_eq!(short_data(data), short);
        }
    }

    #[test]
    fn a_grid_of_digits_is_as_large_as_usual_and_one_of_photographs_smaller() {
        for (size, expected) in [((28, 28), (10, 20)), ((300, 400), (6, 5)), ((9000, 9000), (1, 1))] {
            let Shape { rows, cols } = SAMPLES.for_images(size.0, size.1);
            assert_eq!((rows, cols), expected);
        }
    }
}
