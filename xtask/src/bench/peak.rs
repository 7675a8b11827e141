//! The peak rate of multiply-adds, with all numbers in registers.
//!
//! A processor with two units of latency four needs eight independent sums to keep both busy. A few more hide other
//! delays, and still fit into the registers.

use std::hint::black_box;

use multiversion::{multiversion, target::match_target};
use rayon::ThreadPool;

use super::all_threads;

/// Steps of each sum between two readings of the clock: about ten microseconds.
const STEPS: usize = 10_000;

/// The most sums that are computed at the same time: twelve of the widest vectors.
const MAX_SUMS: usize = 192;

/// Floating-point operations per second of all threads of `pool` together; a multiply-add counts as two.
pub(crate) fn flops(pool: &ThreadPool, seconds: f64) -> f64 {
    let work = |sums: &mut [f32; MAX_SUMS]| {
        let count = multiply_adds(black_box(0.9), black_box(0.1), sums);
        black_box(sums);
        2.0 * count as f64
    };
    all_threads::units_per_second(pool, seconds, || [0.0; MAX_SUMS], work)
}

/// Writes the results to `sums` and returns the number of multiply-adds.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma"))]
fn multiply_adds(factor: f32, term: f32, sums: &mut [f32; MAX_SUMS]) -> usize {
    match_target! {
        "x86_64+avx512f" => in_registers::<192, true>(factor, term, sums),
        "x86_64+avx2+fma" => in_registers::<96, true>(factor, term, sums),
        _ => in_registers::<{ if FUSED { 96 } else { 48 } }, FUSED>(factor, term, sums),
    }
}

/// True if the instruction set that all code is compiled for has a fused multiply-add.
const FUSED: bool = cfg!(target_arch = "aarch64") || cfg!(target_feature = "fma");

/// Computes s ← s · factor + term repeatedly for `N` sums.
///
/// One flat array makes the compiler keep the sums in vector registers from the first step to the last, on every
/// instruction set. With an array of rows, it shuffles or gathers on some.
#[inline(always)]
fn in_registers<const N: usize, const FMA: bool>(
    factor: f32,
    term: f32,
    sums: &mut [f32; MAX_SUMS],
) -> usize {
    let mut held = [0.5_f32; N];
    for _ in 0..STEPS {
        for s in &mut held {
            *s = if FMA { s.mul_add(factor, term) } else { *s * factor + term };
        }
    }
    sums[..N].copy_from_slice(&held);
    STEPS * N
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_really_computed() {
        // s ← 0.9 s + 0.1 has 1 as its fixed point.
        let mut sums = [0.0; MAX_SUMS];
        let count = multiply_adds(0.9, 0.1, &mut sums);
        let (done, untouched) = sums.split_at(count / STEPS);
        assert!(done.len() >= 48 && done.iter().all(|sum| (sum - 1.0).abs() < 1e-4), "{done:?}");
        assert!(untouched.iter().all(|&sum| sum == 0.0));
    }
}
