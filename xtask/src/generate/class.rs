//! New images of a class: draws from q(z|class), decoded, and how often a classifier reads the class in them.

use std::str::FromStr;

use anyhow::Context;
use ndarray::{Array2, Axis, concatenate, s};
use vae_train::{ClassPosteriors, ModelFile};
use vae_viz::GridStyle;

use super::{
    Made,
    judge::{DRAWS, Judge},
    style,
};
use crate::pictures::{self, Captioned};

/// Which classes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    One(u8),
    All,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::One).map_err(|_| "expected a class, such as 7, or 'all'".to_owned()),
        }
    }
}

/// `count` new images of the class, or of each class a row.
pub(crate) fn draw(
    model: &ModelFile,
    posteriors: &ClassPosteriors,
    wanted: Wanted,
    count: usize,
    seed: u64,
) -> anyhow::Result<Made> {
    let classes: Vec<u8> = match wanted {
        Wanted::One(class) => vec![class],
        Wanted::All => posteriors.classes.keys().copied().collect(),
    };
    let tiles = count.checked_mul(classes.len()).context("more images than can be counted")?;
    pictures::check_tiles(model, tiles)?;
    let drawn: Vec<Array2<f32>> = classes
        .iter()
        .map(|&class| posteriors.sample(class, count.max(DRAWS), seed))
        .collect::<Result<_, _>>()?;
    let judge = Judge::of(model, Some(&posteriors.data));
    let (mut shown, mut agreements) = (Vec::new(), Vec::new());
    for (&class, z) in classes.iter().zip(&drawn) {
        shown.push(model.vae.decode(z.slice(s![..count, ..])));
        if let Some(judge) = &judge {
            let read = judge.read(model.vae.decode(z.slice(s![..DRAWS, ..])).view());
            agreements.push(read.iter().filter(|&&found| found == class).count());
        }
    }
    let views: Vec<_> = shown.iter().map(|images: &Array2<f32>| images.view()).collect();
    let images = concatenate(Axis(0), &views)?;
    let (what, style) = match wanted {
        Wanted::One(class) => (format!("{count} new images of class {class}"), style(count)),
        Wanted::All => {
            let style = GridStyle { rows: classes.len(), cols: count, ..GridStyle::default() };
            (format!("new images of the classes {}", posteriors.names()), style)
        }
    };
    let caption = format!("{what}, {}, seed {seed}", pictures::describe(model));
    let picture = vae_viz::image_grid(images.view(), (model.height, model.width), &style, Some(&caption))?;
    let mut facts = pictures::facts(model, &what);
    facts.push(("Seed", seed.to_string()));
    let lines = judge.map_or(Vec::new(), |judge| report(&judge, &classes, &agreements));
    Ok(Made { picture: Captioned::new(picture, facts), lines })
}

/// A sentence for one class, a table with the mean for several.
fn report(judge: &Judge, classes: &[u8], agreements: &[usize]) -> Vec<String> {
    let judge = judge.describe();
    if let (&[class], &[agreement]) = (classes, agreements) {
        return vec![format!("{judge} reads {agreement} of {DRAWS} as {class}")];
    }
    let share = |agreement: usize| 100.0 * agreement as f64 / DRAWS as f64;
    let mut lines = vec![format!("{judge} reads, of {DRAWS} new images each:")];
    let rows = classes.iter().zip(agreements);
    lines
        .extend(rows.map(|(class, &agreement)| format!("{class:>4} as {class}  {:5.1} %", share(agreement))));
    let mean = agreements.iter().map(|&agreement| share(agreement)).sum::<f64>() / agreements.len() as f64;
    lines.push(format!("    mean  {mean:5.1} %"));
    lines
}
