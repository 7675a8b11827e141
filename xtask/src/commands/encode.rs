//! `cargo xtask encode`

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::ValueEnum;
use ndarray::ArrayView1;
use vae_core::Vae;
use vae_data::{ClassNames, Dataset, Splits};
use vae_train::{encode, write_atomically};

use crate::{model_data::ModelDataArgs, model_source::ModelArgs, npy, outcome::Done, paths, pictures, term};

/// Writes the posteriors of images as arrays for numpy.load.
///
/// For each split: SPLIT_mean.npy and SPLIT_log_var.npy, the mean and the log-variance of q(z|x), float32 (N, L), one
/// row per image in the order of the data; and SPLIT_labels.npy, uint8 (N,), if the images have labels. If these have
/// names, classes.json holds the name of each label.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: ModelDataArgs,
    /// Split to encode
    #[arg(long, value_enum, default_value_t = SplitChoice::Both)]
    split: SplitChoice,
    /// Also write SPLIT_reconstruction.npy: the decoded means, float32 (N, D) in [0, 1]
    #[arg(long)]
    reconstructions: bool,
    /// Directory for the arrays [default: latents/ in the run, or in runs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum SplitChoice {
    Train,
    Test,
    Both,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Done> {
    let source = args.model.read()?;
    let model = &source.model;
    let (data, splits) = match args.split {
        SplitChoice::Test => {
            let loaded = args.data.load(model)?;
            (loaded.name, vec![("test", loaded.images)])
        }
        split => {
            let loaded = args.data.load::<Splits>(model)?;
            let mut splits = vec![("train", loaded.images.train), ("test", loaded.images.test)];
            splits.truncate(if split == SplitChoice::Both { 2 } else { 1 });
            (loaded.name, splits)
        }
    };
    for (split, set) in &splits {
        pictures::check_size(model, set, &data)?;
        let columns = if args.reconstructions { set.pixels() } else { 0 }.max(model.vae.latent());
        npy::check_size(split, set.len(), columns)?;
    }
    let out = args.out.unwrap_or_else(|| source.beside_pictures("latents"));
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write_names(splits[0].1.class_names(), &out.join("classes.json"))?;
    for (split, set) in &splits {
        write_codes(&model.vae, set, &out, split, args.reconstructions)?;
    }
    term::result(format_args!("{}", paths::display(&out)))?;
    Ok(Done::Finished)
}

/// Removes a file of an earlier call, which could be mistaken for one of these images.
fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the names of the labels, if they have any.
fn write_names(names: &ClassNames, path: &Path) -> anyhow::Result<()> {
    if names.is_empty() {
        return remove(path);
    }
    let names: BTreeMap<u8, &str> = names.iter().collect();
    Ok(write_atomically(path, serde_json::to_string_pretty(&names)?.as_bytes())?)
}

fn write_codes(vae: &Vae, set: &Dataset, out: &Path, split: &str, decode: bool) -> anyhow::Result<()> {
    let path = |name: &str| out.join(format!("{split}_{name}.npy"));
    let posterior = encode(vae, set.images());
    npy::write(&posterior.mean, &path("mean"))?;
    npy::write(&posterior.log_var, &path("log_var"))?;
    let reconstruction = path("reconstruction");
    if decode {
        npy::write(&vae.decode(posterior.mean.view()), &reconstruction)?;
    } else {
        remove(&reconstruction)?;
    }
    let labels = path("labels");
    match set.labels() {
        Some(values) => npy::write(&ArrayView1::from(values), &labels)?,
        None => {
            term::note(format_args!("{split}: the images have no labels; {split}_labels.npy is not written"));
            remove(&labels)?;
        }
    }
    let (images, latents) = posterior.mean.dim();
    term::note(format_args!("{split}: {} images, {latents} latent dimensions", term::thousands(images)));
    Ok(())
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
