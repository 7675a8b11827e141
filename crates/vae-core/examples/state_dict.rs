//! A PyTorch state dict, read and written.
//!
//! ```sh
//! cargo run --release -p vae-core --example state_dict -- module.safetensors relu
//! ```
//! In Python, `safetensors.torch.save_file(module.state_dict(), "module.safetensors")` writes the file, and
//! `module.load_state_dict(safetensors.torch.load_file("module.safetensors"))` reads what is written here. The
//! activation is what no tensor tells. Without arguments the example makes such a file in memory.

use std::{env, error::Error, fs};

use vae_core::{
    Activation, Vae, VaeConfig,
    weights::{Facts, ModuleFacts},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (bytes, activation) = match &arguments[..] {
        [path, activation] => (fs::read(path)?, activation.parse()?),
        [] => {
            let config = VaeConfig { input: 6, hidden: vec![5, 4], latent: 2, ..VaeConfig::default() };
            (Vae::new(config, 1)?.to_safetensors(&Facts::new()), Activation::Relu)
        }
        _ => return Err("expected a file and its activation, or nothing".into()),
    };
    let module = ModuleFacts { activation, ..ModuleFacts::default() };
    let (vae, facts) = Vae::from_safetensors(&bytes, Some(module))?;
    println!("{} with {} parameters", vae.config(), vae.parameters().len());
    for (name, shape, values) in vae.parameters().iter() {
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        println!("{name} {shape:?}, norm {norm:.3}");
    }
    // The same tensors, now with the facts that PyTorch's file lacked.
    let written = vae.to_safetensors(&facts);
    let (again, facts) = Vae::from_safetensors(&written, None)?;
    assert_eq!(again.parameters(), vae.parameters());
    println!("written again with activation {} and likelihood {}", facts["activation"], facts["likelihood"]);
    Ok(())
}
