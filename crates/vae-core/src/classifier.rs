//! A classifier from the same layers and the same steps, beside the model: it reads what a model wrote.

mod config;
mod model;
mod softmax;

pub use config::ClassifierConfig;
pub use model::Classifier;
