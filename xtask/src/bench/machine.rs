//! The machine that a measurement ran on: without it, a time means little.

use std::{env::consts, fmt, fs, thread};

use multiversion::{multiversion, target::match_target};
use serde::Serialize;

/// The machine that numbers were measured on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// The model of the processor if the system reports it, else its architecture.
    pub(crate) processor: String,
    pub(crate) architecture: &'static str,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// The widest of the instruction sets that the vector code is compiled for, as chosen at run time.
    pub(crate) instruction_set: &'static str,
    pub(crate) system: &'static str,
}

impl Machine {
    /// The machine that this process runs on.
    pub(crate) fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            processor: model_name(&cpuinfo).unwrap_or(consts::ARCH).to_owned(),
            architecture: consts::ARCH,
            cores: cores(),
            instruction_set: instruction_set(),
            system: consts::OS,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, architecture, cores, instruction_set, system } = self;
        let s = if *cores == 1 { "" } else { "s" };
        write!(f, "{processor}, {cores} core{s}, {instruction_set}, {system} on {architecture}")
    }
}

/// The number of cores that this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The first processor's model in the text of `/proc/cpuinfo`.
fn model_name(cpuinfo: &str) -> Option<&str> {
    let (_, rest) = cpuinfo.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(rest.trim()).filter(|name| !name.is_empty())
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
fn instruction_set() -> &'static str {
    match_target! {
        "x86_64+avx512f" => "AVX-512",
        "x86_64+avx2+fma" => "AVX2 with FMA",
        _ => BASELINE,
    }
}

/// The instruction set that all code is compiled for.
const BASELINE: &str = match consts::ARCH.as_bytes() {
    b"x86_64" => "SSE2",
    b"aarch64" => "NEON",
    _ => "no known vector instructions",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_that_of_the_first_processor() {
        let text =
            "processor\t: 0\nmodel\t\t: 1\nmodel name\t: A CPU @ 3 GHz\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(model_name(text), Some("A CPU @ 3 GHz"));
    }

    #[test]
    fn a_system_that_reports_no_model_has_none() {
        assert_eq!(model_name("processor\t: 0\nBogoMIPS\t: 48.00\n"), None);
        assert_eq!(model_name("model name\t:\n"), None);
    }
}
