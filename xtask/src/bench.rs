//! The parts of `cargo xtask bench`: the limits of the machine, and the share of them that the project reaches.
//!
//! In reading order: the machine's name (`machine`), how times are taken (`samples`, `all_threads`, `progress`), the
//! limits of the machine (`peak`, `bandwidth`, `limits`), the part of them that a step needs (`floor`), the
//! measurements (`workload`, `step`, `inference`) and their text (`report`, `table`). Two other ways to measure build
//! on these: a comparison with other programs (`child_process`, `program`, `comparison`), and the growth of the cost
//! (`measurement`, `scale`, `document`).

pub(crate) mod machine;

pub(crate) mod all_threads;
pub(crate) mod progress;
pub(crate) mod samples;

pub(crate) mod bandwidth;
pub(crate) mod floor;
pub(crate) mod limits;
pub(crate) mod peak;

pub(crate) mod inference;
pub(crate) mod step;
pub(crate) mod workload;

pub(crate) mod report;
pub(crate) mod table;

pub(crate) mod child_process;
pub(crate) mod program;

pub(crate) mod comparison;

pub(crate) mod measurement;
pub(crate) mod scale;

pub(crate) mod document;
