//! Times of repetitions and their statistics: mainly the median, because a busy machine makes some repetitions slow but
//! none fast.

use std::time::Instant;

/// The number of turns that the time of a measurement is divided into.
const TURNS: u32 = 5;

/// Times of repetitions in seconds, in ascending order; at least one.
#[derive(Clone, Debug)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// # Panics
    /// If `seconds` is empty.
    pub(crate) fn new(mut seconds: Vec<f64>) -> Self {
        assert!(!seconds.is_empty(), "a measurement has at least one repetition");
        seconds.sort_by(f64::total_cmp);
        Self(seconds)
    }

    /// The middle time, or the mean of the two middle ones.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len().is_multiple_of(2) {
            f64::midpoint(self.0[middle - 1], self.0[middle])
        } else {
            self.0[middle]
        }
    }

    /// The smallest time that 99 of 100 repetitions do not exceed.
    pub(crate) fn percentile_99(&self) -> f64 {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }

    pub(crate) fn fastest(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn slowest(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}

/// Calls each of `kinds` repeatedly, for about `seconds` each, and returns the times of the calls.
///
/// The kinds take turns, so that a slow spell of the machine affects all of them. The first call of a turn is not
/// timed, because it refills the caches.
///
/// # Errors
/// The first error of a call.
pub(crate) fn in_turns<K: Copy, E, const N: usize>(
    kinds: [K; N],
    seconds: f64,
    mut call: impl FnMut(K) -> Result<(), E>,
) -> Result<[Samples; N], E> {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..TURNS {
        for (&kind, times) in kinds.iter().zip(&mut times) {
            call(kind)?;
            let turn = Instant::now();
            while {
                let start = Instant::now();
                call(kind)?;
                times.push(start.elapsed().as_secs_f64());
                turn.elapsed().as_secs_f64() < seconds / f64::from(TURNS)
            } {}
        }
    }
    Ok(times.map(Samples::new))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn samples(seconds: &[f64]) -> Samples {
        Samples::new(seconds.to_vec())
    }

    #[test]
    fn the_median_of_an_odd_number_is_the_one_in_the_middle() {
        assert_eq!(samples(&[5.0, 1.0, 3.0]).median(), 3.0);
        assert_eq!(samples(&[7.0]).median(), 7.0);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(samples(&[9.0, 1.0, 2.0, 4.0]).median(), 3.0);
    }

    #[test]
    fn ninety_nine_of_a_hundred_do_not_exceed_the_percentile() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(samples(&hundred).percentile_99(), 99.0);
        assert_eq!(samples(&hundred[..50]).percentile_99(), 100.0);
        assert_eq!(samples(&[3.0]).percentile_99(), 3.0);
    }

    #[test]
    fn each_kind_is_called_in_every_turn_and_once_more_than_it_is_timed() {
        let mut calls = [0; 2];
        let count = |kind: usize| {
            calls[kind] += 1;
            Ok::<(), Infallible>(())
        };
        let times = in_turns([0, 1], 0.0, count).unwrap();
        assert_eq!(calls, [2 * TURNS, 2 * TURNS]);
        assert!(times.iter().all(|times| times.0.len() == TURNS as usize));
    }

    #[test]
    fn the_first_error_ends_a_measurement() {
        let mut calls = 0;
        let fail = |()| {
            calls += 1;
            if calls == 3 { Err("third") } else { Ok(()) }
        };
        assert_eq!(in_turns([()], 0.0, fail).unwrap_err(), "third");
        assert_eq!(calls, 3);
    }
}
