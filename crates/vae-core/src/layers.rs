//! What a network is built of, each layer's way forward beside its way back.
//!
//! In reading order: where parameters lie (`layout`) and what they start from (`init`), the fully connected layer
//! (`dense`) with its nonlinearity (`activation`), the list of kinds of layers (`layer`) and a chain of them (`stack`).

pub(crate) mod activation;
pub(crate) mod dense;
pub(crate) mod gated;
pub(crate) mod init;
pub(crate) mod layer;
pub(crate) mod layout;
pub(crate) mod stack;
