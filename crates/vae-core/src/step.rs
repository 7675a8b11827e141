//! Algorithm 1 of the paper on many threads: the gradient of a batch, and the step that follows it.
//!
//! In reading order: a training (`training`), the gradient of the loss (`backprop`), how any network's gradient is
//! summed (`gradient`), where it goes (`sink`), and the training of the prior alone (`prior_training`).

pub(crate) mod backprop;
pub(crate) mod gradient;
pub(crate) mod prior_training;
pub(crate) mod sink;
pub(crate) mod training;
