//! How far augmented images may be from their originals.

use crate::error::DataError;

/// How far augmented images may be from their originals. The default changes nothing.
///
/// Every range is symmetric and every value in it equally likely.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields, default))]
pub struct Augmentation {
    /// Rotation by at most this many degrees either way, about the middle. Default 0; at most 180.
    pub rotation_degrees: f64,
    /// Change of size by at most this fraction: 0.1 means 0.9 to 1.1 times the size. Default 0; at most 0.9.
    pub scale: f64,
    /// Shift by at most this many pixels along each axis. Default 0; at most 1024.
    pub shift_pixels: f64,
    /// Slant by at most this many degrees either way. Default 0; at most 60.
    pub shear_degrees: f64,
    /// α of the elastic distortion (Simard, Steinkraus & Platt, "Best practices for convolutional neural networks",
    /// 2003): every pixel is displaced along each axis by α times the Gaussian mean of uniform draws from [−1, 1].
    /// Pixels; the paper takes 34 for σ = 4, a standard deviation of 1.4 pixels. Together with other changes, that
    /// makes some digits hard to read; 20 looks like handwriting. Default 0: no distortion; at most 1000.
    pub elastic_alpha: f64,
    /// σ of that Gaussian, pixels: the distance within which displacements are alike. Default 4; between 0.5 and 64.
    pub elastic_sigma: f64,
    /// The probability of being mirrored left to right. Default 0, as a mirrored 2 is not a digit.
    pub flip_horizontal: f64,
    /// The probability of being mirrored top to bottom. Default 0.
    pub flip_vertical: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            rotation_degrees: 0.0,
            scale: 0.0,
            shift_pixels: 0.0,
            shear_degrees: 0.0,
            elastic_alpha: 0.0,
            elastic_sigma: 4.0,
            flip_horizontal: 0.0,
            flip_vertical: 0.0,
        }
    }
}

impl Augmentation {
    /// Whether no image is changed.
    pub fn is_none(&self) -> bool {
        let Self { elastic_sigma, .. } = *self;
        *self == Self { elastic_sigma, ..Self::default() }
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// [`DataError::Augmentation`] for the first that is not.
    pub fn validate(&self) -> Result<(), DataError> {
        for (field, value, [least, most]) in [
            ("rotation_degrees", self.rotation_degrees, [0.0, 180.0]),
            ("scale", self.scale, [0.0, 0.9]),
            ("shift_pixels", self.shift_pixels, [0.0, 1024.0]),
            ("shear_degrees", self.shear_degrees, [0.0, 60.0]),
            ("elastic_alpha", self.elastic_alpha, [0.0, 1000.0]),
            ("elastic_sigma", self.elastic_sigma, [0.5, 64.0]),
            ("flip_horizontal", self.flip_horizontal, [0.0, 1.0]),
            ("flip_vertical", self.flip_vertical, [0.0, 1.0]),
        ] {
            if !(least..=most).contains(&value) {
                return Err(DataError::Augmentation { field, least, most, found: value });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_changes_nothing_and_is_valid() {
        assert!(Augmentation::default().is_none());
        assert!(Augmentation::default().validate().is_ok());
    }

    #[test]
    fn a_width_of_the_gaussian_alone_changes_nothing() {
        assert!(Augmentation { elastic_sigma: 3.0, ..Augmentation::default() }.is_none());
    }

    #[test]
    fn each_setting_out_of_range_is_named() {
        type Field = fn(&mut Augmentation) -> &mut f64;
        let fields: [(&str, Field); 8] = [
            ("rotation_degrees", |a| &mut a.rotation_degrees),
            ("scale", |a| &mut a.scale),
            ("shift_pixels", |a| &mut a.shift_pixels),
            ("shear_degrees", |a| &mut a.shear_degrees),
            ("elastic_alpha", |a| &mut a.elastic_alpha),
            ("elastic_sigma", |a| &mut a.elastic_sigma),
            ("flip_horizontal", |a| &mut a.flip_horizontal),
            ("flip_vertical", |a| &mut a.flip_vertical),
        ];
        for (name, field) in fields {
            for wrong in [-0.1, 1e6, f64::NAN, f64::INFINITY] {
                let mut augmentation = Augmentation::default();
                *field(&mut augmentation) = wrong;
                let error = augmentation.validate().unwrap_err().to_string();
                assert!(error.contains(&format!("augmentation.{name} ")), "{name} = {wrong}: {error}");
            }
        }
    }
}
