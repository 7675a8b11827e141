//! A steady training step takes no memory from the system: what it needs was made by the first.

use ndarray::Array2;
use vae_core::{Adam, Batch, Training, Vae, VaeConfig};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_steady_step_allocates_nothing() {
    let config = VaeConfig { hidden: vec![70, 40], latent: 10, ..VaeConfig::default() };
    let mut training = Training::new(Vae::new(config, 1).unwrap(), Adam::default());
    let x = Array2::from_shape_fn((100, 784), |(i, j)| ((i * 7 + j * 3) % 11) as f32 / 10.0);
    let eps = Array2::from_shape_fn((100, 10), |(i, j)| ((i * 5 + j) % 7) as f32 / 3.0 - 1.0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let _profiler = dhat::Profiler::builder().testing().build();
    pool.install(|| {
        // The first step makes the memory of the others.
        training.step(Batch::new(x.view(), eps.view())).unwrap();
        let mut allocations_of_steps = |count| {
            let before = dhat::HeapStats::get().total_blocks;
            for _ in 0..count {
                training.step(Batch::new(x.view(), eps.view())).unwrap();
            }
            dhat::HeapStats::get().total_blocks - before
        };
        // Each thread allocates its own memory at the first tile that it happens to compute, and nothing after that.
        let found: Vec<u64> =
            (0..20).map(|_| allocations_of_steps(50)).take_while(|&count| count > 0).collect();
        assert!(found.len() < 20, "allocations in 20 times 50 steps: {found:?}");
    });
}
