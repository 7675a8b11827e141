//! The parts of `cargo xtask sweep`, in reading order: variants and their settings, checked before anything is trained
//! (`variant`); where they come from, a grid of flags (`over`) or a file (`plan`); and the table of results (`table`).

pub(crate) mod variant;

pub(crate) mod over;
pub(crate) mod plan;

pub(crate) mod table;
