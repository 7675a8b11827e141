//! Runs: the names of new ones, the list of those that exist, and two or more side by side.

pub(crate) mod compare;
pub(crate) mod list;
pub(crate) mod name;
pub(crate) mod summary;
mod table;
mod time;
