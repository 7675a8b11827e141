//! All threads at the same work at the same time: what they do together is the machine's limit, where what one does
//! alone, times their number, is not.

use std::{sync::Barrier, time::Instant};

use rayon::ThreadPool;

/// How often the crew starts afresh; the best of these rounds counts, as nothing makes a machine faster than it is.
const ROUNDS: usize = 10;

/// What a thread did in a round.
struct Shift {
    start: Instant,
    end: Instant,
    units: f64,
}

/// Units of work a second of all threads of `pool` together, in the best of some rounds that take about `seconds` in all.
///
/// `prepare` makes a thread's own state, on that thread; `work` does a short piece of work on it and says how many units
/// it was.
pub(crate) fn units_per_second<S>(
    pool: &ThreadPool,
    seconds: f64,
    prepare: impl Fn() -> S + Sync,
    work: impl Fn(&mut S) -> f64 + Sync,
) -> f64 {
    let barrier = Barrier::new(pool.current_num_threads());
    let shifts: Vec<Vec<Shift>> = pool.broadcast(|_| {
        let mut state = prepare();
        let round = |_| {
            barrier.wait();
            let start = Instant::now();
            let mut units = 0.0;
            while {
                units += work(&mut state);
                start.elapsed().as_secs_f64() < seconds / ROUNDS as f64
            } {}
            Shift { start, end: Instant::now(), units }
        };
        (0..ROUNDS).map(round).collect()
    });
    let rate = |round: usize| {
        let shifts = || shifts.iter().map(|shifts| &shifts[round]);
        let (start, end) = (shifts().map(|shift| shift.start).min(), shifts().map(|shift| shift.end).max());
        let length = start.zip(end).map_or(0.0, |(start, end)| (end - start).as_secs_f64());
        let units: f64 = shifts().map(|shift| shift.units).sum();
        // A clock that stood still says nothing.
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
