//! What turns a gradient into the next parameters. One file a method: its formula, its hyper-parameters, its rule.
//!
//! In reading order: what a method offers (`method`), the methods, the one list of them (`list`), what is done to
//! gradients before (`clip`, `normalise`) and to weights afterwards (`average`), an optimizer, which is a method with
//! its memory, and an update, which waits for its gradient.

pub(crate) mod method;

pub(crate) mod adam;
pub(crate) mod adamax;
pub(crate) mod adamw;
pub(crate) mod rmsprop;
pub(crate) mod sgd;

pub(crate) mod list;

pub(crate) mod average;
pub(crate) mod clip;
pub(crate) mod normalise;
pub(crate) mod optimizer;
pub(crate) mod update;
