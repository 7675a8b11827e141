//! The posteriors of images as they lie in a data set.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use vae_core::{Posterior, Vae};
use vae_data::gather;

/// Images that a thread converts and encodes together.
const BLOCK: usize = 512;

/// q(z|x) of every image, in order.
///
/// # Shapes
/// `images` (N, D) u8 → mean and log-variance (N, L)
///
/// # Panics
/// If D is not the model's number of inputs.
pub fn encode(vae: &Vae, images: ArrayView2<'_, u8>) -> Posterior {
    assert_eq!(images.ncols(), vae.input(), "columns of the images");
    let room = || Array2::zeros((images.nrows(), vae.latent()));
    let (mut mean, mut log_var) = (room(), room());
    let blocks = images.axis_chunks_iter(Axis(0), BLOCK).into_par_iter();
    let means = mean.axis_chunks_iter_mut(Axis(0), BLOCK);
    let log_vars = log_var.axis_chunks_iter_mut(Axis(0), BLOCK);
    blocks.zip(means).zip(log_vars).for_each(|((images, mut mean), mut log_var)| {
        let indices: Vec<u32> = (0..images.nrows() as u32).collect();
        let mut x = Array2::zeros(images.dim());
        gather(images, &indices, x.view_mut());
        let posterior = vae.encode(x.view());
        mean.assign(&posterior.mean);
        log_var.assign(&posterior.log_var);
    });
    Posterior { mean, log_var }
}

#[cfg(test)]
mod tests {
    use vae_core::VaeConfig;
    use vae_data::{Split, digits};

    use super::*;

    #[test]
    fn blocks_give_what_all_images_at_once_give() {
        let data = digits::generate(BLOCK + 40, 3, Split::Test);
        let config = VaeConfig { hidden: vec![8], latent: 3, ..VaeConfig::default() };
        let vae = Vae::new(config, 1).unwrap();
        let x = data.images().mapv(|byte| f32::from(byte) / 255.0);
        assert_eq!(encode(&vae, data.images()), vae.encode(x.view()));
    }

    #[test]
    fn no_images_have_no_posteriors() {
        let vae = Vae::new(VaeConfig { latent: 3, ..VaeConfig::default() }, 1).unwrap();
        assert_eq!(encode(&vae, Array2::zeros((0, 784)).view()).mean.dim(), (0, 3));
    }
}
