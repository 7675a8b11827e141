//! `cargo xtask import`

use std::path::PathBuf;

use vae_data::Binarization;
use vae_train::write_atomically;

use crate::{
    model_source::ModuleArgs,
    outcome::{Done, misuse},
    paths, term,
};

/// Converts a PyTorch state dict into a model file, which also holds the facts that the tensors do not.
///
/// FILE is written by safetensors.torch.save_file(module.state_dict(), FILE). Its tensors are named as in this
/// program's own files (encoder.fc1.weight, ..., decoder.fc1.weight, ...; the last layer of the encoder outputs means,
/// then log-variances) or as in PyTorch's VAE example (fc1, fc21, fc22, fc3, fc4). The decoder outputs logits, or what
/// --likelihood says.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// State dict to convert
    #[arg(value_name = "FILE.safetensors")]
    file: PathBuf,
    #[command(flatten)]
    module: ModuleArgs,
    /// Height and width of an image [default: a square if possible, else a single row]
    #[arg(long, value_name = "HEIGHTxWIDTH", value_parser = image_size)]
    image: Option<(usize, usize)>,
    /// Data that the module was trained on, named as for 'cargo xtask train', such as mnist
    #[arg(long, value_name = "D")]
    data: Option<String>,
    /// How the pixels it learned from were made black or white: grey (not at all), dynamic, fixed:SEED or threshold
    #[arg(long, value_name = "HOW", default_value_t)]
    binarize: Binarization,
    /// Model file to write
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Done> {
    let mut model = args.module.read(&args.file)?;
    if let Some((height, width)) = args.image {
        let pixels = model.vae.input();
        if height.checked_mul(width) != Some(pixels) {
            return Err(misuse(format_args!(
                "{}: the module takes images of {pixels} pixels, found --image {height}x{width}",
                args.file.display(),
            )));
        }
        (model.height, model.width) = (height, width);
    }
    if args.data.is_some() {
        model.data.clone_from(&args.data);
    }
    model.binarization = args.binarize;
    let canonical = |path: &PathBuf| path.canonicalize().ok();
    if canonical(&args.out).is_some_and(|out| canonical(&args.file) == Some(out)) {
        let out = args.out.display();
        return Err(misuse(format_args!("{out} is the file to import; choose another file for --out")));
    }
    write_atomically(&args.out, &model.to_bytes())?;
    let config = model.vae.config();
    term::note(format_args!(
        "{config} ({}, {} likelihood), images of {} x {}",
        config.activation, config.likelihood, model.height, model.width
    ));
    term::result(format_args!("{}", paths::display(&args.out)))?;
    Ok(Done::Finished)
}

fn image_size(text: &str) -> Result<(usize, usize), String> {
    let size = text.split_once('x').and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
    size.ok_or_else(|| "expected HEIGHTxWIDTH, such as 28x28".to_owned())
}
