//! Tests of the commands from the outside: the built program, its files, its output and its exit status.
//!
//! Every test has a project of its own in a temporary directory, and none needs the network.

mod png;
mod project;

mod annotate;
mod bench;
mod classifier;
mod data;
mod encode;
mod eval;
mod fit_prior;
mod generate;
mod grid;
mod import;
mod inputs;
mod installed;
mod nll;
mod output;
mod own_data;
mod own_images;
mod photos;
mod pictures;
mod resume;
mod runs;
mod sample_quality;
mod samples;
mod sources;
mod sweep;
mod train;
mod usage;
mod vocabulary;
