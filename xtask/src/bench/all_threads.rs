//! The same work on all threads at the same time. Their joint rate is a limit of the machine; the rate of one thread
//! alone times their number is not.

use std::{sync::Barrier, time::Instant};

use rayon::ThreadPool;

/// The number of rounds. The best one counts, because nothing makes a machine faster than it is.
const ROUNDS: usize = 10;

/// The work of one thread in one round.
struct ThreadRound {
    start: Instant,
    end: Instant,
    units: f64,
}

/// Units of work per second of all threads of `pool` together, in the best of several rounds that take about `seconds`
/// in all.
///
/// `prepare` makes the state of a thread, on that thread; `work` does a short piece of work on it and returns the
/// number of units.
pub(crate) fn units_per_second<S>(
    pool: &ThreadPool,
    seconds: f64,
    prepare: impl Fn() -> S + Sync,
    work: impl Fn(&mut S) -> f64 + Sync,
) -> f64 {
    let barrier = Barrier::new(pool.current_num_threads());
    let threads: Vec<Vec<ThreadRound>> = pool.broadcast(|_| {
        let mut state = prepare();
        let round = |_| {
            barrier.wait();
            let start = Instant::now();
            let mut units = 0.0;
            while {
                units += work(&mut state);
                start.elapsed().as_secs_f64() < seconds / ROUNDS as f64
            } {}
            ThreadRound { start, end: Instant::now(), units }
        };
        (0..ROUNDS).map(round).collect()
    });
    let rate = |round: usize| {
        let threads = || threads.iter().map(|rounds| &rounds[round]);
        let start = threads().map(|thread| thread.start).min();
        let end = threads().map(|thread| thread.end).max();
        let length = start.zip(end).map_or(0.0, |(start, end)| (end - start).as_secs_f64());
        let units: f64 = threads().map(|thread| thread.units).sum();
        // Without a measurable length there is no rate.
        if length > 0.0 { units / length } else { 0.0 }
    };
    (0..ROUNDS).map(rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_thread_works_on_a_state_of_its_own() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let states = AtomicUsize::new(0);
        let prepare = || states.fetch_add(1, Ordering::Relaxed);
        let rate = units_per_second(&pool, 0.01, prepare, |_| 1.0);
        assert_eq!(states.into_inner(), 3);
        assert!(rate > 0.0 && rate.is_finite());
    }
}
