//! The flags that say how far training images may be from the data's.

use vae_data::Augmentation;

/// The heading of these flags.
const HEADING: &str = "Augmentation of training images, each epoch anew (default: none)";

#[derive(clap::Args)]
pub(super) struct Flags {
    /// Turn by up to so many degrees either way; 10 suits handwriting
    #[arg(long, help_heading = HEADING, value_name = "DEGREES")]
    rotate: Option<f64>,
    /// Enlarge or shrink by up to this fraction; 0.1 suits handwriting
    #[arg(long, help_heading = HEADING, value_name = "FRACTION")]
    zoom: Option<f64>,
    /// Move by up to so many pixels along each axis
    #[arg(long, help_heading = HEADING, value_name = "PIXELS")]
    shift: Option<f64>,
    /// Slant by up to so many degrees either way
    #[arg(long, help_heading = HEADING, value_name = "DEGREES")]
    shear: Option<f64>,
    /// Distort elastically, as if the paper were pulled here and there: how strongly, and over how many pixels
    /// displacements hang together; 20,4 suits handwriting of 28 x 28 [default SIGMA: 4]
    #[arg(long, help_heading = HEADING, value_name = "ALPHA[,SIGMA]", value_parser = elastic)]
    elastic: Option<Elastic>,
    /// Mirror left to right with this probability; not for digits or letters: a mirrored 2 is no digit
    #[arg(long, help_heading = HEADING, value_name = "P")]
    flip_horizontal: Option<f64>,
    /// Mirror top to bottom with this probability; not for digits or letters either
    #[arg(long, help_heading = HEADING, value_name = "P")]
    flip_vertical: Option<f64>,
}

#[derive(Clone, Copy)]
struct Elastic {
    alpha: f64,
    sigma: Option<f64>,
}

impl Flags {
    /// What was given, in place of what was set.
    pub(super) fn lay_over(&self, augmentation: &mut Augmentation) {
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

/// One number or two.
fn elastic(text: &str) -> Result<Elastic, String> {
    let number = |text: &str| text.trim().parse().map_err(|_| format!("expected a number, found {text:?}"));
    match text.split_once(',') {
        Some((alpha, sigma)) => Ok(Elastic { alpha: number(alpha)?, sigma: Some(number(sigma)?) }),
        None => Ok(Elastic { alpha: number(text)?, sigma: None }),
    }
}
