//! One module a command: its arguments and what it does.

pub(crate) mod annotate;
pub(crate) mod bench;
pub(crate) mod ci;
pub(crate) mod classifier;
pub(crate) mod completions;
pub(crate) mod data;
pub(crate) mod encode;
pub(crate) mod eval;
pub(crate) mod fit_prior;
pub(crate) mod generate;
pub(crate) mod grid;
pub(crate) mod import;
pub(crate) mod man;
pub(crate) mod runs;
pub(crate) mod sweep;
pub(crate) mod train;
