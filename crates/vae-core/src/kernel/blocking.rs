//! Every block size of the crate, in one table: what a block holds, which cache or registers it fits, and on which
//! machine it was chosen. A change of one changes the speed and no result, except where the table says otherwise.
//!
//! | name | counts | holds, in bytes | fits | chosen on |
//! | --- | --- | --- | --- | --- |
//! | [`LANES`] | numbers side by side | 64 | a cache line; a register of AVX-512, two of AVX2 | any |
//! | [`MR_AVX2`], [`MR_AVX512`] | rows of results | 384, 768 | 12 of 16, of 32 registers | Zen 3; not tuned |
//! | [`TILE`] | outputs of a layer computed together | 96 a term | a multiple of both `MR` | Zen 3 |
//! | [`KC`] | terms of a sum walked along at a time | 18 K of weights, 12 K of inputs | first cache, 32 K | Zen 3 |
//! | [`MICRO_BATCH`] | samples that go their way together | 50 K a layer 784-256 | second cache, 512 K | Zen 3 |
//! | [`SQUARE`] | side of a square that is transposed | 256 | 8 registers of AVX2 | Zen 3 |
//! | [`WORD`] | samples whose zeros a word tells | 24 K of deltas | first cache, 32 K | Zen 3 |
//! | [`LINES`] | lines of outputs summed from sparse data | 384 | 12 registers of AVX2 | Zen 3 |
//! | [`SPARSE_OUTPUTS`] | fewest outputs for which that pays | – | hides a sum's latency | Zen 3 |
//! | [`SUM`] | pixels summed before their sum joins the rest | – | rounding: it changes the loss's last bits | – |
//! | [`PIECE`] | parameters of an update | 256 K with moments and gradient | second cache, 512 K | Zen 3 |
//!
//! Zen 3 is an AMD EPYC with 32 K of first and 512 K of second cache a core, AVX2, 224 GFLOP/s on two cores.
//! `cargo bench -p vae-core --features benchmarks` times what depends on them.

/// Numbers side by side in a [`Lanes`](super::lanes::Lanes).
pub(crate) const LANES: usize = 16;

/// Rows of results that a product keeps in registers on AVX2, of two registers each; also on unknown machines.
pub(crate) const MR_AVX2: usize = 6;

/// The same number for AVX-512, of one register each.
#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
pub(crate) const MR_AVX512: usize = 12;

/// Outputs of a layer that are computed together.
pub(crate) const TILE: usize = 24;

/// Terms of a sum that a product walks along before it turns to the next rows.
pub(crate) const KC: usize = 192;

/// Samples that go through the network together on one thread, at most.
pub(crate) const MICRO_BATCH: usize = 4 * LANES;

/// Side of the squares that are transposed in registers.
pub(crate) const SQUARE: usize = 8;

/// Samples that one word of bits tells zero or not.
pub(crate) const WORD: usize = 64;

/// Lines of sixteen outputs whose gradients are summed together from sparse data.
pub(crate) const LINES: usize = 6;

/// Fewest outputs of a layer for which summing from sparse data can pay.
pub(crate) const SPARSE_OUTPUTS: usize = 4 * LANES;

/// Pixels whose losses are summed by themselves before that sum joins the others.
pub(crate) const SUM: usize = 64;

/// Parameters of one task of an optimizer.
pub(crate) const PIECE: usize = 1 << 14;

/// Samples of a micro-batch in the training on batches of up to `samples`: a whole number of panels, and at least two
/// micro-batches where there are enough samples for them.
pub(crate) fn micro_batch(samples: usize) -> usize {
    let panels = samples.div_ceil(LANES);
    LANES * (panels / 2).clamp(1, MICRO_BATCH / LANES)
}
