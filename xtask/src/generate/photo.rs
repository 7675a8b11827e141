//! Somebody's own digits: what the network sees of a picture above what it makes of it, how likely that is to it, and
//! what a classifier reads.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use ndarray::{Array2, aview1, s};
use vae_data::{
    gather,
    photo::{self, Photo},
};
use vae_train::{ModelFile, NegElboRange, neg_elbos};

use super::{Made, judge::Judge, style};
use crate::{
    paths,
    pictures::{self, Captioned},
    term,
};

/// Refuses a model of other images than pictures become.
pub(crate) fn check_size(model: &ModelFile) -> anyhow::Result<()> {
    let (side, height, width) = (Photo::SIDE, model.height, model.width);
    ensure!(
        (height, width) == (side, side),
        "a picture becomes an image of {side} x {side} pixels, the model takes {height} x {width}"
    );
    Ok(())
}

/// Each picture as the network sees it, above its reconstruction from the posterior's mean. Without a `range` nobody
/// says whether a −ELBO is usual.
pub(crate) fn draw(
    model: &ModelFile,
    files: &[PathBuf],
    range: Option<&NegElboRange>,
) -> anyhow::Result<Made> {
    check_size(model)?;
    pictures::check_tiles(model, 2 * files.len())?;
    let mut bytes = Array2::zeros((0, model.vae.input()));
    for file in files {
        bytes.push_row(aview1(&photo::read(file)?.pixels))?;
    }
    let indices: Vec<u32> = (0..files.len() as u32).collect();
    let mut seen = Array2::zeros(bytes.dim());
    gather(bytes.view(), &indices, seen.view_mut());

    let judge = Judge::of(model, model.data.as_deref().or(range.map(|range| range.data.as_str())));
    let mut lines = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let row = i..i + 1;
        let neg_elbo = neg_elbos(&model.vae, bytes.slice(s![row.clone(), ..]))[0];
        let reading = judge.as_ref().map_or(String::new(), |judge| {
            let (class, certainty) = judge.read_one(seen.slice(s![row, ..]));
            format!("; {} reads {class} ({:.0} %)", judge.describe(), 100.0 * certainty)
        });
        lines.push(format!("{}: -ELBO {neg_elbo:.1} nats{reading}", paths::display(file)));
        if let Some(warning) = range.and_then(|range| warning(file, neg_elbo, range)) {
            term::note(format_args!("{warning}"));
        }
    }

    let reconstructions = model.vae.reconstruct(seen.view());
    let names = names(files);
    let they = if files.len() == 1 { "it" } else { "them" };
    let caption = format!(
        "{names} as the network sees {they}, above what it makes of {they}, {}",
        pictures::describe(model)
    );
    let (size, style) = ((model.height, model.width), style(files.len()));
    let picture = vae_viz::pair_grid(
        [seen.view(), reconstructions.view()],
        ["as seen", "reconstruction"],
        size,
        &style,
        Some(&caption),
    )?;
    let mut facts = pictures::facts(model, "reconstructions");
    facts.push(("Originals", names));
    Ok(Made { picture: Captioned::new(picture, facts), lines })
}

/// That an image is not of the kind that the model learned, if it is not.
fn warning(file: &Path, neg_elbo: f64, range: &NegElboRange) -> Option<String> {
    if range.contains(neg_elbo) {
        return None;
    }
    let NegElboRange { data, images, least, low, high, most } = range;
    let (file, images) = (paths::display(file), term::thousands(*images));
    Some(if (*least..=*most).contains(&neg_elbo) {
        format!(
            "warning: {file}: 99 % of the {images} test images of {data} have a -ELBO from {low:.1} to {high:.1} nats, found {neg_elbo:.1}: an unusual digit"
        )
    } else {
        format!(
            "warning: {file}: all {images} test images of {data} have a -ELBO from {least:.1} to {most:.1} nats, found {neg_elbo:.1}: nothing that the model learned"
        )
    })
}

/// The files' names, as far as a caption has room for them.
fn names(files: &[PathBuf]) -> String {
    let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match files {
        [_] | [_, _] | [_, _, _] => files.iter().map(name).collect::<Vec<_>>().join(", "),
        _ => format!("{} pictures", files.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning_at(neg_elbo: f64) -> Option<String> {
        let data = "mnist".to_owned();
        let range = NegElboRange { data, images: 10_000, least: 30.0, low: 40.0, high: 190.0, most: 300.0 };
        warning(Path::new("a.png"), neg_elbo, &range)
    }

    #[test]
    fn a_usual_image_is_no_reason_to_warn() {
        assert_eq!(warning_at(40.0), None);
        assert_eq!(warning_at(190.0), None);
    }

    #[test]
    fn an_image_less_likely_than_most_is_unusual() {
        for neg_elbo in [35.0, 191.0] {
            let warning = warning_at(neg_elbo).expect("a warning");
            assert!(warning.contains("40.0 to 190.0") && warning.contains("unusual"), "{warning}");
        }
    }

    #[test]
    fn an_image_less_likely_than_any_is_none_of_them() {
        for neg_elbo in [10.0, 400.0, f64::NAN] {
            let warning = warning_at(neg_elbo).expect("a warning");
            assert!(warning.contains("30.0 to 300.0") && warning.contains("nothing"), "{warning}");
        }
    }
}
