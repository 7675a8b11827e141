//! z from the prior of a model: the one place where samples begin, for pictures, for arrays and for measurements.

use ndarray::Array2;
use vae_core::noise::{Purpose, standard_normal, stream};
use vae_train::ModelFile;

/// Draws z from the model's prior, `count` times. A smaller count gives the first of these draws.
///
/// # Shapes
/// → (`count`, L)
pub(crate) fn draw(model: &ModelFile, count: usize, seed: u64) -> Array2<f32> {
    let mut z = Array2::zeros((count, model.vae.latent()));
    standard_normal(&mut stream(seed, Purpose::SAMPLES, 0, 0), z.view_mut());
    z
}

/// The prior that [`draw`] draws from, for captions and reports.
pub(crate) fn describe(_model: &ModelFile) -> String {
    "N(0, I)".to_owned()
}
