//! `cargo xtask encode`

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::ValueEnum;
use ndarray::{ArrayRef, ArrayView1, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};
use vae_core::Vae;
use vae_data::{Dataset, Splits};
use vae_train::{encode, write_atomically};

use crate::{data_source, model_source, outcome::Done, paths, pictures, term};

/// The most bytes of one array: a model may have a million latents.
const MAX_BYTES: usize = 4 << 30;

/// Writes what a model makes of each image, as arrays that numpy.load reads.
///
/// Of each split: SPLIT_mean.npy and SPLIT_log_var.npy, mean and logarithm of the variance of q(z|x), float32 (N, L), one
/// image a row, in the order of the data; and SPLIT_labels.npy, uint8 (N,), where there are labels.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: model_source::ModelArgs,
    /// Whose images: as in 'cargo xtask train' [default: what the model was trained
    /// on; for a model of MNIST, what 'auto' finds]
    #[arg(long, value_name = "D")]
    data: Option<String>,
    /// Which of its images
    #[arg(long, value_enum, default_value_t = Part::Both)]
    split: Part,
    /// Also SPLIT_reconstruction.npy: the decoded means, float32 (N, D) in [0, 1]
    #[arg(long)]
    reconstructions: bool,
    /// The directory for the arrays [default: latents/ in the run, or in runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    Train,
    Test,
    Both,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let chosen = args.model.read()?;
    let (model, asked) = (&chosen.model, args.data.as_deref());
    let (data, splits) = match args.split {
        Part::Test => {
            let loaded = data_source::load_for(model, asked)?;
            (loaded.name, vec![("test", loaded.images)])
        }
        part => {
            let loaded = data_source::load_for::<Splits>(model, asked)?;
            let mut splits = vec![("train", loaded.images.train), ("test", loaded.images.test)];
            splits.truncate(if part == Part::Both { 2 } else { 1 });
            (loaded.name, splits)
        }
    };
    for (split, set) in &splits {
        pictures::check_size(model, set, &data)?;
        let columns = if args.reconstructions { set.pixels() } else { 0 }.max(model.vae.latent());
        ensure!(
            set.len().saturating_mul(4 * columns) <= MAX_BYTES,
            "{split}: {} x {columns} numbers are more than an array can hold ({MAX_BYTES} bytes)",
            set.len(),
        );
    }
    let out = args.out.unwrap_or_else(|| chosen.beside_pictures("latents"));
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    for (split, set) in &splits {
        write_codes(&model.vae, set, &out, split, args.reconstructions)?;
    }
    term::result(format_args!("{}", paths::display(&out)))?;
    Ok(Done::Finished)
}

/// Removes what a call before this one may have left of other images, which would be taken for these images'.
fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn write_codes(vae: &Vae, set: &Dataset, out: &Path, split: &str, decode: bool) -> anyhow::Result<()> {
    let path = |name: &str| out.join(format!("{split}_{name}.npy"));
    let posterior = encode(vae, set.images());
    write_array(&posterior.mean, &path("mean"))?;
    write_array(&posterior.log_var, &path("log_var"))?;
    let reconstruction = path("reconstruction");
    if decode {
        write_array(&vae.decode(posterior.mean.view()), &reconstruction)?;
    } else {
        remove(&reconstruction)?;
    }
    let labels = path("labels");
    match set.labels() {
        Some(values) => write_array(&ArrayView1::from(values), &labels)?,
        None => {
            term::note(format_args!("{split}: the images have no labels, so there is no {split}_labels.npy"));
            remove(&labels)?;
        }
    }
    let (images, latents) = posterior.mean.dim();
    term::note(format_args!("{split}: {} images, {latents} latents", term::thousands(images)));
    Ok(())
}

fn write_array<A: WritableElement, D: Dimension>(array: &ArrayRef<A, D>, path: &Path) -> anyhow::Result<()> {
    // The header takes 128 bytes.
    let mut bytes = Vec::with_capacity(size_of_val(array.as_slice().unwrap_or_default()) + 128);
    array.write_npy(&mut bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(write_atomically(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use vae_core::VaeConfig;

    use super::*;

    fn codes(labels: Option<Vec<u8>>, out: &Path) -> Vec<String> {
        let config = VaeConfig { input: 6, hidden: vec![3], latent: 2, ..VaeConfig::default() };
        let set = Dataset::new(Array2::zeros((2, 6)), labels, 2, 3).unwrap();
        write_codes(&Vae::new(config, 0).unwrap(), &set, out, "test", false).unwrap();
        let names = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn images_without_labels_leave_no_labels() {
        let out = tempfile::tempdir().unwrap();
        assert_eq!(
            codes(Some(vec![1, 2]), out.path()),
            ["test_labels.npy", "test_log_var.npy", "test_mean.npy"]
        );
        assert_eq!(codes(None, out.path()), ["test_log_var.npy", "test_mean.npy"]);
    }
}
