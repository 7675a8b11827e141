//! The posteriors of the images of a data set.

use std::convert::Infallible;

use ndarray::{Array2, ArrayView2, s};
use vae_core::{Posterior, Vae};

use crate::blocks::{all, for_each_block};

/// q(z|x) of every image, in order.
///
/// # Shapes
/// `images` (N, D) u8 → mean and log-variance (N, L)
///
/// # Panics
/// If D is not the model's number of inputs.
pub fn encode(vae: &Vae, images: ArrayView2<'_, u8>) -> Posterior {
    assert_eq!(images.ncols(), vae.input(), "columns of the images");
    let zeroed = || Array2::zeros((images.nrows(), vae.latent()));
    let (mut mean, mut log_var) = (zeroed(), zeroed());
    let Ok(()) = for_each_block(images, &all(images), |x, range| {
        let posterior = vae.encode(x);
        mean.slice_mut(s![range.clone(), ..]).assign(&posterior.mean);
        log_var.slice_mut(s![range, ..]).assign(&posterior.log_var);
        Ok::<_, Infallible>(())
    });
    Posterior::new(mean, log_var)
}

#[cfg(test)]
mod tests {
    use vae_core::VaeConfig;
    use vae_data::{Split, digits};

    use super::*;

    #[test]
    fn blocks_give_what_all_images_at_once_give() {
        let data = digits::generate(1040, 3, Split::Test);
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
