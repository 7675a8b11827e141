//! The least time that a training step can take: its arithmetic at the machine's peak rate, and the optimizer's bytes
//! at the machine's bandwidth.

use vae_core::Layout;

use super::{
    bandwidth::{BYTES_HELD, BYTES_MOVED},
    limits::Limits,
};

/// The work of a training step, according to its formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) multiply_adds: u64,
    pub(crate) parameters: u64,
}

impl Work {
    /// The work of a step of `batch` images.
    ///
    /// A weight (O, I) takes B · O · I multiply-adds for each of y = W x + b, dW = dy xᵀ and dx = Wᵀ dy; the first
    /// layer does not need dx, the gradient of the image. All multiply-adds are counted, even those with a zero input,
    /// which a program may skip.
    pub(crate) fn of_step(layout: &Layout, batch: usize) -> Self {
        let sizes = layout.tensors().iter().filter(|tensor| tensor.shape.len() == 2);
        let sizes: Vec<u64> = sizes.map(|weight| weight.range.len() as u64).collect();
        let products = 3 * sizes.iter().sum::<u64>() - sizes.first().copied().unwrap_or_default();
        Self { multiply_adds: batch as u64 * products, parameters: layout.len() as u64 }
    }

    /// Floating-point operations: two per multiply-add.
    pub(crate) fn flop(self) -> u64 {
        2 * self.multiply_adds
    }

    /// The bytes that the optimizer reads and writes.
    pub(crate) fn optimizer_bytes(self) -> u64 {
        BYTES_MOVED * self.parameters
    }

    /// The least time that this work takes within `limits`.
    pub(crate) fn floor_seconds(self, limits: &Limits) -> f64 {
        let bandwidth = limits.bandwidth_of(BYTES_HELD * self.parameters);
        (self.flop() as f64 / limits.peak_gflops + self.optimizer_bytes() as f64 / bandwidth) / 1e9
    }
}

#[cfg(test)]
mod tests {
    use vae_core::{Vae, VaeConfig};

    use super::{super::limits::tests::limits, *};

    fn work(hidden: &[usize], latent: usize, batch: usize) -> Work {
        let config = VaeConfig { hidden: hidden.to_vec(), latent, ..VaeConfig::default() };
        Work::of_step(Vae::new(config, 0).unwrap().parameters().layout(), batch)
    }

    #[test]
    fn the_work_of_the_reference_network_is_as_computed_by_hand() {
        // Weights: 784 · 256 + 256 · 128 + 64 · 256 + 256 · 784 = 450 560; biases: 256 + 128 + 256 + 784 = 1 424.
        // An image takes 3 · 450 560 − 784 · 256 = 1 150 976 multiply-adds, a batch of 64 takes 73 662 464.
        let work = work(&[256], 64, 64);
        assert_eq!(work, Work { multiply_adds: 73_662_464, parameters: 451_984 });
        assert_eq!(work.flop(), 147_324_928);
        assert_eq!(work.optimizer_bytes(), 12_655_552);
    }

    #[test]
    fn the_work_of_a_deeper_network_is_as_computed_by_hand() {
        // Weights of the encoder: 784 · 5 + 5 · 4 + 4 · 6 = 3 964; of the decoder: 3 · 4 + 4 · 5 + 5 · 784 = 3 952.
        // Biases: 5 + 4 + 6 + 4 + 5 + 784 = 808.
        let work = work(&[5, 4], 3, 10);
        assert_eq!(work.multiply_adds, 10 * (3 * (3_964 + 3_952) - 784 * 5));
        assert_eq!(work.parameters, 3_964 + 3_952 + 808);
    }

    #[test]
    fn the_floor_is_the_arithmetic_at_the_peak_plus_the_bytes_at_the_bandwidth() {
        // 147.3 MFLOP at 100 GFLOP/s: 1.473 ms. 12.66 MB at 50 GB/s, as 7.2 MB are held in 8 MiB: 0.253 ms.
        let floor = work(&[256], 64, 64).floor_seconds(&limits(1));
        let by_hand = 0.001_473_249_28 + 0.000_253_111_04;
        assert!((floor - by_hand).abs() < 1e-12, "{floor}");
    }

    #[test]
    fn a_larger_network_moves_at_the_bandwidth_of_a_larger_set() {
        // Some 3.9 million parameters: 63 MB held in 64 MiB, 110 MB moved at 20 GB/s, 5.5 ms.
        let work = work(&[1024, 1024], 64, 1);
        assert_eq!(work.parameters, 2 * 1024 * 784 + 2 * 1024 * 1024 + 3 * 64 * 1024 + 4 * 1024 + 128 + 784);
        let bytes = work.floor_seconds(&limits(1)) - work.flop() as f64 / 1e11;
        assert!((bytes - work.parameters as f64 * 28.0 / 2e10).abs() < 1e-12, "{bytes}");
    }
}
