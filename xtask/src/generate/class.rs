//! New images of a class: decoded samples of q(z|class), and how many of them a classifier recognises.

use std::str::FromStr;

use anyhow::Context;
use ndarray::{Array2, Axis, concatenate, s};
use vae_train::{ClassPosteriors, ModelFile};
use vae_viz::GridStyle;

use super::{
    digit_classifier::{CLASSIFIED_IMAGES, DigitClassifier},
    drawing::{Drawing, style_with},
};
use crate::{
    outcome::misuse,
    pictures::{self, Captioned},
};

/// The requested classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Classes {
    /// By its name or its number.
    One(String),
    All,
}

impl FromStr for Classes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "" => Err("expected a class, such as 7 or circle, or 'all'".to_owned()),
            _ => Ok(Self::One(text.to_owned())),
        }
    }
}

/// New images of some classes.
pub(crate) struct NewImages {
    /// (classes · count, D), those of the first class first
    pub(crate) images: Array2<f32>,
    /// How many of them a classifier recognises, as text.
    pub(crate) lines: Vec<String>,
}

impl Classes {
    /// The classes themselves, in order.
    pub(crate) fn of(&self, posteriors: &ClassPosteriors) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::One(class) => {
                vec![posteriors.find(class).map_err(misuse)?]
            }
            Self::All => posteriors.classes.keys().copied().collect(),
        })
    }

    /// The name of the class, if it is a single one.
    pub(crate) fn name(&self, posteriors: &ClassPosteriors) -> anyhow::Result<Option<String>> {
        Ok(match self {
            Self::One(_) => Some(posteriors.name_of(self.of(posteriors)?[0])),
            Self::All => None,
        })
    }
}

/// Makes `count` new images of each class.
pub(crate) fn images(
    model: &ModelFile,
    posteriors: &ClassPosteriors,
    classes: &[u8],
    count: usize,
    seed: u64,
) -> anyhow::Result<NewImages> {
    let drawn: Vec<Array2<f32>> = classes
        .iter()
        .map(|&class| posteriors.sample(class, count.max(CLASSIFIED_IMAGES), seed))
        .collect::<Result<_, _>>()?;
    let lines = DigitClassifier::find(model, Some(&posteriors.data)).map_or(Vec::new(), |classifier| {
        let recognised = classes.iter().zip(&drawn).map(|(&class, z)| {
            let found = classifier.classify(model.vae.decode(z.slice(s![..CLASSIFIED_IMAGES, ..])).view());
            found.iter().filter(|&&found| found == class).count()
        });
        let names: Vec<String> = classes.iter().map(|&class| posteriors.name_of(class)).collect();
        report(&classifier, &names, &recognised.collect::<Vec<_>>())
    });
    let shown: Vec<_> = drawn.iter().map(|z| z.slice(s![..count, ..])).collect();
    let images = model.vae.decode(concatenate(Axis(0), &shown)?.view());
    Ok(NewImages { images, lines })
}

/// Draws `count` new images of the class, or of all classes, with a row for each.
pub(crate) fn draw(
    model: &ModelFile,
    posteriors: &ClassPosteriors,
    requested: &Classes,
    (count, cols): (usize, Option<usize>),
    seed: u64,
) -> anyhow::Result<Drawing> {
    let classes = requested.of(posteriors)?;
    let tiles = count.checked_mul(classes.len()).context("more images than a picture can hold")?;
    pictures::check_tiles(model, tiles)?;
    let NewImages { images, lines } = images(model, posteriors, &classes, count, seed)?;
    let (what, style, labels) = match requested {
        Classes::One(_) => {
            let class = posteriors.name_of(classes[0]);
            (format!("{count} new images of class {class}"), style_with(count, cols), Vec::new())
        }
        Classes::All => {
            let style = GridStyle { rows: classes.len(), cols: count, ..GridStyle::default() };
            let labels = classes.iter().map(|&class| posteriors.name_of(class)).collect();
            (format!("new images of the classes {}", posteriors.names()), style, labels)
        }
    };
    let caption = format!("{what}, {}, seed {seed}", pictures::describe(model));
    let (labels, size): (Vec<&str>, _) =
        (labels.iter().map(String::as_str).collect(), (model.height, model.width));
    let picture = vae_viz::row_grid(images.view(), &labels, size, &style, Some(&caption))?;
    let mut facts = pictures::facts(model, &what);
    facts.push(("Seed", seed.to_string()));
    Ok(Drawing { picture: Captioned::new(picture, facts), lines })
}

/// A sentence for one class, or a table with the mean for several.
fn report(classifier: &DigitClassifier, classes: &[String], recognised: &[usize]) -> Vec<String> {
    let classifier = classifier.describe();
    if let ([class], &[count]) = (classes, recognised) {
        return vec![format!(
            "{classifier} recognises {count} of {CLASSIFIED_IMAGES} such images as {class}"
        )];
    }
    let percent = |count: usize| 100.0 * count as f64 / CLASSIFIED_IMAGES as f64;
    let mut lines =
        vec![format!("{classifier} recognises, of {CLASSIFIED_IMAGES} new images of each class:")];
    let rows = classes.iter().zip(recognised);
    lines.extend(rows.map(|(class, &count)| format!("{class:>4} as {class}  {:5.1} %", percent(count))));
    let mean = recognised.iter().map(|&count| percent(count)).sum::<f64>() / recognised.len() as f64;
    lines.push(format!("    mean  {mean:5.1} %"));
    lines
}
