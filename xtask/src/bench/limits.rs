//! The limits of the machine, measured in the same run as what is compared with them.

use rayon::ThreadPool;
use serde::Serialize;

use super::{bandwidth, peak};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The limits of several threads together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Limits {
    pub(crate) threads: usize,
    /// The rate of multiply-adds in `f32`, each counted as two operations, in 10⁹ per second.
    pub(crate) peak_gflops: f64,
    /// One for each of [`SETS`](Self::SETS).
    pub(crate) bandwidth: Vec<Bandwidth>,
}

/// The bandwidth for the arrays of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Bandwidth {
    /// The working set of all threads together.
    pub(crate) working_set_bytes: u64,
    /// 10⁹ bytes per second.
    pub(crate) gb_per_second: f64,
}

impl Limits {
    /// The working sets, as column heads of a table.
    pub(crate) const SETS: [&str; 6] = ["256 KiB each", "8 MiB", "16 MiB", "32 MiB", "64 MiB", "256 MiB"];

    /// Measures the threads of `pool`, each limit for about `seconds`.
    pub(crate) fn measure(pool: &ThreadPool, seconds: f64) -> Self {
        let threads = pool.current_num_threads();
        // From a set that fits into a core's second-level cache to one that is in memory on any machine. The steps in
        // between, where most networks are, are small because a shared cache fills up gradually: with coarser steps,
        // the floor of a network could be above its true minimum.
        let each_second_cache = 256 * KIB * threads as u64;
        let sets = [each_second_cache, 8 * MIB, 16 * MIB, 32 * MIB, 64 * MIB, 256 * MIB];
        Self {
            threads,
            peak_gflops: peak::flops(pool, seconds) / 1e9,
            bandwidth: sets
                .into_iter()
                .map(|working_set_bytes| {
                    let each = working_set_bytes / threads as u64;
                    let gb_per_second = bandwidth::bytes_per_second(pool, each, seconds) / 1e9;
                    Bandwidth { working_set_bytes, gb_per_second }
                })
                .collect(),
        }
    }

    /// The bandwidth, in 10⁹ bytes per second, of the smallest measured working set that holds `bytes`, or of the
    /// largest set if none is large enough.
    pub(crate) fn bandwidth_of(&self, bytes: u64) -> f64 {
        let holding = self.bandwidth.iter().filter(|set| set.working_set_bytes >= bytes);
        let smallest = holding.min_by_key(|set| set.working_set_bytes);
        let largest = || self.bandwidth.iter().max_by_key(|set| set.working_set_bytes);
        smallest.or_else(largest).map_or(0.0, |set| set.gb_per_second)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 100 GFLOP/s; 200 GB/s in the cache of each thread, then from 50 down to 10.
    pub(in crate::bench) fn limits(threads: u64) -> Limits {
        let sizes = [256 * KIB * threads, 8 * MIB, 16 * MIB, 32 * MIB, 64 * MIB, 256 * MIB];
        let rates = [200.0, 50.0, 40.0, 30.0, 20.0, 10.0];
        let set = |(working_set_bytes, gb_per_second)| Bandwidth { working_set_bytes, gb_per_second };
        let bandwidth = sizes.into_iter().zip(rates).map(set).collect();
        Limits { threads: threads as usize, peak_gflops: 100.0, bandwidth }
    }

    #[test]
    fn the_bandwidth_is_that_of_the_smallest_set_that_holds_the_bytes() {
        assert_eq!(limits(1).bandwidth_of(256 * KIB), 200.0);
        assert_eq!(limits(1).bandwidth_of(256 * KIB + 1), 50.0);
        assert_eq!(limits(1).bandwidth_of(8 * MIB + 1), 40.0);
        assert_eq!(limits(1).bandwidth_of(64 * MIB + 1), 10.0);
        assert_eq!(limits(1).bandwidth_of(u64::MAX), 10.0);
    }

    #[test]
    fn the_caches_of_all_threads_hold_more_than_that_of_one() {
        assert_eq!(limits(2).bandwidth_of(512 * KIB), 200.0);
        // 80 threads hold 20 MiB, more than the next two sets.
        assert_eq!(limits(80).bandwidth_of(17 * MIB), 200.0);
    }

    #[test]
    fn every_limit_of_this_machine_is_positive() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let limits = Limits::measure(&pool, 0.001);
        assert_eq!((limits.threads, limits.bandwidth.len()), (2, Limits::SETS.len()));
        assert!(limits.peak_gflops > 0.0 && limits.bandwidth.iter().all(|set| set.gb_per_second > 0.0));
    }
}
