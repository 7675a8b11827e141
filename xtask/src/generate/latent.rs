//! Decoded points of the latent space.

use std::str::FromStr;

use ndarray::Array2;
use vae_train::ModelFile;

use super::{
    drawing::{Drawing, style_with},
    point_labels::point_labels,
};
use crate::{
    outcome::misuse,
    pictures::{self, Captioned},
};

/// Points as given on the command line: commas separate numbers, semicolons separate points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points(Vec<Vec<f32>>);

impl FromStr for Points {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.trim().parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("expected finite numbers separated by commas, found {:?}", text.trim())),
        };
        let point = |text: &str| text.split(',').map(number).collect::<Result<Vec<f32>, String>>();
        text.split(';').map(point).collect::<Result<_, _>>().map(Self)
    }
}

/// All points as text, in the form of the command line.
pub(crate) fn text(points: &[Points]) -> String {
    let point = |point: &Vec<f32>| point.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    points.iter().flat_map(|points| &points.0).map(point).collect::<Vec<_>>().join(";")
}

/// Decodes each point.
pub(crate) fn draw(model: &ModelFile, requested: &[Points], cols: Option<usize>) -> anyhow::Result<Drawing> {
    let points: Vec<&Vec<f32>> = requested.iter().flat_map(|points| &points.0).collect();
    let latent = model.vae.latent();
    for (i, point) in points.iter().enumerate() {
        if point.len() != latent {
            return Err(misuse(format_args!(
                "point {} of --latent has {} numbers, the model has {latent} latent dimensions",
                i + 1,
                point.len()
            )));
        }
    }
    pictures::check_tiles(model, points.len())?;
    let numbers = points.iter().flat_map(|point| point.iter().copied()).collect();
    let z = Array2::from_shape_vec((points.len(), latent), numbers)?;
    let images = model.vae.decode(z.view());
    let what = if points.len() == 1 { "point".to_owned() } else { format!("{} points", points.len()) };
    let caption = format!("{what} of the latent space, {}", pictures::describe(model));
    let size = (model.height, model.width);
    let labels = point_labels(&points);
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let style = style_with(points.len(), cols);
    let picture = vae_viz::labelled_grid(images.view(), &labels, size, &style, Some(&caption))?;
    let mut facts = pictures::facts(model, "decoded points");
    facts.push(("Points", text(requested)));
    Ok(Drawing { picture: Captioned::new(picture, facts), lines: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_separate_points_and_commas_separate_numbers() {
        assert_eq!("0.1,-1; 2, 3e-1".parse(), Ok(Points(vec![vec![0.1, -1.0], vec![2.0, 0.3]])));
    }

    #[test]
    fn a_text_that_is_not_a_finite_number_is_quoted() {
        for text in ["", "1,,2", "1,nan", "inf", "1;", "1e99", "one"] {
            let error = text.parse::<Points>().unwrap_err();
            assert!(error.starts_with("expected finite numbers"), "{text}: {error}");
        }
    }
}
