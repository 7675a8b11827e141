//! The machine: stop here if you came for the mathematics.
//!
//! Everything below computes the sums that the files above it write down, only faster, and knows no model: how a batch
//! lies in memory, how it gets there, the products of a dense layer, the loops over single numbers, compiled for the
//! instruction sets that a machine may have. A sum runs through its terms in order, on one thread, so the results do
//! not depend on how the work is cut.
//!
//! In reading order: the block sizes (`blocking`), sixteen numbers (`lanes`), a batch of them (`batch`, `by_feature`)
//! and what of it is zero (`nonzero`), one sample in place of a batch (`repeated`), the way there and back (`pack`),
//! the instruction sets (`simd`), functions of one number (`special`), loops over them (`elementwise`, `coupling`,
//! `densities`, `sums`, `reductions`), the three products (`products`), the third of them for sparse data (`sparse`),
//! and both cut into pieces for many threads (`dense`, `operands`), in memory that is kept (`scratch`).

pub(crate) mod blocking;
pub(crate) mod lanes;

pub(crate) mod batch;
pub(crate) mod by_feature;
pub(crate) mod nonzero;
pub(crate) mod pack;
pub(crate) mod repeated;

pub(crate) mod simd;

pub(crate) mod coupling;
pub(crate) mod densities;
pub(crate) mod elementwise;
pub(crate) mod reductions;
pub(crate) mod special;
pub(crate) mod sums;

pub(crate) mod dense;
pub(crate) mod distances;
pub(crate) mod operands;
pub(crate) mod products;
pub(crate) mod scratch;
pub(crate) mod sparse;
