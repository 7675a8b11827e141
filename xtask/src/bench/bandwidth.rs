//! The memory bandwidth for the arrays of an optimizer: three are read and written, one is only read, from the cache or
//! memory that holds a working set of that size.
//!
//! The arithmetic is that of Adam without root and division, so that the memory accesses take the time.

use std::hint::black_box;

use multiversion::multiversion;
use rayon::ThreadPool;

use super::all_threads;

/// Bytes held for a parameter: its value, two moments and a gradient.
pub(crate) const BYTES_HELD: u64 = 16;
/// Bytes moved by the update of a parameter: value and moments are read and written, the gradient is read.
pub(crate) const BYTES_MOVED: u64 = 28;

/// Parameters updated between two readings of the clock.
const PIECE: usize = 1 << 14;

/// Bytes per second that all threads of `pool` move together, each in a working set of its own with `bytes` bytes.
pub(crate) fn bytes_per_second(pool: &ThreadPool, bytes: u64, seconds: f64) -> f64 {
    let parameters = usize::try_from(bytes / BYTES_HELD).unwrap_or(usize::MAX).max(1);
    let prepare = || State {
        p: vec![0.5; parameters],
        m: vec![0.5; parameters],
        v: vec![0.5; parameters],
        g: vec![0.25; parameters],
        next: 0,
    };
    all_threads::units_per_second(pool, seconds, prepare, State::update_piece)
}

struct State {
    p: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
    g: Vec<f32>,
    /// The start of the next piece.
    next: usize,
}

impl State {
    /// Updates the next piece and returns the number of bytes moved.
    fn update_piece(&mut self) -> f64 {
        let piece = self.next..(self.next + PIECE).min(self.p.len());
        self.next = if piece.end == self.p.len() { 0 } else { piece.end };
        let bytes = BYTES_MOVED * piece.len() as u64;
        let (p, m, v) = (&mut self.p[piece.clone()], &mut self.m[piece.clone()], &mut self.v[piece.clone()]);
        update(p, m, v, black_box(&self.g[piece]));
        bytes as f64
    }
}

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn update(p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32]) {
    for (((p, m), v), &g) in p.iter_mut().zip(m).zip(v).zip(g) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.99 * *v + 0.01 * (g * g);
        *p -= 1e-3 * (*m * *v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_parameters_and_start_again() {
        let parameters = PIECE + 5;
        let array = || vec![1.0; parameters];
        let mut state = State { p: array(), m: array(), v: array(), g: array(), next: 0 };
        let bytes: Vec<f64> = (0..3).map(|_| state.update_piece()).collect();
        assert_eq!(bytes, [28.0 * PIECE as f64, 28.0 * 5.0, 28.0 * PIECE as f64]);
        assert!(state.p.iter().all(|&p| p < 1.0));
    }
}
