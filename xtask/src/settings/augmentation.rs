//! The flags for the augmentation of training images.

use vae_data::Augmentation;

/// The heading of these flags.
const HEADING: &str = "Augmentation of training images, drawn anew in each epoch (default: none)";

#[derive(clap::Args)]
pub(super) struct Flags {
    /// Maximum rotation in either direction; 10 suits handwriting
    #[arg(long, help_heading = HEADING, value_name = "DEGREES")]
    rotate: Option<f64>,
    /// Maximum enlargement or reduction, as a fraction of the size; 0.1 suits handwriting
    #[arg(long, help_heading = HEADING, value_name = "FRACTION")]
    zoom: Option<f64>,
    /// Maximum shift along each axis
    #[arg(long, help_heading = HEADING, value_name = "PIXELS")]
    shift: Option<f64>,
    /// Maximum shear in either direction
    #[arg(long, help_heading = HEADING, value_name = "DEGREES")]
    shear: Option<f64>,
    /// Elastic distortion: its strength, and the standard deviation in pixels of the Gaussian that smooths it; 20,4
    /// suits handwriting of 28 x 28 [default SIGMA: 4]
    #[arg(long, help_heading = HEADING, value_name = "ALPHA[,SIGMA]", value_parser = elastic)]
    elastic: Option<Elastic>,
    /// Probability of a flip from left to right; not for digits or letters, because a mirrored 2 is not a digit
    #[arg(long, help_heading = HEADING, value_name = "P")]
    flip_horizontal: Option<f64>,
    /// Probability of a flip from top to bottom; not for digits or letters
    #[arg(long, help_heading = HEADING, value_name = "P")]
    flip_vertical: Option<f64>,
}

#[derive(Clone, Copy)]
struct Elastic {
    alpha: f64,
    sigma: Option<f64>,
}

impl Flags {
    /// Overrides `augmentation` by the flags that were given.
    pub(super) fn apply_to(&self, augmentation: &mut Augmentation) {
        for (field, flag) in [
            (&mut augmentation.rotation_degrees, self.rotate),
            (&mut augmentation.scale, self.zoom),
            (&mut augmentation.shift_pixels, self.shift),
            (&mut augmentation.shear_degrees, self.shear),
            (&mut augmentation.elastic_alpha, self.elastic.map(|elastic| elastic.alpha)),
            (&mut augmentation.elastic_sigma, self.elastic.and_then(|elastic| elastic.sigma)),
            (&mut augmentation.flip_horizontal, self.flip_horizontal),
            (&mut augmentation.flip_vertical, self.flip_vertical),
        ] {
            *field = flag.unwrap_or(*field);
        }
    }
}

/// Parses `ALPHA` or `ALPHA,SIGMA`.
fn elastic(text: &str) -> Result<Elastic, String> {
    let number = |text: &str| text.trim().parse().map_err(|_| format!("expected a number, found {text:?}"));
    match text.split_once(',') {
        Some((alpha, sigma)) => Ok(Elastic { alpha: number(alpha)?, sigma: Some(number(sigma)?) }),
        None => Ok(Elastic { alpha: number(text)?, sigma: None }),
    }
}
