//! `cargo xtask bench`, piece by piece: what the machine could do, and how much of it the project does.
//!
//! In reading order: the machine's name (`machine`), how a time is taken (`samples`, `crew`, `watch`), the machine's
//! limits (`peak`, `bandwidth`, `limits`), what a step needs of them (`floor`), the measurements themselves
//! (`workload`, `step`, `inference`) and their text (`report`, `table`). Two more ways to measure build on these: beside
//! another program (`peer`, `child`, `against`), and as the problem grows (`point`, `scale`, `document`).

pub(crate) mod machine;

pub(crate) mod crew;
pub(crate) mod samples;
pub(crate) mod watch;

pub(crate) mod bandwidth;
pub(crate) mod floor;
pub(crate) mod limits;
pub(crate) mod peak;

pub(crate) mod inference;
pub(crate) mod step;
pub(crate) mod workload;

pub(crate) mod report;
pub(crate) mod table;

pub(crate) mod child;
pub(crate) mod peer;

pub(crate) mod against;

pub(crate) mod point;
pub(crate) mod scale;

pub(crate) mod document;
