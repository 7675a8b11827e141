//! A steady training step takes no memory from the system: what it needs was made before the first.

use ndarray::Array2;
use vae_core::{Adam, Backprop, Optimizer, Vae, VaeConfig};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_steady_step_allocates_nothing() {
    let config = VaeConfig { hidden: vec![70, 40], latent: 10, ..VaeConfig::default() };
    let mut vae = Vae::new(config, 1).unwrap();
    let mut backprop = Backprop::new(&vae, 100);
    let mut optimizer = Optimizer::new(Adam::default(), vae.parameters().len());
    let x = Array2::from_shape_fn((100, 784), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
    let eps = Array2::from_shape_fn((100, 10), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let _profiler = dhat::Profiler::builder().testing().build();
    pool.install(|| {
        let mut allocations_of_steps = |count| {
            let before = dhat::HeapStats::get().total_blocks;
            for _ in 0..count {
                vae.train_step(&mut backprop, &mut optimizer, x.view(), eps.view(), 1.0).unwrap();
            }
            dhat::HeapStats::get().total_blocks - before
        };
        // Each thread makes its own room at the first tile that it happens to compute; after that, nothing.
        let found: Vec<u64> =
            (0..20).map(|_| allocations_of_steps(50)).take_while(|&count| count > 0).collect();
        assert!(found.len() < 20, "allocations in 20 times 50 steps: {found:?}");
    });
}
