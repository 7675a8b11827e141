//! Limits that several parts of a configuration share.

/// The largest number of epochs.
pub(super) const MAX_EPOCHS: u64 = 1_000_000;
