//! The user's own pictures: each as the network sees it, above its reconstruction, with its −ELBO and, for digits, what
//! a classifier reads in it.

use std::path::{Path, PathBuf};

use ndarray::{Array2, aview1, s};
use vae_data::{Dataset, gather};
use vae_train::{ModelFile, NegElboRange, neg_elbos};

use super::{
    digit_classifier::{DigitClassifier, are_digits},
    drawing::{Drawing, style},
    prepared::Prepared,
};
use crate::{
    data_source::Images,
    paths,
    pictures::{self, Captioned},
    term,
};

/// What is added to the warning about a digit that is dark on light.
const INVERTED: &str = "; it is dark on light, and the model's digits are light on dark: invert it, or take it from a \
                        larger picture, which is inverted as needed";

/// Draws each picture as the network sees it, above its reconstruction from the mean of the posterior, with its name
/// and what was read in it. A −ELBO outside of `range` is a warning.
pub(crate) fn draw(
    model: &ModelFile,
    files: &[PathBuf],
    range: Option<&NegElboRange>,
) -> anyhow::Result<Drawing> {
    pictures::check_tiles(model, 2 * files.len())?;
    let data = model.data.as_deref().or(range.map(|range| range.data.as_str()));
    let mut bytes = Array2::zeros((0, model.vae.input()));
    let mut is_inverted = Vec::new();
    for file in files {
        let prepared = Prepared::read(model, data, file)?;
        term::note(format_args!("{}: {prepared}", paths::display(file)));
        is_inverted.push(data.is_some_and(are_digits) && prepared.is_taken_dark_on_light());
        bytes.push_row(aview1(&prepared.pixels))?;
    }
    let set = Dataset::new(bytes, None, model.height, model.width)?.seen_by(model.binarization);
    let bytes = set.images();
    let indices: Vec<u32> = (0..files.len() as u32).collect();
    let mut seen = Array2::zeros(bytes.dim());
    gather(bytes, &indices, seen.view_mut());

    let classifier = DigitClassifier::find(model, data);
    let (mut lines, mut titles) = (Vec::new(), Vec::new());
    for (i, file) in files.iter().enumerate() {
        let row = i..i + 1;
        let neg_elbo = neg_elbos(&model.vae, bytes.slice(s![row.clone(), ..]))?[0];
        let mut line = format!("{}: -ELBO {neg_elbo:.1} nats", paths::display(file));
        let mut title = short(&name(file));
        if let Some(classifier) = &classifier {
            let reading = classifier.read(seen.slice(s![row, ..]));
            let verb = if reading.is_sure() { "recognises it as" } else { "is" };
            line += &format!("; {} {verb} {reading}", classifier.describe());
            title += &format!("\n{}", reading.title());
        }
        lines.push(line);
        titles.push(title);
        if let Some(warning) = range.and_then(|range| warning(file, neg_elbo, range)) {
            let hint = if is_inverted[i] { INVERTED } else { "" };
            term::note(format_args!("{warning}{hint}"));
        }
    }

    let reconstructions = model.vae.reconstruct(seen.view());
    let names = names(files);
    let [them, reconstructed] =
        if files.len() == 1 { ["it", "its reconstruction"] } else { ["them", "their reconstructions"] };
    let caption =
        format!("{names} as the network sees {them}, above {reconstructed}, {}", pictures::describe(model));
    let (size, style) = ((model.height, model.width), style(files.len()));
    let picture = vae_viz::titled_pair_grid(
        [seen.view(), reconstructions.view()],
        ["as seen", "reconstruction"],
        &titles,
        size,
        &style,
        Some(&caption),
    )?;
    let mut facts = pictures::facts(model, "reconstructions");
    facts.push(("Originals", names));
    facts.push(("Titles", titles.join("; ").replace('\n', " ")));
    Ok(Drawing { picture: Captioned::new(picture, facts), lines })
}

/// A warning, if the −ELBO is outside the range of the images that the model was trained on.
fn warning(file: &Path, neg_elbo: f64, range: &NegElboRange) -> Option<String> {
    if range.contains(neg_elbo) {
        return None;
    }
    let NegElboRange { data, images, least, low, high, most } = range;
    let (file, images) = (paths::display(file), term::thousands(*images));
    Some(if (*least..=*most).contains(&neg_elbo) {
        format!(
            "warning: {file} is unusual: its -ELBO is {neg_elbo:.1} nats; 99 % of the {images} test images of {data} \
             have {low:.1} to {high:.1}"
        )
    } else {
        format!(
            "warning: {file} is unlike the images that the model was trained on: its -ELBO is {neg_elbo:.1} nats; all \
             {images} test images of {data} have {least:.1} to {most:.1}"
        )
    })
}

/// The names of the files, or their number if a caption is too short for the names.
fn names(files: &[PathBuf]) -> String {
    match files {
        [_] | [_, _] | [_, _, _] => files.iter().map(|file| name(file)).collect::<Vec<_>>().join(", "),
        _ => format!("{} pictures", files.len()),
    }
}

/// The name of a file without its directories.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A name of at most 16 characters, shortened in its middle: its beginning and its ending say most.
fn short(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    match characters.len() {
        0..=16 => name.to_owned(),
        length => characters[..7].iter().chain(&['.'; 3]).chain(&characters[length - 6..]).collect(),
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
    fn a_long_name_is_shortened_in_its_middle() {
        assert_eq!(short("IMG_20240131_1234.jpg"), "IMG_202...34.jpg");
        assert_eq!(short("sixteen_char.png"), "sixteen_char.png");
        assert_eq!(name(Path::new("/home/me/seven.png")), "seven.png");
    }

    #[test]
    fn a_usual_image_gives_no_warning() {
        assert_eq!(warning_at(40.0), None);
        assert_eq!(warning_at(190.0), None);
    }

    #[test]
    fn an_image_outside_the_range_of_most_is_unusual() {
        for neg_elbo in [35.0, 191.0] {
            let warning = warning_at(neg_elbo).expect("a warning");
            assert!(warning.contains("40.0 to 190.0") && warning.contains("unusual"), "{warning}");
        }
    }

    #[test]
    fn an_image_outside_the_range_of_all_is_unlike_them() {
        for neg_elbo in [10.0, 400.0, f64::NAN] {
            let warning = warning_at(neg_elbo).expect("a warning");
            assert!(warning.contains("30.0 to 300.0") && warning.contains("unlike"), "{warning}");
        }
    }
}
