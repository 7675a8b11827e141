//! Arrays for numpy.load.

use std::path::Path;

use anyhow::{Context, ensure};
use ndarray::{ArrayRef, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};
use vae_train::write_atomically;

/// The largest array to write. Arrays can be large because a model may have a million pixels or latent dimensions.
const MAX_BYTES: usize = 4 << 30;

/// Checks the size of an array of `f32`, before it is computed. `what` is the array, for the message.
pub(crate) fn check_size(what: &str, rows: usize, columns: usize) -> anyhow::Result<()> {
    ensure!(
        rows.saturating_mul(4).saturating_mul(columns) <= MAX_BYTES,
        "{what}: expected at most {MAX_BYTES} bytes in an array, found {rows} x {columns} numbers of 4 bytes",
    );
    Ok(())
}

/// Writes an array.
pub(crate) fn write<A: WritableElement, D: Dimension>(
    array: &ArrayRef<A, D>,
    path: &Path,
) -> anyhow::Result<()> {
    // The header takes 128 bytes.
    let mut bytes = Vec::with_capacity(size_of_val(array.as_slice().unwrap_or_default()) + 128);
    array.write_npy(&mut bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(write_atomically(path, &bytes)?)
}
