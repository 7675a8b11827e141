//! `cargo xtask sweep`, piece by piece: a grid of settings from flags (`over`), or named ones from a file (`plan`); what
//! both come to, checked before anything is trained (`variant`); and what came of each, side by side (`table`).

pub(crate) mod over;
pub(crate) mod plan;
pub(crate) mod table;
pub(crate) mod variant;
